"""
All places: sixteen regularizers on one problem
===============================================

The same network, two hidden layers of 50 units, learns the same 120 rows once without any
regularizer and sixteen times with a single one, from all places of :doc:`/guide/regularizers`. The
rows are two moons in the plane, with so much noise that they overlap, and one label in ten is
wrong. Left to itself, the network learns wrong labels by heart.

Each strength is the best of five or six, tried on twenty other samples: the most accurate of those
whose log loss was within a standard error of the least. So each regularizer is shown near its best,
which is more than anybody can know from 120 rows.
"""

# %%
# Data whose truth is known
# -------------------------
# Two noisy moons, and which labels are wrong. The density of either moon is an average of Gaussians
# along its arc, so that the true probability of a class is known, and nobody can do better.

import joblib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.metrics import log_loss

from sknnreg import MLPRegularizedClassifier, fit_together

N_SAMPLES, SHOWN, NOISE, WRONG = 12, 3, 0.3, 0.1


def draw_rows(n_rows, seed):
    X, y = make_moons(n_rows, noise=NOISE, random_state=seed)
    wrong = np.random.default_rng(seed).random(n_rows) < WRONG
    return X, np.where(wrong, 1 - y, y), wrong


def true_probability(X):
    angle = np.linspace(0, np.pi, 101)
    arcs = (np.cos(angle), np.sin(angle)), (1 - np.cos(angle), 0.5 - np.sin(angle))
    first, second = (
        np.exp(((X[:, :, None] - arc) ** 2).sum(axis=1) / (-2 * NOISE**2)).mean(axis=1)
        for arc in np.array(arcs)
    )
    return WRONG + (1 - 2 * WRONG) * second / (first + second)


# %%
# Seventeen networks and a linear model, on twelve samples
# --------------------------------------------------------
# What happens to 120 rows is a matter of luck. The pictures show one sample; the numbers are means
# over twelve, on 20,000 fresh rows, and all 216 networks train side by side.

network = MLPRegularizedClassifier(
    (50, 50),
    learning_rate_init=0.01, batch_size=30, max_iter=200, n_iter_no_change=None, random_state=0,
)  # fmt: skip
stopping = {"early_stopping": True, "n_iter_no_change": 20, "validation_fraction": 0.2}
members = {
    "no regularizer": (0, {}),
    "input_noise=0.4": (1, {"input_noise": 0.4}),
    "mixup=1": (1, {"mixup": 1.0}),
    "label_smoothing=0.3": (1, {"label_smoothing": 0.3}),
    "dropout=0.7": (2, {"dropout": 0.7}),
    "gaussian dropout=0.6": (2, {"dropout": 0.6, "dropout_kind": "gaussian"}),
    "variational dropout=0.1": (2, {"dropout": 0.1, "dropout_kind": "variational"}),
    "batch normalization": (2, {"normalization": "batch"}),
    "layer normalization": (2, {"normalization": "layer"}),
    "drop_connect=0.3": (3, {"drop_connect": 0.3}),
    "weight_noise=0.3": (3, {"weight_noise": 0.3}),
    "l1=0.002": (4, {"l1": 0.002}),
    "l2=0.01": (4, {"l2": 0.01}),
    "weight_decay=1": (5, {"weight_decay": 1.0}),
    "max_norm=0.8": (6, {"max_norm": 0.8}),
    "max_weight_norm=8": (6, {"max_weight_norm": 8.0}),
    "early stopping": (7, stopping),
    "linear model, l2=0.01": (0, {"hidden_layer_sizes": (), "l2": 0.01}),
}
with fit_together():
    fits = joblib.Parallel()(
        joblib.delayed(clone(network).set_params(**setting).fit)(*draw_rows(120, seed)[:2])
        for _, setting in members.values()
        for seed in range(N_SAMPLES)
    )
models = np.reshape(fits, (len(members), N_SAMPLES))

X_new, y_new, _ = draw_rows(20_000, 10**6)
probabilities = [[model.predict_proba(X_new)[:, 1] for model in each] for each in models]
losses = np.array([[log_loss(y_new, p) for p in each] for each in probabilities])
accuracies = (np.greater(probabilities, 0.5) == y_new).mean(axis=-1)
weights = [[np.concatenate([w.ravel() for w in m.coefs_]) for m in each] for each in models]
lengths = [np.mean([np.linalg.norm(one) for one in each]) for each in weights]
errors, spreads = (each.std(axis=1, ddof=1) / np.sqrt(N_SAMPLES) for each in (losses, accuracies))

