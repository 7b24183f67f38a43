"""One member of an ensemble: what it is, its seeds, its fit on the rows it does not hold out."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline

from sknnreg.engine.arrays.stack import Array
from sknnreg.ensemble.folds import Split
from sknnreg.ensemble.table import Table, rows_of
from sknnreg.estimators.data.seeds import drawn_seed
from sknnreg.estimators.training.outcome import Notice, gathering_notices
from sknnreg.estimators.training.subtasks import Listeners


def network_of(estimator: Any) -> Any:
    """The network itself, or the last step of a pipeline, or of the pipeline in its last step."""
    while isinstance(estimator, Pipeline) and estimator.steps:
        estimator = estimator.steps[-1][1]
    return estimator


def with_seeds(estimator: Any, rng: np.random.RandomState, **params: Any) -> Any:
    """A clone with these parameters, whose every ``random_state`` is drawn, in their order."""
    member = clone(estimator).set_params(**params)
    names = sorted(member.get_params(deep=True))
    seeded = [n for n in names if n == "random_state" or n.endswith("__random_state")]
    return member.set_params(**{n: drawn_seed(rng) for n in seeded})


@dataclass(frozen=True)
class Place:
    """Which member of how many, and who listens to its fit."""

    number: int
    of: int
    listeners: Listeners

    @contextmanager
    def telling(self, network: Any) -> Iterator[None]:
        """Errors say whose they are; callbacks hear of the network's fit."""
        try:
            with self.listeners.hearing(network):
                yield
        except Exception as error:
            error.add_note(f"This is of member {self.number} (from 0) of {self.of}.")
            raise


class FittedMember(NamedTuple):
    """A member, what it predicts for rows that it has not learned from, what it warned of."""

    estimator: Any
    rows: Array
    prediction: Array | None
    notices: list[Notice]


def fit_member(
    member: Any, table: Table, split: Split | None, method: str, place: Place
) -> FittedMember:
    """Fit on the rows that are not held out; ``method`` predicts for those that are."""
    rows, prediction, present = np.arange(0), None, table.present
    with place.telling(network_of(member)), gathering_notices() as notices:
        if split is None:
            # A pipeline's transformers must not see rows of weight 0 either.
            _fit(member, table if present.all() else table.take(np.flatnonzero(present)), None)
        else:
            _fit(member, table.take(split.train), table.take(split.held_out))
            rows = np.concatenate([split.held_out, np.flatnonzero(~present)])
            prediction = getattr(member, method)(rows_of(table.X, rows))
    # What going on with its training would take is several times the network itself.
    vars(network_of(member)).pop("_continuation", None)
    return FittedMember(member, rows, prediction, notices)


def pass_on_warnings(fitted: Sequence[FittedMember], stacklevel: int) -> None:
    """Each once, and of how many members it is."""
    counts = Counter(each for member in fitted for each in dict.fromkeys(member.notices))
    for (category, message), n in counts.items():
        told = f"{message} (This is of {n} of {len(fitted)} members.)"
        warnings.warn(told, category, stacklevel + 1)


def _fit(estimator: Any, train: Table, held_out: Table | None) -> None:
    """Fit in place. A pipeline's transformers see the training rows only."""
    if isinstance(estimator, Pipeline):
        last = estimator.steps[-1]
        front = estimator[:-1]
        if front.steps:
            X = front.fit_transform(train.X, train.y, **_asked_for(front, train))
            train = Table(X, train.y, train.weight, train.groups)
            if held_out is not None:
                X = front.transform(held_out.X)
                held_out = Table(X, held_out.y, held_out.weight)
        _fit(last[1], train, held_out)
        # With a memory, what was fitted are clones of the steps.
        estimator.steps = [*front.steps, last]
        return
    if held_out is not None and is_classifier(estimator) and train.y.ndim == 1:
        held_out = _known(held_out, train.y)
    validation = {}
    if held_out is not None and len(held_out):
        validation = {"X_val": held_out.X, "y_val": held_out.y}
        validation["sample_weight_val"] = held_out.weight
    groups = None if validation else train.groups
    estimator.fit(train.X, train.y, sample_weight=train.weight, groups=groups, **validation)


def _known(held_out: Table, y: Any) -> Table:
    """The rows of the classes among ``y``: a network is not validated on others."""
    return held_out.take(np.flatnonzero(np.isin(held_out.y, y)))


def _asked_for(front: Pipeline, train: Table) -> dict[str, Any]:
    """The metadata that a pipeline's transformers ask for, under metadata routing."""
    if not get_config()["enable_metadata_routing"]:
        return {}
    given = {"sample_weight": train.weight, "groups": train.groups}
    given = {name: value for name, value in given.items() if value is not None}
    wanted = front.get_metadata_routing().consumes("fit_transform", given)
    return {name: given[name] for name in wanted}
