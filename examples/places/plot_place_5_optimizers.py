"""
Place 5, update: six optimizers in a valley
===========================================

A linear model with two weights and the squared loss is a valley, here a hundred times as curved
across as along. A step size small enough for the one direction is too small for the other. Momentum
is one way out, a step size for each weight by itself another: but what if the valley does not run
along a weight?

The same valley is drawn twice, the second time turned by 30 degrees, as if the inputs were
correlated. All optimizers start at the same weights, each with the step size out of a grid that
serves it best for 50 steps. :doc:`/guide/place_5_update` has their formulas.
"""

# %%
# Two valleys
# -----------
# The inputs are made so that their covariance has exactly these curvatures, and the targets so that
# the minimum lies where the start is well placed. A step of length 0 tells where this random state
# starts. All rows are one batch, so that a step is an epoch.

from dataclasses import dataclass

import joblib
import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import clone

from sknnreg import MLPRegularizedRegressor, fit_together

N_ROWS, N_SHOWN, N_STEPS, N_JUDGED = 100, 50, 150, 10
MODEL = MLPRegularizedRegressor(
    (), standardize=False, batch_size=N_ROWS, n_iter_no_change=None, random_state=0
)


@dataclass
class Valley:
    name: str
    X: np.ndarray
    y: np.ndarray
    minimum: np.ndarray
    start: np.ndarray

    def loss(self, weights):
        """Half the mean squared error of weights ``(..., 2)``, the bias being right."""
        return (((weights - self.minimum) @ self.X.T) ** 2).mean(axis=-1) / 2


def make_valley(name, angle):
    rows = np.random.default_rng(0).normal(size=(N_ROWS, 2))
    white = np.sqrt(N_ROWS) * np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[0]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    X = white * np.sqrt([1 / 100, 1]) @ turn.T
    first = clone(MODEL).set_params(learning_rate=lambda _: 0.0).partial_fit(X, X[:, 0])
    start = first.coefs_[0][:, 0]
    minimum = start - turn @ (-1.0, 0.4)
    return Valley(name, X, X @ minimum + first.intercepts_[0], minimum, start)


valleys = [make_valley("upright", 0.0), make_valley("turned", np.pi / 6)]

# %%
# The step sizes, and the paths
# -----------------------------
# A path that swings may just pass by the minimum. So what counts is the highest loss of ten steps
# in a row. All step sizes of all optimizers in both valleys train side by side.

optimizers = {
    "gradient descent": ("#555555", {"solver": "sgd", "momentum": 0.0}),
    "momentum": ("#E69F00", {"solver": "sgd", "nesterovs_momentum": False}),
    "Nesterov": ("#D55E00", {"solver": "sgd"}),
    "RMSprop": ("#009E73", {"solver": "rmsprop", "beta_2": 0.9}),
    "Adam": ("#0072B2", {"solver": "adam", "beta_2": 0.9}),
    "AMSGrad": ("#CC79A7", {"solver": "amsgrad", "beta_2": 0.9}),
}
step_sizes = [0.01, 0.018, 0.032, 0.056, 0.1, 0.18, 0.32, 0.56, 1.0, 1.8]


def late_loss(setting, step_size, valley):
    """The highest of the losses after the last ten of 50 steps."""
    model = clone(MODEL).set_params(**setting, learning_rate_init=step_size)
    model.set_params(max_iter=N_SHOWN + 1).fit(valley.X, valley.y)  # losses are those before steps
    return max(model.loss_curve_[-N_JUDGED:])


def path(setting, step_size, valley):
    """All rows are one batch, so that a call of partial_fit is a step."""
    model = clone(MODEL).set_params(**setting, learning_rate_init=step_size)
    steps = [model.partial_fit(valley.X, valley.y).coefs_[0][:, 0] for _ in range(N_STEPS)]
    return np.array([valley.start, *steps])


