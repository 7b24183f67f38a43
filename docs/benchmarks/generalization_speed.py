"""Studies of generalization under `fit_together` against MLPClassifier with n_jobs=-1.

    python docs/benchmarks/generalization_speed.py

Three studies: nested cross-validation, the error with its nested-CV interval, and a U-curve of
bias and variance with 20 values and 50 rounds. Both contenders run the same code over the same
data, with equal architectures, batch sizes and numbers of epochs, everything that stops early
switched off. Each study runs in a fresh process, the contenders taking turns; imports and data are
loaded before the clock starts, but starting worker processes is part of it. A second study in the
same process finds them ready.
"""

import argparse
import gc
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from _contenders import Worker, work_off
from _report import machine, table
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.model_selection import BiasVarianceDisplay, estimate_error, nested_cross_validate

CONTENDERS = "MLPClassifier", "sknnreg"
L2 = np.logspace(-5, 0, 12)


@dataclass(frozen=True)
class Study:
    load: Callable[..., Any]
    hidden: tuple[int, ...]
    epochs: int
    run: Callable[[Any, str, np.ndarray, np.ndarray, int | None], Any]


def nested(model: Any, l2: str, X: Any, y: Any, n_jobs: int | None) -> Any:
    search = GridSearchCV(model, {l2: L2}, cv=5)
    return nested_cross_validate(search, X, y, cv=5, n_jobs=n_jobs)


def interval(model: Any, l2: str, X: Any, y: Any, n_jobs: int | None) -> Any:
    return estimate_error(model, X, y, method="nested_cv", random_state=0, n_jobs=n_jobs)


def u_curve(model: Any, l2: str, X: Any, y: Any, n_jobs: int | None) -> Any:
    return BiasVarianceDisplay.from_estimator(
        model, X, y, param_name=l2, param_range=np.logspace(-5, 0, 20), n_rounds=50,
        loss="log", random_state=0, n_jobs=n_jobs,
    )  # fmt: skip


STUDIES = {
    "nested 5 x (12 x 5), breast_cancer": Study(load_breast_cancer, (50,), 50, nested),
    "nested-CV interval, iris": Study(load_iris, (20,), 50, interval),
    "U-curve 20 x 50, breast_cancer": Study(load_breast_cancer, (20,), 30, u_curve),
}


def model_of(contender: str, study: Study) -> tuple[Any, str]:
    """A pipeline, and what its l2 is called."""
    shared: dict[str, Any] = {"batch_size": 32, "max_iter": study.epochs, "tol": 0.0}
    shared["random_state"] = 0
    if contender == "MLPClassifier":
        model: Any = MLPClassifier(study.hidden, n_iter_no_change=study.epochs + 1, **shared)
    else:
        model = MLPRegularizedClassifier(study.hidden, n_iter_no_change=None, **shared)
    pipeline = make_pipeline(StandardScaler(), model)
    name = "alpha" if contender == "MLPClassifier" else "l2"
    return pipeline, f"{pipeline.steps[-1][0]}__{name}"


def timed(contender: str, name: str) -> float:
    import matplotlib

    matplotlib.use("Agg")
    study = STUDIES[name]
    X, y = study.load(return_X_y=True)
    model, l2 = model_of(contender, study)
    ours = contender == "sknnreg"
    gc.collect()
    start = time.perf_counter()
    with fit_together() if ours else nullcontext():
        study.run(model, l2, X, y, None if ours else -1)
    return time.perf_counter() - start


def first_and_second(contender: str, name: str) -> tuple[float, float]:
    with ExitStack() as stack:
        worker = Worker(stack, __file__, contender, [])
        return worker.measure(name), worker.measure(name)


def report(repeats: int, names: list[str]) -> None:
    rows = []
    for name in names:
        rounds = [[first_and_second(each, name) for each in CONTENDERS] for _ in range(repeats)]
        medians = np.median(np.array(rounds), axis=0).T
        for which, seconds in zip(("first", "second"), medians, strict=True):
            cells = [f"{each:.2f}" for each in seconds]
            rows.append([f"{name}, {which}", *cells, f"{seconds[0] / seconds[1]:.1f}"])
        print(f"done: {name} {rounds}", file=sys.stderr, flush=True)
    print(f"\nSeconds, median of {repeats} processes\n")
    print(table(["study", *CONTENDERS, "MLPClassifier / sknnreg"], rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="processes per contender")
    parser.add_argument("--studies", nargs="+", choices=STUDIES, help="some of them")
    parser.add_argument("--worker", nargs=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.worker:
        work_off(lambda name: timed(options.worker[0], name))
        return
    print(machine(), flush=True)
    report(options.repeats, options.studies or list(STUDIES))


if __name__ == "__main__":
    main()
