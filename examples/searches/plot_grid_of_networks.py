"""
A grid of 500 networks: dropout against L2
==========================================

Dropout and the L2 penalty both limit what a network can learn by heart. Is one of them enough, do
they add up, and how exactly must their strengths be chosen? A grid of 10 by 10 settings in 5 folds
is 500 networks. Inside :func:`~sknnreg.fit_together`, scikit-learn's
:class:`~sklearn.model_selection.GridSearchCV` trains them side by side: dropout and L2 are numbers,
and networks that differ in nothing but numbers share a stack.

The data are made for the purpose: 300 rows, 20 inputs of which 6 matter, and one label in five
drawn by chance, so that about one in ten is wrong. A network of 50 units can learn that by heart.
Since the data are made, there can be as many fresh rows as one likes, and 20,000 of them tell how
good some of the settings really are.
"""

import time

import joblib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from sknnreg import MLPRegularizedClassifier, fit_together

# %%
# The search
# ----------

DROPOUT = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
L2 = [0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
N_ROWS, N_FOLDS, SEED = 300, 5, 1
network = MLPRegularizedClassifier(
    (50,),
    batch_size=32,
    learning_rate_init=0.005,
    max_iter=60,
    n_iter_no_change=None,
    random_state=SEED,
)
X, y = make_classification(
    N_ROWS + 20_000,
    n_features=20,
    n_informative=6,
    n_redundant=0,
    n_clusters_per_class=4,
    class_sep=1.5,
    flip_y=0.2,
    random_state=SEED,
)
X, X_fresh, y, y_fresh = X[:N_ROWS], X[N_ROWS:], y[:N_ROWS], y[N_ROWS:]
search = GridSearchCV(
    network,
    {"dropout": DROPOUT, "l2": L2},
    scoring="neg_log_loss",
    cv=StratifiedKFold(N_FOLDS, shuffle=True, random_state=SEED),
    return_train_score=True,
    refit=False,
)
begin = time.perf_counter()
with fit_together():
    search.fit(X, y)
n_networks = len(search.cv_results_["params"]) * search.n_splits_
seconds = time.perf_counter() - begin
print(f"{n_networks} networks trained and scored in {seconds:.1f} s on {joblib.cpu_count()} cores")

# %%
# As tables, L2 by dropout. GridSearchCV takes the parameters in alphabetical order, the last one
# fastest. Cells within one standard error of the best are what these rows do not tell apart from
# it; the folds share training rows, so that the standard error is a rough one.


def table(name):
    return search.cv_results_[name].reshape(len(DROPOUT), len(L2)).T


validation, training = -table("mean_test_score"), -table("mean_train_score")
standard_error = table("std_test_score") / np.sqrt(N_FOLDS)
best = np.unravel_index(validation.argmin(), validation.shape)
as_good = validation <= validation[best] + standard_error[best]

# %%
# Some settings on fresh rows
# ---------------------------
# Refitted to all 300 rows and tested on 20,000 others. Without either regularizer the loss is above
# a coin's, log(2) = 0.69: the network is wrong at times and sure of it. Much dropout alone, or the
# right L2 alone, repairs that, and both together hardly do better. The fresh rows agree that
# regularization helps, but need not agree with the order of the good settings; and the validation
# losses may all be too low or too high at once: 300 rows are a sample, too.

chosen = {
    "neither": (0, 0),
    "dropout alone": (0, validation[0].argmin()),
    "L2 alone": (validation[:, 0].argmin(), 0),
    "best of all": best,
}
print(f"{'':16}{'dropout':>8}{'l2':>7}{'validation loss':>20}{'fresh rows':>13}{'accuracy':>11}")
for name, (row, column) in chosen.items():
    model = clone(network).set_params(dropout=DROPOUT[column], l2=L2[row]).fit(X, y)
    p = model.predict_proba(X_fresh)
    accuracy = accuracy_score(y_fresh, model.classes_[p.argmax(axis=1)])
    loss = f"{validation[row, column]:.3f} ± {standard_error[row, column]:.3f}"
    print(
        f"{name:16}{DROPOUT[column]:8g}{L2[row]:7g}{loss:>20}"
        f"{log_loss(y_fresh, p):13.3f}{accuracy:11.1%}"
    )

# %%
# The map
# -------
# The mean validation log loss of each setting. The star is the best cell; the line encloses the
# cells within one standard error of it. Many combinations are as good, along a bend from much
# dropout to much L2: the two do the same work, and their exact strengths matter little.


def draw(values, colours, label):
    """A heat map; a white line sets the row without L2 apart from the logarithmic ones."""
    figure, axes = plt.subplots(figsize=(7.5, 6), layout="constrained")
    image = axes.imshow(values, origin="lower", cmap=colours, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        dark = np.dot(image.to_rgba(value)[:3], (0.299, 0.587, 0.114)) < 0.5
        style = {"ha": "center", "va": "center", "fontsize": 9}
        axes.text(column, row, f"{value:.2f}", color="white" if dark else "black", **style)
    figure.colorbar(image, label=label, pad=0.02).outline.set_visible(False)
    axes.axhline(0.5, color="white", linewidth=3)
    axes.set_xticks(range(len(DROPOUT)), [f"{value:g}" for value in DROPOUT])
    axes.set_yticks(range(len(L2)), [f"{value:g}" for value in L2])
    axes.set_xlabel("dropout (probability of leaving a hidden unit out)")
    axes.set_ylabel("l2 (strength of the penalty)")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    mark(axes)


def mark(axes):
    """A star in the best cell, and a line around all that are as good."""
    row, column = best
    star = {"marker": "*", "s": 100, "color": "white", "edgecolor": "black", "zorder": 4}
    axes.scatter(column + 0.33, row + 0.3, **star)
    inside = np.pad(as_good, 1)
    style = {"color": "black", "linewidth": 2, "solid_capstyle": "projecting", "clip_on": False}
    for above, right in zip(*np.nonzero(inside[:-1] != inside[1:]), strict=True):
        axes.plot([right - 1.5, right - 0.5], [above - 0.5, above - 0.5], **style)
    for above, right in zip(*np.nonzero(inside[:, :-1] != inside[:, 1:]), strict=True):
        axes.plot([right - 0.5, right - 0.5], [above - 1.5, above - 0.5], **style)
    star = Line2D([], [], marker="*", markersize=13, linestyle="", color="white", mec="black")
    line = Line2D([], [], color="black", linewidth=2)
    names = ["least validation loss", "within one standard error of it"]
    axes.figure.legend([star, line], names, loc="outside lower center", ncols=2, frameon=False)


draw(validation, "viridis_r", "mean validation log loss")
print(f"{as_good.sum()} of {as_good.size} settings are within one standard error of the best")

# %%
# What was learned by heart
# -------------------------
# By how much the loss is higher on rows that a network has not seen than on those it has learned
# from. A small gap alone is no merit: at the top the networks have learned next to nothing about
# either.

gap = validation - training
draw(gap, "magma_r", "validation minus training log loss")
print(f"gap {gap[0, 0]:.2f} with neither, {gap[best]:.2f} at the best setting")
