"""
Batch normalization: faster, higher and steadier
================================================

**Claim.** With batch normalization a network of sigmoids needs far fewer steps, ends with a higher
accuracy, and the inputs of its units are distributed more steadily while it learns. It also takes
step sizes 5 and 30 times as large "with no ill side effects", and learns the faster for them.

**Source.** Ioffe and Szegedy (2015), *Batch normalization: accelerating deep network training by
reducing internal covariate shift*, ICML. Figure 1 is drawn anew here; the step sizes are those of
its section 4.2, where they are tried on a far larger network.

**Measured.** The network of Figure 1, three hidden layers of 100 sigmoid units, in batches of 60
by plain gradient descent, on the digits of scikit-learn in place of MNIST, over 5 seeds: accuracy
on test rows after each epoch, and the 15th, 50th and 85th percentiles of what goes into the
sigmoids of the last hidden layer.
"""

# %%
# Six settings, all at once
# -------------------------
# The step size of 1 is one at which the plain network gets there in the time given, without
# trouble; the two larger ones are 5 and 30 times that. The test rows are handed over as validation
# rows, so that their accuracy is noted after each epoch. They decide nothing: with
# ``n_iter_no_change=None`` nothing stops early, and only the curve is read.
#
# An :class:`~sknnreg.inspection.ActivationRecorder` listens to the networks of step size 1. It
# notes what the last sigmoids are given, as the network would predict at that time.

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.inspection import ActivationRecorder

N_SEEDS, N_EPOCHS, BATCH, N_TRAIN = 5, 60, 60, 1320
FACTORS = (1, 5, 30)

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=N_TRAIN, stratify=y, random_state=0
)
network = MLPRegularizedClassifier(
    (100, 100, 100),
    activation="logistic",
    solver="sgd",
    momentum=0.0,
    batch_size=BATCH,
    max_iter=N_EPOCHS,
    early_stopping=True,
    early_stopping_scoring="accuracy",
    n_iter_no_change=None,
)


def fitted(normalization, factor, seed):
    """Test accuracy by epoch, and the percentiles ``(epochs, 3, units)`` if they were noted."""
    model = clone(network).set_params(
        normalization=normalization, learning_rate_init=1.0 * factor, random_state=seed
    )
    recorder = ActivationRecorder(n_rows=300)
    if factor == 1:
        model.set_callbacks(recorder)
    model.fit(X_train, y_train, X_val=X_test, y_val=y_test)
    return model.validation_scores_, recorder.runs_[0]["units"] if factor == 1 else None


settings = [(norm, factor) for norm in (None, "batch") for factor in FACTORS]
with fit_together():
    told = joblib.Parallel()(
        joblib.delayed(fitted)(*setting, seed) for setting in settings for seed in range(N_SEEDS)
    )
