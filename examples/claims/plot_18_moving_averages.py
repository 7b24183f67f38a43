r"""
A moving average looks back, and starts too low
===============================================

**Claim.** The exponential moving average :math:`a \leftarrow b\,a + (1 - b)\,x_n` looks back about
:math:`(1 + b) / (1 - b)` points. Started at 0 it expects only :math:`1 - b^n` of what it should;
divided by that, it is right from the first point on. Such an average of a network's weights beats
the last weights where steps are long.

**Source.** Kingma and Ba (2015), *Adam: A method for stochastic optimization*, ICLR (the
correction); Polyak and Juditsky (1992), *Acceleration of stochastic approximation by averaging*,
SIAM Journal on Control and Optimization 30 (averages of weights).

**Measured.** The variance of averages of white noise, and their mean after n points, over 20 seeds;
the weights that ``weight_averaging="ema"`` keeps against the formula; the log loss on digits with
and without averages, over 20 splits.

Adam, batch normalization and averages of weights all keep such averages, with b = 0.9, 0.99 or
0.999. What these numbers mean is seen best where everything is known: in white noise.
"""

import joblib
import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import lfilter
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together

SEEDS = range(20)
REACH = {b: round((1 + b) / (1 - b)) for b in (0.5, 0.9, 0.99)}


def average(points, b):
    """The averages after 1, 2, ... points, started at 0 and not corrected."""
    return lfilter([1 - b], [1, -b], points, axis=-1)


def told(values):
    """Mean and standard error over the seeds."""
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1) / np.sqrt(len(values)):.3f}"


# %%
# How far it looks back
# ---------------------
# A plain mean of n independent points has 1/n of their variance. The moving average has
# :math:`(1 - b) / (1 + b)` of it, as a mean of :math:`(1 + b) / (1 - b)` points. The mean age of
# its points, :math:`b / (1 - b)`, is that of such a mean, too.

noise = np.array([np.random.default_rng(seed).normal(size=200_000) for seed in SEEDS])
steady_as = {b: 1 / average(noise, b)[:, 10 * n :].var(axis=1) for b, n in REACH.items()}
for b, n in REACH.items():
    print(f"b = {b:4}: {n:3d} points, as steady as a mean of {told(steady_as[b])}")

# %%
# That is said of independent points. Weights go on from one another: near a minimum, gradient
# descent with a step size of 0.1 makes :math:`w \leftarrow 0.9\,w + \text{noise}` of them. An
# average is left with :math:`\frac{1 + 0.9\,b}{1 - 0.9\,b}` times as much of their variance.

alike = lfilter([1], [1, -0.9], noise)
left_over = [(average(alike, b).var(axis=1) / alike.var(axis=1)).mean() for b in REACH]
print("variance left, of such weights:", *(f"{each:.3f}" for each in left_over))

# %%
# The start
# ---------
# Of points with mean 1 the average, started at 0, has the expectation :math:`1 - b^n`. With
# b = 0.99 half of it is still missing after 69 points.

times = {b: np.arange(1, 3 * n) for b, n in REACH.items()}
short = np.random.default_rng(0).normal(1, 1, size=(20 * 500, 600))
plain = {b: average(short[:, : len(n)], b).mean(axis=0) for b, n in times.items()}
expected = {b: 1 - b**n for b, n in times.items()}
off_plain = max(np.abs(plain[b] - expected[b]).max() for b in REACH)
off_corrected = max(np.abs(plain[b] / expected[b] - 1).max() for b in REACH)
print(f"off 1 - b^n by at most {off_plain:.3f}; corrected, off 1 by at most {off_corrected:.3f}")

# %%
# The weights that an estimator keeps
# -----------------------------------
# With ``weight_averaging="ema"`` the points are the weights after each update, and what is kept is
# the corrected average. Called once per update, ``partial_fit`` shows the weights on their way.

X, y = np.random.default_rng(0).normal(size=(50, 5)), np.arange(50.0)
model = MLPRegularizedRegressor(
    (), batch_size=50, standardize=False, dtype="float64", n_iter_no_change=None, random_state=0
)
path = [model.partial_fit(X, y).coefs_[0][:, 0].copy() for _ in range(10)]
averaged = model.set_params(weight_averaging="ema", averaging_decay=0.99, max_iter=10).fit(X, y)
by_formula = average(np.transpose(path), 0.99)[:, -1] / (1 - 0.99**10)
off_kept = np.abs(averaged.coefs_[0][:, 0] - by_formula).max()
print(f"weights kept after 10 updates are off the formula by at most {off_kept:.0e}")

