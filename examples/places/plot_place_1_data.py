"""
Place 1, data: what a network is given
======================================

The first place acts on the batch, before the network sees it. Four of its members are drawn here:
noise on the inputs, mixtures of rows, softened labels, and steps in the worst direction. All of it
is drawn anew for every batch; validation rows and predictions are left alone.

The rows are two moons in the plane which overlap, with one label in ten wrong. The first line of
the figure has what the network is given in place of these rows, the second what it makes of it.
:doc:`/guide/place_1_data` says when each member helps.
"""

# %%
# The rows, and one network with each member
# ------------------------------------------
# The network is large for 80 rows, two hidden layers of 50 units, so that by itself it learns wrong
# labels by heart. Within :func:`~sknnreg.fit_together` the five train side by side.

import joblib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.augmentation import GaussianNoise, Mixup


def draw_rows(n_rows, seed):
    X, y = make_moons(n_rows, noise=0.25, random_state=seed)
    wrong = np.random.default_rng(seed).random(n_rows) < 0.1
    return X, np.where(wrong, 1 - y, y)


X, y = draw_rows(80, seed=4)
X_new, y_new = draw_rows(20_000, seed=5)
scaler = StandardScaler().fit(X)
X, X_new = scaler.transform(X), scaler.transform(X_new)

network = MLPRegularizedClassifier(
    (50, 50),
    learning_rate_init=0.01,
    batch_size=20,
    max_iter=200,
    n_iter_no_change=None,
    random_state=0,
)
members = {
    "as they are": {},
    "input_noise=0.4": {"input_noise": 0.4},
    "mixup=1": {"mixup": 1.0},
    "label_smoothing=0.3": {"label_smoothing": 0.3},
    "adversarial=0.3": {"adversarial": 0.3},
}
with fit_together():
    models = joblib.Parallel()(
        joblib.delayed(clone(network).set_params(**member).fit)(X, y) for member in members.values()
    )

print(f"{'on 20,000 fresh rows':22}{'log loss':>10}{'accuracy':>10}{'how sure':>10}")
for name, model in zip(members, models, strict=True):
    probability = model.predict_proba(X_new)
    loss, sure = log_loss(y_new, probability), probability.max(axis=1).mean()
    print(f"{name:22}{loss:10.3f}{model.score(X_new, y_new):10.1%}{sure:10.1%}")

# %%
# What the network is given
# -------------------------
# Each member in a line or two of NumPy. Noise and mixtures are drawn three times, as three epochs
# would; a label is the share of the orange class. For adversarial steps the gradient of the loss by
# the inputs is needed, here of the trained network, and found by differences: half of the loss is
# taken at the rows, the other half where these steps lead.

rng = np.random.default_rng(0)
rows, labels = np.tile(X, (3, 1)), np.tile(y, 3).astype(float)


def worst_steps(model, length):
    """X + length * sign of the gradient of -log p(y) by X."""
    moves = np.eye(2) * 1e-4
    own = np.arange(len(X)), y
    change = [
        model.predict_log_proba(X - move)[own] - model.predict_log_proba(X + move)[own]
        for move in moves
    ]
    return X + length * np.sign(np.transpose(change))


given = [
    (X, y),
    (GaussianNoise(0.4)(rows, labels, rng)[0], labels),
    Mixup(1.0)(rows, labels, rng),
    (X, 0.7 * y + 0.3 / 2),
    (np.concatenate([X, worst_steps(models[-1], 0.3)]), np.tile(y, 2)),
]

# %%
# The picture
# -----------
# Colour is the probability of the orange class, and the black line is where it is one half. As they
# are, the rows make a network that is far surer than it is right, as the table says. Noise makes a
# cloud of each row, so that the surface has to be smooth around it; mixup fills the plane between
# the rows with labels in between; smoothing leaves the rows where they are and allows no certainty,
# but wrong labels still have their islands; an adversarial step takes each row to where the network
# is more often wrong, in both inputs at once.

colours = LinearSegmentedColormap.from_list("", ["#0072B2", "#f7f7f7", "#D55E00"])
limits = np.array([X_new.min(axis=0), X_new.max(axis=0)]) * 0.9
grid = np.stack(np.meshgrid(*np.linspace(*limits, 150).T), axis=-1)

figure, axes = plt.subplots(2, 5, figsize=(10, 4.7), layout="constrained")
for (above, below), name, model, (points, shares) in zip(
    axes.T, members, models, given, strict=True
):
    above.set_title(name, fontsize=12)
    above.scatter(
        *points.T, c=shares, cmap=colours, vmin=0, vmax=1, s=14, edgecolor="0.3", linewidth=0.3
    )
    surface = model.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(grid.shape[:2])
    below.pcolormesh(*np.moveaxis(grid, -1, 0), surface, cmap=colours, vmin=0, vmax=1)
    below.contour(*np.moveaxis(grid, -1, 0), surface, levels=[0.5], colors="black", linewidths=1.5)
    dark = np.where(y, "#6b2e00", "#00334f")
    below.scatter(*X.T, c=dark, s=11, edgecolor="white", linewidth=0.4)
    for panel in (above, below):
        panel.set(xlim=limits[:, 0], ylim=limits[:, 1], xticks=[], yticks=[])
axes[0, 0].set_ylabel("given", fontsize=12)
axes[1, 0].set_ylabel("learned", fontsize=12)
plt.show()
