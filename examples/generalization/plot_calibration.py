r"""
Is a network as sure as it may be?
==================================

A classifier is calibrated if of all rows of which it says "70 %", 70 % are so; a regressor's
intervals for 90 % of the targets should hold 90 %. Two made tables: two classes of which three
labels in twenty are wrong, with a network large enough to learn some of the rows by heart; and a
curve whose noise grows with x.

:doc:`/guide/uncertainty` has the methods.
"""

from importlib.util import find_spec

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

# %%
# A temperature for a network that is too sure
# --------------------------------------------
# With ``temperature="validation"`` the raw outputs are divided by the one number that suits the
# validation rows best (Guo and others, 2017):
#
# .. math:: p = \operatorname{softmax}(z / T).
#
# Accuracy is the same to the last digit, since the temperature leaves the most probable class as it
# is. The log loss falls, and the curve comes nearer to the diagonal; its bends no single number can
# straighten.

X, y = make_classification(4_000, 20, n_informative=6, flip_y=0.3, random_state=0)
X, X_test, y, y_test = train_test_split(X, y, test_size=2_000, random_state=0)
X, X_val, y, y_val = train_test_split(X, y, test_size=400, random_state=0)

figure, axes = plt.subplots(figsize=(6, 5.2), layout="constrained")
print(f"{'temperature':>12} {'found':>6} {'accuracy':>9} {'log loss':>9}")
for temperature, colour in ((None, "#D55E00"), ("validation", "#0072B2")):
    model = MLPRegularizedClassifier(
        (100,),
        learning_rate_init=0.01,
        max_iter=25,
        n_iter_no_change=None,
        temperature=temperature,
        random_state=0,
    )
    # Not for early stopping: the temperature alone is found by these rows.
    p = model.fit(X, y, X_val=X_val, y_val=y_val).predict_proba(X_test)
    loss, accuracy = log_loss(y_test, p), accuracy_score(y_test, model.predict(X_test))
    found = "" if model.temperature_ is None else f"{model.temperature_:.2f}"
    print(f"{temperature!s:>12} {found:>6} {accuracy:9.2%} {loss:9.3f}")
    CalibrationDisplay.from_predictions(
        y_test,
        p[:, 1],
        n_bins=10,
        strategy="quantile",
        ax=axes,
        color=colour,
        name=f"temperature={temperature}, loss {loss:.2f}",
    )
axes.set(xlabel="probability that the network gives", ylabel="share of rows of which it is true")
axes.legend(loc="upper left", frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %%
# Intervals where the noise is not the same everywhere
# ----------------------------------------------------
# ``predict_interval`` takes the noise to be as large everywhere, and finds its size on rows that
# were not learned from. So its share of targets is about right overall, too large on the left,
# where the targets scatter little, and too small on the right.
#
# Where coverage has to be guaranteed, a network can be put into conformal prediction, for instance
# MAPIE's (https://mapie.readthedocs.io), which takes it like any other estimator. If that package
# is installed, this page draws two of its intervals too: by absolute residuals, again of one width
# everywhere, and by residuals in units of the prediction's size (``"gamma"``), which suit noise
# that grows with what is predicted, as it does here.

COVERAGE = 0.9


def noisy(n, seed):
    """Noise that grows from left to right, around means above 0."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 4, n)
    return x[:, None], (1 + x + np.sin(2 * x)) * (1 + 0.15 * rng.normal(size=n))


(X, y), (X_val, y_val), (X_test, y_test) = (noisy(n, n) for n in (800, 400, 5_000))
model = MLPRegularizedRegressor(
    (50,), early_stopping=True, max_iter=300, dropout=0.02, random_state=0
).fit(X, y, X_val=X_val, y_val=y_val)
methods = {"predict_interval": lambda rows: model.predict_interval(rows, COVERAGE)}


def conformal(score):
    """MAPIE's intervals around the same network, by 600 further rows."""
    from mapie.regression import SplitConformalRegressor

    around = SplitConformalRegressor(
        model, confidence_level=COVERAGE, conformity_score=score, prefit=True
    ).conformalize(*noisy(600, 7))
    return lambda rows: tuple(around.predict_interval(rows)[1][..., 0].T)


if find_spec("mapie"):
    methods |= {f"MAPIE, {score} residuals": conformal(score) for score in ("absolute", "gamma")}
else:
    print("MAPIE is not installed: no conformal intervals here (pip install mapie).\n")

# %%
print(f"{'share of targets in 90 %':28} {'all':>7}", *(f"{f'x {k}-{k + 1}':>7}" for k in range(4)))
for name, bounds in methods.items():
    lower, upper = bounds(X_test)
    inside = (lower < y_test) & (y_test < upper)
    parts = [inside[np.floor(X_test[:, 0]) == k].mean() for k in range(4)]
    print(f"{name:28} {inside.mean():7.1%}", *(f"{part:7.0%}" for part in parts))

grid = np.linspace(0, 4, 300)[:, None]
figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
axes.plot(X_test[:1_000, 0], y_test[:1_000], ".", color="#999999", ms=3, label="new targets")
axes.plot(grid[:, 0], model.predict(grid), color="#333333", lw=1, label="predict")
for (name, bounds), colour, style in zip(
    methods.items(), ("#0072B2", "#E69F00", "#D55E00"), ("-", "--", "-"), strict=False
):
    lower, upper = bounds(grid)
    axes.plot(grid[:, 0], lower, style, color=colour, lw=1.8, label=name)
    axes.plot(grid[:, 0], upper, style, color=colour, lw=1.8)
axes.set(title=f"Intervals for {COVERAGE:.0%} of targets", xlabel="x", ylabel="y")
axes.legend(loc="upper left", frameon=False)
axes.spines[["top", "right"]].set_visible(False)
