"""What bits.py trains on: small data, functions as settings, and ways of calling an estimator."""

from functools import cache
from typing import Any

import numpy as np
from scipy import sparse
from sklearn import datasets

Data = dict[str, Any]

REGRESSION = ("diabetes", "counts", "two responses", "sparse responses")


def _rows(name: str) -> tuple[Any, Any]:
    """All rows of a data set; the numbers of rows make last batches and folds of unequal size."""
    rng = np.random.default_rng(0)
    if name in ("iris", "species"):
        X, y = datasets.load_iris(return_X_y=True)
        rows = rng.permutation(len(X))
        return X[rows], (datasets.load_iris().target_names[y] if name == "species" else y)[rows]
    if name == "cancer":
        X, y = datasets.load_breast_cancer(return_X_y=True)
        return X[:220], y[:220]
    if name == "digits":
        X, y = datasets.load_digits(return_X_y=True)
        return X[:260], y[:260]
    if name in ("labels", "sparse labels"):
        X, y = datasets.make_multilabel_classification(
            190, 10, n_classes=4, allow_unlabeled=False, random_state=0
        )
        return X, sparse.csr_array(y) if name == "sparse labels" else y
    if name in ("sparse", "sparse responses"):
        X = sparse.random_array((190, 40), density=0.2, format="csr", rng=rng)
        response = X @ rng.standard_normal(40)
        return X, response if name == "sparse responses" else np.digitize(response, [-0.5, 0.5])
    X, y = datasets.load_diabetes(return_X_y=True)
    X, y = X[:210], y[:210]
    if name == "counts":
        return X, rng.poisson(y / 50)
    return X, np.column_stack([y, y * X[:, 2]]) if name == "two responses" else y


@cache
def data(name: str) -> Data:
    """What ``fit`` may be given, by the names of its arguments: a quarter of the rows validate."""
    X, y = _rows(name)
    held_out = np.arange(X.shape[0]) % 4 == 3
    # A weight of 0 is a row that is not there.
    weight = np.random.default_rng(1).choice([0.0, 0.5, 1.0, 2.0], X.shape[0])
    found = {"X": X, "y": y, "sample_weight": weight}
    kept = {key: values[np.flatnonzero(~held_out)] for key, values in found.items()}
    return kept | {f"{key}_val": values[np.flatnonzero(held_out)] for key, values in found.items()}


# ------------------------------------------------------------------ functions as settings


def jitter(X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Stretches the rows, each by another factor."""
    return X * rng.uniform(0.9, 1.1, (len(X), 1)), y


def stretch(
    X: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Stretches rows and targets alike."""
    factor = rng.uniform(0.9, 1.1, len(X))
    return X * factor[:, None], y * factor


def halved(t: int) -> float:
    """A step size that is halved once."""
    return 0.01 if t < 12 else 0.005


def certainty(model: Any, X: Any, y: np.ndarray) -> float:
    """A scorer: the mean probability of the right class."""
    return float(model.predict_proba(X)[np.arange(len(y)), y].mean())


# ------------------------------------------------------------------ ways of training


def once(model: Any, given: Data) -> None:
    """One call of ``fit``."""
    model.fit(**given)


def twice(model: Any, given: Data) -> None:
    """``fit`` goes on where it ended, with ``warm_start=True``."""
    model.fit(**given).fit(**given)


def smaller_steps(model: Any, given: Data) -> None:
    """``fit`` goes on with other settings."""
    model.fit(**given).set_params(learning_rate_init=0.001, l2=0.1).fit(**given)


def pieces(model: Any, given: Data) -> None:
    """``partial_fit`` three times over, on three pieces of the rows."""
    rest = {key: value for key, value in given.items() if key.endswith("_val")}
    if hasattr(model, "predict_proba"):
        rest["classes"] = np.unique(given["y"])
    for at in [slice(0, 50), slice(50, 90), slice(90, None)] * 3:
        piece = {key: value[at] for key, value in given.items() if key not in rest}
        model.partial_fit(**piece, **rest)
