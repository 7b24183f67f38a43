"""What goes into training and what comes out: Problem, Recipe, Result."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np

from sknnreg.engine.arrays.batches import DataSet
from sknnreg.engine.arrays.stack import (
    Array,
    PerNetwork,
    simplify,
    stack,
    structure,
    take_numbers,
)
from sknnreg.engine.places.data import Adversarial, Augmentation, BatchMap
from sknnreg.engine.places.objective.losses import Loss
from sknnreg.engine.places.objective.penalties import Penalty
from sknnreg.engine.places.signal.network import Network
from sknnreg.engine.places.time.averaging import Averaging
from sknnreg.engine.places.time.monitors import Monitor
from sknnreg.engine.places.update import Transform
from sknnreg.engine.places.update.schedules import Schedule
from sknnreg.engine.places.weights_at_rest import Constraint
from sknnreg.engine.state import TrainingState, key


@dataclass(frozen=True)
class LBFGS:
    """Full-batch quasi-Newton training instead of mini-batch steps."""

    max_evaluations: int
    gradient_tolerance: float


# How and how long the objective is minimized, and what is kept of it: the fields of a recipe that
# do not change it. Where a batch's statistics are part of the network, the batch's size does.
BESIDE_THE_OBJECTIVE = frozenset(
    {
        "transforms",
        "schedule",
        "monitors",
        "averaging",
        "learning_rate",
        "batch_size",
        "shuffle",
        "draws_by_weight",
        "max_iter",
        "keep_best",
        "n_snapshots",
        "batch_statistics",
        "population_statistics",
        "dtype",
        "lbfgs",
    }
)


@dataclass(frozen=True)
class Recipe:
    """How to train: a member for each of the seven places, configured."""

    network: Network
    loss: Loss
    augmentations: tuple[Augmentation, ...]
    # One, or none where it is off in every network.
    adversarial: tuple[Adversarial, ...]
    penalties: tuple[Penalty, ...]
    transforms: tuple[Transform, ...]
    schedule: Schedule
    constraints: tuple[Constraint, ...]
    monitors: tuple[Monitor, ...]
    # One, or none where weights are not averaged.
    averaging: tuple[Averaging, ...]
    learning_rate: PerNetwork
    batch_size: int
    shuffle: bool
    max_iter: PerNetwork
    keep_best: bool
    n_snapshots: int
    batch_statistics: bool
    population_statistics: bool
    dtype: str
    lbfgs: LBFGS | None = None
    # Whether rows come in proportion to their weights instead of each once an epoch.
    draws_by_weight: bool = False

    def __post_init__(self) -> None:
        for name in ("transforms", "monitors", "averaging"):
            keys = [key(member) for member in getattr(self, name)]
            if len(set(keys)) < len(keys):
                raise ValueError(
                    f"{name} has two members of one kind, {keys}: a state keeps one entry of each "
                    "name. Leave one out, or make one a class of another name."
                )

    def __getstate__(self) -> dict[str, Any]:
        """What it is made of, without what was derived from that."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @cached_property
    def structure(self) -> Hashable:
        """What must be equal for networks to train in one stack."""
        return structure(self)

    @cached_property
    def alone(self) -> Recipe:
        """A stack of this one network, without the members that are off."""
        return simplify(stack([self]))

    @cached_property
    def objective(self) -> tuple[Any, ...]:
        """What training minimizes, and over which weights; equal ones have losses to compare.

        Every field that is not named in ``BESIDE_THE_OBJECTIVE``, without what is switched off.
        """
        recipe = simplify(self)
        beside = BESIDE_THE_OBJECTIVE - {"batch_size" if self.batch_statistics else ""}
        return tuple(getattr(recipe, f.name) for f in fields(self) if f.name not in beside)

    @cached_property
    def largest_product(self) -> int:
        """Multiplications in the largest matrix product of a step."""
        return self.batch_size * self.network.largest_weight