# %%
# What it is worth
# ----------------
# Digits, 600 rows, an L2 penalty, and a constant step size for 400 updates: with Adam one that is
# too long to end with, and with gradient descent one so short that training is still under way.

ROWS, DECAYS = load_digits(return_X_y=True), (0, 0.9, 0.99, 0.999)
NETWORK = MLPRegularizedClassifier(
    (50,), l2=0.003, batch_size=30, max_iter=20, n_iter_no_change=None, weight_averaging="ema"
)
STEPS = {
    "Adam, long steps": {"solver": "adam", "learning_rate_init": 0.02},
    "SGD, short steps": {"solver": "sgd", "learning_rate_init": 0.01},
}


def loss(steps, decay, seed):
    X, X_test, y, y_test = train_test_split(*ROWS, train_size=600, random_state=seed)
    model = clone(NETWORK).set_params(averaging_decay=decay, random_state=seed, **STEPS[steps])
    return log_loss(y_test, model.fit(X, y).predict_proba(X_test))


with fit_together():
    jobs = [(name, b, seed) for name in STEPS for b in DECAYS for seed in SEEDS]
    found = joblib.Parallel()(joblib.delayed(loss)(*job) for job in jobs)
found = dict(zip(STEPS, np.reshape(found, (len(STEPS), len(DECAYS), len(SEEDS))), strict=True))
for name, by_decay in found.items():
    for b, each in zip(DECAYS, by_decay, strict=True):
        print(f"{name}, {f'b = {b}' if b else 'last weights':12}: {told(each)}")

# %%
# Pictures
# --------

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
plt.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False})
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 4.2), layout="constrained")
b = np.linspace(0, 0.993, 300)
n = (1 + b) / (1 - b)
left.loglog(n, 1 / n, color=BLUE, lw=1)
left.loglog(n, (1 + 0.9 * b) / (1 - 0.9 * b) / n, color=ORANGE, lw=1)
white = [1 / values.mean() for values in steady_as.values()]
left.loglog(REACH.values(), white, "o", color=BLUE, label="white noise")
left.loglog(REACH.values(), left_over, "s", color=ORANGE, label="weights, step 0.1")
left.set(xlabel="(1 + b) / (1 - b) points", title="share of variance left", ylim=(2e-3, 1.5))
left.legend(frameon=False, loc="lower left")
for b, colour in zip(REACH, (GREEN, PINK, BLUE), strict=True):
    middle.semilogx(times[b], plain[b], color=colour, lw=2, label=f"b = {b}")
    middle.semilogx(times[b], plain[b] / expected[b], color=colour, lw=1)
    middle.semilogx(times[b], expected[b], "k:", lw=1)
middle.text(1, 1.04, "corrected", fontsize=10)
middle.set(xlabel="points so far", title="average of points with mean 1", ylim=(0, 1.15))
middle.legend(frameon=False, loc="lower right", fontsize=10)
for (name, each), style, colour in zip(found.items(), ("o-", "s--"), (BLUE, ORANGE), strict=True):
    errors = each.std(axis=1, ddof=1) / np.sqrt(len(SEEDS))
    right.errorbar(range(4), each.mean(axis=1), errors, fmt=style, color=colour, label=name)
right.set(xticks=range(4), xticklabels=["last", *DECAYS[1:]], xlabel="b", ylim=(0.1, 0.28))
right.set_title("test log loss, digits")
right.legend(frameon=False, loc="upper center")
plt.show()

# %%
# Verdict
# -------
# The arithmetic holds if the averages of noise are as steady as said within 5 % for each b, if the
# start is off by less than 0.02 with and without correction, and if what the estimator keeps is
# the formula to 1e-10. Averages of weights are better if b = 0.99 lowers the log loss with long
# steps by more than two standard errors of the paired difference. With one of the two the claim
# holds in part. What it does not say: weights are much like the ones before, and 199 of them are no
# 199 independent points; and where they are still on their way, an average is a step back.

gains = found["Adam, long steps"][0] - found["Adam, long steps"][2]
as_said = all(abs(steady_as[b].mean() / n - 1) < 0.05 for b, n in REACH.items())
arithmetic = as_said and max(off_plain, off_corrected) < 0.02 and off_kept < 1e-10
better = gains.mean() > 2 * gains.std(ddof=1) / np.sqrt(len(gains))
verdict = "does not show here"
if arithmetic or better:
    verdict = "holds" if arithmetic and better else "holds in part"
print(
    f"Measured: b = 0.99 is as steady as {steady_as[0.99].mean():.0f} points; start off by "
    f"{off_plain:.3f}; averaged weights lower the log loss by {told(gains)} (20 splits)"
)
print(f"Verdict: {verdict}")
assert verdict == "holds", "a moving average is not what the formulas say"
