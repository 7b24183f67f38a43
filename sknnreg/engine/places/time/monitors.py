"""Place 7, time: what is watched from epoch to epoch, and when a network stops."""

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork

MonitorState: TypeAlias = dict[str, Array]


class Epoch(NamedTuple):
    """The epoch that just ended, arrays ``(M,)``.

    ``watched`` is what should fall: the training loss, the validation loss or minus a score;
    ``finite`` says whose loss and weights are; ``rate`` is the step size; ``started`` is when
    training began, in seconds of the monotonic clock; ``validation_loss`` is None without rows
    to validate on.
    """

    number: Array
    watched: Array
    finite: Array
    rate: Array
    started: float | Array
    validation_loss: Array | None = None


@dataclass(frozen=True)
class Monitor(ABC):
    """A reason to stop."""

    reason: ClassVar[str]

    def init(self, n_networks: int) -> MonitorState:
        """The state, arrays ``(M,)``."""
        return {}

    @abstractmethod
    def on_epoch_end(self, epoch: Epoch, state: MonitorState) -> Array:
        """The networks ``(M,)`` that stop; changes ``state`` in place."""

    def resume(self, state: MonitorState) -> None:
        """Get ready to go on after a stop."""
        return None

    def rejudge(self, state: MonitorState, best: Array) -> None:
        """Start waiting anew: the best so far is worth ``best (M,)`` by a new measure."""
        return None

    def rate_factor(self, state: MonitorState) -> Array | None:
        """A factor ``(M,)`` on the step size that listens to how training goes, if any."""
        return None


@dataclass(frozen=True)
class Divergence(Monitor):
    """Stops what is no longer finite."""

    reason: ClassVar[str] = "diverged"

    def on_epoch_end(self, epoch: Epoch, state: MonitorState) -> Array:
        return ~epoch.finite


@dataclass(frozen=True)
class Plateau(Monitor):
    """Stops after ``patience`` epochs in a row without an improvement of ``tol``.

    The improvement is over the best value so far (Prechelt, 1998).
    """

    reason: ClassVar[str] = "no_improvement"

    tol: PerNetwork
    patience: PerNetwork

    def init(self, n_networks: int) -> MonitorState:
        """Best value, and epochs waited since."""
        return {"best": np.full(n_networks, np.inf), "waited": np.zeros(n_networks)}

    def on_epoch_end(self, epoch: Epoch, state: MonitorState) -> Array:
        best, watched = state["best"], epoch.watched
        improved = (watched < best) & (watched <= best - self.tol)
        waited = state["waited"]
        waited += 1
        waited[improved] = 0
        np.fmin(best, watched, out=best)
        stop: Array = waited >= self.patience
        return stop

    def resume(self, state: MonitorState) -> None:
        """A network that had run out of patience gets a new one."""
        spent = state["waited"] >= self.patience
        state["waited"][spent] = 0

    def rejudge(self, state: MonitorState, best: Array) -> None:
        """The new best, and nothing waited."""
        state["best"][...] = best
        state["waited"][...] = 0


@dataclass(frozen=True)
class AdaptiveRate(Monitor):
    """Divides the step size by 5 where ``plateau`` would stop; stops once it is at most 1e-6."""

    reason: ClassVar[str] = "step_size_too_small"

    plateau: Plateau

    def init(self, n_networks: int) -> MonitorState:
        """The plateau's, and the factor on the step size."""
        return {**self.plateau.init(n_networks), "factor": np.ones(n_networks)}

    def on_epoch_end(self, epoch: Epoch, state: MonitorState) -> Array:
        """Those with nowhere left to go."""
        spent = self.plateau.on_epoch_end(epoch, state)
        stop: Array = spent & (epoch.rate <= 1e-6)
        lower = spent & ~stop
        state["factor"][lower] /= 5
        state["waited"][lower] = 0
        return stop

    def resume(self, state: MonitorState) -> None:
        self.plateau.resume(state)

    def rejudge(self, state: MonitorState, best: Array) -> None:
        """A step size that was lowered stays so."""
        self.plateau.rejudge(state, best)

    def rate_factor(self, state: MonitorState) -> Array | None:
        """One fifth for every plateau so far."""
        return state["factor"]


@dataclass(frozen=True)
class TimeLimit(Monitor):
    """Stops at the first epoch's end after so many seconds."""

    reason: ClassVar[str] = "max_time"

    seconds: PerNetwork

    @property
    def active(self) -> np.ndarray[Any, Any]:
        """Off where time is not limited."""
        return np.asarray(self.seconds) < np.inf

    def on_epoch_end(self, epoch: Epoch, state: MonitorState) -> Array:
        over = time.monotonic() - epoch.started >= np.asarray(self.seconds)
        return np.broadcast_to(over, epoch.number.shape)


@dataclass(frozen=True)
class LossReached(Monitor):
    """Stops once the validation loss is below ``target``."""

    reason: ClassVar[str] = "loss_reached"

    target: PerNetwork

    @property
    def active(self) -> np.ndarray[Any, Any]:
        """Off where no loss is low enough."""
        return np.asarray(self.target) > -np.inf

    def on_epoch_end(self, epoch: Epoch, state: MonitorState) -> Array:
        if epoch.validation_loss is None:
            return np.zeros(epoch.number.shape, np.bool_)
        reached: Array = epoch.validation_loss < np.asarray(self.target)
        return reached
