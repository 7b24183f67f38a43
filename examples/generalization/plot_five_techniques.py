"""Five ways to estimate the error on new rows: which is off, in which direction, and by how much?

    python examples/plot_five_techniques.py                    # writes five_techniques.png
    python examples/plot_five_techniques.py --output other.png

Data sets of 40 rows are drawn from a known distribution. On each, a network's generalization error
is estimated by the five classical techniques: resubstitution (test on what was trained on), holdout
(one split), repeated random sub-sampling, k-fold cross-validation and leave-one-out. k-fold is
shown twice, on plain folds and on folds in which the target is shared out evenly. The truth is
known: the error, on 20,000 new rows, of the network trained on all 40. All networks train in one
`fit_together()`.

What to expect: resubstitution is far too low. Holdout, sub-sampling and, less so, k-fold are
somewhat too high, since their networks learn from fewer rows than the one that is judged;
leave-one-out is nearly unbiased. The spread of a single holdout is the largest, since it rests on
few test rows, and repeating it helps at once. That no technique gets below a certain spread is not
their fault: 40 rows say only so much about all others. Even folds change little: they make the
folds alike, but the mean over all of them tests each row once in either case. With 60 data sets the
means in the picture have standard errors of 0.03 to 0.08, so that small differences tell nothing.
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import KFold, LeaveOneOut, ShuffleSplit, cross_val_score

from sknnreg import MLPRegularizedRegressor, fit_together
from sknnreg.model_selection import Resubstitution, StratifiedRegressionKFold

N_DATA_SETS, N_ROWS, N_NEW, NOISE = 60, 40, 20_000, 0.5
NETWORK = MLPRegularizedRegressor(
    (10,), l2=0.003, learning_rate_init=0.02, max_iter=60, n_iter_no_change=None, random_state=0
)
COLOURS = {
    "resubstitution": "#D55E00",
    "holdout": "#E69F00",
    "sub-sampling, 10 times": "#56B4E9",
    "10-fold": "#0072B2",
    "10-fold, even folds": "#009E73",
    "leave-one-out": "#CC79A7",
}


def techniques(seed: int) -> dict:
    """scikit-learn's splitters by what the literature calls them."""
    return {
        "resubstitution": Resubstitution(),
        "holdout": ShuffleSplit(1, test_size=0.3, random_state=seed),
        "sub-sampling, 10 times": ShuffleSplit(10, test_size=0.3, random_state=seed),
        "10-fold": KFold(10, shuffle=True, random_state=seed),
        "10-fold, even folds": StratifiedRegressionKFold(10, shuffle=True, random_state=seed),
        "leave-one-out": LeaveOneOut(),
    }


def draw_rows(n: int, rng: np.random.Generator):
    """Three inputs, a smooth function of two of them, and Gaussian noise."""
    X = rng.uniform(-2, 2, (n, 3))
    y = np.sin(2 * X[:, 0]) + X[:, 0] * X[:, 1] / 2 + NOISE * rng.standard_normal(n)
    return X, y


def estimate(X, y, cv) -> float:
    """The mean squared error by this technique, over all its test rows."""
    scores = cross_val_score(clone(NETWORK), X, y, cv=cv, scoring="neg_mean_squared_error")
    return -scores.mean()


def true_error(X, y, X_new, y_new) -> float:
    return mean_squared_error(y_new, clone(NETWORK).fit(X, y).predict(X_new))


def run() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Estimates by technique, and the true errors, of each data set."""
    rng = np.random.default_rng(0)
    X_new, y_new = draw_rows(N_NEW, rng)
    data = [draw_rows(N_ROWS, rng) for _ in range(N_DATA_SETS)]
    names = list(techniques(0))
    with fit_together():
        tasks = [delayed(true_error)(X, y, X_new, y_new) for X, y in data]
        for number, (X, y) in enumerate(data):
            tasks += [delayed(estimate)(X, y, cv) for cv in techniques(number).values()]
        results = np.array(Parallel()(tasks))
    truth, found = results[:N_DATA_SETS], results[N_DATA_SETS:].reshape(N_DATA_SETS, len(names))
    return dict(zip(names, found.T, strict=True)), truth


def report(estimates: dict[str, np.ndarray], truth: np.ndarray) -> None:
    print(f"true error: {truth.mean():.3f} on average, from {truth.min():.3f} to {truth.max():.3f}")
    print(f"\n{'technique':26}{'estimate':>10}{'bias':>10}{'spread':>10}{'rms error':>12}")
    for name, found in estimates.items():
        off = found - truth
        rms = np.sqrt(np.mean(off**2))
        print(f"{name:26}{found.mean():10.3f}{off.mean():+10.3f}{off.std():10.3f}{rms:12.3f}")


def draw(estimates: dict[str, np.ndarray], truth: np.ndarray, output: Path) -> None:
    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(13, 5.4), layout="constrained", width_ratios=[1.7, 1], sharey=True
    )
    draw_differences(left, estimates, truth)
    draw_parts(right, estimates, truth)
    left.set_yticks(range(len(estimates)), list(estimates))
    left.invert_yaxis()
    figure.savefig(output, dpi=150)
    plt.close(figure)


def draw_differences(axes, estimates, truth) -> None:
    """A dot for each data set, a bar for the mean and one standard deviation to each side."""
    rng = np.random.default_rng(1)
    for row, (name, found) in enumerate(estimates.items()):
        off, colour = found - truth, COLOURS[name]
        jitter = row + 0.13 + 0.22 * rng.random(len(off))
        axes.scatter(off, jitter, s=16, color=colour, alpha=0.6, linewidth=0)
        axes.errorbar(
            off.mean(), row - 0.12, xerr=off.std(), fmt="o", color=colour, capsize=4, lw=2, ms=8
        )
    axes.axvline(0, color="0.3", lw=1)
    axes.set_xlabel("← too good        estimated minus true mean squared error        too bad →")
    axes.set_title(
        f"{N_DATA_SETS} data sets of {N_ROWS} rows (dots); mean ± one standard deviation",
        fontsize=11,
    )


def draw_parts(axes, estimates, truth) -> None:
    """Mean squared distance from the truth, in bias and variance of the estimate."""
    offs = [found - truth for found in estimates.values()]
    squares = np.array([off.mean() ** 2 for off in offs])
    variances = np.array([off.var() for off in offs])
    rows = np.arange(len(offs))
    colours = list(COLOURS.values())
    axes.barh(rows, squares, 0.55, color=colours, alpha=0.45, hatch="//", edgecolor="white")
    axes.barh(rows, variances, 0.55, left=squares, color=colours)
    for row, total in zip(rows, squares + variances, strict=True):
        axes.text(total, row, f"  {np.sqrt(total):.2f}", va="center")
    axes.set_xlim(0, 1.18 * (squares + variances).max())
    axes.set_xlabel("mean squared difference (its root beside the bar)")
    axes.set_title("Hatched: bias²; plain: variance of the estimate", fontsize=11)
    axes.tick_params(left=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--output", type=Path, default=Path("five_techniques.png"), help="the figure"
    )
    output = parser.parse_args().output
    begin = time.perf_counter()
    estimates, truth = run()
    print(f"{N_DATA_SETS} data sets in {time.perf_counter() - begin:.1f} s\n")
    report(estimates, truth)
    draw(estimates, truth, output)
    print(f"\nFigure: {output.resolve()}")


if __name__ == "__main__":
    main()
