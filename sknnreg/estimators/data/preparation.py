"""From what ``fit`` is given to what the engine trains on: split, weights, scales."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from sknnreg.engine.arrays.batches import DataSet
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.problem import Problem, Recipe, Report
from sknnreg.engine.state import TrainingState
from sknnreg.estimators.choices import StandardizedAlone
from sknnreg.estimators.data.augmenting import Augmenter
from sknnreg.estimators.data.inputs import Standardization, as_rows, within_range
from sknnreg.estimators.data.seeds import seed_of
from sknnreg.estimators.data.targets import Targets
from sknnreg.estimators.data.validation_split import split, split_groups
from sknnreg.estimators.hyperparameters import Hyperparameters


@dataclass(frozen=True)
class Labelled:
    """Validated X, y, sample weights and groups, which only a split asks for."""

    X: Any
    y: Any
    weight: Array | None
    groups: Array | None = None

    def take(self, index: Array) -> Labelled:
        """These rows, copied, without their groups."""
        weight = None if self.weight is None else self.weight[index]
        return Labelled(self.X[index], self.y[index], weight)

    def in_range(self) -> Labelled:
        """The same rows, with weights in the same proportions that can be summed."""
        return replace(self, weight=within_range(self.weight))

    def joined(self, other: Labelled) -> Labelled:
        """These rows and the other's, copied, without their groups."""
        weight = None
        if self.weight is not None or other.weight is not None:
            weight = np.concatenate([self._weights(), other._weights()])
        y = other.y
        if not sparse.issparse(y) and y.ndim != self.y.ndim:
            # One column or none: both were found to mean the same.
            y = y.reshape(-1, *self.y.shape[1:])
        return Labelled(_join(self.X, other.X), _join(self.y, y), weight)

    def _weights(self) -> Array:
        return np.ones(self.X.shape[0]) if self.weight is None else self.weight


class Scales(NamedTuple):
    """What a network that goes on keeps: its seed, and how its inputs are scaled (None: anew)."""

    seed: int
    inputs: Standardization | None = None


@dataclass(frozen=True)
class Prepared:
    """What the engine trains on; ``held_out`` are the validation rows as given, for a scorer."""

    train: DataSet
    validation: DataSet | None
    held_out: Labelled | None
    seed: int
    inputs: Standardization
    targets: Targets
    raw: DataSet | None = None
    augment: Augmenter | None = None

    def problem(
        self,
        recipe: Recipe,
        state: TrainingState | None = None,
        score: Callable[[Array], float] | None = None,
        on_epoch_end: Callable[[Report], bool] | None = None,
    ) -> Problem:
        """The engine's problem."""
        return Problem(
            recipe,
            self.train,
            self.seed,
            self.validation,
            score,
            on_epoch_end,
            state,
            self.raw,
            self.augment,
        )


@dataclass(frozen=True)
class Plan:
    """Rows as ``fit`` received them, validated; the same prepared; the recipe."""

    given: Labelled
    given_validation: Labelled | None
    prepared: Prepared
    recipe: Recipe

    @property
    def all_rows(self) -> Labelled:
        """The rows to learn from and those given to validate on, in one."""
        if self.given_validation is None:
            return self.given
        return self.given.joined(self.given_validation)


