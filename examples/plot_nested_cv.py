"""Nested cross-validation: what does a search over regularizers buy on a small data set?

    python examples/plot_nested_cv.py                    # writes nested_cv.png
    python examples/plot_nested_cv.py --output other.png

Hyperparameters are chosen by a grid search inside each outer training part, and the chosen network
is tested on the outer test part, which the choice has never seen. The test error is therefore not
biased by the search, as the best score of a plain grid search would be. It judges the whole
procedure, search included, not one network.

Two procedures are compared on the breast cancer data (569 rows, 30 inputs, 2 classes):
`MLPRegularizedClassifier` searches over dropout, L2, input noise and batch normalization;
scikit-learn's `MLPClassifier` over its `alpha` (L2), activation and step size. Both searches have
24 points, both networks 50 hidden units and 50 epochs in batches of 32 rows, and both searches
choose by the log loss.

What to expect: not much. A linear model already makes about 2 to 3 errors in 100 here, an outer
test part has about 114 rows, so that one error more or less is 0.9 percentage points, and the two
procedures differ by less than the folds do. The interval printed for their difference takes into
account that the training parts overlap (Nadeau and Bengio, 2003); that it contains 0 does not show
that the procedures are equally good, only that these data do not tell them apart. The inner scores
are more instructive: they show which settings help and that many settings are nearly as good as the
best, which is why the folds choose differently.
"""

import argparse
import time
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import joblib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.gridspec import GridSpecFromSubplotSpec
from scipy import stats
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sknnreg import MLPRegularizedClassifier

N_OUTER, N_INNER, EPOCHS, BATCH, SEED = 5, 4, 50, 32, 0


@dataclass(frozen=True)
class Contender:
    name: str
    colour: str  # Okabe and Ito's palette, which colour-blind readers can tell apart
    marker: str
    estimator: Any
    grid: dict[str, list[Any]]


@dataclass(frozen=True)
class Fold:
    """One outer fold: how the chosen network did, and how all grid points did inside."""

    error: float
    loss: float
    chosen: dict[str, Any]
    inner: np.ndarray  # the inner log loss of each grid point
    seconds: float


CONTENDERS = (
    Contender(
        "MLPRegularizedClassifier",
        "#0072B2",
        "o",
        MLPRegularizedClassifier(
            (50,),
            batch_size=BATCH,
            learning_rate_init=0.003,
            max_iter=EPOCHS,
            n_iter_no_change=None,
            random_state=SEED,
        ),
        {
            "dropout": [0.0, 0.25, 0.5],
            "l2": [0.0, 0.01],
            "input_noise": [0.0, 0.3],
            "normalization": [None, "batch"],
        },
    ),
    Contender(
        "MLPClassifier",
        "#D55E00",
        "s",
        make_pipeline(
            StandardScaler(),
            MLPClassifier(
                (50,),
                batch_size=BATCH,
                max_iter=EPOCHS,
                n_iter_no_change=EPOCHS,
                random_state=SEED,
            ),
        ),
        {
            "mlpclassifier__alpha": [1e-4, 1e-2, 0.1, 1.0, 3.0, 10.0],
            "mlpclassifier__activation": ["relu", "tanh"],
            "mlpclassifier__learning_rate_init": [0.001, 0.003],
        },
    ),
)


def search_in_fold(contender: Contender, X: np.ndarray, y: np.ndarray, train, test) -> Fold:
    """Choose inside the training part, then test the choice once."""
    inner = StratifiedKFold(N_INNER, shuffle=True, random_state=SEED)
    search = GridSearchCV(
        clone(contender.estimator), contender.grid, scoring="neg_log_loss", cv=inner
    )
    if find_spec("rich"):
        search.set_callbacks(ProgressBar(max_propagation_depth=0))
    begin = time.perf_counter()
    with warnings.catch_warnings():
        # A fixed number of epochs is what we want; MLPClassifier has no way of being told so and
        # warns that it has not converged.
        warnings.filterwarnings("ignore", "Stochastic Optimizer", ConvergenceWarning)
        search.fit(X[train], y[train])
    return Fold(
        error=1 - search.best_estimator_.score(X[test], y[test]),
        loss=log_loss(y[test], search.predict_proba(X[test])),
        chosen={short(name): value for name, value in search.best_params_.items()},
        inner=-search.cv_results_["mean_test_score"],
        seconds=time.perf_counter() - begin,
    )


