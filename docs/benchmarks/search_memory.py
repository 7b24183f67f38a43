"""2,000 fits in one search under `fit_together`: peak memory against `max_memory`, and threads.

    python docs/benchmarks/search_memory.py

Each bound has a process of its own. What counts is the resident memory of the process and of those
it started, looked at fifty times a second, less what the process held before the search.
"""

import argparse
import threading
import time
import warnings
from contextlib import ExitStack

import numpy as np
import psutil
from _contenders import Worker, work_off
from _report import machine, table
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, fit_together

BOUNDS = (1e8, 2.5e8, 5e8, 1e9, None)


def measure_memory(max_memory: float | None) -> dict[str, float]:
    """Peak memory over what there was before, and threads, of a search with 2,000 fits."""
    X, y = load_digits(return_X_y=True)
    model = MLPRegularizedClassifier((20,), max_iter=2, n_iter_no_change=None)
    pipeline = make_pipeline(StandardScaler(), model)
    grid = {"mlpregularizedclassifier__l2": np.logspace(-6, 0, 400)}
    watch = Watch()
    before = resident()
    start = time.perf_counter()
    with watch, fit_together(max_memory=max_memory):
        GridSearchCV(pipeline, grid, cv=5, refit=False).fit(X, y)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "peak": (watch.peak - before) / 1e6,
        "threads": watch.n_threads,
        "left": threading.active_count() - 1,
    }


def resident() -> int:
    """This process' resident memory in bytes, and that of the processes it started."""
    this = psutil.Process()
    return sum(each.memory_info().rss for each in (this, *this.children(recursive=True)))


class Watch(threading.Thread):
    """Looks at memory and threads fifty times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = self.n_threads = 0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.02):
            self.peak = max(self.peak, resident())
            self.n_threads = max(self.n_threads, threading.active_count() - 2)

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def report_memory() -> None:
    rows = []
    for bound in BOUNDS:
        with ExitStack() as stack:
            found = Worker(stack, __file__, "sknnreg", []).measure(bound)
        name = "default" if bound is None else f"{bound / 1e6:.0f} MB"
        numbers = [f"{found[each]:.0f}" for each in ("peak", "threads", "left")]
        rows.append([name, *numbers, f"{found['seconds']:.1f}"])
    print("\n2,000 fits on digits in one search\n")
    header = ["max_memory", "peak MB above the start", "most threads", "threads left", "seconds"]
    print(table(header, rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.worker:
        work_off(measure_memory)
    else:
        print(machine(), flush=True)
        report_memory()


if __name__ == "__main__":
    main()
