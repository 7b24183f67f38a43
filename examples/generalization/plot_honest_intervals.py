"""
How wide is an honest interval, and are two networks different?
===============================================================

Cross-validation gives five errors for five folds, and it is tempting to take their standard
deviation by the square root of five for the uncertainty of their mean. But the folds' networks have
learned from nearly the same rows: they are not independent, and that interval is too narrow.

Of scikit-learn's 1,797 digits, 100 are a sample. The others tell what a network trained on these
gets wrong in truth, which in practice nobody knows. So intervals can be counted that hold it.

:doc:`/guide/error_intervals` explains the methods.
"""

import joblib
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.model_selection import ErrorEstimateDisplay, compare_estimators, estimate_error

N_ROWS, N_SAMPLES, ROPE = 100, 40, 0.01
METHODS = {
    "naive": {"method": "naive"},
    "corrected": {"method": "corrected"},
    "nested CV": {"method": "nested_cv", "n_repeats": 3},
}
HELD, MISSED = "#0072B2", "#D55E00"
digits = load_digits(return_X_y=True)


def network(dropout=0.0):
    return MLPRegularizedClassifier(
        (20,),
        batch_size=20,
        learning_rate_init=0.01,
        max_iter=10,
        n_iter_no_change=None,
        dropout=dropout,
        random_state=0,
    )


def sample(seed):
    """100 digits, and all others."""
    X, y = digits
    return train_test_split(X, y, train_size=N_ROWS, stratify=y, random_state=seed)


# %%
# One sample
# ----------
# Three intervals from the same 100 rows. The *naive* one takes five folds for independent; the
# *corrected* one knows that their training parts overlap (Nadeau and Bengio, 2003); nested
# cross-validation (Bates, Hastie and Tibshirani, 2024) measures how far estimates are off, by doing
# without each fold in turn.


def estimates(seed):
    """The three estimates from one sample, and the true error of the network trained on it."""
    X, others, y, answers = sample(seed)
    found = {
        name: estimate_error(network(), X, y, random_state=seed, **options)
        for name, options in METHODS.items()
    }
    return found, 1 - network().fit(X, y).score(others, answers)


with fit_together():
    first, truth = estimates(0)
for result in first.values():
    print(f"{result}\n")
print(f"True error of the network trained on this sample: {truth:.3f}")

# %%
# Forty samples
# -------------
# All in one pass. Of 40 intervals for 95 %, two may miss. The naive ones miss more often; the
# corrected ones are half as wide again. Nested cross-validation's are narrower than these, since it
# sees more folds, and they are around the error of a network trained on all rows of the sample,
# where the five folds' networks had a fifth less.

with fit_together():
    repeated = joblib.Parallel()(
        joblib.delayed(estimates)(seed) for seed in range(1, N_SAMPLES + 1)
    )
widths, held = {}, {}
for name in METHODS:
    widths[name] = np.mean([found[name].high - found[name].low for found, _ in repeated])
    held[name] = [found[name].low <= error <= found[name].high for found, error in repeated]
    print(f"{name:12} mean width {widths[name]:.3f}, held {sum(held[name])} of {N_SAMPLES}")

# %%
figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4.4), layout="constrained", width_ratios=[1, 1.3]
)
ErrorEstimateDisplay.from_results(first).plot(left)
left.axvline(truth, color="0.2", ls="--", lw=1)
left.text(truth, 2.45, " true error", va="bottom", fontsize=9)
left.set_title(f"One sample of {N_ROWS} digits", fontsize=11, pad=28)
order = np.argsort([error for _, error in repeated])
centres = []
for column, name in enumerate(METHODS):
    places = column * (N_SAMPLES + 8) + np.arange(N_SAMPLES)
    centres.append(places.mean())
    for place, number in zip(places, order, strict=True):
        found, error = repeated[number]
        colour = HELD if held[name][number] else MISSED
        right.vlines(place, found[name].low, found[name].high, color=colour, lw=2, alpha=0.6)
        right.plot(place, error, "o", color="black" if colour == HELD else MISSED, ms=3.5)
right.set_xticks(centres, [f"{name}\nholds {np.mean(held[name]):.0%}" for name in METHODS])
right.tick_params(bottom=False)
right.set_ylim(bottom=0)
right.set_ylabel("error rate")
right.set_title(f"{N_SAMPLES} samples: 95% intervals and true errors (dots)", fontsize=11)
right.spines[["top", "right"]].set_visible(False)

# %%
# Are two networks different?
# ---------------------------
# With and without dropout, on the first sample, by ten times five folds. A difference of one
# percentage point shall not matter: the posterior of the Bayesian correlated t-test (Corani and
# Benavoli, 2015) says how probable it is that one network is better by more than that, or that they
# are equivalent in practice. Here it leans to the network without dropout, and by far not enough to
# be sure: whether dropout helps, 100 rows do not say.

X, _, y, _ = sample(0)
with fit_together():
    comparison = compare_estimators(
        {"dropout": network(0.5), "without": network()},
        X,
        y,
        test="bayesian",
        rope=ROPE,
        n_repeats=10,
        random_state=0,
    )
print(comparison)

# %%
mean, half = comparison.means[0], (comparison.high[0] - comparison.low[0]) / 2
df = comparison.errors.shape[1] - 1
scale = half / stats.t.ppf(0.975, df)
grid = np.linspace(mean - 4.5 * scale, mean + 4.5 * scale, 600)
density = stats.t.pdf(grid, df, mean, scale)
parts = (
    (grid <= -ROPE, HELD, "dropout better"),
    (abs(grid) <= ROPE, "#009E73", "equivalent"),
    (grid >= ROPE, MISSED, "no dropout better"),
)
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.plot(grid, density, color="0.2")
for (where, colour, name), share in zip(parts, comparison.probabilities[0], strict=True):
    axes.fill_between(
        grid, density, where=where, color=colour, alpha=0.45, lw=0, label=f"{name}: {share:.0%}"
    )
values, counts = np.unique(comparison.differences[0].round(6), return_counts=True)
axes.scatter(values, np.full(len(values), -0.05 * density.max()), s=8 * counts, color="0.4")
axes.set(yticks=[], xlim=grid[[0, -1]], ylim=(-0.11 * density.max(), 1.15 * density.max()))
axes.set_xlabel("error rate with dropout minus without (dots: the 50 splits, by their number)")
axes.legend(frameon=False, loc="upper right")
axes.spines[["top", "right", "left"]].set_visible(False)
