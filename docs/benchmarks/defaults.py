"""The defaults on small tables: do they converge, how well do they predict, how long do they take?

    python docs/benchmarks/defaults.py             # scikit-learn's five toy sets
    python docs/benchmarks/defaults.py FOLDER      # and every .npz file in FOLDER

A file holds ``X``, ``y`` and ``task``, which is "classification" or "regression".

Three contenders see the same splits, four fifths of the rows to learn from. "Now" are the defaults,
"before" the same network with scikit-learn's for ``batch_size``, ``learning_rate_init`` and
``tol``, "MLP" is MLPClassifier or MLPRegressor on inputs (and numeric targets) that are scaled for
it. One BLAS thread. The error is the share of wrong classes, or 1 - R2, on the other rows.
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _report import machine, table
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

TOYS = ("iris", "wine", "breast_cancer", "digits", "diabetes")
CONTENDERS = BEFORE, NOW, PEER = "before", "now", "MLP"
N_SPLITS = 5


class Task(NamedTuple):
    name: str
    X: np.ndarray
    y: np.ndarray
    has_classes: bool


class Fit(NamedTuple):
    warned: bool
    error: float
    seconds: float


def tasks(folder: Path | None) -> Iterator[Task]:
    """The toy sets, and those of the folder by their size."""
    for name in TOYS:
        yield Task(name, *getattr(datasets, f"load_{name}")(return_X_y=True), name != "diabetes")
    found = []
    for path in folder.glob("*.npz") if folder else ():
        with np.load(path, allow_pickle=False) as file:
            X, y, kind = file["X"].astype(float), file["y"], str(file["task"])
        found.append(Task(path.stem, X, y, kind == "classification"))
    yield from sorted(found, key=lambda task: len(task.X))


def model(contender: str, has_classes: bool, n_rows: int, seed: int) -> Any:
    if contender in (BEFORE, NOW):
        settings: dict[str, Any] = {"random_state": seed}
        if contender == BEFORE:
            settings |= {"batch_size": min(200, n_rows), "learning_rate_init": 1e-3, "tol": 1e-4}
        Estimator = MLPRegularizedClassifier if has_classes else MLPRegularizedRegressor
        return Estimator(**settings)
    if has_classes:
        return make_pipeline(StandardScaler(), MLPClassifier(random_state=seed))
    scaled = make_pipeline(StandardScaler(), MLPRegressor(random_state=seed))
    return TransformedTargetRegressor(scaled, transformer=StandardScaler())


def fit(contender: str, task: Task, seed: int) -> Fit:
    classes = task.y if task.has_classes else None
    X, X_new, y, y_new = train_test_split(
        task.X, task.y, test_size=0.2, stratify=classes, random_state=seed
    )
    est = model(contender, task.has_classes, len(X), seed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        begin = time.perf_counter()
        est.fit(X, y)
        seconds = time.perf_counter() - begin
    warned = any(issubclass(each.category, ConvergenceWarning) for each in caught)
    return Fit(warned, 1 - est.score(X_new, y_new), seconds)


def means(task: Task) -> np.ndarray:
    """Warnings, error and seconds by contender ``(3, 3)``; contenders take turns."""
    fits = [[fit(each, task, seed) for each in CONTENDERS] for seed in range(N_SPLITS)]
    return np.mean(fits, axis=0, dtype=float)


def line(task: Task, found: np.ndarray) -> list[str]:
    cells = [task.name, str(len(task.X) * 4 // 5)]
    formats = ("{:.0%}", "{:.4f}", "{:.3f}")
    return cells + [
        form.format(value) for form, row in zip(formats, found.T, strict=True) for value in row
    ]


def summary(found: np.ndarray) -> str:
    """Of all tables: warnings, and seconds in units of the defaults'."""
    warned, seconds = found[:, :, 0].mean(axis=0), found[:, :, 2]
    ratios = np.exp(np.log(seconds / seconds[:, [CONTENDERS.index(NOW)]]).mean(axis=0))
    told = zip(CONTENDERS, warned, ratios, strict=True)
    return "\n".join(
        ["", *(f"{who}: {share:.0%} of fits warn, time {ratio:.1f}" for who, share, ratio in told)]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="with .npz files")
    folder = parser.parse_args().folder
    header = ["table", "rows"]
    header += [f"{what}: {who}" for what in ("warnings", "error", "seconds") for who in CONTENDERS]
    print(machine(), f"Means of {N_SPLITS} splits.", "", sep="\n")
    lines, all_found = [], []
    with threadpool_limits(1):
        for task in tasks(folder):
            all_found.append(means(task))
            lines.append(line(task, all_found[-1]))
    print(table(header, lines))
    print(summary(np.array(all_found)))


if __name__ == "__main__":
    main()
