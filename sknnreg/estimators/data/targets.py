"""y <-> network outputs: binary, multiclass and multilabel classes; one or several responses."""

from __future__ import annotations

import reprlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight

from sknnreg.engine.arrays.rows import CodedRows, DenseRows, Rows, SparseRows
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.places.objective.links import Link
from sknnreg.engine.places.objective.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    Loss,
)
from sknnreg.estimators.data.inputs import CHUNK, Standardization, extremes


class Targets(ABC):
    """What the outputs of a network mean."""

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """How many raw outputs the network has."""

    @property
    @abstractmethod
    def loss(self) -> Loss:
        """The loss on them."""

    @property
    def exclusive(self) -> bool:
        """Whether they are classes of which a row has one."""
        return False

    @property
    def link(self) -> Link:
        """What a raw output stands for."""
        return self.loss.link

    @abstractmethod
    def encode(self, y: Any, name: str) -> Rows:
        """y as rows of numbers the loss compares outputs with; errors speak of ``name``."""

    @abstractmethod
    def decode(self, y: Array) -> Array:
        """Encoded rows ``(B, K)``, not scaled, as ``fit`` received them."""

    def strata(self, rows: Rows) -> Array | None:
        """A number per row that a validation split should share out evenly, if any."""
        return None

    def absent(self, y: Array) -> list[Any]:
        """The classes of which y has no row."""
        return []

    def class_weights(self, class_weight: Any, rows: Rows, weight: Array | None) -> Array | None:
        """A weight for each class, where there are classes and weights."""
        return None

    def standardized(self, rows: Rows, weight: Array | None) -> Targets:
        """The same targets on a scale taken from these encoded rows; classes have none."""
        return self

    def scaled(self, rows: Rows) -> Rows:
        """Encoded rows on that scale."""
        return rows

    def seeing(self, rows: Rows) -> Targets:
        """The same targets, which have seen these encoded rows too."""
        return self

    def unscale_outputs(self, coefs: list[Array], intercepts: list[Array]) -> None:
        """Bring a plain network's last layer back to the units of y, in place."""
        return None

    def attributes(self) -> dict[str, Any]:
        """The fitted attributes that decoding needs."""
        return {"_targets": self}


