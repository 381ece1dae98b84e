"""How far a build is: TensorRT's nested phases as one growing share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

#: Smallest growth that is reported.
_STEP = 0.01


@dataclass
class _Phase:
    parent: str | None
    steps: int
    done: float = 0.0


class Progress:
    """Share of a build that is done. A phase that is nested in another is one of its steps."""

    def __init__(self, report: Callable[[float], None]) -> None:
        self._report = report
        self._phases: dict[str, _Phase] = {}
        self._reported = 0.0

    def start(self, name: str, parent: str | None, steps: int) -> None:
        """Begin a phase of so many steps."""
        self._phases[name] = _Phase(parent, max(1, steps))

    def step(self, name: str, number: int) -> None:
        """Complete a step of a phase, counted from 0."""
        if name in self._phases:
            self._phases[name].done = number + 1
            self._tell()

    def finish(self, name: str) -> None:
        """End a phase; its parent tells itself which of its steps that was."""
        self._phases.pop(name, None)

    def _tell(self) -> None:
        share = max((self._share(name) for name, p in self._phases.items() if p.parent is None), default=0.0)
        if share >= self._reported + _STEP:
            self._reported = share
            self._report(share)

    def _share(self, name: str) -> float:
        phase = self._phases[name]
        inner = max(
            (self._share(child) for child, p in self._phases.items() if p.parent == name), default=0.0
        )
        return min(1.0, (phase.done + min(inner, 1.0)) / phase.steps)


def make_monitor(module: ModuleType, progress: Progress, go_on: Callable[[], bool]) -> Any:
    """A progress monitor of this TensorRT. A build stops at the next step once `go_on` is false."""

    class Monitor(module.IProgressMonitor):  # type: ignore[name-defined]
        def __init__(self) -> None:
            module.IProgressMonitor.__init__(self)

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            progress.start(phase_name, parent_phase, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            progress.step(phase_name, step)
            return go_on()

        def phase_finish(self, phase_name: str) -> None:
            progress.finish(phase_name)

    return Monitor()