of = {setting: told[k * N_SEEDS : (k + 1) * N_SEEDS] for k, setting in enumerate(settings)}
accuracy = {setting: np.array([curve for curve, _ in runs]) for setting, runs in of.items()}
inputs = {norm: np.array([units for _, units in of[norm, 1]]) for norm in (None, "batch")}
steps = np.arange(1, N_EPOCHS + 1) * (N_TRAIN // BATCH)

# %%
# Figure 1
# --------
# On the left the accuracy, a line for the mean and a band from the lowest to the highest of the
# seeds. Beside it a typical sigmoid of the last hidden layer, without and with batch
# normalization, on one scale: the one whose percentiles move as much as the median unit's do.
#
# Without it, all rows look alike to the last layer for some 250 steps: the three percentiles are
# one line that sinks together. Then the rows spread apart, median and width both move, and the
# layers behind learn from inputs that are not what they were. With it, the percentiles are from
# the first epoch on where they stay.

PLAIN, NORMALIZED = "#D55E00", "#0072B2"
plt.rcParams.update({"font.size": 13, "axes.spines.top": False, "axes.spines.right": False})


def movement(percentiles):
    """How far each unit's percentiles range over training, their mean: ``(..., units)``."""
    return np.ptp(percentiles, axis=-3).mean(axis=-2)


def draw_typical_unit(ax, percentiles, colour):
    """The unit whose movement is the median of its layer's."""
    moved = movement(percentiles)
    low, middle, high = percentiles[:, :, np.argsort(moved)[len(moved) // 2]].T
    ax.fill_between(steps, low, high, color=colour, alpha=0.18, lw=0)
    for line, name, width in ((high, "85th", 1.2), (middle, "50th", 2.2), (low, "15th", 1.2)):
        ax.plot(steps, line, color=colour, lw=width)
        ax.text(steps[-1] * 1.03, line[-5:].mean(), name, color=colour, va="center")


def draw_accuracy(ax, curves, colour, **style):
    """Mean and range over seeds."""
    ax.fill_between(steps, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.2, lw=0)
    ax.plot(steps, curves.mean(axis=0), color=colour, lw=2, **style)


figure, axes = plt.subplot_mosaic(
    "abc", figsize=(10, 4.4), width_ratios=[1.25, 1, 1], layout="constrained"
)
draw_accuracy(axes["a"], accuracy[None, 1], PLAIN, ls="--")
draw_accuracy(axes["a"], accuracy["batch", 1], NORMALIZED)
axes["a"].text(230, 0.88, "with BN", color=NORMALIZED, fontweight="bold")
axes["a"].text(600, 0.62, "without BN", color=PLAIN, fontweight="bold")
axes["a"].set(
    title="(a) test accuracy", xlabel="training steps", xticks=(0, 400, 800, 1200), ylim=(0, 1.02)
)
axes["c"].sharey(axes["b"])
for name, norm, colour in (("b", None, PLAIN), ("c", "batch", NORMALIZED)):
    draw_typical_unit(axes[name], inputs[norm][0], colour)
    axes[name].axhline(0, color="0.7", lw=0.8, zorder=0)
    title = f"({name}) {'without' if norm is None else 'with'} BN"
    axes[name].set(
        title=title, xlabel="training steps", xticks=(0, 600, 1200), xlim=(0, steps[-1] * 1.26)
    )
axes["b"].set_ylabel("input of a last sigmoid")
plt.show()

# %%
# Step sizes 5 and 30 times as large
# ----------------------------------
# With batch normalization all three get there. The weights in front of it have no scale of their
# own: a step that is too long makes them longer, and the next gradient the shorter for it (see the
# claim before this one). Without it, 30 times is too much, and the network never leaves chance.
#
# But 5 times is not too much for this plain network, and on most seeds serves it better: a
# sigmoid's small slopes make for small gradients. And with batch normalization the larger step
# sizes are slower here, not faster: with the first of them the network has learned in one to three
# epochs. Nor is any step size good: in a trial, 100 was too long with batch normalization, too.

figure, pair = plt.subplots(1, 2, figsize=(9, 3.9), layout="constrained", sharey=True)
SHADES = ("#0072B2", "#E69F00", "#CC79A7")
for ax, norm, title in zip(pair, (None, "batch"), ("without BN", "with BN"), strict=True):
    for factor, shade, style in zip(FACTORS, SHADES, ("-", "--", "-."), strict=True):
        draw_accuracy(ax, accuracy[norm, factor], shade, ls=style, label=f"step size x{factor}")
    ax.set(title=title, xlabel="training steps", ylim=(0, 1.02))
pair[0].set_ylabel("test accuracy")
pair[1].legend(loc="lower right", frameon=False)
plt.show()

# %%
# The numbers
# -----------
# Steps to an accuracy of 0.9 are counted in whole epochs of 22 steps; a dash says that a seed did
# not get there.


def steps_to(curves, level=0.9):
    """For each seed, infinite where the level is not reached."""
    reached = curves >= level
    return np.where(reached.any(axis=1), steps[reached.argmax(axis=1)], np.inf)


print(f"{'':12}{'step size':>10}{'steps to 0.9, by seed':>32}{'accuracy at the end':>22}")
for (norm, factor), curves in accuracy.items():
    counts = "".join(f"{n:6.0f}" if np.isfinite(n) else f"{'-':>6}" for n in steps_to(curves))
    last = curves[:, -5:].mean(axis=1)
    name = "without BN" if norm is None else "with BN"
    print(f"{name:12}{f'x{factor}':>10}{counts:>32}{last.mean():13.3f} +- {last.std(ddof=1):.3f}")

# %%
# Verdict
# -------
# Figure 1 holds if every seed needs at most half the steps to 0.9, also against the plain network
# with 5 times the step size, which serves it better; if the mean accuracy of the last five epochs
# is higher by more than two standard errors of the paired differences; and if on every seed the
# median unit's percentiles range over at most two thirds of what they do without. Larger steps do
# no harm if at 5 and 30 times the step size the accuracy at the end is within 0.02 of the first
# one's. The whole claim holds if moreover one of the two learns faster than the first; without
# that, these two are a part.

ends = {setting: curves[:, -5:].mean(axis=1) for setting, curves in accuracy.items()}
fewer, than_larger = (
    steps_to(accuracy[None, factor]) / steps_to(accuracy["batch", 1]) for factor in (1, 5)
)
gain, smaller = (ends["batch", 1] - ends[None, factor] for factor in (1, 5))
error, smaller_error = (each.std(ddof=1) / np.sqrt(N_SEEDS) for each in (gain, smaller))
print("With BN at x1, against x5 without:")
print(f"{than_larger.min():.0f} to {than_larger.max():.0f} times fewer steps")
print(f"accuracy higher by {smaller.mean():.3f} +- {smaller_error:.3f}")
moved = {norm: np.median(movement(each), axis=-1) for norm, each in inputs.items()}
steadier = moved[None] / moved["batch"]

figure_holds = min(fewer.min(), than_larger.min()) >= 2 and steadier.min() >= 1.5
figure_holds = figure_holds and gain.mean() > 2 * error
loss = max(ends["batch", 1].mean() - ends["batch", factor].mean() for factor in (5, 30))
mean_steps = [steps_to(accuracy["batch", factor]).mean() for factor in FACTORS]
larger_are_faster = min(mean_steps[1:]) < mean_steps[0]

if figure_holds and loss < 0.02:
    verdict = "holds" if larger_are_faster else "holds in part"
else:
    verdict = "does not show here"
print(
    f"Measured: {fewer.min():.0f} to {fewer.max():.0f} times fewer steps, accuracy "
    f"+{gain.mean():.3f} +- {error:.3f}, percentiles {steadier.mean():.1f} times as steady; "
    f"steps x30: {ends['batch', 30].mean():.2f} with, {ends[None, 30].mean():.2f} without "
    f"({N_SEEDS} seeds)"
)
print(f"Verdict: {verdict}")
assert verdict == "holds in part", "larger steps are safe with batch normalization, not faster"
