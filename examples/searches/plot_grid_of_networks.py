"""A grid of networks: dropout against L2, every cell cross-validated, all trained together.

    python examples/plot_grid_of_networks.py                    # writes grid_of_networks.png
    python examples/plot_grid_of_networks.py --output other.png

Dropout and the L2 penalty both limit what a network can learn by heart. Is one of them enough, do
they add up, and how exactly must their strengths be chosen? A grid of 10 by 10 settings in 5 folds
is 500 networks. Inside `fit_together()`, `GridSearchCV` trains them side by side: dropout and L2
are numbers, and networks that differ in nothing but numbers share a stack.

The data are made for the purpose: 300 rows, 20 inputs of which 6 matter, and one label in five
drawn by chance, so that about one in ten is wrong. A network of 50 units can learn that by heart.
Since the data are made, there can be as many fresh rows as one likes, and 20,000 of them tell how
good some of the settings really are.

How to read the figure. On the left, the mean validation log loss of each setting; less is better,
and log(2) = 0.69 is what tossing a coin would get. The star is the best cell. The line encloses the
cells within one standard error of it, which these rows do not tell apart from the best. (The folds
share training rows, so that the standard error is a rough one.) On the right, by how much the loss
is higher on rows that a network has not seen than on those it has learned from. A small gap alone
is no merit: at the top the networks have learned next to nothing about either.

What to expect: without either regularizer the loss is above a coin's, since the network is wrong
at times and sure of it. Much dropout alone, or the right L2 alone, repairs that; both together
hardly do better, and many combinations are as good, along a bend from the one to the other. The
fresh rows agree that regularization helps, but need not agree with the order of the good settings,
and the validation losses may all be too low or too high at once: 300 rows are a sample, too.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from sknnreg import MLPRegularizedClassifier, fit_together

DROPOUT = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
L2 = [0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
N_ROWS, N_FRESH, N_FOLDS, SEED = 300, 20_000, 5, 1
NETWORK = MLPRegularizedClassifier(
    (50,),
    batch_size=32,
    learning_rate_init=0.003,
    max_iter=100,
    n_iter_no_change=None,
    random_state=SEED,
)


@dataclass(frozen=True)
class Grid:
    """Log losses by l2 (rows) and dropout (columns), means over the folds."""

    validation: np.ndarray
    training: np.ndarray
    standard_error: np.ndarray

    @property
    def best(self) -> tuple[int, int]:
        row, column = np.unravel_index(self.validation.argmin(), self.validation.shape)
        return int(row), int(column)

    @property
    def as_good(self) -> np.ndarray:
        """The cells within one standard error of the best."""
        return self.validation <= self.validation[self.best] + self.standard_error[self.best]


def search(X: np.ndarray, y: np.ndarray) -> tuple[Grid, float]:
    """All networks, and the seconds that the search took."""
    begin = time.perf_counter()
    with fit_together():
        results = (
            GridSearchCV(
                NETWORK,
                {"dropout": DROPOUT, "l2": L2},
                scoring="neg_log_loss",
                cv=StratifiedKFold(N_FOLDS, shuffle=True, random_state=SEED),
                return_train_score=True,
                refit=False,
            )
            .fit(X, y)
            .cv_results_
        )
    seconds = time.perf_counter() - begin

    def table(name: str) -> np.ndarray:
        # GridSearchCV takes the parameters in alphabetical order, the last one fastest.
        return results[name].reshape(len(DROPOUT), len(L2)).T

    return Grid(
        -table("mean_test_score"),
        -table("mean_train_score"),
        table("std_test_score") / np.sqrt(N_FOLDS),
    ), seconds


def settings_to_report(grid: Grid) -> dict[str, tuple[int, int]]:
    """Cells: neither, the best of each one alone, the best of all."""
    return {
        "neither": (0, 0),
        "dropout alone": (0, int(grid.validation[0].argmin())),
        "L2 alone": (int(grid.validation[:, 0].argmin()), 0),
        "best of all": grid.best,
    }


def report(grid: Grid, data: tuple[np.ndarray, ...]) -> None:
    """Some settings, refitted to all rows and tested on fresh ones."""
    X, X_fresh, y, y_fresh = data
    print(
        f"{'':16}{'dropout':>8}{'l2':>8}{'validation loss':>26}{'fresh rows':>14}{'accuracy':>11}"
    )
    for name, (row, column) in settings_to_report(grid).items():
        network = clone(NETWORK).set_params(dropout=DROPOUT[column], l2=L2[row]).fit(X, y)
        probabilities = network.predict_proba(X_fresh)
        accuracy = accuracy_score(y_fresh, network.classes_[probabilities.argmax(axis=1)])
        print(
            f"{name:16}{DROPOUT[column]:8g}{L2[row]:8g}"
            f"{grid.validation[row, column]:14.3f} (s.e. {grid.standard_error[row, column]:.3f})"
            f"{log_loss(y_fresh, probabilities):14.3f}{accuracy:11.1%}"
        )


def draw(grid: Grid, output: Path) -> None:
    plt.rcParams.update({"font.size": 10})
    figure, (left, right) = plt.subplots(1, 2, figsize=(13.5, 6.6), layout="constrained")
    losses, gap = grid.validation, grid.validation - grid.training
    told = [f"{name} {losses[at]:.2f}" for name, at in settings_to_report(grid).items()]
    draw_cells(left, losses, "viridis_r", "mean validation log loss")
    left.set_title(
        f"Validation loss: {', '.join(told)};\n{grid.as_good.sum()} of {losses.size} settings are "
        "within one standard error of the best",
        fontsize=11,
    )
    draw_cells(right, gap, "magma_r", "validation minus training log loss")
    right.set_title(
        f"How much worse on rows not learned from:\n{gap[0, 0]:.2f} with neither, "
        f"{gap[grid.best]:.2f} at the best setting",
        fontsize=11,
    )
    for axes in (left, right):
        mark(axes, grid)
    star = Line2D([], [], marker="*", markersize=13, linestyle="", color="white", mec="black")
    line = Line2D([], [], color="black", linewidth=2)
    figure.legend(
        [star, line],
        ["least validation loss", "within one standard error of it"],
        loc="outside lower center",
        ncols=2,
        frameon=False,
    )
    figure.savefig(output, dpi=150)
    plt.close(figure)


def draw_cells(axes, values: np.ndarray, colours: str, label: str) -> None:
    """One heat map; a white line sets the row without L2 apart from the logarithmic ones."""
    image = axes.imshow(values, origin="lower", cmap=colours, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        brightness = np.dot(image.to_rgba(value)[:3], (0.299, 0.587, 0.114))
        colour = "white" if brightness < 0.5 else "black"
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8, color=colour)
    axes.figure.colorbar(image, ax=axes, label=label, pad=0.02).outline.set_visible(False)
    axes.axhline(0.5, color="white", linewidth=3)
    axes.set_xticks(range(len(DROPOUT)), [f"{value:g}" for value in DROPOUT])
    axes.set_yticks(range(len(L2)), [f"{value:g}" for value in L2])
    axes.set_xlabel("dropout (probability of leaving a hidden unit out)")
    axes.set_ylabel("l2 (strength of the penalty)")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def mark(axes, grid: Grid) -> None:
    """A star in the best cell, and a line around all that are as good."""
    row, column = grid.best
    axes.scatter(
        column + 0.31, row + 0.27, marker="*", s=110, color="white", edgecolor="black", zorder=4
    )
    inside = np.pad(grid.as_good, 1)
    style = {"color": "black", "linewidth": 2, "solid_capstyle": "projecting", "clip_on": False}
    for above, right_of in zip(*np.nonzero(inside[:-1] != inside[1:]), strict=True):
        axes.plot([right_of - 1.5, right_of - 0.5], [above - 0.5, above - 0.5], **style)
    for above, right_of in zip(*np.nonzero(inside[:, :-1] != inside[:, 1:]), strict=True):
        axes.plot([right_of - 0.5, right_of - 0.5], [above - 1.5, above - 0.5], **style)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--output", type=Path, default=Path("grid_of_networks.png"), help="the figure"
    )
    output = parser.parse_args().output
    X, y = make_classification(
        N_ROWS + N_FRESH,
        n_features=20,
        n_informative=6,
        n_redundant=0,
        n_clusters_per_class=4,
        class_sep=1.5,
        flip_y=0.2,
        random_state=SEED,
    )
    grid, seconds = search(X[:N_ROWS], y[:N_ROWS])
    n_networks = len(DROPOUT) * len(L2) * N_FOLDS
    print(
        f"{n_networks} networks trained and scored in {seconds:.1f} s on "
        f"{joblib.cpu_count()} cores\n"
    )
    report(grid, (X[:N_ROWS], X[N_ROWS:], y[:N_ROWS], y[N_ROWS:]))
    draw(grid, output)
    print(f"\nFigure: {output.resolve()}")


if __name__ == "__main__":
    main()
