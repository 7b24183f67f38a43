"""
A search, a tournament and leave-one-out in one pass
====================================================

:func:`~sknnreg.fit_together` has no searches of its own: scikit-learn's code runs as it is, and
what it fits is collected and trained side by side. Three procedures are run here on the wines (178
rows, 13 inputs, 3 classes), once as usual and once inside of the block:

- :class:`~sklearn.model_selection.GridSearchCV`, all settings in all folds;
- :class:`~sklearn.model_selection.HalvingGridSearchCV`, a tournament: many settings are given a few
  epochs, the better third three times as many, and so on;
- leave-one-out, a network for each row.

What is counted is the networks that were trained; what is asserted is that all results are the
same, to the last bit.
"""

import time
from contextlib import nullcontext

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    LeaveOneOut,
    StratifiedKFold,
    cross_val_predict,
)

from sknnreg import MLPRegularizedClassifier, fit_together

# %%
# Networks that are counted
# -------------------------
# Tasks take turns in this process, so that a counter in Python sees every ``fit``, inside of the
# block too.


class Counted(MLPRegularizedClassifier):
    """A network that says when it is fitted."""

    n_fits = 0

    def fit(self, X, y):
        Counted.n_fits += 1
        return super().fit(X, y)


X, y = load_wine(return_X_y=True)
network = Counted((20,), max_iter=27, n_iter_no_change=None, random_state=0)

# %%
# Three procedures
# ----------------
# Of the tournament the *resource* is the number of epochs, ``max_iter``: all 24 settings are given
# 3 epochs, the best 8 of them 9, and the best 3 of these 27. Each round has to wait for the one
# before, so that it is three passes, and a fourth for the network that is refitted at the end.

GRID = {
    "dropout": [0.0, 0.25, 0.5],
    "l2": [0.0, 0.01, 0.03, 0.1],
    "learning_rate_init": [0.003, 0.03],
}
choosing = {"scoring": "neg_log_loss", "cv": StratifiedKFold(4, shuffle=True, random_state=0)}
rounds = {"resource": "max_iter", "min_resources": 3, "max_resources": 27, "factor": 3}


def grid_search():
    return GridSearchCV(network, GRID, **choosing).fit(X, y)


def tournament():
    return HalvingGridSearchCV(network, GRID, **rounds, **choosing, random_state=0).fit(X, y)


def leave_one_out():
    return cross_val_predict(network, X, y, cv=LeaveOneOut(), method="predict_proba")


# %%
# Outside and inside
# ------------------
# Times are those of the machine that built this page, which had other things to do as well; how
# much is gained depends on the networks and on how many there are (:doc:`/guide/searches`).


def run(procedure, block):
    """What it found, the networks it trained, and the seconds that took."""
    Counted.n_fits = 0
    begin = time.perf_counter()
    with block:
        found = procedure()
    return found, Counted.n_fits, time.perf_counter() - begin


def numbers(found):
    """Scores of all candidates in all folds, and predictions: all that can be compared."""
    if isinstance(found, np.ndarray):
        return found
    splits = [found.cv_results_[f"split{k}_test_score"] for k in range(4)]
    return np.concatenate([np.ravel(splits), np.ravel(found.predict_proba(X))])


print(f"{'':16}{'networks':>9}{'outside (s)':>13}{'inside (s)':>12}  same results")
found = {}
for procedure in (grid_search, tournament, leave_one_out):
    outside, n_outside, seconds = run(procedure, nullcontext())
    inside, n_inside, seconds_inside = run(procedure, fit_together())
    same = np.array_equal(numbers(outside), numbers(inside))
    name = procedure.__name__
    print(f"{name:16}{n_inside:9}{seconds:13.2f}{seconds_inside:12.2f}  {same}")
    assert same, f"{name} is not the same inside of fit_together()"
    assert n_outside == n_inside
    found[name] = inside

# %%
# What the tournament saved
# -------------------------
# It trains more networks, and most of them for a few epochs only: about a third of the grid's
# epochs in all, and here they end with the same setting. That need not be so. What starts slowly is
# thrown out before it can show what it is worth: of the two step sizes, only the longer one is left
# after 3 epochs.

search, halving = found["grid_search"], found["tournament"]
folds = search.n_splits_
epochs = {
    "grid search": (len(search.cv_results_["params"]) * folds + 1) * network.max_iter,
    "tournament": int(halving.cv_results_["n_resources"].sum()) * folds + network.max_iter,
}
for name, each in (("grid search", search), ("tournament", halving)):
    settings = ", ".join(f"{key}={each.best_params_[key]}" for key in GRID)
    print(f"{name:12}{epochs[name]:5} epochs, log loss {-each.best_score_:.4f}: {settings}")
second = halving.cv_results_["iter"] == 1
left_over = {each["learning_rate_init"] for each in np.array(halving.cv_results_["params"])[second]}
print(f"step sizes in the second round: {left_over}")

# %%
# On the left, the candidates of the tournament by the epochs that they were given; bold are those
# that came to the end, and the diamond is the best of the grid search. On the right, the
# probability that leave-one-out gives to the cultivar that the wine is of, by the network that has
# not seen this wine: below one half it mostly means an error.

results = halving.cv_results_
lines = {}
for params, epochs, score in zip(
    results["params"], results["n_resources"], -results["mean_test_score"], strict=True
):
    settings = tuple(value for name, value in sorted(params.items()) if name != "max_iter")
    lines.setdefault(settings, []).append((epochs, score))
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for line in lines.values():
    last = len(line) == max(map(len, lines.values()))
    left.plot(*zip(*line, strict=True), "o-", color="#0072B2" if last else "#999999",
              lw=2.5 if last else 1, ms=6 if last else 4, zorder=2 + last)  # fmt: skip
left.plot(27, -search.best_score_, "D", color="#D55E00", ms=9, zorder=5, label="best of the grid")
left.set(xscale="log", yscale="log", xlabel="epochs", ylabel="mean validation log loss")
left.set_xticks([3, 9, 27], ["3", "9", "27"])
left.set_yticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"])
left.minorticks_off()
left.set_title("tournament of 24 settings", fontsize=11)
left.legend(frameon=False)

p = found["leave_one_out"][np.arange(len(y)), y]
for label, colour, marker in zip(range(3), ("#0072B2", "#E69F00", "#009E73"), "osD", strict=True):
    rows = np.flatnonzero(y == label)
    name = f"cultivar {label}"
    right.plot(rows, p[rows], marker, color=colour, ms=4, alpha=0.8, label=name)
right.axhline(0.5, color="0.4", lw=1, ls=":")
right.set(xlabel="wine left out", ylabel="probability of its cultivar", ylim=(-0.02, 1.02))
right.set_title(f"leave-one-out: {np.sum(p < 0.5)} of {len(y)} below one half", fontsize=11)
right.legend(frameon=False, loc="lower left")
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
