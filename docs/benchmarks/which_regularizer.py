"""Each classical regularizer alone against the plain network, on many tables.

    python docs/benchmarks/which_regularizer.py FOLDER             # half an hour on two cores
    python docs/benchmarks/which_regularizer.py FOLDER --splits 1  # a look

A table is a file ``NAME.npz`` in FOLDER with ``X``, ``y`` and ``task``, "classification" or
"regression"; iris, wine, breast_cancer, digits and diabetes are always among them. From each,
200 rows are drawn to learn from ("few"), and 2,000 ("many"); three quarters of all where there are
not so many, and for "many" only where these are at least 1,000. Up to 2,000 others are for testing.

The plain network is that of the defaults, a layer of 100 units, but learns in steps of 0.01 for a
fixed number of epochs, 100 of few rows or 40 of many: long enough to learn many tables by heart.
Each regularizer has up to three strengths. A 3-fold cross-validation within the rows for learning
chooses among them, by the measure that is then reported, and the chosen network learns from all of
these rows. "The best of all" is chosen in the same way among all regularizers, all strengths and
the plain network. All networks of a table train in one pass.

Reported are the change of the error against the plain network on the same splits (the share of
wrong classes, or the root mean squared error in standard deviations of y): the geometric mean over
the tables of the ratio of mean errors, 0.01 added to each, with its standard error over the tables,
and on how many tables it was lower and higher; and for classes the mean change of the log loss.
`which_regularizer.csv` holds the numbers by table, with their standard errors over the splits, and
how often each strength was chosen, the weakest first.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
from _regularizer_summary import BEST, CSV, FEW, MANY, PLAIN, report, store
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together

TOYS = {"iris": True, "wine": True, "breast_cancer": True, "digits": True, "diabetes": False}
N_FOLDS, MOST_TEST_ROWS, LEAST_PROBABILITY = 3, 2000, 1e-7


class Size(NamedTuple):
    """How many rows to learn from, how long, and how often."""

    name: str
    rows: int
    least_rows: int
    epochs: int
    splits: int


SIZES = (Size(FEW, 200, 0, 100, 3), Size(MANY, 2000, 1000, 40, 2))


class Table(NamedTuple):
    name: str
    X: np.ndarray
    y: np.ndarray
    has_classes: bool


def each_of(name: str, *values: Any, **others: Any) -> list[dict[str, Any]]:
    return [{name: value, **others} for value in values]


def stopping(**others: Any) -> list[dict[str, Any]]:
    others |= {"early_stopping": True, "n_iter_no_change": 20}
    return each_of("validation_fraction", 0.1, 0.2, 0.3, **others)


def regularizers(epochs: int) -> dict[str, list[dict[str, Any]]]:
    """Settings by name, the weakest first."""
    shares = [max(1, round(share * epochs)) for share in (0.4, 0.15, 0.05)]
    averages = [{"weight_averaging": "ema", "averaging_decay": 0.99}]
    averages += each_of("averaging_start", 0.75, 0.5, weight_averaging="swa")
    return {
        PLAIN: [{}],
        "input_noise": each_of("input_noise", 0.1, 0.3, 0.6),
        "mixup": each_of("mixup", 0.2, 0.5, 1.0),
        "label_smoothing": each_of("label_smoothing", 0.03, 0.1, 0.3),
        "adversarial": each_of("adversarial", 0.03, 0.1, 0.3),
        "dropout": each_of("dropout", 0.1, 0.3, 0.5),
        "dropout, Gaussian": each_of("dropout", 0.1, 0.3, 0.5, dropout_kind="gaussian"),
        "input_dropout": each_of("input_dropout", 0.1, 0.2, 0.4),
        "batch normalization": [{"normalization": "batch"}],
        "layer normalization": [{"normalization": "layer"}],
        "weight_norm": [{"weight_norm": True}],
        "drop_connect": each_of("drop_connect", 0.1, 0.3, 0.5),
        "weight_noise": each_of("weight_noise", 0.03, 0.1, 0.3),
        "l1": each_of("l1", 1e-4, 1e-3, 1e-2),
        "l2": each_of("l2", 1e-3, 1e-2, 0.1),
        "weight_decay": each_of("weight_decay", 0.1, 0.5, 2.0),
        "gradient_noise": each_of("gradient_noise", 0.001, 0.01, 0.1, gradient_noise_decay=0.55),
        "max_norm": each_of("max_norm", 2.0, 1.0, 0.5),
        "max_weight_norm": each_of("max_weight_norm", 12.0, 6.0, 3.0),
        "early stopping": stopping(),
        "early stopping, refit": stopping(early_stopping_refit="scratch"),
        "fewer epochs": each_of("max_iter", *shares),
        "weight averaging": averages,
        "fewer units": each_of("hidden_layer_sizes", (32,), (16,), (8,)),
        "linear model, l2": each_of("l2", 1e-3, 1e-2, 0.1, hidden_layer_sizes=()),
    }


def regularizers_of(part: Table, size: Size) -> dict[str, list[dict[str, Any]]]:
    found = regularizers(size.epochs)
    if not part.has_classes:
        del found["label_smoothing"]
    return found


def tables(folder: Path) -> Iterator[Table]:
    for name, has_classes in TOYS.items():
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        yield Table(name, X.astype(np.float32), y, has_classes)
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as file:
            has_classes = str(file["task"]) == "classification"
            yield Table(path.stem, file["X"].astype(np.float32), file["y"], has_classes)


def rows_to_learn(part: Table, size: Size) -> int:
    """How many; 0 where there are too few."""
    n = min(size.rows, 3 * len(part.X) // 4)
    return n if n >= size.least_rows else 0


def splits(part: Table, size: Size, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows to learn from and to judge by: all and the test rows, then those of the folds."""
    labels = part.y if part.has_classes else None
    rows, others = train_test_split(
        np.arange(len(part.X)),
        train_size=rows_to_learn(part, size),
        stratify=labels,
        random_state=seed,
    )
    yield rows, others[:MOST_TEST_ROWS]
    Folds = StratifiedKFold if part.has_classes else KFold
    for learn, judge in Folds(N_FOLDS, shuffle=True, random_state=seed).split(rows, part.y[rows]):
        yield rows[learn], rows[judge]