with fit_together():
    late_losses = joblib.Parallel()(
        joblib.delayed(late_loss)(setting, step_size, valley)
        for valley in valleys
        for _, setting in optimizers.values()
        for step_size in step_sizes
    )
best = np.reshape(late_losses, (2, len(optimizers), len(step_sizes))).argmin(axis=-1)
runs = {}
for valley, row in zip(valleys, best, strict=True):
    print(
        f"{valley.name + ' valley':20}{'step size':>10}   loss after 10       50        150 steps"
    )
    for (name, (_, setting)), at in zip(optimizers.items(), row, strict=True):
        runs[valley.name, name] = weights = path(setting, step_sizes[at], valley)
        told = "".join(f"{loss:11.1e}" for loss in valley.loss(weights[[10, 50, 150]]))
        print(f"{name:20}{step_sizes[at]:10g}     {told}")

# %%
# The first 50 steps
# ------------------
# Lines are heights of the loss, each a quarter of the next one; the cross is the minimum. Gradient
# descent jumps from wall to wall and creeps along the floor. With momentum it rolls, swinging;
# Nesterov's looks ahead and hardly swings. None of the three knows the axes: in the turned valley
# they take the same steps, turned. The other three divide each weight's gradient by its usual
# size. That undoes different units: in the upright valley RMSprop's loss after 50 steps is the
# lowest by far. In the turned one either weight's gradient is mostly that of the steep direction,
# and momentum does better.

heights = (1, 1.15, 1, 1.15)
figure, axes = plt.subplots(4, 3, figsize=(10, 9), height_ratios=heights, layout="constrained")
for number, (name, (colour, _)) in enumerate(optimizers.items()):
    for part, valley in enumerate(valleys):
        axis = axes[2 * (number // 3) + part, number % 3]
        paths = [run[: N_SHOWN + 1] for (where, _), run in runs.items() if where == valley.name]
        lower, upper = np.min(paths, axis=(0, 1)) - 0.08, np.max(paths, axis=(0, 1)) + 0.08
        grid = np.stack(np.meshgrid(*np.linspace(lower, upper, 200).T), axis=-1)
        levels = valley.loss(valley.start) * 4.0 ** np.arange(-4, 3)
        axis.contour(*np.moveaxis(grid, -1, 0), valley.loss(grid), levels, colors="0.8")
        axis.plot(*paths[number].T, ".-", color=colour, linewidth=1.2, markersize=5)
        axis.plot(*valley.start, "o", color=colour, markersize=8)
        axis.plot(*valley.minimum, "+", color="black", markersize=11, markeredgewidth=2, zorder=4)
        axis.set(xticks=[], yticks=[], aspect="equal")
        axis.spines[:].set_color("0.8")
        axis.set_title("" if part else name, color=colour, fontweight="bold", fontsize=13)
plt.show()

# %%
# And 100 more
# ------------
# RMSprop, the first by far in the upright valley after 50 steps (where the dashed line is), does
# not stay: as the gradients get small, so does what they are divided by. ``beta_2=0.9`` remembers
# the sizes of some twenty gradients. RMSprop is thrown out again, Adam comes to a halt, and
# AMSGrad, which divides by the largest size so far, goes on. None of this tells which optimizer is
# best for a network: there batches are small, gradients noisy, and the loss on other rows counts.

figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True, layout="constrained")
for axis, valley in zip(axes, valleys, strict=True):
    for name, (colour, _) in optimizers.items():
        lately = sliding_window_view(valley.loss(runs[valley.name, name]), N_JUDGED).max(axis=-1)
        axis.plot(range(N_JUDGED - 1, N_STEPS + 1), lately, color=colour, linewidth=2, label=name)
    axis.axvline(N_SHOWN, color="0.6", linestyle="--", linewidth=1)
    axis.set(xlabel="steps", title=f"{valley.name} valley", yscale="log", ylim=(1e-11, 0.3))
axes[0].set_ylabel("loss, highest of ten steps in a row")
axes[1].legend(loc="lower left", fontsize=10)
plt.show()
