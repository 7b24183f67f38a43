"""
Place 2, signal: dropout and normalization
==========================================

The second place acts on the activations between the layers. Dropout switches units off at random,
or multiplies them by noise; normalization brings them to a common scale. The first picture has the
networks that dropout trains, on a curve in one dimension; the second what reaches each layer of a
deep network, with and without normalization. :doc:`/guide/place_2_signal` has the formulas.
"""

# %%
# Dropout: one network is many
# ----------------------------
# Each row of each batch trains another network, of the units that are left. Prediction switches
# nothing off. :meth:`~sknnreg.MLPRegularizedRegressor.sample_predictions` draws single networks
# again: each thin line is one. The kinds differ in what happens to a unit: Bernoulli noise takes it
# away, Gaussian noise multiplies it, alpha dropout sets it to where SELU ends on the left, and the
# variational kind learns a rate for each unit.

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.inspection import ActivationRecorder

rng = np.random.default_rng(0)
x = rng.uniform(-3, 3, 120)
y = np.sin(2 * x) + 0.3 * x + rng.normal(scale=0.2, size=len(x))
line = np.linspace(-3.8, 3.8, 300)[:, None]

curve = MLPRegularizedRegressor(
    (200, 200),
    learning_rate_init=0.003,
    learning_rate="cosine",
    batch_size=16,
    max_iter=300,
    n_iter_no_change=None,
    random_state=0,
)
kinds = {
    "bernoulli, 0.1": {"dropout": 0.1},
    "gaussian, 0.1": {"dropout": 0.1, "dropout_kind": "gaussian"},
    "alpha, 0.05 (selu)": {"dropout": 0.05, "dropout_kind": "alpha", "activation": "selu"},
    "variational, from 0.1": {"dropout": 0.1, "dropout_kind": "variational"},
}
with fit_together():
    models = joblib.Parallel()(
        joblib.delayed(clone(curve).set_params(**kind).fit)(x[:, None], y)
        for kind in kinds.values()
    )

figure, axes = plt.subplots(1, 4, figsize=(10, 3), sharey=True, layout="constrained")
print(f"{'':24}{'spread among the rows':>24}{'beyond them':>14}")
beyond = np.abs(line[:, 0]) > 3
for axis, name, model in zip(axes, kinds, models, strict=True):
    draws = model.sample_predictions(line, n_samples=60, random_state=0)
    axis.plot(line, draws.T, color="#0072B2", linewidth=0.5, alpha=0.25)
    axis.plot(line, model.predict(line), color="#D55E00", linewidth=2)
    axis.plot(x, y, "o", color="black", markersize=3)
    axis.set_title(name, fontsize=12)
    axis.set(xlabel="x", xlim=(-3.8, 3.8), ylim=(-3, 3))
    spread = draws.std(axis=0)
    print(f"{name:24}{spread[~beyond].mean():24.2f}{spread[beyond].mean():14.2f}")
axes[0].set_ylabel("y")
plt.show()

# %%
# The thick line, the prediction, goes through the middle of the thin ones.
#
# Normalization: what arrives at each layer
# -----------------------------------------
# Six layers of 50 units learn the digits. An :class:`~sknnreg.inspection.ActivationRecorder` notes
# what a layer gives to its activations, by unit; the distance of its quartiles over the rows, in
# the mean over the units, tells how much of the rows' differences arrives there. It is noted of
# networks that take one epoch of steps of size 0, and so stay as they start.

X, digits = load_digits(return_X_y=True)
N_LAYERS = 6
deep = MLPRegularizedClassifier(
    (50,) * N_LAYERS,
    learning_rate_init=0.003,
    batch_size=50,
    max_iter=15,
    n_iter_no_change=None,
    random_state=0,
)
logistic = {"activation": "logistic"}
settings = {
    "logistic": logistic,
    "logistic, layer norm": {**logistic, "normalization": "layer"},
    "logistic, batch norm": {**logistic, "normalization": "batch"},
    "relu": {"activation": "relu"},
    "selu": {"activation": "selu"},
}


def spreads_at_start(setting):
    """Of the inputs of each layer's units over the rows."""
    recorders = [ActivationRecorder(layer, percentiles=(25, 75)) for layer in range(N_LAYERS)]
    model = clone(deep).set_params(**setting, learning_rate=lambda update: 0.0, max_iter=1)
    model.set_callbacks(*recorders).fit(X, digits)
    quartiles = [each.runs_[0]["units"][-1] for each in recorders]
    return [(high - low).mean() for low, high in quartiles]


with fit_together():
    spreads = joblib.Parallel()(
        joblib.delayed(spreads_at_start)(setting) for setting in settings.values()
    )
    trained = joblib.Parallel()(
        joblib.delayed(clone(deep).set_params(**setting).fit)(X, digits)
        for setting in settings.values()
    )

print(f"{'':22}{'spread at layer 1':>18}{'layer 6':>10}{'loss after 5':>14}{'15 epochs':>11}")
for name, spread, model in zip(settings, spreads, trained, strict=True):
    loss = model.loss_curve_
    print(f"{name:22}{spread[0]:18.3f}{spread[-1]:10.5f}{loss[4]:14.3f}{loss[-1]:11.3f}")

# %%
# Of the rows' differences hardly anything arrives at the sixth logistic layer, and after five
# epochs this network's loss is by far the highest. Batch normalization keeps the spread at every
# layer. Layer normalization works within rows and does not look at how they differ, but more is
# left. SELU with its starting weights keeps the spread without any normalization, as relu does in
# part.

looks = [("#D55E00", "o"), ("#CC79A7", "s"), ("#0072B2", "D"), ("#E69F00", "v"), ("#009E73", "^")]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.9), layout="constrained")
for name, (colour, marker), spread, model in zip(settings, looks, spreads, trained, strict=True):
    left.plot(range(1, N_LAYERS + 1), spread, marker=marker, color=colour)
    epochs = range(1, len(model.loss_curve_) + 1)
    right.plot(epochs, model.loss_curve_, marker=marker, color=colour, label=name)
left.set(xlabel="hidden layer", yscale="log", title="what arrives, before training")
left.set_ylabel("spread of a unit's input over the rows")
right.set(xlabel="epoch", ylabel="training loss", yscale="log", title="and how training begins")
right.legend(fontsize=10)
plt.show()
