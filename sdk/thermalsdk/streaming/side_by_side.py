"""The frames of one stream, several of them made at the same time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from thermalsdk.errors import OptionError
from thermalsdk.frame import Frame
from thermalsdk.inputs import is_count
from thermalsdk.networks import Networks
from thermalsdk.steps import synthesize
from thermalsdk.streaming.crew import Crew
from thermalsdk.streaming.in_order import in_order
from thermalsdk.streaming.requests import FrameRequests
from thermalsdk.streaming.turn import Turn

if TYPE_CHECKING:
    from thermalsdk.video import SourceFrame


def check_in_flight(count: int | None, most: int) -> None:
    """Raise OptionError unless so many frames can be made at the same time; None leaves the choice open."""
    if count is None or (is_count(count) and count <= most):
        return
    hint = "Leave in_flight out."
    if is_count(count):
        hint = "Each frame takes a CPU thread at least: load with more threads=, or leave in_flight out."
    raise OptionError(f"in_flight={count!r} is none of 1 to {most}", hint)


def side_by_side(
    frames: Iterable[SourceFrame], requests: FrameRequests, open_networks: Callable[[], list[Networks]]
) -> Generator[tuple[SourceFrame, Frame], None, None]:
    """Each frame with what was made of it, in order: what one after the other would be made of them.

    Args:
        frames: taken ahead: one more than are made at the same time, so that no thread waits for the caller.
        requests: what to make of them.
        open_networks: called once; as many frames are made at the same time as it returns networks.

    Raises what `frames`, `requests` and `synthesize` raise, after the results of all earlier frames.
    """
    networks = open_networks()
    last = Turn()
    last.end()
    with Crew(networks) as crew:

        def start(given: SourceFrame) -> Future[Frame]:
            nonlocal last
            request = requests.of(given)
            turn = last = Turn(last)
            work = crew.start(lambda networks: synthesize(networks, request(), requests.classes, turn))
            work.add_done_callback(lambda _: turn.end())  # also where it never begins
            return work

        yield from in_order(frames, start, len(networks) + 1)
