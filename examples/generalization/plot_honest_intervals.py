"""How wide is an honest interval, and are two networks different?

    python examples/plot_honest_intervals.py                    # writes honest_intervals.png
    python examples/plot_honest_intervals.py --output other.png

Of scikit-learn's 1,797 digits, 100 are a sample. The others tell what a network trained on these
gets wrong in truth, which in practice nobody knows.

- Left: the error that cross-validation estimates from one sample, with three intervals. The naive
  one takes the five folds for independent.
- Middle: the same for 40 further samples. A dot is the true error of the network trained on that
  sample; where it is outside of the interval, both are red.
- Right: two networks on one sample, with and without dropout, by ten times five folds. A difference
  of one percentage point shall not matter: the posterior says how probable it is that one network
  is better by more than that, or that they are equivalent in practice.

What to expect: of 40 intervals, two may miss. Naive ones miss in about five, honest ones in none to
two. The corrected interval is half as wide again. Nested cross-validation's is narrower, since it
sees five times as many folds, and it is around the error of a network trained on all rows of the
sample, where the five folds' networks had a fifth less. Whether dropout helps, 100 rows do not say.
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats
from sklearn.callback import ProgressBar
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.model_selection import ErrorEstimateDisplay, compare_estimators, estimate_error

N_ROWS, N_SAMPLES, N_REPEATS, ROPE = 100, 40, 5, 0.01
METHODS = {
    "naive": {"method": "naive"},
    "corrected": {"method": "corrected"},
    "nested CV": {"method": "nested_cv", "n_repeats": N_REPEATS},
}
HELD, MISSED = "#0072B2", "#D55E00"  # Okabe and Ito's palette


def network(dropout: float = 0.0) -> MLPRegularizedClassifier:
    return MLPRegularizedClassifier(
        (20,),
        batch_size=20,
        learning_rate_init=0.01,
        max_iter=10,
        n_iter_no_change=None,
        dropout=dropout,
        random_state=0,
    )


def sample(seed: int):
    """100 digits, and all others."""
    X, y = load_digits(return_X_y=True)
    return train_test_split(X, y, train_size=N_ROWS, stratify=y, random_state=seed)


def estimates(seed: int):
    """The three estimates from one sample, and the true error of the network trained on it."""
    X, others, y, answers = sample(seed)
    found = {
        name: estimate_error(network(), X, y, random_state=seed, **options)
        for name, options in METHODS.items()
    }
    return found, 1 - network().fit(X, y).score(others, answers)


def report(first, truth, repeated, comparison) -> None:
    for result in first.values():
        print(f"{result}\n")
    print(f"True error of the network trained on this sample: {truth:.3f}\n")
    print(f"{'':12}{'mean width':>12}{'held':>6} of {len(repeated)} samples")
    for name in METHODS:
        width = np.mean([found[name].high - found[name].low for found, _ in repeated])
        held = sum(found[name].low <= error <= found[name].high for found, error in repeated)
        print(f"{name:12}{width:12.3f}{held:6}")
    print(f"\n{comparison}\n")


def draw(first, truth, repeated, comparison, output: Path) -> None:
    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(15, 5.2), layout="constrained", width_ratios=[1.1, 1.2, 1.1]
    )
    ErrorEstimateDisplay.from_results(first).plot(left)
    left.axvline(truth, color="0.2", ls="--", lw=1)
    left.text(truth, 2.45, " true error", va="bottom", fontsize=9)
    left.set_title(f"One sample of {N_ROWS} digits", pad=28)
    draw_samples(middle, repeated)
    draw_posterior(right, comparison)
    figure.savefig(output, dpi=150)
    plt.close(figure)


def draw_samples(axes, repeated) -> None:
    """A column for each method, a bar for each sample, by their true errors."""
    ordered = sorted(repeated, key=lambda each: each[1])
    centres = []
    for column, name in enumerate(METHODS):
        places = column * (len(ordered) + 8) + np.arange(len(ordered))
        centres.append(places.mean())
        for place, (found, error) in zip(places, ordered, strict=True):
            result = found[name]
            colour = HELD if result.low <= error <= result.high else MISSED
            axes.vlines(place, result.low, result.high, color=colour, lw=2, alpha=0.6)
            axes.plot(place, error, "o", color="black" if colour == HELD else MISSED, ms=3.5)
    held = [np.mean([f[name].low <= e <= f[name].high for f, e in ordered]) for name in METHODS]
    ticks = [f"{name}\nholds {share:.0%}" for name, share in zip(METHODS, held, strict=True)]
    axes.set_xticks(centres, ticks)
    axes.tick_params(bottom=False)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("error rate")
    axes.set_title(f"{len(ordered)} further samples:\n95% intervals and true errors (dots)")


def draw_posterior(axes, comparison) -> None:
    """What is believed of the difference, in three parts."""
    mean, half = comparison.means[0], (comparison.high[0] - comparison.low[0]) / 2
    df = comparison.errors.shape[1] - 1
    scale = half / stats.t.ppf(0.975, df)
    grid = np.linspace(mean - 4.5 * scale, mean + 4.5 * scale, 600)
    density = stats.t.pdf(grid, df, mean, scale)
    axes.plot(grid, density, color="0.2")
    first, second = comparison.names
    parts = (
        (grid <= -ROPE, HELD, f"{first} better"),
        (abs(grid) <= ROPE, "#009E73", "equivalent"),
        (grid >= ROPE, MISSED, f"{second} better"),
    )
    for (where, colour, name), probability in zip(parts, comparison.probabilities[0], strict=True):
        label = f"{name}: {probability:.0%}"
        axes.fill_between(grid, density, where=where, color=colour, alpha=0.45, lw=0, label=label)
    axes.plot(comparison.differences[0], np.full(50, -0.04 * density.max()), "|", color="0.4")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-0.08 * density.max(), 1.3 * density.max())
    axes.set_xlim(grid[[0, -1]])
    axes.xaxis.set_major_locator(plt.MaxNLocator(5))
    axes.set_xlabel(f"error rate, {first} - {second}")
    axes.set_title("Two networks on one sample:\nposterior of their difference")
    axes.legend(frameon=False, loc="upper left")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("honest_intervals.png"))
    output = parser.parse_args().output
    begin = time.perf_counter()
    X, _, y, _ = sample(0)
    both = {"dropout 0.5": network(0.5), "no dropout": network()}
    with fit_together():
        first, truth = estimates(0)
        repeated = [estimates(seed) for seed in range(1, N_SAMPLES + 1)]
        comparison = compare_estimators(
            both,
            X,
            y,
            test="bayesian",
            rope=ROPE,
            n_repeats=10,
            random_state=0,
            callbacks=ProgressBar(max_propagation_depth=0),
        )
    report(first, truth, repeated, comparison)
    n_networks = (N_SAMPLES + 1) * (11 + 15 * N_REPEATS) + 100
    print(f"{n_networks:,} networks in {time.perf_counter() - begin:.0f} s")
    draw(first, truth, repeated, comparison, output)
    print(f"Figure: {output.resolve()}")


if __name__ == "__main__":
    main()
