"""The rows of a study, with what is passed along to whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params, _num_samples

from sknnreg.estimators.training.subtasks import Listeners

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Sample:
    """X and y as given, and the metadata of the estimator, the scorer and the splitter."""

    X: Any
    y: Any
    fit_params: dict[str, Any] = field(default_factory=dict)
    score_params: dict[str, Any] = field(default_factory=dict)
    split_params: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(_num_samples(self.X))

    def splits(self, cv: Any) -> Iterator[tuple[Index, Index]]:
        """The pairs of training and test rows of a splitter."""
        yield from cv.split(self.X, self.y, **self.split_params)

    def part(self, estimator: Any, rows: Index, train: Index | None = None) -> tuple[Any, Any]:
        """X and y of some rows; the columns too, where ``estimator`` takes a kernel."""
        X, y = _safe_split(estimator, self.X, self.y, rows, train)
        return X, y

    def y_of(self, rows: Index) -> Any:
        """The targets of some rows."""
        return _safe_indexing(self.y, rows)

    def fitted(self, listeners: Listeners, estimator: Any, rows: Index) -> Any:
        """A clone of ``estimator``, fitted on these rows."""
        fresh = clone(estimator)
        X, y = self.part(fresh, rows)
        with listeners.hearing(fresh):
            fresh.fit(X, y, **_check_method_params(self.X, self.fit_params, rows))
        return fresh

    def score(self, estimator: Any, scorer: Any, rows: Index, train: Index) -> Any:
        """What a scorer says of a fitted estimator on these rows."""
        X, y = self.part(estimator, rows, train)
        return scorer(estimator, X, y, **_check_method_params(self.X, self.score_params, rows))


def routed_sample(
    caller: str,
    X: Any,
    y: Any,
    *,
    estimator: Any,
    cv: Any = None,
    scorer: Any = None,
    groups: Any = None,
    params: dict[str, Any] | None = None,
) -> Sample:
    """The rows, with ``groups`` and ``params`` for whom they are.

    As in scikit-learn's `cross_validate`: under metadata routing ``params`` go where they are
    asked for; without, ``groups`` go to the splitter and all others to ``fit``.
    """
    X, y, groups = indexable(X, y, groups)
    params = dict(params or {})
    if not get_config()["enable_metadata_routing"]:
        return Sample(X, y, fit_params=params, split_params={"groups": groups})
    if groups is not None:
        raise ValueError(
            "groups cannot be passed by itself under metadata routing: pass "
            "params={'groups': groups}."
        )
    return Sample(X, y, *_routed(caller, params, estimator=estimator, scorer=scorer, splitter=cv))


def _routed(caller: str, params: dict[str, Any], **consumers: Any) -> Iterator[dict[str, Any]]:
    """What each consumer's method gets; nothing for one that is None."""
    methods = {"estimator": "fit", "scorer": "score", "splitter": "split"}
    router = MetadataRouter(owner=caller)
    for name, consumer in consumers.items():
        if consumer is not None:
            mapping = MethodMapping().add(caller="fit", callee=methods[name])
            router.add(**{name: consumer}, method_mapping=mapping)
    try:
        routed = process_routing(router, "fit", **params)
    except UnsetMetadataPassedError as error:
        # The user called a function that has no `fit`.
        raise UnsetMetadataPassedError(
            message=str(error).replace(f"{caller}.fit", caller),
            unrequested_params=error.unrequested_params,
            routed_params=error.routed_params,
        ) from None
    for name, consumer in consumers.items():
        yield {} if consumer is None else dict(routed[name][methods[name]])
