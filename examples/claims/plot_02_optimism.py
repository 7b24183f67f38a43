r"""
The training error is optimistic, and so is the best score of a search
======================================================================

**Claim.** The error on the rows a network was trained on is an optimistic estimate of its error on
new rows. So is the best cross-validated error of a search, though less: it is the least of many,
and a part of what made it the least is luck. Nested cross-validation, which repeats the search
within each outer training part, is not.

**Source.** Efron (1986), *How Biased Is the Apparent Error Rate of a Prediction Rule?*, JASA 81;
Varma and Simon (2006), *Bias in Error Estimation When Using Cross-Validation for Model Selection*,
BMC Bioinformatics 7; Cawley and Talbot (2010), *On Over-fitting in Model Selection and Subsequent
Selection Bias in Performance Evaluation*, JMLR 11.

**Measured.** All three estimates against the error on 5,000 fresh rows, data set by data set: 10
data sets of 60 rows for each of three strengths of the signal, one of them pure noise.
"""

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.model_selection import nested_cross_validate

# %%
# A small search on few rows
# --------------------------
# Three of ten inputs tell of the class by a given strength. At strength 0 the labels are noise, and
# no procedure can be better than a coin. Eight settings of a small network are compared in 3 folds;
# :func:`~sknnreg.model_selection.nested_cross_validate` repeats that within 3 outer folds and also
# gives the search fitted to all rows, whose errors on fresh rows are the truth.
#
# :doc:`/guide/nested_cross_validation` says more on the method.

STRENGTHS = {"pure noise": 0.0, "weak": 0.5, "clear": 1.5}
N_SETS, N_ROWS, N_INPUTS, N_FRESH = 10, 60, 10, 5000
GRID = {"l2": [0.0, 0.2], "dropout": [0.0, 0.5], "learning_rate_init": [0.003, 0.03]}
ESTIMATES = ["training rows", "non-nested", "nested"]


def sample(strength, n_rows, random):
    y = np.arange(n_rows) % 2
    X = random.normal(size=(n_rows, N_INPUTS))
    X[:, :3] += strength * (y[:, None] - 0.5)
    return X, y


def errors(strength, seed):
    """The three estimates for one data set, and the true error."""
    random = np.random.default_rng(seed)
    X, y = sample(strength, N_ROWS, random)
    network = MLPRegularizedClassifier((10,), max_iter=20, n_iter_no_change=None, random_state=0)
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    result = nested_cross_validate(GridSearchCV(network, GRID, cv=folds), X, y, cv=3)
    X_fresh, y_fresh = sample(strength, N_FRESH, random)
    trained, truth = (1 - result.search.score(*rows) for rows in ((X, y), (X_fresh, y_fresh)))
    return trained, result.non_nested_error, result.error, truth


with fit_together():
    found = joblib.Parallel()(
        joblib.delayed(errors)(strength, seed)
        for strength in STRENGTHS.values()
        for seed in range(N_SETS)
    )
found = np.reshape(found, (len(STRENGTHS), N_SETS, 4))

# %%
# Each estimate against the truth
# -------------------------------
# Faint dots are data sets, large ones their means. Left of the black line, the mean error on fresh
# rows, an estimate is optimistic. On pure noise both the training error and the non-nested estimate
# promise fewer than 50 % errors, which nothing can have.

COLORS = {"training rows": "#009E73", "non-nested": "#D55E00", "nested": "#0072B2"}
figure, ax = plt.subplots(figsize=(9, 5.6), layout="constrained")
for row, each in enumerate(100 * found):
    truth = each[:, 3].mean()
    label = "true error, fresh rows" if row == 0 else None
    ax.plot([truth, truth], [row - 0.36, row + 0.36], color="black", lw=2, label=label)
    for k, name in enumerate(ESTIMATES):
        values, place = each[:, k], row + 0.25 - 0.25 * k
        spread = np.linspace(place - 0.07, place + 0.07, N_SETS)
        ax.scatter(values, spread, s=20, color=COLORS[name], alpha=0.4, lw=0)
        style = {"color": COLORS[name], "edgecolor": "white", "zorder": 3}
        label = f"estimate: {name}" if row == 0 else None
        ax.scatter(values.mean(), place, s=120, label=label, **style)
ax.axvline(50, color="0.6", ls=":", zorder=0)
ax.text(50.6, 2.45, "a coin", color="0.35", va="top")
ax.set_yticks(range(len(STRENGTHS)), [f"signal:\n{name}" for name in STRENGTHS])
ax.set(xlabel="errors (%)", title=f"{N_SETS} data sets of {N_ROWS} rows for each strength")
ax.set(xlim=(-2, 66), ylim=(-0.5, 2.5))
ax.spines[["top", "right"]].set_visible(False)
figure.legend(frameon=False, loc="outside lower center", ncols=2)
plt.show()

# %%
# The means of all data sets of a strength. Below them, the optimism: the truth minus the estimate,
# data set by data set, over all 30, with its standard error.

print(f"{'mean error':14}" + "".join(f"{name:>15}" for name in [*ESTIMATES, "fresh rows"]))
for name, each in zip(STRENGTHS, found, strict=True):
    print(f"{name:14}" + "".join(f"{value:15.1%}" for value in each.mean(axis=0)))
optimism = (found[:, :, 3:] - found[:, :, :3]).reshape(-1, 3)
mean, error = optimism.mean(axis=0), optimism.std(axis=0, ddof=1) / np.sqrt(len(optimism))
print(f"\n{'optimism':14}" + "".join(f"{value:15.1%}" for value in mean))
print(f"{'s.e.':14}" + "".join(f"{value:15.1%}" for value in error))

# %%
# Verdict
# -------
# The claim holds if the optimism of the training error and that of the non-nested estimate are more
# than 3 standard errors above 0, the first larger than the second, and that of the nested one is
# less than 2; in part, if only the training error is so.
#
# Two things to keep in mind. The optimism of the choice shrinks where there is much to learn, or
# few settings to choose from. And being right on average is not being precise: the nested estimates
# of single data sets scatter widely, since 60 rows are few. Thirty data sets of 40 rows, in a trial
# with twelve settings, did not tell the optimism of the choice from 0: 2.5 ± 1.3 points.

above = mean / error
in_part = above[0] > 3
holds = in_part and above[1] > 3 and mean[0] > mean[1] and above[2] < 2
verdict = "holds" if holds else "holds in part" if in_part else "does not show here"
told = ", ".join(
    f"{name} {100 * m:.1f} ± {100 * s:.1f}"
    for name, m, s in zip(ESTIMATES, mean, error, strict=True)
)
print(f"Measured: optimism in points of error, ± s.e. over 30 data sets: {told}")
print(f"Verdict: {verdict}")
assert verdict == "holds", "training error and best score are optimistic, the nested error is not"
