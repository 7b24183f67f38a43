"""
What several networks gain over one
===================================

Each network errs in its own way, and in the mean of several part of it cancels. With early stopping
there is a second gain: a single network gives up a tenth of its rows to find out when to stop, and
in a :class:`~sknnreg.ensemble.CrossFittedClassifier` every member holds out another part, so that
all rows are learned from and all are validated on.

Compared on two of scikit-learn's tables, breast cancer (classes) and diabetes (numbers), over six
random splits: a single network, eight such networks, and the presets of
:func:`~sknnreg.tabular.tabular_classifier` and :func:`~sknnreg.tabular.tabular_regressor`, which
are ensembles of four larger networks (``"default"``) or of eight (``"best"``) behind an encoding of
each number in pieces. A linear model stands beside them, as it always should. See
:doc:`/guide/ensembles`.
"""

import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor
from sknnreg.tabular import tabular_classifier, tabular_regressor

# %%
# The models
# ----------
# The single network and the members of the ensemble have the same settings.

settings = {"early_stopping": True, "dropout": 0.2, "max_iter": 300}
network = MLPRegularizedClassifier((50,), **settings)
regressor = MLPRegularizedRegressor((50,), **settings)
EFFORTS = ("default", "best")
MODELS = {
    "breast cancer": {
        "linear": make_pipeline(StandardScaler(), LogisticRegression()),
        "one network": network,
        "8 networks": CrossFittedClassifier(network, n_members=8),
        **{f"tabular, {each}": tabular_classifier(each) for each in EFFORTS},
    },
    "diabetes": {
        "linear": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 3, 9))),
        "one network": regressor,
        "8 networks": CrossFittedRegressor(regressor, n_members=8),
        **{f"tabular, {each}": tabular_regressor(each) for each in EFFORTS},
    },
}
DATA = {
    "breast cancer": load_breast_cancer(return_X_y=True),
    "diabetes": load_diabetes(return_X_y=True),
}
MEASURES = {"breast cancer": "log loss", "diabetes": "root mean squared error"}

# %%
# All splits of all models in one pass
# ------------------------------------
# Half of the rows to learn from, the other half to test on.

SPLITS = range(6)


def halves(table, seed):
    X, y = DATA[table]
    stratify = y if table == "breast cancer" else None
    return train_test_split(X, y, test_size=0.5, stratify=stratify, random_state=seed)


def error(table, model, X, y):
    if table == "breast cancer":
        return log_loss(y, model.predict_proba(X))
    return root_mean_squared_error(y, model.predict(X))


def fitted(table, name, seed):
    X, _, y, _ = halves(table, seed)
    model = clone(MODELS[table][name])
    last = {"random_state": seed} if hasattr(model, "random_state") else {}
    last |= {key: seed for key in ("model__random_state",) if key in model.get_params()}
    return model.set_params(**last).fit(X, y)


asked = [(table, name, seed) for table in DATA for name in MODELS[table] for seed in SPLITS]
with fit_together():
    models = dict(zip(asked, Parallel()(delayed(fitted)(*each) for each in asked), strict=True))

# %%
# Errors
# ------
# The mean over the splits; its difference from the single network's, split by split, with the
# standard error of that; and in how many splits the model was ahead of the single network.
#
# TEXT

errors = {}
for table in DATA:
    print(f"{table}: {MEASURES[table]}")
    for name in MODELS[table]:
        found = []
        for seed in SPLITS:
            _, X, _, y = halves(table, seed)
            found.append(error(table, models[table, name, seed], X, y))
        errors[table, name] = np.array(found)
    single = errors[table, "one network"]
    for name in MODELS[table]:
        each = errors[table, name]
        difference = each - single
        spread = difference.std(ddof=1) / np.sqrt(len(SPLITS))
        print(
            f"  {name:18}{each.mean():9.4g}   difference {difference.mean():+8.3g} ± "
            f"{spread:7.2g}   ahead in {np.sum(difference < 0):2}"
        )

# %%
figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharey=True)
for ax, table in zip(axes, DATA, strict=True):
    single = errors[table, "one network"]
    for row, name in enumerate(MODELS[table]):
        each = errors[table, name]
        colour = {"linear": "#777777", "one network": "#E69F00", "8 networks": "#D55E00"}.get(
            name, "#0072B2"
        )
        ax.plot(each, np.full(len(each), row + 0.18), "o", color=colour, ms=4, alpha=0.5, mew=0)
        ax.plot(each.mean(), row - 0.1, "D", color=colour, ms=9, mec="white")
    ax.axvline(single.mean(), color="0.6", lw=1, ls=":")
    ax.set_title(table, fontsize=11)
    ax.set_xlabel(MEASURES[table])
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_yticks(range(len(MODELS["diabetes"])), MODELS["diabetes"])
axes[0].invert_yaxis()

# %%
# One more member, and one more
# -----------------------------
# The same eight networks, of which the first one, two, ... are averaged. Most of what there is to
# gain is there with four.


def averaged(table, members, X, y):
    """The error of the mean of these members' predictions."""
    if table == "breast cancer":
        return log_loss(y, np.mean([member.predict_proba(X) for member in members], axis=0))
    return root_mean_squared_error(y, np.mean([member.predict(X) for member in members], axis=0))


figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for ax, table in zip(axes, DATA, strict=True):
    curves = []
    for seed in SPLITS:
        _, X, _, y = halves(table, seed)
        members = models[table, "8 networks", seed].members_
        curves.append([averaged(table, members[:k], X, y) for k in range(1, 9)])
    curves = np.array(curves)
    mean, spread = curves.mean(axis=0), curves.std(axis=0, ddof=1) / np.sqrt(len(SPLITS))
    ax.plot(range(1, 9), curves.T, color="#999999", lw=0.8)
    ax.plot(range(1, 9), mean, "o-", color="#D55E00", lw=2.5)
    ax.axhline(errors[table, "one network"].mean(), color="#E69F00", lw=1.5, ls="--")
    ax.set(xlabel="members", ylabel=MEASURES[table], title=table)
    ax.spines[["top", "right"]].set_visible(False)
    print(f"{table:14}", *(f"{value:.4g}" for value in mean))
