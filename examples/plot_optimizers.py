"""Six optimizers in a valley: the same loss twice, the second time turned by 30 degrees.

    python examples/plot_optimizers.py                    # writes optimizers.png
    python examples/plot_optimizers.py --output other.png

A linear model with two weights and the squared loss is a valley, here a hundred times as curved
across as along. A step size small enough for the one direction is too small for the other. Momentum
is one way out, a step size for each weight by itself another. All rows are one batch, so that a
step is an epoch, and `partial_fit`, called once a step, shows the path. All start at the same
weights, each with the step size out of a grid that serves it best for 50 steps.

How to read the figure. Thin lines are heights of the loss, each a quarter of the next one; the
cross is the minimum, the large dot the start, and the small dots are the first 50 steps. In the
first row the valley runs along a weight, as if the inputs had been measured in different units; in
the second it is turned, as if they were correlated. Below is the loss over the steps, the highest
of ten in a row, since a path that swings may just pass by the minimum; by the same measure, at the
dashed line, the step sizes were chosen. The table, and the numbers below, are plain losses.

What to expect: gradient descent jumps from wall to wall and creeps along the floor. With momentum
it rolls, swinging; Nesterov's looks ahead and hardly swings. None of the three knows the axes: in
the turned valley they take the same steps, turned. RMSprop, Adam and AMSGrad divide each weight's
gradient by its usual size, which undoes different units. In the upright valley this takes RMSprop
to a loss of 1e-8 in 50 steps, where momentum is at 8e-5 and gradient descent at 8e-4. In the turned
one, where either weight's gradient is mostly that of the steep direction, it is left with 2e-4.
Adam and AMSGrad do no better than momentum in either: their gradients are averaged as well, which
is a momentum of its own, and they swing. Nesterov's, at 5e-6, is the best in the turned valley.

With a constant step size RMSprop and Adam do not arrive. As the gradients get small, so does what
they are divided by; RMSprop is thrown out again after 75 steps, and after 200 both lie behind plain
gradient descent. AMSGrad, which divides by the largest size so far, goes on to 2e-11. All three
remember the sizes of some twenty gradients here (`beta_2=0.9`, usual for RMSprop). The last rows of
the table have 0.999, usual for Adam: little is forgotten within 200 steps, all three go on, and
AMSGrad and Adam are nearly one.

None of this tells which optimizer is best for a network. There batches are small and gradients
noisy, the step size falls, the loss is no such valley, and what counts is the loss on other rows,
of which two weights and a full batch say nothing.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import clone

from sknnreg import MLPRegularizedRegressor, fit_together

N_ROWS, CURVATURES, FROM_MINIMUM = 100, (1 / 100, 1.0), (-1.0, 0.4)
N_SHOWN, N_STEPS, N_JUDGED, TOLD = 50, 200, 10, (10, 50, 200)
STEP_SIZES = [0.01, 0.018, 0.032, 0.056, 0.1, 0.18, 0.32, 0.56, 1.0, 1.8]
MODEL = MLPRegularizedRegressor(
    (), standardize=False, batch_size=N_ROWS, n_iter_no_change=None, random_state=0
)


@dataclass(frozen=True)
class Optimizer:
    name: str
    colour: str  # Okabe and Ito's palette, which colour-blind readers can tell apart
    setting: dict[str, Any]


OPTIMIZERS = (
    Optimizer("gradient descent", "#555555", {"solver": "sgd", "momentum": 0.0}),
    Optimizer("momentum", "#D89000", {"solver": "sgd", "nesterovs_momentum": False}),
    Optimizer("Nesterov", "#C44E00", {"solver": "sgd"}),
    Optimizer("RMSprop", "#009E73", {"solver": "rmsprop", "beta_2": 0.9}),
    Optimizer("Adam", "#0072B2", {"solver": "adam", "beta_2": 0.9}),
    Optimizer("AMSGrad", "#B45A92", {"solver": "amsgrad", "beta_2": 0.9}),
)
IN_TABLE_ONLY = (
    Optimizer("RMSprop, 0.999", "", {"solver": "rmsprop"}),
    Optimizer("Adam, 0.999", "", {"solver": "adam"}),
    Optimizer("AMSGrad, 0.999", "", {"solver": "amsgrad"}),
)


@dataclass(frozen=True)
class Valley:
    """Rows whose squared loss is a valley, its minimum, and where all networks start."""

    name: str
    X: np.ndarray
    y: np.ndarray
    minimum: np.ndarray
    start: np.ndarray

    def loss(self, weights: np.ndarray) -> np.ndarray:
        """Half the mean squared error of weights ``(..., 2)``, the bias being right."""
        return (((weights - self.minimum) @ self.X.T) ** 2).mean(axis=-1) / 2


@dataclass(frozen=True)
class Run:
    """One optimizer in one valley: its step size, and the weights and losses at all steps."""

    optimizer: Optimizer
    step_size: float
    path: np.ndarray
    losses: np.ndarray

    @property
    def lately(self) -> np.ndarray:
        """The highest of ten losses in a row: a path that swings may just pass by the minimum."""
        return sliding_window_view(self.losses, N_JUDGED).max(axis=-1)


def make_valley(name: str, angle: float) -> Valley:
    """Inputs with exactly these curvatures, and the minimum where the start is well placed."""
    rows = np.random.default_rng(0).normal(size=(N_ROWS, 2))
    white = np.sqrt(N_ROWS) * np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[0]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    X = white * np.sqrt(CURVATURES) @ turn.T
    # A step of length 0 tells where this random state starts.
    first = clone(MODEL).set_params(learning_rate=lambda _: 0.0).partial_fit(X, X[:, 0])
    start = first.coefs_[0][:, 0]
    minimum = start - turn @ FROM_MINIMUM
    return Valley(name, X, X @ minimum + first.intercepts_[0], minimum, start)


def late_loss(optimizer: Optimizer, step_size: float, valley: Valley) -> float:
    """The highest of the losses after the last ten steps shown."""
    model = clone(MODEL).set_params(**optimizer.setting, learning_rate_init=step_size)
    # loss_curve_ has the losses before the steps.
    model.set_params(max_iter=N_SHOWN + 1).fit(valley.X, valley.y)
    return max(model.loss_curve_[-N_JUDGED:])


def run(optimizer: Optimizer, step_size: float, valley: Valley) -> Run:
    """All rows are one batch, so that a call of partial_fit is a step."""
    model = clone(MODEL).set_params(**optimizer.setting, learning_rate_init=step_size)
    weights = [valley.start]
    for _ in range(N_STEPS):
        weights.append(model.partial_fit(valley.X, valley.y).coefs_[0][:, 0])
    path = np.array(weights)
    return Run(optimizer, step_size, path, valley.loss(path))


def compare(valley: Valley) -> list[Run]:
    """Every optimizer with its best step size; for the choice all are trained at once."""
    optimizers = OPTIMIZERS + IN_TABLE_ONLY
    with fit_together():
        losses = joblib.Parallel()(
            joblib.delayed(late_loss)(optimizer, step_size, valley)
            for optimizer in optimizers
            for step_size in STEP_SIZES
        )
    best = np.reshape(losses, (len(optimizers), len(STEP_SIZES))).argmin(axis=1)
    return [run(each, STEP_SIZES[at], valley) for each, at in zip(optimizers, best, strict=True)]


def report(valley: Valley, runs: list[Run]) -> None:
    print(f"{valley.name:20}{'step size':>10}" + "".join(f"{f'loss at {n}':>13}" for n in TOLD))
    for each in runs:
        losses = "".join(f"{each.losses[n]:13.1e}" for n in TOLD)
        print(f"{each.optimizer.name:20}{each.step_size:10g}{losses}")
    print()


def draw(valleys: list[Valley], runs: list[list[Run]], output: Path) -> None:
    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure = plt.figure(figsize=(14, 8), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.07, w_pad=0.05)
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1.02], hspace=0.03)
    boxes = [box(valley, each) for valley, each in zip(valleys, runs, strict=True)]
    heights = [height / width for width, height in (upper - lower for lower, upper in boxes)]
    panels = above.subplots(len(valleys), len(OPTIMIZERS), height_ratios=heights)
    curves = below.subplots(1, len(valleys), sharey=True)
    for row, beneath, valley, each, limits in zip(
        panels, curves, valleys, runs, boxes, strict=True
    ):
        for axes, one in zip(row, each, strict=False):
            draw_path(axes, valley, one, limits)
        row[0].set_ylabel(valley.name, fontsize=11)
        draw_losses(beneath, each)
        beneath.set_title(f"{valley.name}: the loss (highest of ten steps in a row)", fontsize=11)
    for axes, optimizer in zip(panels[0], OPTIMIZERS, strict=True):
        axes.set_title(optimizer.name, color=optimizer.colour, fontweight="bold", fontsize=12)
    figure.savefig(output, dpi=120, bbox_inches="tight", pad_inches=0.12)
    plt.close(figure)


def box(valley: Valley, runs: list[Run]) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper limits of the weights, around all paths that are drawn."""
    paths = np.concatenate([one.path[: N_SHOWN + 1] for one in runs[: len(OPTIMIZERS)]])
    return paths.min(axis=0) - 0.08, paths.max(axis=0) + 0.08