print(f"{'':26}{'log loss':>9}{'(s.e.)':>9}{'accuracy':>10}{'zeros':>8}{'length':>8}")
for n, name in enumerate(members):
    print(
        f"{name:26}{losses[n].mean():9.3f}{f'({errors[n]:.3f})':>9}{accuracies[n].mean():10.1%}"
        f"{np.mean([(one == 0).mean() for one in weights[n]]):8.0%}{lengths[n]:8.1f}"
    )
truth = true_probability(X_new)
best = log_loss(y_new, truth), ((truth > 0.5) == y_new).mean()
print(f"{'the true probabilities':26}{best[0]:9.3f}{best[1]:19.1%}")

# %%
# What they do to the decision
# ----------------------------
# Colours are the probability of the orange class, and the black line is where it is one half; rings
# mark the wrong labels.

colours = LinearSegmentedColormap.from_list("", ["#0072B2", "#f7f7f7", "#D55E00"])
limits = np.array([[-2.0, -1.6], [3.0, 2.1]])
grid = np.stack(np.meshgrid(*np.linspace(*limits, 120).T), axis=-1)
X, y, wrong = draw_rows(120, SHOWN)
points = grid.reshape(-1, 2)
surfaces = [true_probability(points), *(m.predict_proba(points)[:, 1] for m in models[:, SHOWN])]
figure, axes = plt.subplots(5, 4, figsize=(10, 11.5), layout="constrained")
for axis, name, surface in zip(axes.flat, ["the truth", *members], surfaces, strict=False):
    surface = surface.reshape(grid.shape[:2])
    image = axis.pcolormesh(*np.moveaxis(grid, -1, 0), surface, cmap=colours, vmin=0, vmax=1)
    axis.contour(*np.moveaxis(grid, -1, 0), surface, levels=[0.5], colors="black", linewidths=1.5)
    axis.scatter(*X.T, s=13, c=np.where(y, "#6b2e00", "#00334f"), edgecolor="white", linewidth=0.5)
    axis.scatter(*X[wrong].T, s=50, facecolor="none", edgecolor="black", linewidth=0.9)
    axis.set(title=name, xticks=[], yticks=[])
axes[-1, -1].set_axis_off()
bar = axes[-1, -1].inset_axes((0.05, 0.5, 0.9, 0.1))
figure.colorbar(image, cax=bar, orientation="horizontal", label="probability of orange")
plt.show()

# %%
# What they do to the numbers
# ---------------------------
# In front of each name is its place. Bars are two standard errors; the dashed line is the truth.
# Without a regularizer the log loss is far above log(2) = 0.69, a coin's, although the accuracy is
# not so bad: the network is sure of itself where it should not be. All make it less so but layer
# normalization, and the best half a dozen can hardly be told apart. They get there in different
# ways: L2 with short weights, input noise and mixup with weights nearly three times as long. And
# the linear model has a lower log loss than most, though a lower accuracy than most. With 120 rows
# it often is so.

hues = "#444444", "#a06a00", "#00735a", "#6a48a0", "#ad2f6b", "#2c6ca3", "#8f4a28", "#5d7a20"
figure, axes = plt.subplots(1, 3, figsize=(10, 5.6), sharey=True, layout="constrained")
left, middle, right = axes
for n, (place, _) in enumerate(members.values()):
    look = {"fmt": "o", "color": hues[place], "capsize": 3}
    left.errorbar(losses[n].mean(), n, xerr=2 * errors[n], **look)
    middle.errorbar(accuracies[n].mean(), n, xerr=2 * spreads[n], **look)
    right.barh(n, lengths[n], color=look["color"])
left.set(xlabel="log loss", xlim=(0.35, 1.4), yticks=range(len(members)))
left.set_yticklabels([f"{n or '  '}  {name}" for name, (n, _) in members.items()], ha="left")
left.tick_params(axis="y", pad=160)
middle.set(xlabel="accuracy", xticks=[0.76, 0.8])
right.set(xlabel="length of the weights")
for axis, truly in zip((left, middle), best, strict=True):
    axis.axvline(truly, color="0.4", linestyle="--", linewidth=1)
left.invert_yaxis()
plt.show()