def nested_cross_validation(X: np.ndarray, y: np.ndarray) -> dict[str, list[Fold]]:
    """Every contender on the same outer folds."""
    outer = list(StratifiedKFold(N_OUTER, shuffle=True, random_state=SEED).split(X, y))
    folds: dict[str, list[Fold]] = {contender.name: [] for contender in CONTENDERS}
    for contender in CONTENDERS:
        for number, (train, test) in enumerate(outer, 1):
            print(f"{contender.name}, outer fold {number} of {N_OUTER}:", flush=True)
            fold = search_in_fold(contender, X, y, train, test)
            folds[contender.name].append(fold)
            print(f"    test error {fold.error:.1%} in {fold.seconds:.1f} s", flush=True)
    return folds


def short(name: str) -> str:
    return name.rpartition("__")[2]


def report(folds: dict[str, list[Fold]], n_rows: int) -> None:
    """The outer errors, what was chosen, and the difference with its corrected interval."""
    print(f"\nOuter test results over {N_OUTER} folds, mean (standard deviation)\n")
    print(f"{'':26}{'error':>15}{'log loss':>18}{'time':>9}")
    for name, results in folds.items():
        errors = np.array([fold.error for fold in results])
        losses = np.array([fold.loss for fold in results])
        seconds = sum(fold.seconds for fold in results)
        print(
            f"{name:26}{errors.mean():7.2%} ({errors.std():.2%})"
            f"{losses.mean():9.4f} ({losses.std():.4f}){seconds:7.1f} s"
        )
    for name, results in folds.items():
        names = list(results[0].chosen)
        print(f"\n{name}: what each outer fold chose\n")
        print(f"{'fold':>4}  " + "".join(f"{each:>20}" for each in names) + f"{'test error':>14}")
        for number, fold in enumerate(results, 1):
            values = "".join(f"{fold.chosen[each]!s:>20}" for each in names)
            print(f"{number:4}  {values}{fold.error:14.2%}")
    first, second = (np.array([fold.error for fold in results]) for results in folds.values())
    mean, half = corrected_interval(first - second, n_rows)
    print(
        f"\nDifference in error, {' minus '.join(folds)}: {mean:+.2%}, 95% interval "
        f"{mean - half:+.2%} to {mean + half:+.2%}"
    )


def corrected_interval(differences: np.ndarray, n_rows: int) -> tuple[float, float]:
    """Mean and half the width of the interval, corrected for overlapping training parts."""
    k, n_test = len(differences), n_rows / len(differences)
    variance = (1 / k + n_test / (n_rows - n_test)) * differences.var(ddof=1)
    return differences.mean(), stats.t.ppf(0.975, k - 1) * np.sqrt(variance)


def draw(folds: dict[str, list[Fold]], output: Path) -> None:
    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure = plt.figure(figsize=(14, 7.2), layout="constrained")
    columns = figure.add_gridspec(1, 3, width_ratios=[1.1, 1.5, 1.5])
    draw_errors(figure.add_subplot(columns[0]), folds)
    all_losses = np.concatenate([fold.inner for results in folds.values() for fold in results])
    limits = all_losses.min() * 0.92, all_losses.max() * 1.4
    for column, contender in enumerate(CONTENDERS, 1):
        parts = GridSpecFromSubplotSpec(2, 1, columns[column], height_ratios=[3, 2], hspace=0.02)
        top = figure.add_subplot(parts[0])
        below = figure.add_subplot(parts[1], sharex=top)
        draw_inner(top, below, contender, folds[contender.name], limits)
    figure.savefig(output, dpi=150)
    plt.close(figure)


