"""How time and memory grow with rows, inputs, width, depth, classes and the number of fits.

    python docs/benchmarks/scaling.py                     # all axes, writes scaling.png
    python docs/benchmarks/scaling.py --axes rows width   # some of them

One axis grows at a time, from a network of two hidden layers of 64 units on 10,000 rows of 20
inputs and 2 classes, in batches of 200, for one epoch, of which the time is told (of the "fits"
axis: the whole search, of networks of 16 units on 300 rows, 10 epochs each). Beside it the matrix
products of these steps alone, in single precision, the same threads. Each point is measured in a
process of its own, after a short fit that warms up. Memory is what the process' peak grows by
during the fit.

An exponent is the slope of the time over the last decade of the axis, both in logarithms: 1 is in
proportion. What is left of it is the part that a fit costs at any size.
"""

import argparse
import gc
import itertools
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from _contenders import Worker, work_off
from _report import machine, table
from memory import Peak, resident
from scipy import sparse
from sklearn.model_selection import GridSearchCV

from sknnreg import MLPRegularizedClassifier, fit_together

FIGURE = Path(__file__).with_name("scaling.png")


@dataclass(frozen=True)
class Point:
    """What a fit is like."""

    rows: int = 10_000
    inputs: int = 20
    width: int = 64
    depth: int = 2
    classes: int = 2
    fits: int = 1
    kind: str = "dense"
    searches: bool = False

    @property
    def hidden(self) -> tuple[int, ...]:
        return (self.width,) * self.depth

    def data(self, folder: Path) -> tuple[Any, np.ndarray]:
        rng = np.random.default_rng(0)
        y = np.arange(self.rows) % self.classes
        if self.kind == "sparse":
            # 20 numbers a row, wherever they are.
            at = rng.integers(0, self.inputs, 20 * self.rows)
            start = np.arange(0, len(at) + 1, 20)
            numbers = np.ones(len(at), np.float32)
            shape = (self.rows, self.inputs)
            return sparse.csr_array((numbers, at, start), shape=shape), y
        if self.kind == "mapped":
            X = np.memmap(folder / "rows", np.float32, "w+", shape=(self.rows, self.inputs))
            for start in range(0, self.rows, 100_000):
                part = X[start : start + 100_000]
                part[...] = rng.standard_normal(part.shape, dtype=np.float32)
            return X, y
        return rng.standard_normal((self.rows, self.inputs), dtype=np.float32), y


def points(name: str, values: list[int], **settings: Any) -> list[Point]:
    return [replace(Point(), **{name: value}, **settings) for value in values]


AXES: dict[str, tuple[str, list[Point]]] = {
    "rows": ("rows", points("rows", [10**3, 10**4, 10**5, 10**6])),
    "rows, mapped": ("rows", points("rows", [10**4, 10**5, 10**6, 10**7], kind="mapped")),
    "inputs": ("inputs", points("inputs", [10, 100, 1000, 10_000])),
    "inputs, sparse": ("inputs", points("inputs", [100, 1000, 10_000], kind="sparse")),
    "width": ("width", points("width", [16, 64, 256, 1024, 4096])),
    "depth": ("depth", points("depth", [1, 2, 4, 8, 16, 32])),
    "classes": ("classes", points("classes", [2, 10, 100, 1000, 10_000])),
    "fits": ("fits", points("fits", [1, 10, 100, 1000, 10_000], rows=300, width=16, searches=True)),
}


def timed_fit(point: Point) -> tuple[float, float]:
    """Seconds, and megabytes that the process itself allocated at most."""
    with tempfile.TemporaryDirectory() as folder:
        X, y = point.data(Path(folder))
        settings = {"hidden_layer_sizes": point.hidden, "batch_size": 200, "random_state": 0}
        settings |= {"n_iter_no_change": None, "max_iter": 10 if point.searches else 1}
        model = MLPRegularizedClassifier(**settings)
        warm_up = np.arange(400) % max(point.classes, 2)
        model.fit(np.random.default_rng(0).normal(size=(400, 3)), warm_up)
        gc.collect()
        baseline, start = resident(), time.perf_counter()
        with Peak() as peak:
            if point.searches:
                _search(model, point, X, y)
            else:
                model.fit(X, y)
            seconds = time.perf_counter() - start
    return seconds, peak.above(baseline)[1]


