"""
Place 5, update: from the gradient to the step
==============================================

The fifth place makes steps out of gradients. Which optimizer and which step sizes over time is seen
in two examples beside this one; here are the other members, on a loss that can be drawn: a linear
model with two weights, plain gradient descent, one path each. :doc:`/guide/place_5_update` says
when they help.
"""

# %%
# A loss with two weights
# -----------------------
# The squared error of 60 rows is a bowl, about three times as curved one way as the other. Every
# call of :meth:`~sknnreg.MLPRegularizedRegressor.partial_fit` is one step here, on a batch that is
# handed over. Two of the panels have an outlier, one target that is 25 too large. The cross is the
# minimum without it, the grey one 0.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone

from sknnreg import MLPRegularizedRegressor

N_ROWS, N_STEPS = 60, 80
rng = np.random.default_rng(2)
X = rng.normal(size=(N_ROWS, 2)) * (1.0, 0.58)
y = X @ (1.4, -0.8) + 1.0 * rng.normal(size=N_ROWS)
with_outlier = y + np.where(np.arange(N_ROWS) == np.argsort(X[:, 0])[-5], 25.0, 0.0)
minimum = np.linalg.lstsq(np.c_[X, np.ones(N_ROWS)], y)[0][:2]

model = MLPRegularizedRegressor(
    (),
    standardize=False,
    solver="sgd",
    momentum=0.0,
    learning_rate_init=0.15,
    shuffle=False,
    random_state=0,
)
panels = {
    "all rows": (N_ROWS, y, {}),
    "batches of 6": (6, y, {}),
    "gradient_noise=0.5": (N_ROWS, y, {"gradient_noise": 0.5}),
    "weight_decay=0.3": (N_ROWS, y, {"weight_decay": 0.3}),
    "an outlier, batches of 6": (6, with_outlier, {}),
    "an outlier, clip_norm=1": (6, with_outlier, {"clip_norm": 1.0}),
}


def path(batch_size, target, setting):
    """The weights before and after each step, each on another batch."""
    network = clone(model).set_params(**setting, batch_size=batch_size)
    start = clone(network).set_params(learning_rate_init=1e-300).partial_fit(X, target)
    weights = [start.coefs_[0][:, 0]]
    batches = np.random.default_rng(0)
    for _ in range(N_STEPS):
        rows = batches.choice(N_ROWS, batch_size, replace=False)
        weights.append(network.partial_fit(X[rows], target[rows]).coefs_[0][:, 0])
    return np.array(weights)


paths = {name: path(*setting) for name, setting in panels.items()}

# %%
# The paths
# ---------
# With all rows the path runs smoothly down. Small batches have gradients of their own and never
# rest; gradient noise does the same on purpose, and dies down, :math:`s^2 / (1 + t)^{0.55}` being
# its variance. Weight decay takes a share of the weights off at each step and comes to rest on the
# way to 0. A batch with the outlier throws the path far off, unless the gradient is cut to a length
# of 1.

figure, axes = plt.subplots(2, 3, figsize=(10, 5.4), sharex=True, sharey=True, layout="constrained")
first, second = np.meshgrid(np.linspace(-1.6, 3.6, 120), np.linspace(-1.8, 1.4, 120))
offsets = np.stack([first, second], axis=-1) - minimum
heights = (offsets @ np.cov(X.T) * offsets).sum(axis=-1)
print(f"{'':26}{'longest step':>13}{'last 20, mean distance from minimum':>38}")
for axis, (name, weights) in zip(axes.flat, paths.items(), strict=True):
    axis.contour(first, second, heights, levels=4.0 ** np.arange(-4, 3), colors="0.8", linewidths=1)
    axis.plot(*weights.T, ".-", color="#0072B2", linewidth=1, markersize=4)
    axis.plot(*weights[0], "o", color="#0072B2", markersize=8)
    axis.plot(*minimum, "+", color="#D55E00", markersize=14, markeredgewidth=2.5)
    axis.plot(0, 0, "x", color="0.5")
    axis.set(title=name, xlim=(-1.6, 3.6), ylim=(-1.8, 1.4))
    steps = np.linalg.norm(np.diff(weights, axis=0), axis=1)
    apart = np.linalg.norm(weights[-20:] - minimum, axis=1).mean()
    print(f"{name:26}{steps.max():13.2f}{apart:38.2f}")
for axis in axes[1]:
    axis.set_xlabel("first weight")
for axis in axes[:, 0]:
    axis.set_ylabel("second weight")
plt.show()

# %%
# Under plain gradient descent weight decay and L2 are one thing: both multiply each weight by
# :math:`1 - \eta \lambda`. Under Adam they are not, since Adam divides the gradient of the penalty,
# as any other, by its usual size. Where 0.3 of each leads in as many steps:

for solver in ("sgd", "adam"):
    ends = [path(N_ROWS, y, {"solver": solver, name: 0.3})[-1] for name in ("weight_decay", "l2")]
    print(f"{solver:6} weight_decay ends at {ends[0].round(3)}, l2 at {ends[1].round(3)}")
