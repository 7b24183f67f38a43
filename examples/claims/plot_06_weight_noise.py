r"""
Noise on the weights seeks flat minima
======================================

**Claim.** Training with noise of standard deviation :math:`\sigma` on the weights adds, to first
order, :math:`\sigma^2\, \mathrm{E} \lVert \partial f / \partial w \rVert^2` to the squared error.
Among weights that fit alike it therefore prefers flat minima, where small changes of the weights
change little.

**Source.** An (1996), *The Effects of Adding Noise During Backpropagation Training on a
Generalization Performance*, Neural Computation 8; Hochreiter and Schmidhuber (1997), *Flat Minima*,
Neural Computation 9.

**Measured.** Where in a valley of equal fits two weights end, with and without noise; and by how
much the loss of trained networks rises when their weights are jolted, for four strengths of noise
and, for comparison, four of L2, on Friedman's first regression problem; eight seeds each.
"""

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_friedman1

from sknnreg import MLPRegularizedRegressor, fit_together

# %%
# A valley with two weights
# -------------------------
# The network :math:`f(x) = a\,c\,x` with one linear unit fits :math:`y = 2x` wherever
# :math:`a\,c = 2`. For inputs of variance 1 the squared gradient is :math:`a^2 + c^2` on average
# (plus the square of the unit's bias), which is least at :math:`a = c = \sqrt 2` and its mirror
# image. A path is drawn from networks of the same seed that train for more and more epochs; all
# paths train in one pass of :func:`~sknnreg.fit_together`.

SEEDS, EPOCHS, VALLEY_NOISE = range(8), [1, 3, 6, 10, 15, 25, 50, 100, 200, 400, 800, 1500], 0.2
line = np.linspace(-1, 1, 50)[:, None]
line /= line.std()


def two_weights(noise, seed, epochs):
    network = MLPRegularizedRegressor(
        (1,), activation="identity", weight_noise=noise, standardize=False, solver="sgd",
        momentum=0.0, learning_rate_init=0.02, batch_size=len(line), max_iter=epochs,
        n_iter_no_change=None, random_state=seed,
    )  # fmt: skip
    return [weights.item() for weights in network.fit(line, 2 * line[:, 0]).coefs_]


with fit_together():
    found = joblib.Parallel()(
        joblib.delayed(two_weights)(noise, seed, epochs)
        for noise in (0.0, VALLEY_NOISE)
        for seed in SEEDS
        for epochs in EPOCHS
    )
paths = np.reshape(found, (2, len(SEEDS), len(EPOCHS), 2))
# f stays the same if both weights change their sign: all paths are to end on one side.
without, with_noise = paths * np.sign(paths[:, :, -1:].sum(axis=3, keepdims=True))

# %%
# Networks of twenty units
# ------------------------
# ``sharpness`` jolts the weights of a trained network, by Gaussian noise of standard deviation
# 0.05 on each, and takes the mean rise of the training loss over 40 draws.

NOISES, PENALTIES, JOLT = [0.0, 0.02, 0.05, 0.1, 0.2], [0.0003, 0.001, 0.003, 0.01], 0.05


def outputs(coefs, intercepts, X):
    for weights, bias in zip(coefs[:-1], intercepts[:-1], strict=True):
        X = np.tanh(X @ weights + bias)
    return (X @ coefs[-1] + intercepts[-1])[:, 0]


def trained(noise, l2, seed):
    """Training loss, its mean rise when the weights are jolted, and the loss on fresh rows."""
    X, y = make_friedman1(1200, noise=1.0, random_state=seed)
    X, y = (X - 0.5) * np.sqrt(12), (y - 14.4) / 5
    network = MLPRegularizedRegressor(
        (20,), activation="tanh", weight_noise=noise, l2=l2, standardize=False, batch_size=50,
        learning_rate="cosine", learning_rate_init=0.01, max_iter=300, n_iter_no_change=None,
        random_state=seed,
    ).fit(X[:200], y[:200])  # fmt: skip
    random = np.random.default_rng(seed)

    def loss(scale, rows=slice(200)):
        coefs = [each + scale * random.normal(size=each.shape) for each in network.coefs_]
        return np.mean((outputs(coefs, network.intercepts_, X[rows]) - y[rows]) ** 2)

    jolted = np.mean([loss(JOLT) for _ in range(40)])
    return loss(0.0), jolted - loss(0.0), loss(0.0, slice(200, None))


settings = [(noise, 0.0) for noise in NOISES] + [(0.0, l2) for l2 in PENALTIES]
with fit_together():
    found = joblib.Parallel()(
        joblib.delayed(trained)(*setting, seed) for setting in settings for seed in SEEDS
    )
found = np.reshape(found, (len(settings), len(SEEDS), 3))
train, sharpness, fresh = found.transpose(2, 0, 1)