def prepare(
    estimator: Hyperparameters,
    given: Labelled,
    given_validation: Labelled | None,
    targets: Targets,
    scales: Scales | None,
) -> Prepared:
    """Split, weigh and scale; going on keeps the first call's ``scales``, the targets' included."""
    seed = seed_of(estimator.random_state) if scales is None else scales.seed
    given, given_validation = given.in_range(), given_validation and given_validation.in_range()
    full = _without_zeros(DataSet(as_rows(given.X), targets.encode(given.y, "y"), given.weight))
    table = targets.class_weights(getattr(estimator, "class_weight", None), full.y, full.weight)
    full = _without_zeros(_weigh(full, targets, table))
    train, validation, held_out = full, None, given_validation
    if given_validation is not None:
        y_val = targets.encode(given_validation.y, "y_val")
        validation = DataSet(as_rows(given_validation.X), y_val, given_validation.weight)
        validation = _weigh(validation, targets, table)
    elif estimator.early_stopping:
        parts = _split(estimator, full, given.groups, targets, seed)
        train, validation = (_take(full, part) for part in parts)
        if estimator.early_stopping_scoring != "loss":
            # A scorer wants arrays: the validation rows are copied for it, and only for it.
            held_out = given.take(parts[1] if full.x.index is None else full.x.index[parts[1]])
    if scales is not None and scales.inputs is not None:
        inputs = scales.inputs
    else:
        inputs, targets = _standardized(estimator, train, targets)
    targets = targets.seeing(train.y)
    raw, augment = None, None
    if estimator.augmentation is not None:
        augment = Augmenter.of(estimator.augmentation, given.X, inputs, targets)
        raw = None if augment is None else train
    train = _scale(train, inputs, targets)
    if validation is not None:
        validation = _scale(validation, inputs, targets)
    return Prepared(train, validation, held_out, seed, inputs, targets, raw, augment)


def _standardized(
    estimator: Hyperparameters, train: DataSet, targets: Targets
) -> tuple[Standardization, Targets]:
    """The scales of inputs and targets, of the rows to train on."""
    inputs = Standardization()
    if standardizes(estimator, "X"):
        inputs = Standardization.of(train.x, train.weight, "X")
    if standardizes(estimator, "y"):
        targets = targets.standardized(train.y, train.weight)
    return inputs, targets


def standardizes(estimator: Hyperparameters, what: StandardizedAlone) -> bool:
    """Whether X, or y, is to be standardized."""
    given = estimator.standardize
    return given == what if isinstance(given, str) else bool(given)


def _split(
    estimator: Hyperparameters, full: DataSet, groups: Array | None, targets: Targets, seed: int
) -> tuple[Array, Array]:
    """Row numbers to train and to validate with; ``groups`` are of all rows that were given."""
    strata, fraction = targets.strata(full.y), estimator.validation_fraction
    if groups is None:
        return split(strata, len(full), fraction, seed)
    present = groups if full.x.index is None else groups[full.x.index]
    return split_groups(present, strata, fraction, seed, keep_strata=targets.exclusive)


def _join(first: Any, second: Any) -> Any:
    if sparse.issparse(first) or sparse.issparse(second):
        return sparse.vstack([sparse.csr_array(first), sparse.csr_array(second)], format="csr")
    return np.concatenate([first, second])


def _weigh(data: DataSet, targets: Targets, table: Array | None) -> DataSet:
    """The rows with their weights multiplied by their classes'."""
    if table is None:
        return data
    weight = within_range(table[targets.strata(data.y)])
    if weight is not None and data.weight is not None:
        weight = within_range(weight * data.weight)
    return replace(data, weight=weight)


def _without_zeros(data: DataSet) -> DataSet:
    """A row of weight 0 is a row that is not there, in batches and the split too."""
    if data.weight is None or data.weight.all():
        return data
    return _take(data, np.flatnonzero(data.weight))


def _take(data: DataSet, index: Array) -> DataSet:
    if len(index) == 0:
        raise ValueError(
            "all rows have weight zero (sample_weight times class_weight): nothing to learn from. "
            "Give some row a sample_weight, and its class a class_weight, above 0."
        )
    compact = index.astype(np.uint32) if index[-1] < 1 << 32 else index
    weight = None if data.weight is None else data.weight[index]
    return DataSet(data.x.take(compact), data.y.take(compact), weight)


def _scale(data: DataSet, inputs: Standardization, targets: Targets) -> DataSet:
    return DataSet(inputs.apply(data.x), targets.scaled(data.y), data.weight)
