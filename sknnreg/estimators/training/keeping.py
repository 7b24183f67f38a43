"""The road by which a callback keeps a training beside it, and a fit goes on from what was kept."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from sknnreg.engine.problem import Report, Result, Underway
from sknnreg.engine.state import TrainingState
from sknnreg.estimators.data.preparation import Plan


class Keeper(Protocol):
    """Keeps one fit. Its trainings are numbered: 0 is the first, 1 a refit."""

    def found(self, training: int) -> Underway | Result | None:
        """What an earlier fit left of this training: where it was cut off, or how it ended."""

    def on_epoch_end(self, training: int, report: Report) -> None:
        """An epoch is over, and another will follow."""

    def on_training_end(self, training: int, result: Result) -> None:
        """The training has ended, perhaps by an interrupt."""

    def on_cut_off(self) -> None:
        """An error ends the fit."""


@runtime_checkable
class KeepsTraining(Protocol):
    """A callback that asks for more than fitted attributes: for the state itself."""

    def keeper(self, estimator: Any, plan: Plan, state: TrainingState | None) -> Keeper:
        """The keeper of the fit that is about to begin, or to go on from ``state``."""