# %%
# Left, all weights on the black curve fit perfectly; gray rings have equal squared gradient.
# Without noise a path ends where it first meets the valley; with noise it goes on along it to the
# flattest point. Right, small dots are seeds, numbers are strengths: noise makes networks flatter
# at the price of fit, and a penalty that costs as much fit does not.

BLUE, ORANGE = "#0072B2", "#D55E00"
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.8), layout="constrained")
a = np.geomspace(0.4, 5, 200)
left.plot(a, 2 / a, color="black", lw=1.5, label="a · c = 2")
for radius in np.sqrt([2, 4, 6, 8, 10]):
    left.add_patch(plt.Circle((0, 0), radius, fill=False, color="0.8", lw=0.8, zorder=0))
for paths, color, name in ((without, BLUE, "no noise"), (with_noise, ORANGE, "weight noise")):
    for k, path in enumerate(paths):
        left.plot(*path.T, color=color, lw=1.2, alpha=0.7)
        left.plot(*path[-1], "o", color=color, ms=8, mec="white", label=None if k else name)
left.plot(*without[:, 0].T, ".", color="0.3", ms=5, label="start")
left.set(xlabel="first weight a", ylabel="second weight c", aspect="equal")
left.set(xlim=(-1.2, 3), ylim=(-1.2, 2.7), title="Two weights: f(x) = a c x")
left.legend(frameon=False, loc="lower left")
noisy = slice(0, len(NOISES))
penalized = [0, *range(len(NOISES), len(settings))]
for rows, color, name in ((noisy, ORANGE, "weight noise"), (penalized, BLUE, "L2")):
    right.plot(train[rows], sharpness[rows], ".", color=color, ms=4, alpha=0.4)
    means = train[rows].mean(axis=1), sharpness[rows].mean(axis=1)
    right.plot(*means, "o-", color=color, ms=7, mec="white", label=name)
for place, noise in zip(zip(train.mean(1), sharpness.mean(1), strict=True), NOISES, strict=False):
    if noise:
        right.annotate(f"{noise:g}", place, (5, 5), textcoords="offset points", color=ORANGE)
right.set_xscale("log")
right.set(xlabel="training loss (squared error)", ylabel="rise of the loss when jolted")
right.set(ylim=(0, None), title="Twenty units: sharpness and fit")
right.legend(frameon=False)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%

print(f"{'':>20}{'training loss':>15}{'rise if jolted':>16}{'fresh rows':>12}")
for (noise, l2), means in zip(settings, found.mean(axis=1), strict=True):
    name = f"l2 {l2:g}" if l2 else f"weight noise {noise:g}"
    print(f"{name:>20}{means[0]:15.4f}{means[1]:16.4f}{means[2]:12.4f}")

# %%
# Verdict
# -------
# The claim holds if (1) in the valley noise takes away at least three quarters of what the squared
# gradient at the end is above its least value there, in the mean over the seeds; (2) the sharpness
# of networks falls from each strength of noise to the next, by more than 3 standard errors seed by
# seed; (3) with noise of 0.05 it is lower, by more than 3 standard errors too, than with the L2
# whose training loss is nearest. It holds in part if only (1) is so.
#
# Flat is not the same as good: L2 has sharper networks here that do better on fresh rows.


def steepness(paths):
    """The squared gradient at the end of each path over the least there, which is 2 |a c|."""
    a, c = paths[:, -1].T
    return (a**2 + c**2) / (2 * np.abs(a * c))


def standard_errors(fall):
    return fall.mean(axis=-1) / (fall.std(axis=-1, ddof=1) / np.sqrt(len(SEEDS)))


excess = [steepness(each).mean() - 1 for each in (without, with_noise)]
print(f"Valley: {excess[0]:.1%} above the least without noise, {excess[1]:.1%} with it")
valley = excess[1] < excess[0] / 4
falls = standard_errors(-np.diff(sharpness[noisy], axis=0))
level = NOISES.index(0.05)
alike = penalized[np.abs(train[penalized].mean(axis=1) - train[level].mean()).argmin()]
flatter = standard_errors(sharpness[alike] - sharpness[level])
holds = valley and falls.min() > 3 and flatter > 3
verdict = "holds" if holds else "holds in part" if valley else "does not show here"
left_over = sharpness[level] / sharpness[0]
error = left_over.std(ddof=1) / np.sqrt(len(SEEDS))
print(
    f"Measured: noise of 0.05 leaves {left_over.mean():.2f} ± {error:.2f} of the sharpness (s.e., "
    f"8 seeds); L2 of about equal fit {np.mean(sharpness[alike] / sharpness[0]):.2f}"
)
print(f"Verdict: {verdict}")
assert verdict == "holds", "weight noise seeks flat minima, in a valley and in networks"
