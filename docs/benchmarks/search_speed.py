"""Whole searches under `fit_together` against MLPClassifier with n_jobs=-1, and skorch if there.

    python docs/benchmarks/search_speed.py            # three searches, 3 repeats
    python docs/benchmarks/search_speed.py --growth   # by number of fits and by width, a figure

All contenders run the same scikit-learn code over the same data, architectures, batch sizes and
numbers of epochs, everything that stops early switched off. Each search runs in a fresh process,
the contenders taking turns; imports and data are loaded before the clock starts, but starting
worker processes is part of the search. A second search in the same process finds them ready.
"""

import argparse
import gc
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
from sklearn.model_selection import GridSearchCV, LeaveOneOut, ShuffleSplit, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

L2 = np.logspace(-5, 0, 12)
GROWTH_FITS = (1, 3, 10, 30, 100, 300, 1000)
GROWTH_WIDTHS = (16, 32, 64, 128, 256, 512)
GROWTH_GRID = 40
FIGURE = Path(__file__).with_name("search_growth.png")


@dataclass(frozen=True)
class Search:
    load: Callable[..., Any]
    hidden: tuple[int, ...]
    epochs: int
    run: Callable[[Any, str, np.ndarray, np.ndarray, int | None], Any]


def leave_one_out(model: Any, l2: str, X: Any, y: Any, n_jobs: int | None) -> Any:
    return cross_val_score(model, X, y, cv=LeaveOneOut(), n_jobs=n_jobs)


def grid(model: Any, l2: str, X: Any, y: Any, n_jobs: int | None) -> Any:
    return GridSearchCV(model, {l2: L2[:10]}, cv=5, n_jobs=n_jobs).fit(X, y)


def nested(model: Any, l2: str, X: Any, y: Any, n_jobs: int | None) -> Any:
    search = GridSearchCV(model, {l2: L2}, cv=5)
    return cross_val_score(search, X, y, cv=5, n_jobs=n_jobs)


SEARCHES = {
    "LeaveOneOut, iris": Search(load_iris, (20,), 200, leave_one_out),
    "10 x 5 grid, digits": Search(load_digits, (100,), 30, grid),
    "nested 5 x (12 x 5), breast_cancer": Search(load_breast_cancer, (50,), 100, nested),
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

        model = MLPRegularizedClassifier(hidden, n_iter_no_change=None, **shared)
        l2 = "l2"
    pipeline = make_pipeline(StandardScaler(), model)
    return pipeline, f"{pipeline.steps[-1][0]}__{l2}"


def context_of(contender: str) -> Any:
    if contender != "sknnreg":
        return nullcontext()
    from sknnreg import fit_together

    return fit_together()


def timed_search(contender: str, name: str) -> float:
    search = SEARCHES[name]
    X, y = search.load(return_X_y=True)
    if contender == "skorch":
        X, y = X.astype(np.float32), y.astype(np.int64)
    model, l2 = model_of(contender, search.hidden, search.epochs, X, y)
    context = context_of(contender)
    gc.collect()
    start = time.perf_counter()
    with context:
        search.run(model, l2, X, y, None if contender == "sknnreg" else -1)
    return time.perf_counter() - start


def first_and_second(contender: str, name: str) -> tuple[float, float]:
    with ExitStack() as stack:
        worker = Worker(stack, __file__, contender, ["search"])
        return worker.measure(name), worker.measure(name)


def report_searches(repeats: int, contenders: list[str]) -> None:
    rows = []
    for name in SEARCHES:
        rounds = [[first_and_second(each, name) for each in contenders] for _ in range(repeats)]
        medians = np.median(np.array(rounds), axis=0).T
        for which, seconds in zip(("first", "second"), medians, strict=True):
            times = dict(zip(contenders, seconds, strict=True))
            ratio = f"{times['MLPClassifier'] / times['sknnreg']:.1f}"
            rows.append([f"{name}, {which}", *(f"{each:.2f}" for each in seconds), ratio])
        print(f"done: {name} {rounds}", file=sys.stderr, flush=True)
    print(f"\nSeconds, median of {repeats} processes\n")
    print(table(["search", *contenders, "MLPClassifier / sknnreg"], rows))


def timed_growth(contender: str, n_fits: int, width: int) -> float:
    """Seconds for a grid of so many networks of two layers, 20 epochs of 7 batches each."""
    X, y = make_classification(224, 32, n_informative=10, random_state=0)
    cv: Any = ShuffleSplit(1, test_size=24, random_state=0)
    model, l2 = model_of(contender, (width, width), 20, X, y)
    search = GridSearchCV(
        model,
        {l2: np.logspace(-5, 0, n_fits)},
        cv=cv,
        refit=False,
        n_jobs=-1 if contender == "MLPClassifier" else None,
    )
    context = context_of(contender)
    start = time.perf_counter()
    with context:
        search.fit(X, y)
    return time.perf_counter() - start


def report_growth() -> None:
    contenders = ("MLPClassifier", "sknnreg alone", "sknnreg")
    points = [(n, 32) for n in GROWTH_FITS] + [(GROWTH_GRID, width) for width in GROWTH_WIDTHS]
    times: dict[str, list[float]] = {}
    with ExitStack() as stack:
        workers = [Worker(stack, __file__, each, ["growth"]) for each in contenders]
        for worker in workers:
            worker.measure((4, 16))  # worker processes start: this is about growth
        for worker in workers:
            times[worker.contender] = [worker.measure(point) for point in points]
    header = ["fits, width", *contenders, "MLPClassifier / sknnreg"]
    rows = []
    for i, (n_fits, width) in enumerate(points):
        found = [times[each][i] for each in contenders]
        cells = [f"{seconds:.3f}" for seconds in found]
        rows.append([f"{n_fits}, ({width}, {width})", *cells, f"{found[0] / found[2]:.1f}"])
    print("\nSeconds, 20 epochs of 7 batches of 32\n")
    print(table(header, rows))
    draw_growth(times)
    print(f"\nfigure: {FIGURE.name}")


def draw_growth(times: dict[str, list[float]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    n = len(GROWTH_FITS)
    labels = {
        "MLPClassifier": "MLPClassifier, n_jobs=-1",
        "sknnreg alone": "sknnreg, one by one",
        "sknnreg": "sknnreg, fit_together",
    }
    for contender, seconds in times.items():
        axes[0].loglog(GROWTH_FITS, seconds[:n], "o-", label=labels[contender])
        axes[1].loglog(GROWTH_WIDTHS, np.array(seconds[n:]) / GROWTH_GRID, "o-")
    axes[0].set(xlabel="fits in the search, two layers of 32", ylabel="seconds")
    axes[0].legend(frameon=False)
    axes[1].set(xlabel=f"width of both layers, {GROWTH_GRID} fits", ylabel="seconds a fit")
    axes[1].set_xticks(GROWTH_WIDTHS, [str(width) for width in GROWTH_WIDTHS])
    axes[1].minorticks_off()
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(FIGURE, dpi=120)


def run_worker(contender: str, task: str) -> None:
    if task == "search":
        work_off(lambda name: timed_search(contender, name))
    else:
        work_off(lambda point: timed_growth(contender, *point))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="processes per contender")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, help="some of them")
    parser.add_argument("--growth", action="store_true", help="by number of fits and width")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.worker:
        run_worker(*options.worker)
        return
    print(machine(), flush=True)
    if options.growth:
        report_growth()
    else:
        wanted = options.contenders or CONTENDERS
        report_searches(
            options.repeats, [name for name in wanted if name != "skorch" or find_spec("skorch")]
        )


if __name__ == "__main__":
    main()
