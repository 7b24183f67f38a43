"""Whole searches under `fit_together` against MLPClassifier with n_jobs=-1, and skorch if there.

    python docs/benchmarks/search_speed.py            # three searches, 3 repeats
    python docs/benchmarks/search_speed.py --growth   # by number of fits and by width, a figure
    python docs/benchmarks/search_speed.py --memory   # 2,000 fits: peak memory, threads

All contenders run the same scikit-learn code over the same data, architectures, batch sizes and
numbers of epochs, everything that stops early switched off, each in a process of its own that
sleeps until it is its turn; repeats are interleaved. The first run of each is timed like the
others: starting worker processes is part of a search.
"""

import argparse
import gc
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from _contenders import Worker, work_off
from _report import machine, table
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_classification
from sklearn.model_selection import GridSearchCV, LeaveOneOut, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

L2 = np.logspace(-5, 0, 12)
GROWTH_FITS = (1, 3, 10, 30, 100, 300, 1000)
GROWTH_WIDTHS = (16, 32, 64, 128, 256, 512)
FIGURE = Path(__file__).with_name("search_growth.png")


@dataclass(frozen=True)
class Search:
    load: Callable[..., Any]
    hidden: tuple[int, ...]
    epochs: int
    run: Callable[[Any, str, np.ndarray, np.ndarray, int | None], Any]
    target: float


def leave_one_out(model: Any, l2: str, X: Any, y: Any, n_jobs: int | None) -> Any:
    return cross_val_score(model, X, y, cv=LeaveOneOut(), n_jobs=n_jobs)


def grid(model: Any, l2: str, X: Any, y: Any, n_jobs: int | None) -> Any:
    return GridSearchCV(model, {l2: L2[:10]}, cv=5, n_jobs=n_jobs).fit(X, y)


def nested(model: Any, l2: str, X: Any, y: Any, n_jobs: int | None) -> Any:
    search = GridSearchCV(model, {l2: L2}, cv=5)
    return cross_val_score(search, X, y, cv=5, n_jobs=n_jobs)


SEARCHES = {
    "LeaveOneOut, iris": Search(load_iris, (20,), 200, leave_one_out, 12),
    "10 x 5 grid, digits": Search(load_digits, (100,), 30, grid, 6),
    "nested 5 x (12 x 5), breast_cancer": Search(load_breast_cancer, (50,), 100, nested, 8),
}
CONTENDERS = ("MLPClassifier", "skorch", "sknnreg alone", "sknnreg")


def skorch_model(hidden: tuple[int, ...], epochs: int, n_inputs: int, n_classes: int) -> Any:
    import torch
    from skorch import NeuralNetClassifier

    torch.set_num_threads(1)
    layers = [torch.nn.Linear(n_inputs, hidden[0]), torch.nn.ReLU()]
    module = torch.nn.Sequential(*layers, torch.nn.Linear(hidden[0], n_classes))
    return NeuralNetClassifier(
        module,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        optimizer__weight_decay=0.0,
        lr=1e-3,
        batch_size=32,
        iterator_train__shuffle=True,
        max_epochs=epochs,
        train_split=None,
        verbose=0,
    )


def model_of(
    contender: str, hidden: tuple[int, ...], epochs: int, X: np.ndarray, y: np.ndarray
) -> tuple[Any, str]:
    """A pipeline, and what its l2 is called."""
    shared: dict[str, Any] = {"batch_size": 32, "max_iter": epochs, "tol": 0.0, "random_state": 0}
    if contender == "MLPClassifier":
        model: Any = MLPClassifier(hidden, n_iter_no_change=epochs + 1, **shared)
        l2 = "alpha"
    elif contender == "skorch":
        model = skorch_model(hidden, epochs, X.shape[1], int(y.max()) + 1)
        l2 = "optimizer__weight_decay"
    else:
        from sknnreg import MLPRegularizedClassifier

        model = MLPRegularizedClassifier(hidden, n_iter_no_change=float("inf"), **shared)
        l2 = "l2"
    pipeline = make_pipeline(StandardScaler(), model)
    return pipeline, f"{pipeline.steps[-1][0]}__{l2}"


def timed_search(contender: str, search: Search) -> float:
    X, y = search.load(return_X_y=True)
    if contender == "skorch":
        X, y = X.astype(np.float32), y.astype(np.int64)
    model, l2 = model_of(contender, search.hidden, search.epochs, X, y)
    together: Any = nullcontext()
    if contender == "sknnreg":
        from sknnreg import fit_together

        together = fit_together()
    gc.collect()
    start = time.perf_counter()
    with together:
        search.run(model, l2, X, y, None if contender == "sknnreg" else -1)
    return time.perf_counter() - start


def report_searches(repeats: int, contenders: list[str]) -> None:
    rows, met = [], []
    for number, (name, search) in enumerate(SEARCHES.items()):
        with ExitStack() as stack:
            workers = [Worker(stack, __file__, each, [str(number)]) for each in contenders]
            rounds = [[worker.measure() for worker in workers] for _ in range(repeats)]
        medians = [statistics.median(seconds) for seconds in zip(*rounds, strict=True)]
        times = dict(zip(contenders, medians, strict=True))
        ratio = times["MLPClassifier"] / times["sknnreg"]
        met.append(ratio >= search.target)
        verdict = f"{ratio:.1f} (>= {search.target:g} {'met' if met[-1] else 'MISSED'})"
        rows.append([name, *(f"{times[each]:.2f}" for each in contenders), verdict])
        print(f"done: {name} {rounds}", file=sys.stderr, flush=True)
    print(f"\nSeconds, median of {repeats} runs\n")
    print(table(["search", *contenders, "MLPClassifier / sknnreg"], rows))
    print(f"\n{sum(met)} of {len(met)} targets met")


def grow(contender: str, n_fits: int, width: int) -> float:
    """Seconds for a grid of so many networks of one hidden layer, a 30-epoch each."""
    X, y = make_classification(300, 20, n_informative=10, random_state=0)
    n_values = max(1, n_fits // 3)
    cv: Any = 3 if n_fits >= 3 else [(np.arange(200), np.arange(200, 300))]
    model, l2 = model_of(contender, (width,), 30, X, y)
    together: Any = nullcontext()
    if contender == "sknnreg":
        from sknnreg import fit_together

        together = fit_together()
    search = GridSearchCV(
        model,
        {l2: np.logspace(-5, 0, n_values)},
        cv=cv,
        refit=False,
        n_jobs=None if contender == "sknnreg" else -1,
    )
    start = time.perf_counter()
    with together:
        search.fit(X, y)
    return time.perf_counter() - start


def report_growth() -> None:
    contenders = ("MLPClassifier", "sknnreg alone", "sknnreg")
    points = [(n, 32) for n in GROWTH_FITS] + [(60, width) for width in GROWTH_WIDTHS]
    times: dict[tuple[str, int, int], float] = {}
    with ExitStack() as stack:
        for contender in contenders:
            worker = Worker(stack, __file__, contender, ["growth"])
            for point in points:
                times[contender, *point] = worker.measure_at(point)
    del times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="runs per contender")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, help="some of them")
    parser.add_argument("--growth", action="store_true", help="by number of fits and width")
    parser.add_argument("--memory", action="store_true", help="2,000 fits in one search")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.worker:
        contender, number = options.worker
        search = list(SEARCHES.values())[int(number)]
        work_off(lambda: timed_search(contender, search))
        return
    print(machine(), flush=True)
    present = [name for name in (options.contenders or CONTENDERS) if name != "skorch" or find_spec("skorch")]
    report_searches(options.repeats, present)


if __name__ == "__main__":
    main()
