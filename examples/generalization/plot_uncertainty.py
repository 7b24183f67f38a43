"""
What networks do not know
=========================

A regression with a gap in its data: 120 rows of a wave with noise of 0.2, none of them between -1
and 1.5. Four ways to have many networks, and so a spread of predictions: dropout that goes on at
prediction (Monte Carlo dropout; Gal and Ghahramani, 2016), DropConnect likewise, snapshots of one
training (Huang and others, 2017), and an ensemble of eight members that hold out a fold each.

In the gap a network cannot know better than its neighbours on both sides. Does it say so? Eight
such data sets, each with 2,000 new rows beside the gap and as many in it. :doc:`/guide/uncertainty`
says where the bands come from.
"""

import joblib
import matplotlib.pyplot as plt
import numpy as np

from sknnreg import MLPRegularizedRegressor, fit_together
from sknnreg.ensemble import CrossFittedRegressor

SEEDS = range(8)
NOISE, GAP, RANGE, COVERAGE = 0.2, (-1.0, 1.5), (-4.0, 4.0), 0.95


def wave(x):
    return np.sin(1.5 * x) + 0.3 * x


def rows(n, seed, *, gap):
    """Rows in the gap, or in the range beside it."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(*RANGE, size=20 * n)
    inside = (x > GAP[0]) & (x < GAP[1])
    x = x[inside == gap][:n]
    return x[:, None], wave(x) + NOISE * rng.normal(size=n)


# %%
# Four kinds of networks
# ----------------------
# All of them stop early, by rows that they do not learn from. These rows also tell how large the
# noise is (``noise_std_``), which intervals for new targets need beside the spread.

plain = MLPRegularizedRegressor(
    (50, 50),
    learning_rate_init=0.01,
    early_stopping=True,
    validation_fraction=0.2,
    n_iter_no_change=None,
    max_iter=400,
    random_state=0,
)
MODELS = {
    "dropout": {"dropout": 0.05},
    "DropConnect": {"drop_connect": 0.05},
    "snapshots": {
        "learning_rate": "cosine_restarts",
        "learning_rate_period": 50,
        "n_snapshots": 8,
    },
    "ensemble": None,
}


def fitted(name, seed):
    if name == "ensemble":
        model = CrossFittedRegressor(plain, n_members=8, random_state=0)
    else:
        model = MLPRegularizedRegressor(**plain.get_params() | MODELS[name])
    return model.fit(*rows(120, seed, gap=False))


with fit_together():
    models = joblib.Parallel()(
        joblib.delayed(fitted)(name, seed) for name in MODELS for seed in SEEDS
    )

# %%
# Judged by new rows
# ------------------
# The log-likelihood of a new target is the measure to compare by: it is low for who is wrong and
# sure, and for who is right and unsure. Beside it, the share of new targets within the interval
# that should hold 95 % of them.


def judged(model, seed):
    """Log-likelihoods near the data and in the gap, and shares in the intervals there."""
    fresh = [rows(2_000, 1_000 + seed, gap=gap) for gap in (False, True)]
    told = [model.log_predictive_density(X, y).mean() for X, y in fresh]
    for X, y in fresh:
        lower, upper = model.predict_interval(X, COVERAGE)
        told.append(np.mean((lower < y) & (y < upper)))
    return told


print(f"Log-likelihoods of a row, and shares of targets in 95 %: medians of {len(SEEDS)} sets")
print(f"{'':12} {'near the data':>14} {'in the gap':>11} {'near':>6} {'gap':>6}")
models = dict(zip(MODELS, np.reshape(models, (len(MODELS), len(SEEDS))), strict=True))
likelihoods = {}
for name, each in models.items():
    told = np.median([judged(*pair) for pair in zip(each, SEEDS, strict=True)], axis=0)
    print(f"{name:12} {told[0]:z14.2f} {told[1]:z11.2f} {told[2]:6.0%} {told[3]:6.0%}")
    likelihoods[name] = told[:2]

# %%
# The bands
# ---------
# The first data set. The line is what ``predict`` says; the dark band is two standard deviations of
# what single networks say (``predict(X, return_std=True)``), the light one ``predict_interval``.

learned = rows(120, SEEDS[0], gap=False)
grid = np.linspace(RANGE[0] - 1, RANGE[1] + 1, 400)[:, None]
x = grid[:, 0]
figure, axes = plt.subplots(2, 2, figsize=(9, 6.5), sharex=True, sharey=True, layout="constrained")
for ax, (name, each) in zip(axes.flat, models.items(), strict=True):
    mean, std = each[0].predict(grid, return_std=True)
    lower, upper = each[0].predict_interval(grid, COVERAGE)
    ax.fill_between(x, lower, upper, color="#0072B2", alpha=0.15, lw=0, label="95 % of targets")
    dark = mean - 2 * std, mean + 2 * std
    ax.fill_between(x, *dark, color="#0072B2", alpha=0.4, lw=0, label="networks, ± 2 std")
    ax.plot(x, wave(x), "--", color="#333333", lw=1, label="truth")
    ax.plot(x, mean, color="#0072B2", label="predict")
    ax.plot(learned[0][:, 0], learned[1], ".", color="#D55E00", ms=4, label="rows learned from")
    near, gap = likelihoods[name]
    ax.set_title(f"{name}: log-likelihood {near:z.2f}, in the gap {gap:z.2f}", fontsize=10)
    ax.set(ylim=(-4, 4), xlim=(x[0], x[-1]), xlabel="x", ylabel="y")
    ax.label_outer()
handles, labels = axes[0, 0].get_legend_handles_labels()
figure.legend(handles, labels, loc="outside lower center", ncols=5, fontsize="small")

# %%
# What the bands know
# -------------------
# Near the data all intervals hold about what they should, and the ensemble predicts best. In the
# gap all likelihoods are lower. The intervals of dropout and DropConnect hold only about two thirds
# of the targets there, those of the ensemble three quarters, those of the snapshots all that they
# should.
#
# Dropout's bands follow the size of the signal rather than the distance to the rows: they widen to
# the sides, where the network runs on in a straight line, and little in the gap. Some snapshots
# have learned less than others, which makes for wide bands everywhere, and for luck in the gap.
# Nothing here knows that there are no rows: a band tells what these networks disagree about, and no
# more.
