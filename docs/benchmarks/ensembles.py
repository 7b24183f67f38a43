"""An ensemble in one pass against its members fitted one by one, by all cores and by one.

    python docs/benchmarks/ensembles.py

Eight members on 2,000 rows of 20 columns, each with another fold held out. "One pass" is
`CrossFittedClassifier`; the others fit such networks on such folds by `joblib.Parallel(n_jobs=-1)`
and one after the other. Each runs in processes of its own, taking turns; imports and data are there
before the clock starts, starting workers is part of the first time. A second ensemble in the same
process finds them ready.
"""

import argparse
import sys
import time
import warnings
from contextlib import ExitStack
from functools import partial
from typing import Any

import joblib
import numpy as np
from _contenders import Worker, work_off
from _report import machine, table
from sklearn.datasets import make_classification
from sklearn.model_selection import StratifiedKFold

from sknnreg import MLPRegularizedClassifier
from sknnreg.ensemble import CrossFittedClassifier

N_MEMBERS = 8
CONTENDERS = ONE_PASS, ALL_CORES, ONE_BY_ONE = "one pass", "n_jobs=-1", "one by one"
WIDTHS = (64, 128, 256)


def network(width: int, seed: int = 0) -> MLPRegularizedClassifier:
    settings: dict[str, Any] = {"max_iter": 30, "n_iter_no_change": None, "early_stopping": True}
    settings |= {"batch_size": 64, "dropout": 0.2, "random_state": seed}
    return MLPRegularizedClassifier((width, width), **settings)


def fit_one(X: np.ndarray, y: np.ndarray, rest: Any, held_out: Any, width: int, seed: int) -> Any:
    return network(width, seed).fit(X[rest], y[rest], X_val=X[held_out], y_val=y[held_out])


def timed_fit(contender: str, width: int) -> float:
    """Seconds until all members are there."""
    X, y = make_classification(2000, 20, n_informative=10, n_classes=3, random_state=0)
    X = X.astype(np.float32)
    start = time.perf_counter()
    if contender == ONE_PASS:
        CrossFittedClassifier(network(width), N_MEMBERS, random_state=0).fit(X, y)
    else:
        folds = StratifiedKFold(N_MEMBERS, shuffle=True, random_state=0).split(X, y)
        joblib.Parallel(n_jobs=-1 if contender == ALL_CORES else None)(
            joblib.delayed(fit_one)(X, y, *rows, width, seed) for seed, rows in enumerate(folds)
        )
    return time.perf_counter() - start


def first_and_second(contender: str, width: int) -> list[float]:
    with ExitStack() as stack:
        worker = Worker(stack, __file__, contender, [])
        return [worker.measure(width) for _ in range(2)]


def report(repeats: int, widths: list[int]) -> None:
    rows = []
    for width in widths:
        seconds: dict[str, list[list[float]]] = {contender: [] for contender in CONTENDERS}
        for _ in range(repeats):
            for contender in CONTENDERS:
                seconds[contender].append(first_and_second(contender, width))
        medians = {each: np.median(seconds[each], axis=0) for each in CONTENDERS}
        for number, which in enumerate(("first", "second")):
            took = [medians[each][number] for each in CONTENDERS]
            cells = [f"{each:.2f}" for each in took] + [
                f"{each / took[0]:.1f}" for each in took[1:]
            ]
            rows.append([f"{N_MEMBERS} x ({width}, {width}), {which}", *cells])
        print(f"done: {width} {seconds}", file=sys.stderr, flush=True)
    print(f"\nSeconds, median of {repeats} processes\n")
    ratios = [f"{each} / {ONE_PASS}" for each in CONTENDERS[1:]]
    print(table(["members", *CONTENDERS, *ratios], rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5, help="processes per contender")
    parser.add_argument("--widths", type=int, nargs="+", default=WIDTHS)
    parser.add_argument("--worker", nargs=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.worker:
        work_off(partial(timed_fit, options.worker[0]))
        return
    print(machine(), flush=True)
    report(options.repeats, list(options.widths))


if __name__ == "__main__":
    main()