def stacked(recipes: Sequence[Recipe]) -> Recipe:
    """Recipes of equal structure as one, without the members that are off in all of them."""
    distinct = list({id(each): each for each in recipes}.values())
    together = distinct[0].alone if len(distinct) == 1 else simplify(stack(distinct))
    if len(distinct) == len(recipes):
        return together
    place = {id(each): number for number, each in enumerate(distinct)}
    return take_numbers(together, np.array([place[id(each)] for each in recipes]))


@dataclass(slots=True)
class Report:
    """One network at the end of an epoch; ``values()`` copies its row ``(1, P)``.

    ``underway()`` copies all that it takes to go on from here; ``stops`` says that it is its last
    epoch, whatever a hook thinks.
    """

    epoch: int
    loss: float
    validation_loss: float | None
    learning_rate: float
    values: Callable[[], Array]
    underway: Callable[[], Underway]
    score: float | None = None
    stops: bool = False


@dataclass(frozen=True)
class Problem:
    """One network to train.

    ``score`` judges a row ``(1, P)`` by a number, more is better; ``on_epoch_end`` says whether to
    stop; ``state`` goes on where an earlier result ended, ``underway`` where this very training was
    cut off. Where there is ``augment``, batches come from ``raw`` instead of ``train``, and it
    makes of them what the network sees.
    """

    recipe: Recipe
    train: DataSet
    seed: int
    validation: DataSet | None = None
    score: Callable[[Array], float] | None = None
    on_epoch_end: Callable[[Report], bool] | None = None
    state: TrainingState | None = None
    raw: DataSet | None = None
    augment: BatchMap | None = None
    underway: Underway | None = None

    @cached_property
    def shape(self) -> Hashable:
        """What networks must have in common to train in one stack."""
        sets = (self.train, self.validation)
        rows = tuple(each and (len(each), each.weight is None) for each in sets)
        return self.recipe.structure, rows, self.augment is None


@dataclass
class History:
    """What one network's epochs were like."""

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    stop_reason: str = ""

    def until(self, epoch: int) -> History:
        """The first so many epochs."""
        return History(
            self.loss[:epoch],
            self.validation_loss[:epoch],
            self.score[:epoch],
            self.learning_rate[:epoch],
            self.stop_reason,
        )

    def extended(self, later: History) -> History:
        """Both histories, the later one at the end; nan where only the other was validated."""
        return History(
            self.loss + later.loss,
            _joined(self, later, "validation_loss"),
            _joined(self, later, "score"),
            self.learning_rate + later.learning_rate,
            later.stop_reason,
        )


def _joined(first: History, later: History, name: str) -> list[float]:
    """One curve of both, with a value for every epoch unless there is none at all."""
    curves = [getattr(history, name) for history in (first, later)]
    if not any(curves):
        return []
    lengths = [len(history.loss) for history in (first, later)]
    padded = [curve or [float("nan")] * n for curve, n in zip(curves, lengths, strict=True)]
    return padded[0] + padded[1]


@dataclass(frozen=True)
class Underway:
    """A training at the end of an epoch, to go on from as if nothing had been between.

    Other than from a ``Result``, nothing is judged or counted anew.
    """

    state: TrainingState
    history: History
    seconds: float


@dataclass
class Result:
    """A trained network: its row ``(1, P)``, its state to go on from, its history.

    Where snapshots were taken, their rows ``(n, P)``, the latest last. ``seconds`` is how long it
    was in training; ``error`` is what a hook of this network raised; ``finite`` says whether all
    rows can be used.
    """

    values: Array
    state: TrainingState
    history: History
    seconds: float = 0.0
    error: BaseException | None = None
    overflows: bool = False

    @property
    def finite(self) -> bool:
        """Whether all numbers are finite."""
        return not self.overflows and bool(np.isfinite(self.values).all())

    @property
    def diverged(self) -> bool:
        """Whether training, or what it left, stopped being finite."""
        return self.history.stop_reason == "diverged" or not self.finite