@dataclass(frozen=True)
class ClassTargets(Targets):
    """One label out of ``classes``: an output for two of them, else one each."""

    classes: Array

    @property
    def exclusive(self) -> bool:
        """One of them a row."""
        return True

    @property
    def n_outputs(self) -> int:
        """1 for up to two classes, else their number."""
        return 1 if len(self.classes) <= 2 else len(self.classes)

    @property
    def loss(self) -> Loss:
        """Cross-entropy."""
        return BinaryCrossEntropy() if self.n_outputs == 1 else CrossEntropy()

    def attributes(self) -> dict[str, Any]:
        """``classes_`` too."""
        return {"_targets": self, "classes_": self.classes}

    def encode(self, y: Any, name: str) -> Rows:
        """Each label's place among the classes, in few bytes."""
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(f"{name} should be a 1d array of labels, got shape {y.shape}.")
        y = y if y.ndim == 1 else column_or_1d(y, input_name=name)
        n = len(self.classes)
        codes = np.empty(len(y), np.min_scalar_type(max(n - 1, 1)))
        for start in range(0, len(y), CHUNK):
            part = y[start : start + CHUNK]
            try:
                found = np.minimum(np.searchsorted(self.classes, part), n - 1)
                unknown = np.asarray(self.classes[found] != part)
            except TypeError:  # numbers and texts do not compare
                unknown = np.ones(len(part), np.bool_)
            if unknown.any():
                some = list(dict.fromkeys(part[unknown].tolist()))[:5]
                raise ValueError(
                    f"{name} holds {some}, which is not among the classes this classifier learns, "
                    f"{self.classes[:10].tolist()}. Name every class in `classes` of the first "
                    "call to partial_fit, or in y of fit."
                )
            codes[start : start + CHUNK] = found
        return CodedRows(codes, n_columns=self.n_outputs)

    def decode(self, y: Array) -> Array:
        """The labels."""
        codes = y[:, 0].astype(np.intp) if y.shape[1] == 1 else y.argmax(axis=1)
        labels: Array = self.classes[codes]
        return labels

    def strata(self, rows: Rows) -> Array | None:
        """The classes."""
        codes: Array = rows.values if rows.index is None else rows.values[rows.index]
        return codes

    def absent(self, y: Array) -> list[Any]:
        """As labels."""
        missing: list[Any] = np.setdiff1d(self.classes, y).tolist()
        return missing

    def class_weights(self, class_weight: Any, rows: Rows, weight: Array | None) -> Array | None:
        """The weight of each class, from all rows of the training data."""
        if class_weight is None:
            return None
        if isinstance(class_weight, dict):
            return self._weights_by_name(class_weight)
        codes: Any = self.strata(rows)
        present = np.unique(codes)
        table = np.ones(len(self.classes))
        table[present] = compute_class_weight(
            class_weight, classes=self.classes[present], y=self.classes[codes], sample_weight=weight
        )
        return table

    def _weights_by_name(self, class_weight: dict[Any, float]) -> Array:
        """1 for a class that is not named; a name that is no class is a slip if one is missing."""
        weights = [class_weight.get(each, 1.0) for each in self.classes.tolist()]
        known = set(self.classes.tolist())
        unknown = [name for name in class_weight if name not in known]
        if unknown and known - set(class_weight):
            raise ValueError(
                f"class_weight names {unknown[0]!r}, which is not among the classes "
                f"{self.classes.tolist()[:10]}."
            )
        for weight in weights:
            if not _is_weight(weight):
                raise ValueError(
                    f"class_weight holds {reprlib.repr(weight)}; weights must be finite numbers of "
                    "at least 0."
                )
        table: Array = np.array(weights, dtype=np.float64)
        return table


@dataclass(frozen=True)
class LabelTargets(Targets):
    """Any number of ``n_labels`` labels: an output each."""

    n_labels: int

    @property
    def classes(self) -> Array:
        """The labels' numbers, as MLPClassifier has it."""
        return np.arange(self.n_labels)

    @property
    def n_outputs(self) -> int:
        """One a label."""
        return self.n_labels

    @property
    def loss(self) -> Loss:
        """A binary cross-entropy for each label."""
        return BinaryCrossEntropy()

    def attributes(self) -> dict[str, Any]:
        """``classes_`` too."""
        return {"_targets": self, "classes_": self.classes}

    def encode(self, y: Any, name: str) -> Rows:
        """The indicator matrix itself, dense or CSR."""
        if y.ndim != 2 or y.shape[1] != self.n_labels:
            raise ValueError(
                f"{name} must be an indicator matrix of {self.n_labels} labels, got an array of "
                f"shape {y.shape}."
            )
        is_sparse = hasattr(y, "tocsr")
        _check_indicators(y.data if is_sparse else y, name)
        return SparseRows(y.tocsr()) if is_sparse else DenseRows(y)

    def decode(self, y: Array) -> Array:
        """The indicators."""
        return y.astype(np.int64)

    def strata(self, rows: Rows) -> Array | None:
        """The combinations of labels; those that come once are one stratum together."""
        everything = rows.read(slice(0, len(rows)), np.empty((len(rows), rows.width)))
        _, codes, counts = np.unique(everything, axis=0, return_inverse=True, return_counts=True)
        codes = codes.ravel()
        return np.where(counts[codes] > 1, codes, -1)

    def class_weights(self, class_weight: Any, rows: Rows, weight: Array | None) -> Array | None:
        """Refused: a row has several labels."""
        if class_weight is not None:
            raise ValueError(
                f"class_weight={class_weight!r} has no meaning for multilabel y, where a row has "
                "several labels. Set class_weight=None and pass sample_weight."
            )
        return None


