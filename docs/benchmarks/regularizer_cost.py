"""What every regularizer costs: time per epoch relative to the plain network.

    python docs/benchmarks/regularizer_cost.py            # 7 rounds
    python docs/benchmarks/regularizer_cost.py --quick    # 2 rounds

(256, 256, 256) relu units, batches of 256, Adam, float32. Each round fits the plain network and
every regularized one once, for the same number of epochs; a cost is the median over the rounds of
the ratio to that round's plain fit, so that a change in the machine's load hits both alike.
"""

import argparse
import statistics
import time
import warnings
from typing import Any

import numpy as np
from _report import machine, shown, table
from sklearn.datasets import make_classification

from sknnreg import MLPRegularizedClassifier

ROWS, FEATURES, CLASSES, EPOCHS = 5120, 100, 10, 3
DROPPED = {"dropout": 0.5, "input_dropout": 0.2}
SNAPSHOTS = {"learning_rate": "cyclic", "learning_rate_period": 1, "n_snapshots": EPOCHS}


def flip(X: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Mirrors the columns of a random half of the rows."""
    rows = rng.random(len(X)) < 0.5
    X[rows] = X[rows, ::-1]
    return X, y


# (place, settings)
MEMBERS: list[tuple[str, dict[str, Any]]] = [
    ("1 data", {"input_noise": 0.1}),
    ("1 data", {"augmentation": flip}),
    ("1 data", {"mixup": 0.2}),
    ("1 data", {"label_smoothing": 0.1}),
    ("1 data", {"adversarial": 0.1}),
    ("2 signal", {"dropout": 0.5}),
    ("2 signal", {**DROPPED, "dropout_scaling": "predict"}),
    ("2 signal", {**DROPPED, "dropout_kind": "gaussian"}),
    ("2 signal", {**DROPPED, "dropout_kind": "alpha"}),
    ("2 signal", {**DROPPED, "dropout_kind": "variational"}),
    ("2 signal", {"normalization": "batch"}),
    ("2 signal", {"normalization": "batch", "batch_statistics": "population"}),
    ("2 signal", {"normalization": "mean_only_batch"}),
    ("2 signal", {"normalization": "layer"}),
    ("2 signal", {"normalization": "group"}),
    ("3 weights in use", {"weight_norm": True}),
    ("3 weights in use", {"weight_norm": True, "normalization": "mean_only_batch"}),
    ("3 weights in use", {"drop_connect": 0.5}),
    ("3 weights in use", {"weight_noise": 0.01}),
    ("4 objective", {"l1": 1e-5}),
    ("4 objective", {"l2": 1e-4}),
    ("4 objective", {"class_weight": "balanced"}),
    ("5 update", {"solver": "rmsprop"}),
    ("5 update", {"solver": "amsgrad"}),
    ("5 update", {"learning_rate": "one_cycle"}),
    ("5 update", {"weight_decay": 1e-4}),
    ("5 update", {"clip_norm": 1.0}),
    ("5 update", {"gradient_noise": 0.01}),
    ("6 weights at rest", {"max_norm": 3.0}),
    ("6 weights at rest", {"max_weight_norm": 30.0}),
    ("7 time", {"early_stopping": True}),
    ("7 time", {"weight_averaging": "ema"}),
    ("7 time", {"weight_averaging": "swa"}),
    ("7 time", SNAPSHOTS),
]


def seconds(X: np.ndarray, y: np.ndarray, settings: dict[str, Any]) -> float:
    """One fit's time."""
    model = MLPRegularizedClassifier(
        (256, 256, 256),
        batch_size=256,
        max_iter=EPOCHS,
        n_iter_no_change=None,
        random_state=0,
        **settings,
    )
    start = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="2 rounds")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(machine(), flush=True)
    X, y = make_classification(ROWS, FEATURES, n_informative=20, n_classes=CLASSES, random_state=0)
    seconds(X, y, {})
    ratios: list[list[float]] = [[] for _ in MEMBERS]
    plain_times = []
    for _ in range(2 if options.quick else 7):
        for (_, settings), found in zip(MEMBERS, ratios, strict=True):
            # The plain network right before each: the machine's pace changes within a round.
            plain_times.append(seconds(X, y, {}))
            found.append(seconds(X, y, settings) / plain_times[-1])
    rows = [
        [place, shown(settings), f"{statistics.median(found):.2f}"]
        for (place, settings), found in zip(MEMBERS, ratios, strict=True)
    ]
    plain = statistics.median(plain_times) / EPOCHS
    print(f"\nplain network: {plain * 1e3:.0f} ms an epoch of {ROWS // 256} batches\n")
    print(table(["place", "regularizer", "time, plain = 1"], rows))


if __name__ == "__main__":
    main()