def _search(model: MLPRegularizedClassifier, point: Point, X: Any, y: np.ndarray) -> None:
    grid = {"l2": np.linspace(0, 1, max(1, point.fits // 2))}
    with fit_together():
        GridSearchCV(model, grid, cv=2, refit=False).fit(X, y)


def products(point: Point) -> float:
    """Seconds of the matrix products of an epoch: forward, to the weights, and to the inputs."""
    n_outputs = 1 if point.classes == 2 else point.classes
    widths = (point.inputs, *point.hidden, n_outputs)
    batch = min(200, point.rows)
    rng = np.random.default_rng(0)
    layers = []
    for n_in, n_out in itertools.pairwise(widths):
        shapes = (batch, n_in), (n_in, n_out), (batch, n_out)
        layers.append([rng.standard_normal(shape, dtype=np.float32) for shape in shapes])

    def step() -> None:
        for number, (x, weight, gradient) in enumerate(layers):
            x @ weight
            x.T @ gradient
            if number:
                gradient @ weight.T

    n_steps = -(-point.rows // batch)
    tried = min(n_steps, 50)
    step()
    start = time.perf_counter()
    for _ in range(tried):
        step()
    return (time.perf_counter() - start) / tried * n_steps


def measured(axis: str, number: int) -> dict[str, float]:
    point = AXES[axis][1][number]
    seconds, megabytes = timed_fit(point)
    # Of sparse rows, the products with what is not there are no measure.
    alone = not point.searches and point.kind != "sparse"
    return {
        "seconds": seconds,
        "megabytes": megabytes,
        "products": products(point) if alone else float("nan"),
    }


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """The slope over the last decade, or the last two points."""
    last = max(0, max(i for i, size in enumerate(sizes[:-1]) if size * 4 <= sizes[-1]))
    steps = np.log(sizes[-1] / sizes[last]), np.log(seconds[-1] / seconds[last])
    return float(steps[1] / steps[0])


def measure_axis(axis: str, repeats: int) -> list[dict[str, float]]:
    found = []
    for number in range(len(AXES[axis][1])):
        runs = []
        for _ in range(repeats):
            with ExitStack() as stack:
                worker = Worker(stack, __file__, axis, [])
                runs.append(worker.measure(number))
        found.append({name: float(np.median([run[name] for run in runs])) for name in runs[0]})
    return found


def report(axes: list[str], repeats: int, figure: Path) -> None:
    rows, curves = [], {}
    for axis in axes:
        name, along = AXES[axis]
        sizes, found = [getattr(each, name) for each in along], measure_axis(axis, repeats)
        curves[axis] = sizes, found
        slope = exponent(sizes, [each["seconds"] for each in found])
        for size, each in zip(sizes, found, strict=True):
            last = f"{slope:.2f}" if size == sizes[-1] else ""
            bare = "" if np.isnan(each["products"]) else f"{each['products']:.3f}"
            cells = [f"{each['seconds']:.3f}", bare, f"{each['megabytes']:.0f}", last]
            rows.append([f"{size:,} {axis}", *cells])
        print(f"done: {axis}", file=sys.stderr, flush=True)
    print(f"\nMedians of {repeats} processes\n")
    print(table(["", "seconds", "products alone", "MB", "exponent"], rows))
    draw(curves, figure)
    print(f"\nFigure: {figure}")


def draw(curves: dict[str, tuple[list[int], list[dict[str, float]]]], figure: Path) -> None:
    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    columns = min(4, len(curves))
    lines = -(-len(curves) // columns)
    canvas, panels = plt.subplots(
        lines, columns, figsize=(3.4 * columns, 3 * lines), layout="constrained", squeeze=False
    )
    for panel in panels.flat[len(curves) :]:
        panel.set_visible(False)
    for panel, (axis, (sizes, found)) in zip(panels.flat, curves.items(), strict=False):
        seconds, bare = ([each[name] for each in found] for name in ("seconds", "products"))
        panel.loglog(sizes, seconds, "o-", color="#0072B2", label="fit")
        if not np.isnan(bare).all():
            panel.loglog(sizes, bare, "s--", color="0.6", label="matrix products alone")
        panel.set(title=f"{axis}: time ~ n^{exponent(sizes, seconds):.2f}", xlabel="", ylabel="s")
    panels.flat[0].legend(frameon=False)
    canvas.savefig(figure, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--axes", nargs="+", choices=AXES, default=list(AXES))
    parser.add_argument("--repeats", type=int, default=3, help="processes per point")
    parser.add_argument("--output", type=Path, default=FIGURE, help="the figure")
    parser.add_argument("--worker", choices=AXES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.worker:
        work_off(partial(measured, options.worker))
        return
    print(machine(), flush=True)
    report(options.axes, options.repeats, options.output)


if __name__ == "__main__":
    main()
