"""
Five ways to estimate the error on new rows
===========================================

Which of them is off, in which direction, and by how much? Data sets of 40 rows are drawn from a
known distribution. On each, a network's generalization error is estimated by the five classical
techniques: resubstitution (test on what was trained on), holdout (one split), repeated random
sub-sampling, k-fold cross-validation and leave-one-out. k-fold is shown twice, on plain folds and
on folds in which the target is shared out evenly
(:class:`~sknnreg.model_selection.StratifiedRegressionKFold`).

The truth is known: the error, on 20,000 new rows, of the network trained on all 40. All networks
train in one :func:`~sknnreg.fit_together`. :doc:`/guide/splitting` has the theory.
"""

import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import KFold, LeaveOneOut, ShuffleSplit, cross_val_score

from sknnreg import MLPRegularizedRegressor, fit_together
from sknnreg.model_selection import Resubstitution, StratifiedRegressionKFold

# %%
# Data and network
# ----------------
# Three inputs, a smooth function of two of them, and Gaussian noise.

N_DATA_SETS, N_ROWS, N_NEW, NOISE = 40, 40, 20_000, 0.5
network = MLPRegularizedRegressor(
    (10,), l2=0.003, learning_rate_init=0.02, max_iter=60, n_iter_no_change=None, random_state=0
)


def draw_rows(n, rng):
    X = rng.uniform(-2, 2, (n, 3))
    y = np.sin(2 * X[:, 0]) + X[:, 0] * X[:, 1] / 2 + NOISE * rng.standard_normal(n)
    return X, y


# %%
# Estimates and truth
# -------------------
# scikit-learn's splitters by what the literature calls them.


def techniques(seed):
    return {
        "resubstitution": Resubstitution(),
        "holdout": ShuffleSplit(1, test_size=0.3, random_state=seed),
        "sub-sampling, 10 times": ShuffleSplit(10, test_size=0.3, random_state=seed),
        "10-fold": KFold(10, shuffle=True, random_state=seed),
        "10-fold, even folds": StratifiedRegressionKFold(10, shuffle=True, random_state=seed),
        "leave-one-out": LeaveOneOut(),
    }


def estimate(X, y, cv):
    """The mean squared error by this technique, over all its test rows."""
    return -cross_val_score(clone(network), X, y, cv=cv, scoring="neg_mean_squared_error").mean()


def true_error(X, y, X_new, y_new):
    return mean_squared_error(y_new, clone(network).fit(X, y).predict(X_new))


rng = np.random.default_rng(0)
new_rows = draw_rows(N_NEW, rng)
data = [draw_rows(N_ROWS, rng) for _ in range(N_DATA_SETS)]
names = list(techniques(0))
with fit_together():
    tasks = [delayed(true_error)(X, y, *new_rows) for X, y in data]
    for number, (X, y) in enumerate(data):
        tasks += [delayed(estimate)(X, y, cv) for cv in techniques(number).values()]
    results = np.array(Parallel()(tasks))
truth, found = results[:N_DATA_SETS], results[N_DATA_SETS:].reshape(N_DATA_SETS, -1).T
differences = dict(zip(names, found - truth, strict=True))

# %%
# How far off?
# ------------
# Of each technique's difference from the truth, the mean is its *bias* and the standard deviation
# its *spread*; the root of both squares' sum is the rms error.
#
# Resubstitution is far too low. Holdout and sub-sampling are a little too high, by one to two
# standard errors here, since their networks learn from 28 rows in place of the 40 of the one that
# is judged; k-fold and leave-one-out, which leave out a tenth of the rows or one, are nearly
# unbiased. The spread of a single holdout is the largest, since it rests on 12 test rows, and
# repeating it helps at once.

print(f"true error: {truth.mean():.3f} on average, from {truth.min():.3f} to {truth.max():.3f}\n")
print(f"{'technique':26}{'bias':>8} ± s.e.{'spread':>12}{'rms error':>12}")
for name, off in differences.items():
    standard_error = off.std(ddof=1) / np.sqrt(N_DATA_SETS)
    rms = np.sqrt(np.mean(off**2))
    print(f"{name:26}{off.mean():+8.3f} ± {standard_error:.3f}{off.std():11.3f}{rms:12.3f}")

# %%
# The picture
# -----------
# A dot for each data set, a bar for the mean and one standard deviation to each side. On the right,
# the mean squared distance from the truth in two parts: hatched the bias, plain the spread.
#
# That no technique gets below a certain spread is not their fault: 40 rows say only so much about
# all others. Even folds change little: they make the folds alike, but the mean over all of them
# tests each row once in either case.

colours = ["#D55E00", "#E69F00", "#56B4E9", "#0072B2", "#009E73", "#CC79A7"]
figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4.8), layout="constrained", width_ratios=[1.6, 1], sharey=True
)
rng = np.random.default_rng(1)
for row, (off, colour) in enumerate(zip(differences.values(), colours, strict=True)):
    jitter = row + 0.13 + 0.22 * rng.random(len(off))
    left.scatter(off, jitter, s=16, color=colour, alpha=0.6, linewidth=0)
    left.errorbar(
        off.mean(), row - 0.12, xerr=off.std(), fmt="o", color=colour, capsize=4, lw=2, ms=8
    )
    bias, variance = off.mean() ** 2, off.var()
    right.barh(row, bias, 0.55, color=colour, alpha=0.45, hatch="//", edgecolor="white")
    right.barh(row, variance, 0.55, left=bias, color=colour)
    right.text(bias + variance, row, f"  {np.sqrt(bias + variance):.2f}", va="center")
left.axvline(0, color="0.3", lw=1)
left.set_yticks(range(len(names)), names)
left.invert_yaxis()
left.set_xlabel("estimated minus true mean squared error")
left.set_title("← too good                              too bad →", fontsize=10)
right.set_xlim(0, 1.22 * max(np.mean(off**2) for off in differences.values()))
right.set_xlabel("mean squared difference\n(its root beside the bar)")
right.set_title("hatched: bias²; plain: variance", fontsize=10)
right.tick_params(left=False)
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