def judged(
    part: Table,
    size: Size,
    setting: dict[str, Any],
    rows: np.ndarray,
    others: np.ndarray,
    seed: int,
) -> tuple[float, float]:
    """The error and the log loss (NaN of numbers) of one network."""
    Estimator = MLPRegularizedClassifier if part.has_classes else MLPRegularizedRegressor
    shared = {"learning_rate_init": 0.01, "max_iter": size.epochs, "n_iter_no_change": None}
    shared |= {"random_state": seed}
    model = Estimator(**(shared | setting)).fit(part.X[rows], part.y[rows])
    y = part.y[others]
    if not part.has_classes:
        error = np.sqrt(np.mean(np.square(model.predict(part.X[others]) - y)))
        return float(error / part.y.std()), np.nan
    classes = np.unique(part.y)
    probabilities = np.full((len(others), len(classes)), LEAST_PROBABILITY)
    found = np.searchsorted(classes, model.classes_)  # a rare class may be missing
    probabilities[:, found] = model.predict_proba(part.X[others]).clip(LEAST_PROBABILITY, 1)
    wrong = float(np.mean(classes[probabilities.argmax(axis=1)] != y))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return wrong, float(log_loss(y, probabilities, labels=classes))


def measured(part: Table, size: Size, n_splits: int) -> np.ndarray:
    """Of all splits, settings, test rows and folds: ``(splits, settings, 1 + folds, 2)``."""
    settings = [each for some in regularizers_of(part, size).values() for each in some]
    calls = [
        joblib.delayed(judged)(part, size, setting, *rows, seed)
        for seed in range(n_splits)
        for parts in [list(splits(part, size, seed))]
        for setting in settings
        for rows in parts
    ]
    with fit_together(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # patience may not run out
        found = joblib.Parallel()(calls)
    return np.array(found).reshape(n_splits, len(settings), 1 + N_FOLDS, 2)


def chosen(found: np.ndarray, measure: int, some: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """In each split, which of some settings the folds choose, and what it gave on the test rows."""
    values = found[..., measure][:, some]
    picked = values[:, :, 1:].mean(axis=2).argmin(axis=1)
    return picked, values[np.arange(len(found)), picked, 0]


def lines(part: Table, size: Size, found: np.ndarray) -> Iterator[dict[str, Any]]:
    """A line of the CSV for each regularizer."""
    groups, begin = {}, 0
    for name, some in regularizers_of(part, size).items():
        groups[name] = range(begin, begin + len(some))
        begin += len(some)
    groups[BEST] = range(begin)
    for name, some in groups.items():
        line: dict[str, Any] = {"table": part.name, "rows": size.name, "regularizer": name}
        for measure, told in enumerate(("error", "log_loss")):
            picked, values = chosen(found, measure, some)
            plain = found[:, 0, 0, measure]
            if measure == 0:
                counts = np.bincount(picked, minlength=len(some))
                line["chosen"] = "" if name == BEST else " ".join(map(str, counts))
            line[told] = round(float(values.mean()), 5)
            difference = values - plain
            line[f"{told}_change"] = round(float(difference.mean()), 5)
            spread = difference.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else 0.0
            line[f"{told}_standard_error"] = round(float(spread), 5)
        yield line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="with .npz files")
    parser.add_argument("--splits", type=int, help="of each table; 3 of few rows, else 2")
    parser.add_argument("--tables", nargs="+", help="only these")
    parser.add_argument("--output", type=Path, default=CSV, help="the numbers by table")
    given = parser.parse_args()
    found: list[dict[str, Any]] = []
    for part in tables(given.folder):
        for size in SIZES:
            if (given.tables and part.name not in given.tables) or not rows_to_learn(part, size):
                continue
            begin = time.perf_counter()
            found += lines(part, size, measured(part, size, given.splits or size.splits))
            store(found, given.output)
            took = time.perf_counter() - begin
            print(f"{part.name}, {size.name}: {took:.0f} s", file=sys.stderr, flush=True)
    print(report(found))


if __name__ == "__main__":
    main()
