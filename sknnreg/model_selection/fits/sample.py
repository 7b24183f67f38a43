"""The rows of a study, with what is passed along to whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Real
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

from sknnreg.estimators.data.labels import is_missing
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

    def score(self, estimator: Any, scorer: Any, rows: Index, train: Index) -> float:
        """What a scorer says of a fitted estimator on these rows."""
        X, y = self.part(estimator, rows, train)
        score = scorer(estimator, X, y, **_check_method_params(self.X, self.score_params, rows))
        if np.ndim(score) or not isinstance(np.asarray(score).item(), Real):
            raise TypeError(f"scoring must give a number, got {score!r} of {scorer!r}.")
        return float(score)


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
    if y is not None and (scorer is None or _of_scikit_learn(scorer)):
        check_no_missing(y, "y")
    params = checked_params(params)
    if not get_config()["enable_metadata_routing"]:
        return Sample(X, y, fit_params=params, split_params={"groups": groups})
    if groups is not None:
        raise ValueError(
            "groups cannot be passed by itself under metadata routing: pass "
            "params={'groups': groups}."
        )
    return Sample(X, y, *_routed(caller, params, estimator=estimator, scorer=scorer, splitter=cv))


def checked_params(params: Any) -> dict[str, Any]:
    """A copy; none if there are none."""
    if params is not None and not isinstance(params, Mapping):
        raise TypeError(
            "params must be a dict of metadata by name, such as {'sample_weight': weights}, got "
            f"{type(params).__name__}."
        )
    return dict(params or {})


def check_no_missing(y: Any, name: str) -> None:
    """Raise where a target is missing."""
    values = np.asarray(y)
    if values.dtype.kind == "f":
        missing = np.isnan(values)
    elif values.dtype.kind == "O":
        missing = np.array([is_missing(each) for each in values.flat], bool).reshape(values.shape)
    else:
        return
    if missing.any():
        raise ValueError(
            f"{name} holds {values[missing][0]} in row {np.argwhere(missing)[0][0]}: what is "
            "predicted for a row without a target cannot be judged. Leave such rows out, of X too."
        )


def _of_scikit_learn(scorer: Any) -> bool:
    """Whether it is one of its metrics, none of which takes missing targets."""
    metric = getattr(scorer, "_score_func", None)
    return str(getattr(metric, "__module__", None)).startswith("sklearn.")


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