def draw_path(axes, valley: Valley, one: Run, limits: tuple[np.ndarray, np.ndarray]) -> None:
    """The first steps, over lines at heights each of which is a quarter of the next."""
    lower, upper = limits
    grid = np.stack(np.meshgrid(*np.linspace(lower, upper, 300).T), axis=-1)
    levels = valley.loss(valley.start) * 4.0 ** np.arange(-4, 3)
    axes.contour(*np.moveaxis(grid, -1, 0), valley.loss(grid), levels, colors="0.8", linewidths=0.8)
    path, colour = one.path[: N_SHOWN + 1], one.optimizer.colour
    axes.plot(*path.T, ".-", color=colour, linewidth=1, markersize=4)
    axes.plot(*valley.start, "o", color=colour, markersize=7)
    axes.plot(*valley.minimum, "+", color="black", markersize=9, markeredgewidth=1.5, zorder=4)
    axes.set(xlim=(lower[0], upper[0]), ylim=(lower[1], upper[1]), xticks=[], yticks=[])
    axes.set_aspect("equal")
    axes.set_xlabel(f"step size {one.step_size:g}", fontsize=9)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("0.8")


def draw_losses(axes, runs: list[Run]) -> None:
    """Loss against steps, and the names where the lines end, kept apart by half a decade."""
    height = 0.0
    for one in sorted(runs[: len(OPTIMIZERS)], key=lambda one: one.lately[-1]):
        colour, end = one.optimizer.colour, one.lately[-1]
        axes.plot(np.arange(N_JUDGED - 1, N_STEPS + 1), one.lately, color=colour, linewidth=1.8)
        height = max(end, 3.5 * height)
        axes.text(N_STEPS + 3, height, one.optimizer.name, color=colour, va="center")
    axes.axvline(N_SHOWN, color="0.6", linestyle="--", linewidth=1)
    axes.set(xlim=(0, N_STEPS), ylim=(1e-12, 0.3), yscale="log", xlabel="steps")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("optimizers.png"), help="the figure")
    output = parser.parse_args().output
    valleys = [make_valley("upright valley", 0.0), make_valley("turned valley", np.pi / 6)]
    runs = [compare(valley) for valley in valleys]
    for valley, each in zip(valleys, runs, strict=True):
        report(valley, each)
    draw(valleys, runs, output)
    print(f"Figure: {output.resolve()}")


if __name__ == "__main__":
    main()
