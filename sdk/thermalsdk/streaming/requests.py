"""What a stream asks for each of its frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from thermalsdk.inputs import named
from thermalsdk.labels import LabelIds
from thermalsdk.request import Request
from thermalsdk.temperatures import TemperatureChoice, TemperaturesInTime

if TYPE_CHECKING:
    from thermalsdk.video import SourceFrame


@dataclass(frozen=True)
class FrameRequests:
    """The same for all frames but for what comes with them; fields as `Synthesizer.stream` takes them.

    Args:
        classes: the bundle's, in painter's order.
        label_ids: opened before, where it is a file.
    """

    classes: Sequence[str]
    label_ids: LabelIds
    instance_names: Mapping[int, str] | None
    temperatures: TemperatureChoice | TemperaturesInTime

    def of(self, given: SourceFrame) -> Callable[[], Request]:
        """Look up the frame's temperatures now; its arrays are checked by the call that is returned.

        Raises what the function of the temperatures raises; the call raises as `Request.checked` does, its
        InputErrors with the place of the frame.
        """
        chosen = self.temperatures
        temperatures = chosen(given.index) if callable(chosen) else chosen

        def checked() -> Request:
            with named(given.place):
                return Request.checked(
                    given.rgb,
                    self.classes,
                    labels=given.labels,
                    label_ids=self.label_ids,
                    instances=given.instances,
                    instance_names=self.instance_names,
                    temperatures=temperatures,
                )

        return checked
