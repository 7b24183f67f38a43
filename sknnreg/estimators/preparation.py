"""From what ``fit`` is given to what the engine trains on: split, weights, scales."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sknnreg.engine.batches import DataSet
from sknnreg.engine.problem import History, Problem, Recipe, Report
from sknnreg.engine.rows import Rows
from sknnreg.engine.stack import Array
from sknnreg.engine.state import TrainingState
from sknnreg.estimators.inputs import Standardization, as_rows
from sknnreg.estimators.targets import Targets
from sknnreg.estimators.validation_split import split


@dataclass(frozen=True)
class Labelled:
    """Validated X, y and sample weights."""

    X: Any
    y: Any
    weight: Array | None

    def take(self, index: Array) -> Labelled:
        """These rows, copied."""
        weight = None if self.weight is None else self.weight[index]
        return Labelled(self.X[index], self.y[index], weight)


@dataclass(frozen=True)
class Memory:
    """What going on with a fitted network needs beside its parameters."""

    seed: int
    inputs: Standardization
    targets: Targets
    state: TrainingState
    history: History


@dataclass(frozen=True)
class Prepared:
    """What the engine trains on; ``held_out`` are the validation rows as given, for a scorer."""

    train: DataSet
    validation: DataSet | None
    held_out: Labelled | None
    seed: int
    inputs: Standardization
    targets: Targets

    def problem(
        self,
        recipe: Recipe,
        memory: Memory | None,
        score: Callable[[Array], float] | None,
        on_epoch_end: Callable[[Report], bool] | None,
    ) -> Problem:
        """The engine's problem; what memory holds is copied, so that a failure leaves it whole."""
        state = None
        if memory is not None:
            state = memory.state.copy()
            if state.values.shape[1] != recipe.network.layout.n_columns:
                raise ValueError(
                    "the network cannot go on training: its shape has changed since the last call "
                    f"({state.values.shape[1]} numbers then, {recipe.network.layout.n_columns} "
                    "now). Set warm_start=False to start anew, or restore hidden_layer_sizes and "
                    "normalization."
                )
            state = state.continued(recipe.dtype, keep_best=recipe.keep_best)
        return Problem(recipe, self.train, self.seed, self.validation, score, on_epoch_end, state)


def prepare(
    estimator: Any,
    given: Labelled,
    given_validation: Labelled | None,
    targets: Targets,
    memory: Memory | None,
) -> Prepared:
    """Split, weigh and scale; going on keeps the first call's seed and scales."""
    seed = _seed(estimator.random_state) if memory is None else memory.seed
    x, y, weight = as_rows(given.X), targets.encode(given.y), given.weight
    table = targets.class_weights(getattr(estimator, "class_weight", None), y, weight)
    full = DataSet(x, y, _weigh(targets, table, y, weight))
    if full.weight is not None and not full.weight.all():
        # A row of weight 0 is a row that is not there, in batches and split too.
        full = _take(full, np.flatnonzero(full.weight))
    train, validation, held_out = full, None, given_validation
    if given_validation is not None:
        y_val = targets.encode(given_validation.y)
        weight_val = _weigh(targets, table, y_val, given_validation.weight)
        validation = DataSet(as_rows(given_validation.X), y_val, weight_val)
    elif estimator.early_stopping:
        parts = split(targets.strata(full.y), len(full), estimator.validation_fraction, seed)
        train, validation = (_take(full, part) for part in parts)
        held_out = given.take(parts[1] if full.x.index is None else full.x.index[parts[1]])
    inputs = Standardization()
    if memory is not None:
        inputs, targets = memory.inputs, memory.targets
    elif estimator.standardize:
        inputs = Standardization.of(train.x, train.weight, "X")
        targets = targets.standardized(train.y, train.weight)
    train = _scale(train, inputs, targets)
    if validation is not None:
        validation = _scale(validation, inputs, targets)
    return Prepared(train, validation, held_out, seed, inputs, targets)


def _seed(random_state: Any) -> int:
    """A number to spawn generators from; a shared RandomState gives a new one each time."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _weigh(targets: Targets, table: Array | None, y: Rows, weight: Array | None) -> Array | None:
    """Sample weights times class weights."""
    if table is None:
        return weight
    by_class: Array = table[targets.strata(y)]
    return by_class if weight is None else by_class * weight


def _take(data: DataSet, index: Array) -> DataSet:
    if len(index) == 0:
        raise ValueError("all rows have weight zero (sample_weight times class_weight).")
    compact = index.astype(np.uint32) if index[-1] < 1 << 32 else index
    weight = None if data.weight is None else data.weight[index]
    return DataSet(data.x.take(compact), data.y.take(compact), weight)


def _scale(data: DataSet, inputs: Standardization, targets: Targets) -> DataSet:
    return DataSet(inputs.apply(data.x), targets.scaled(data.y), data.weight)
