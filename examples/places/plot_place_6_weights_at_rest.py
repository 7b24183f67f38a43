"""
Place 6, weights at rest: what holds after every step
=====================================================

The sixth place acts on the weights after the step, and has two bounds. ``max_norm`` bounds the
length of each unit's incoming weights, ``max_weight_norm`` that of all weights as one vector. With
two inputs, a hidden unit's incoming weights are a point in the plane, and the bound is a disk.
:doc:`/guide/place_6_weights_at_rest` says how to choose them.
"""

# %%
# One network, two bounds and a penalty
# -------------------------------------
# The rows are two moons that overlap. L2 stands beside the bounds for comparison: it pulls on all
# weights at all times, while a bound does nothing to weights that are short enough.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier

X, y = make_moons(100, noise=0.35, random_state=1)
X_new, y_new = make_moons(20_000, noise=0.35, random_state=2)
scaler = StandardScaler().fit(X)
X, X_new = scaler.transform(X), scaler.transform(X_new)
N_EPOCHS = 200
network = MLPRegularizedClassifier(
    (100,),
    learning_rate_init=0.02,
    batch_size=25,
    random_state=0,
)
members = {
    "no bound": {},
    "max_norm=1": {"max_norm": 1.0},
    "max_weight_norm=8": {"max_weight_norm": 8.0},
    "l2=0.01": {"l2": 0.01},
}


def trained(member):
    """The network, and the length of all its weights; ``partial_fit`` trains one epoch."""
    model, lengths = clone(network).set_params(**member), []
    for _ in range(N_EPOCHS):
        model.partial_fit(X, y)
        lengths.append(np.sqrt(sum(np.square(coef).sum() for coef in model.coefs_)))
    return model, lengths


models, curves = zip(*(trained(member) for member in members.values()), strict=True)

print("length of                 all  longest    median   on 20,000 fresh rows")
print("                      weights     unit      unit    log loss   accuracy")
for name, model, curve in zip(members, models, curves, strict=True):
    units = np.linalg.norm(model.coefs_[0], axis=0)
    loss = log_loss(y_new, model.predict_proba(X_new))
    print(
        f"{name:20}{curve[-1]:9.2f}{units.max():9.2f}{np.median(units):10.2f}"
        f"{loss:12.3f}{model.score(X_new, y_new):11.1%}"
    )

# %%
# Units in the plane, and the decision
# ------------------------------------
# Above, each dot is a hidden unit, at the weights of the two inputs. ``max_norm`` keeps every unit
# in a disk, on whose edge many come to rest. ``max_weight_norm`` keeps no unit by itself: a long
# one leaves less for the others. L2 pulls most units close to the middle. Below is the probability
# of the orange class, with the black line at one half.

colours = LinearSegmentedColormap.from_list("", ["#0072B2", "#f7f7f7", "#D55E00"])
limits = np.array([X.min(axis=0), X.max(axis=0)]) * 1.2
grid = np.stack(np.meshgrid(*np.linspace(*limits, 150).T), axis=-1)
reach = 1.05 * max(np.abs(model.coefs_[0]).max() for model in models)

figure, axes = plt.subplots(2, 4, figsize=(10, 5.3), layout="constrained")
for (above, below), name, model in zip(axes.T, members, models, strict=True):
    if name.startswith("max_norm"):
        above.add_patch(plt.Circle((0, 0), 1.0, facecolor="0.88", edgecolor="0.5"))
    above.plot(*model.coefs_[0], "o", color="#0072B2", markersize=4, alpha=0.7)
    above.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=name)
    surface = model.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(grid.shape[:2])
    below.pcolormesh(*np.moveaxis(grid, -1, 0), surface, cmap=colours, vmin=0, vmax=1)
    below.contour(*np.moveaxis(grid, -1, 0), surface, levels=[0.5], colors="black", linewidths=1.5)
    dark = np.where(y, "#6b2e00", "#00334f")
    below.scatter(*X.T, c=dark, s=11, edgecolor="white", linewidth=0.4)
    below.set(xticks=[], yticks=[])
for axis in axes[0, 1:]:
    axis.set_yticklabels([])
axes[0, 0].set_ylabel("weight of input 2")
for axis in axes[0]:
    axis.set_xlabel("weight of input 1")
plt.show()

# %%
# How the weights grow
# --------------------
# The length of all weights over the epochs. Without a bound it grows to the end: larger weights
# make a network surer, and its log loss on fresh rows is by far the highest of the four, whatever
# its accuracy. Under ``max_weight_norm`` the length rises as it would, up to the bound, and stays.

figure, axis = plt.subplots(figsize=(7, 3.6), layout="constrained")
for name, curve, colour in zip(
    members, curves, ("#555555", "#E69F00", "#009E73", "#CC79A7"), strict=True
):
    axis.plot(range(1, N_EPOCHS + 1), curve, color=colour, linewidth=2)
    axis.annotate(name, (N_EPOCHS, curve[-1]), (6, 0), textcoords="offset points", color=colour,
                  va="center", fontsize=11)  # fmt: skip
axis.set(xlabel="epoch", ylabel="length of all weights", xlim=(0, N_EPOCHS * 1.32), ylim=(0, None))
axis.set_xticks(range(0, N_EPOCHS + 1, 50))
axis.spines[["top", "right"]].set_visible(False)
plt.show()