def draw_errors(axes, folds: dict[str, list[Fold]]) -> None:
    """Both contenders side by side in each fold; dashed lines are the means."""
    errors = 100 * np.array([[fold.error for fold in results] for results in folds.values()])
    numbers = np.arange(1, N_OUTER + 1)
    axes.vlines(numbers, errors.min(axis=0), errors.max(axis=0), color="0.8", zorder=1)
    for shift, values, contender in zip((-0.1, 0.1), errors, CONTENDERS, strict=True):
        axes.axhline(values.mean(), color=contender.colour, linestyle="--", linewidth=1.2)
        axes.scatter(
            numbers + shift,
            values,
            s=70,
            zorder=3,
            color=contender.colour,
            marker=contender.marker,
            edgecolor="white",
            label=f"{contender.name}\n(mean {values.mean():.2f}%)",
        )
    axes.set_ylim(0, 1.4 * errors.max())
    axes.set_xticks(numbers)
    axes.set_xlabel("outer fold")
    axes.set_ylabel("outer test error (%)")
    axes.set_title("Test error of the network\nchosen inside each outer fold", fontsize=11)
    axes.legend(frameon=False, loc="upper left")


def draw_inner(top, below, contender: Contender, results: list[Fold], limits) -> None:
    """Inner log loss of every grid point, best first, and below which setting each one is."""
    inner = np.array([fold.inner for fold in results])
    order = np.argsort(inner.mean(axis=0))
    ranks = np.arange(len(order))
    for number, losses in enumerate(inner):
        label = None if number else "each outer fold"
        top.plot(ranks, losses[order], ".-", color="0.7", linewidth=0.7, label=label)
    mean = inner.mean(axis=0)[order]
    top.plot(ranks, mean, color=contender.colour, linewidth=2.5, label="their mean")
    best = inner.argmin(axis=1)
    top.scatter(
        [int(np.flatnonzero(order == each)[0]) for each in best],
        inner.min(axis=1),
        s=70,
        facecolor="none",
        edgecolor="black",
        linewidth=1.2,
        zorder=3,
        label="chosen in its fold",
    )
    top.set_yscale("log")
    ticks = (0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3)
    top.set_yticks(ticks, [f"{tick:.2f}" for tick in ticks])
    top.minorticks_off()
    top.set_ylim(limits)
    top.set_ylabel("inner log loss")
    top.set_title(f"{contender.name}\nthe {len(order)} grid points, best first", fontsize=11)
    top.legend(frameon=False, loc="upper left")
    top.tick_params(bottom=False, labelbottom=False)
    draw_settings(below, contender, order)


def draw_settings(axes, contender: Contender, order: np.ndarray) -> None:
    """A row for each value of each hyperparameter, a mark where the grid point has it."""
    names = sorted(contender.grid)  # the order in which GridSearchCV goes through a grid
    shape = [len(contender.grid[name]) for name in names]
    points = np.unravel_index(order, shape)
    labels, row = [], 0
    for name, indices in zip(names, points, strict=True):
        values = contender.grid[name]
        if len(labels) and labels[-1]:
            axes.axhline(row - 0.5, color="0.85", linewidth=0.8)
        for index, value in enumerate(values):
            at = np.flatnonzero(indices == index)
            axes.scatter(at, np.full(len(at), row), s=22, marker="s", color=contender.colour)
            labels.append(f"{short(name)} {value}")
            row += 1
    axes.set_yticks(range(row), labels, fontsize=8)
    axes.set_ylim(row - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_xlabel("grid points, best first")
    axes.tick_params(left=False)
    axes.spines[["left", "bottom"]].set_visible(False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("nested_cv.png"), help="the figure")
    output = parser.parse_args().output
    X, y = load_breast_cancer(return_X_y=True)
    # Two processes with one BLAS thread each: the networks are too small to share among threads.
    with threadpool_limits(1), joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        folds = nested_cross_validation(X, y)
    report(folds, len(X))
    draw(folds, output)
    print(f"\nFigure: {output.resolve()}")


if __name__ == "__main__":
    main()
