"""
Place 4, objective: losses and penalties
========================================

The fourth place is what training minimizes: the loss, which says what a prediction should be, and
penalties on the weights. The first picture has the regressor's losses and the curves that they make
of the same rows, some of them far off; the second what L2 and L1 leave of a network's weights.
:doc:`/guide/place_4_objective` has the formulas.
"""

# %%
# Four losses, four predictions
# -----------------------------
# The squared error predicts means, the absolute error medians; Huber's loss is squared for small
# errors and absolute for large ones. The rows follow a curve with noise that is symmetric but for
# one row in six, which lies far above. A median hardly minds these rows, a mean has to follow.
# The Poisson loss is for counts: its predictions are means above 0, and errors at small means count
# more than at large ones.

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together

rng = np.random.default_rng(0)
x = rng.uniform(-3, 3, 300)
curve = np.sin(1.5 * x)
far = rng.random(300) < 1 / 6
y = curve + 0.15 * rng.normal(size=300) + np.where(far, rng.uniform(2, 4, 300), 0)
counts = rng.poisson(np.exp(1 + curve))
line = np.linspace(-3, 3, 200)[:, None]

network = MLPRegularizedRegressor(
    (50,),
    activation="tanh",
    l2=1e-4,
    solver="lbfgs",
    max_iter=300,
    n_iter_no_change=None,
    random_state=0,
)
looks = {
    "squared_error": ("#D55E00", "--"),
    "huber": ("#E69F00", "-"),
    "absolute_error": ("#0072B2", "-"),
}
with fit_together():
    *models, of_counts = joblib.Parallel()(
        joblib.delayed(clone(network).set_params(loss=loss).fit)(x[:, None], target)
        for loss, target in [*((loss, y) for loss in looks), ("poisson", counts)]
    )

errors = np.linspace(-3, 3, 301)
losses = {
    "squared_error": errors**2 / 2,
    "huber": np.where(np.abs(errors) < 1, errors**2 / 2, np.abs(errors) - 1 / 2),
    "absolute_error": np.abs(errors),
}
figure, (of_errors, fits, poisson) = plt.subplots(
    1, 3, figsize=(10, 3.8), width_ratios=(1, 1.3, 1.3), layout="constrained"
)
fits.plot(x, y, ".", color="0.7", markersize=4)
fits.plot(line, np.sin(1.5 * line), color="black", linewidth=1, linestyle=":")
print(f"{'':16}{'distance from the curve':>24}{'from the mean of all rows':>27}")
mean_of_all = np.sin(1.5 * line[:, 0]) + 3 / 6
for (loss, (colour, style)), model in zip(looks.items(), models, strict=True):
    of_errors.plot(errors, losses[loss], style, color=colour, linewidth=2, label=loss)
    predicted = model.predict(line)
    fits.plot(line, predicted, style, color=colour, linewidth=2)
    from_curve = np.abs(predicted - np.sin(1.5 * line[:, 0])).mean()
    print(f"{loss:16}{from_curve:24.2f}{np.abs(predicted - mean_of_all).mean():27.2f}")
of_errors.set(xlabel="error, in deviations of y", ylim=(0, 4.5), title="the loss of an error")
of_errors.legend(loc="upper center", fontsize=9)
fits.set(xlabel="x", title="what they predict")
poisson.plot(x, counts, ".", color="0.7", markersize=4)
poisson.plot(line, np.exp(1 + np.sin(1.5 * line)), color="black", linewidth=1, linestyle=":")
poisson.plot(line, of_counts.predict(line), color="#009E73", linewidth=2)
poisson.set(xlabel="x", title="counts, loss='poisson'")
plt.show()

# %%
# Dotted is the curve, or the mean of the counts.
#
# Two penalties
# -------------
# :math:`\frac{l_2}{2} \lVert W \rVert_2^2` pulls a weight towards 0 in proportion to its size, and
# :math:`l_1 \lVert W \rVert_1` all weights alike. So L2 leaves many small weights, L1 few that are
# not 0. Digits have pixels that are always or mostly empty. Above, each image has the lengths of
# the 64 pixels' weights; below are the weights themselves, to 30 hidden units, the longest first.
# White is exactly 0: L1 drops pixels, and whole units, as it drops most weights; L2 drops nothing.

X, digits = load_digits(return_X_y=True)
reader = MLPRegularizedClassifier(
    (30,), standardize=False, solver="lbfgs", max_iter=300, n_iter_no_change=None, random_state=0
)
penalties = {
    "no penalty": {},
    "l2=0.001": {"l2": 1e-3},
    "l2=0.01": {"l2": 1e-2},
    "l1=0.0003": {"l1": 3e-4},
    "l1=0.002": {"l1": 2e-3},
}
with fit_together():
    readers = joblib.Parallel()(
        joblib.delayed(clone(reader).set_params(**penalty).fit)(X[:1000] / 16, digits[:1000])
        for penalty in penalties.values()
    )

figure, axes = plt.subplots(2, 5, figsize=(10, 4.6), layout="constrained")
print(f"{'':12}{'length':>8}{'zeros':>8}{'unused: pixels':>16}{'units':>7}{'accuracy, fresh':>17}")
for (above, below), name, model in zip(axes.T, penalties, readers, strict=True):
    weights = model.coefs_[0]
    pixels = np.linalg.norm(weights, axis=1)
    above.imshow(np.ma.masked_equal(pixels.reshape(8, 8), 0), cmap="viridis", vmin=0)
    above.set_title(name, fontsize=12)
    limit = np.abs(weights).max()
    units = weights.T[np.argsort(-np.linalg.norm(weights, axis=0))]
    below.imshow(
        np.ma.masked_equal(units, 0), cmap="PuOr", vmin=-limit, vmax=limit,
        aspect="auto", interpolation="none",
    )  # fmt: skip
    for axis in (above, below):
        axis.set(xticks=[], yticks=[])
    score = model.score(X[1000:] / 16, digits[1000:])
    print(
        f"{name:12}{np.linalg.norm(weights):8.1f}{(weights == 0).mean():8.0%}"
        f"{(pixels == 0).sum():16}{(weights == 0).all(axis=0).sum():7}{score:17.1%}"
    )
axes[0, 0].set_ylabel("the pixels", fontsize=11)
axes[1, 0].set_ylabel("30 units", fontsize=11)
for axis in axes[1]:
    axis.set_xlabel("64 pixels")
plt.show()
