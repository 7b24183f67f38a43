"""
Place 7, time: how long, and which epoch
========================================

The seventh place acts on the sequence of epochs. A network that trains on learns first the curve
and then the noise around it; early stopping keeps the epoch at which held-out rows were predicted
best. Averages and snapshots keep more than one epoch. :doc:`/guide/place_7_time` has the details.
"""

# %%
# One network at four times
# -------------------------
# Three hidden layers learn 60 rows of a curve with noise, and 2000 other rows are only looked at.
# ``max_iter`` ends training where it is, so that the network with ``max_iter=5`` is the one with
# 600 after its fifth epoch.

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone

from sknnreg import MLPRegularizedRegressor, fit_together


def draw_rows(n_rows, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, n_rows)
    return x[:, None], np.sin(2 * x) + 0.3 * x + rng.normal(scale=0.5, size=n_rows)


X, y = draw_rows(60, seed=3)
X_val, y_val = draw_rows(2000, seed=1)
line = np.linspace(-3, 3, 300)[:, None]
network = MLPRegularizedRegressor(
    (100, 100, 100),
    learning_rate_init=0.003,
    batch_size=20,
    max_iter=600,
    n_iter_no_change=None,
    random_state=0,
)
last = clone(network).fit(X, y, X_val=X_val, y_val=y_val)
best = int(np.argmin(last.validation_loss_curve_)) + 1
epochs = {"too early": 5, "the best": best, "late": 200, "too late": 600}
with fit_together():
    models = joblib.Parallel()(
        joblib.delayed(clone(network).set_params(max_iter=epoch).fit)(X, y)
        for epoch in epochs.values()
    )

figure, axes = plt.subplot_mosaic(
    [[*epochs], ["losses"] * 4], figsize=(10, 5.6), height_ratios=(1, 0.9), layout="constrained"
)
print(f"{'epoch':>16}{'training loss':>15}{'validation loss':>17}")
for (name, epoch), model in zip(epochs.items(), models, strict=True):
    axes[name].plot(X, y, "o", color="0.6", markersize=3.5)
    axes[name].plot(line, np.sin(2 * line) + 0.3 * line, ":", color="black", linewidth=1.5)
    axes[name].plot(line, model.predict(line), color="#009E73", linewidth=2)
    axes[name].set(title=f"{name}: epoch {epoch}", xticks=[], yticks=[])
    losses = last.loss_curve_[epoch - 1], last.validation_loss_curve_[epoch - 1]
    axes["losses"].plot(epoch, losses[1], "o", color="#D55E00", markersize=9)
    print(f"{name:10}{epoch:6}{losses[0]:15.3f}{losses[1]:17.3f}")
for name, curve, colour in (
    ("training", last.loss_curve_, "#0072B2"),
    ("validation", last.validation_loss_curve_, "#D55E00"),
):
    axes["losses"].plot(range(1, 601), curve, color=colour, label=name)
axes["losses"].set(xscale="log", xlabel="epoch", ylabel="loss")
axes["losses"].set_xticks([1, 10, 100, 600], ["1", "10", "100", "600"])
axes["losses"].legend()
plt.show()

# %%
# The dotted line is the curve without noise. While the training loss goes on falling, the curve
# that is learned bends towards single rows.
#
# More than one epoch
# -------------------
# With 300 rows, small batches and a step size that stays large, the weights move about a better
# point than any they stand on. An average of the weights is judged in their place: ``"ema"``, an
# exponential average over the latest epochs, or ``"swa"``, the mean of the weights after each epoch
# from some time on. Snapshots are networks at the ends of cycles of the step size; their
# predictions are averaged.

restless = clone(network).set_params(
    hidden_layer_sizes=(50, 50), learning_rate_init=0.02, batch_size=10, max_iter=90
)
members = {
    "last weights": {},
    "ema": {"weight_averaging": "ema", "averaging_decay": 0.99},
    "swa": {"weight_averaging": "swa", "averaging_start": 0.5},
    "snapshots": {
        "learning_rate": "cosine_restarts", "learning_rate_period": 30, "n_snapshots": 3,
    },
}  # fmt: skip
N_SEEDS = 8
with fit_together():
    results = joblib.Parallel()(
        joblib.delayed(clone(restless).set_params(**member, random_state=seed).fit)(
            *draw_rows(300, seed=10 + seed), X_val=X_val, y_val=y_val
        )
        for member in members.values()
        for seed in range(N_SEEDS)
    )
errors = np.reshape([np.mean((model.predict(X_val) - y_val) ** 2) for model in results], (4, -1))
runs = [results[i].validation_loss_curve_ for i in range(0, len(results), N_SEEDS)]

figure, axes = plt.subplots(1, 3, figsize=(10, 3.3), sharey=True, layout="constrained")
for axis, name, curve, colour in zip(
    axes, list(members)[1:], runs[1:], ("#0072B2", "#009E73", "#CC79A7"), strict=True
):
    axis.plot(range(1, 91), runs[0], color="0.75", linewidth=1.2)
    axis.plot(range(1, 91), curve, color=colour, linewidth=2)
    axis.set(title=name, xlabel="epoch", ylim=(0.9 * min(map(min, runs)), 2 * min(map(min, runs))))
axes[0].set_ylabel("validation loss")
plt.show()

# %%
# One of eight starts; in grey is the plain network. ``"swa"`` is the plain network until half of
# the epochs are over. With snapshots the curve is that of the network under way, which comes to
# rest at epochs 30, 60 and 90; the mean of the three is in the table.

print(f"{'mean squared error':20}{'mean of 8':>10}{'minus last weights':>20}{'(s.e.)':>10}")
for name, error in zip(members, errors, strict=True):
    gains = error - errors[0]
    spread = gains.std(ddof=1) / np.sqrt(N_SEEDS)
    told = f"{gains.mean():20.4f}{f'({spread:.4f})':>10}" if gains.any() else ""
    print(f"{name:20}{error.mean():10.4f}{told}")
