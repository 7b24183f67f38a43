"""Rare classes in mini-batches: mean predicted probability and recall, beside L-BFGS'.

    python docs/benchmarks/imbalance.py            # about a minute

10,000 rows, a linear logistic model, ``class_weight="balanced"``. At the minimum of the weighted
loss the weighted mean of p(rare) is 0.5; L-BFGS on all rows finds it. Mini-batches of three sizes
come near it in two ways: rows weighted, and rows drawn by weight (``batch_sampling="weighted"``).
MLPClassifier gets the same weights as ``sample_weight``. The sampling error is the standard error
of what L-BFGS finds, the rows being a sample.
"""

import warnings
from typing import Any

import numpy as np
from _report import table
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.utils.class_weight import compute_sample_weight

from sknnreg import MLPRegularizedClassifier

ROWS, EPOCHS = 10_000, 20
SHARES, BATCH_SIZES = (0.2, 0.05, 0.02, 0.005), (8, 32, 128)
STEPS: dict[str, Any] = {"learning_rate_init": 0.01, "max_iter": EPOCHS, "random_state": 0}
AVERAGED: dict[str, Any] = {
    "learning_rate": "cosine",
    "weight_averaging": "swa",
    "averaging_start": 0.5,
    "n_iter_no_change": float("inf"),
    "class_weight": "balanced",
}


def rows(share: float) -> tuple[np.ndarray, np.ndarray]:
    """Two Gaussian clouds in five dimensions, one of them rare."""
    y = (np.arange(ROWS) < round(share * ROWS)).astype(int)
    return np.random.default_rng(0).normal(size=(ROWS, 5)) + 0.6 * y[:, None], y


def found(model: Any, X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The weighted mean of p(rare) and the recall."""
    p = model.predict_proba(X)[:, 1]
    return (p[y == 1].mean() + p[y == 0].mean()) / 2, (p[y == 1] > 0.5).mean()


def errors(model: Any, X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The standard errors of both."""
    p = model.predict_proba(X)[:, 1]
    n_rare, recall = (y == 1).sum(), (p[y == 1] > 0.5).mean()
    mean = 0.5 * np.sqrt(p[y == 1].var() / n_rare + p[y == 0].var() / (y == 0).sum())
    return mean, np.sqrt(recall * (1 - recall) / n_rare)


def line(share: float, batch_size: int) -> list[str]:
    """A line of the table."""
    X, y = rows(share)
    exact = MLPRegularizedClassifier((), solver="lbfgs", class_weight="balanced", random_state=0)
    exact.fit(X, y)
    weighted = MLPRegularizedClassifier((), **STEPS, **AVERAGED, batch_size=batch_size)
    drawn = MLPRegularizedClassifier(
        (), **STEPS, **AVERAGED, batch_size=batch_size, batch_sampling="weighted"
    )
    peer = MLPClassifier((), **STEPS, alpha=0.0, batch_size=batch_size, n_iter_no_change=EPOCHS)
    peer.fit(X, y, sample_weight=compute_sample_weight("balanced", y))
    each = [found(model, X, y) for model in (peer, weighted.fit(X, y), drawn.fit(X, y), exact)]
    cells = [f"{100 * share:g} %", str(batch_size)]
    for values, error in zip(zip(*each, strict=True), errors(exact, X, y), strict=True):
        cells += [f"{value:.3f}" for value in values]
        cells[-1] += f" ± {error:.3f}"
    return cells


def main() -> None:
    warnings.simplefilter("ignore", ConvergenceWarning)
    names = ["MLPClassifier", "weighted", "drawn", "L-BFGS"]
    header = ["rare", "batch", *(f"mean p: {each}" for each in names)]
    header += [f"recall: {each}" for each in names]
    lines = [line(share, size) for share in SHARES for size in BATCH_SIZES]
    print(table(header, lines))


if __name__ == "__main__":
    main()