@dataclass(frozen=True)
class ResponseTargets(Targets):
    """Real numbers; ``standardization`` puts them on the network's scale.

    ``seen`` are the smallest and the largest of each response so far.
    """

    n_responses: int
    one_dimensional: bool
    response_loss: Loss
    standardization: Standardization = field(default_factory=Standardization)
    seen: tuple[Array, Array] | None = None

    @property
    def n_outputs(self) -> int:
        """One a response."""
        return self.n_responses

    @property
    def loss(self) -> Loss:
        """The loss asked for."""
        return self.response_loss

    def encode(self, y: Any, name: str) -> Rows:
        """The responses as they are."""
        rows = DenseRows(y[:, None] if y.ndim == 1 else y)
        if rows.width != self.n_outputs:
            raise ValueError(
                f"{name} has {rows.width} columns, but this regressor learns {self.n_outputs}."
            )
        least = self.link.least
        if least > -np.inf and y.min() < least:
            raise ValueError(
                f"loss={self.loss.name!r} models values of at least {least:g}, such as "
                f"counts, but {name} goes down to {y.min()}. Use loss='squared_error', "
                "'absolute_error' or 'huber' for values below."
            )
        return rows

    def decode(self, y: Array) -> Array:
        """The responses, in one dimension if they came so."""
        return y[:, 0] if self.one_dimensional else y

    def with_loss(self, loss: Loss) -> ResponseTargets:
        """The same targets under another loss, to go on with."""
        if loss.link != self.link:
            raise ValueError(
                f"loss cannot change from {self.loss.name!r} to {loss.name!r} while a network goes "
                f"on training: its outputs would mean something else, {loss.link.name!r} in place "
                f"of {self.link.name!r}. Set warm_start=False to start anew."
            )
        return replace(self, response_loss=loss)

    def standardized(self, rows: Rows, weight: Array | None) -> Targets:
        """Zero mean and unit variance; what has a least value keeps its zero and gets mean 1."""
        if self.link.least == -np.inf:
            return replace(self, standardization=Standardization.of(rows, weight, "y"))
        mean = Standardization.of(rows, weight, "y").offset
        assert mean is not None
        return replace(self, standardization=Standardization(None, np.where(mean > 0, mean, 1.0)))

    def scaled(self, rows: Rows) -> Rows:
        """Standardized when they are read."""
        return self.standardization.apply(rows)

    def seeing(self, rows: Rows) -> Targets:
        """Their range grows."""
        low, high = extremes(rows)
        if self.seen is not None:
            low, high = np.minimum(low, self.seen[0]), np.maximum(high, self.seen[1])
        return replace(self, seen=(low, high))

    def clipped(self, y: Array) -> Array:
        """Responses ``(..., K)`` brought into the range seen."""
        assert self.seen is not None
        within: Array = np.clip(y, *self.seen)
        return within

    def unscale_outputs(self, coefs: list[Array], intercepts: list[Array]) -> None:
        """The scale and the offset move into the last layer."""
        scale, offset = self.standardization.scale, self.standardization.offset
        if scale is not None:
            last = self.link.rescaled(coefs[-1], intercepts[-1], scale, offset)
            coefs[-1], intercepts[-1] = last


def _is_weight(given: Any) -> bool:
    try:
        return isinstance(given, Real) and 0 <= float(given) < np.inf
    except OverflowError:  # of an int beyond all floats
        return False


def _check_indicators(values: Array, name: str) -> None:
    """Raise where a label is neither there nor not: not 0 or 1."""
    for start in range(0, len(values), CHUNK):
        part = values[start : start + CHUNK]
        wrong = part[(part != 0) & (part != 1)] if part.dtype.kind in "biuf" else part.ravel()
        if len(wrong):
            raise ValueError(
                f"{name} must be an indicator matrix of 0 and 1, 1 where a row has a label, got "
                f"{wrong[0]}. sklearn.preprocessing.MultiLabelBinarizer makes one."
            )
