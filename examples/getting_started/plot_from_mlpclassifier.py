"""
From MLPClassifier to here
==========================

:class:`~sknnreg.MLPRegularizedClassifier` is used like scikit-learn's
:class:`~sklearn.neural_network.MLPClassifier`. Is it the same network? This page first takes the
same steps with both, then trains both as alike as can be on ten samples of scikit-learn's 8 by 8
digits, and only then turns on what ``MLPClassifier`` has not: batch normalization, dropout, and
early stopping by the validation loss.

:doc:`/guide/from_mlpclassifier` lists all differences.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.export import to_sklearn

X, y = load_digits(return_X_y=True)
X = X / 16

# %%
# The same steps
# --------------
# The two draw their starting weights differently, so that with the same seed they are not the same
# network. But a network can be handed over: :func:`~sknnreg.export.to_sklearn` makes an
# ``MLPClassifier`` of it. From there, both take 100 steps of plain gradient descent on all rows.
# The penalty is ``alpha`` there and ``l2`` here, which does not depend on the size of the batch:
#
# .. math:: \mathtt{l2} = \mathtt{alpha} \,/\, \text{batch size}.

rows, labels = X[:300], y[:300]
descent = {
    "solver": "sgd",
    "momentum": 0.0,
    "nesterovs_momentum": False,
    "learning_rate_init": 0.5,
    "batch_size": 300,
    "shuffle": False,
}
ours = MLPRegularizedClassifier(
    (50,), standardize=False, dtype="float64", l2=1.0 / 300, random_state=0, **descent
)
ours.partial_fit(rows, labels, classes=np.arange(10))
theirs = to_sklearn(ours).set_params(alpha=1.0, **descent)
for _ in range(100):
    ours.partial_fit(rows, labels)
    theirs.partial_fit(rows, labels)

difference = abs(ours.predict_proba(X) - theirs.predict_proba(X)).max()
print(f"objective of MLPRegularizedClassifier {ours.loss_curve_[-1]:.12f}")
print(f"objective of MLPClassifier            {theirs.loss_curve_[-1]:.12f}")
print(f"largest difference of a probability   {difference:.0e}")
assert difference < 1e-9

# %%
# The same settings
# -----------------
# With other starting weights and batches drawn in another order, networks with the same settings
# are the same *on average*. Ten times, 300 digits are learned from, of which every tenth has a
# label drawn by chance, and the other 1,497 are tested on. ``MLPClassifier`` has its defaults here;
# the second row has these too, by the names that they have in this package.

SEEDS = range(10)
theirs_in_our_words = {
    "batch_size": 200,
    "learning_rate_init": 1e-3,
    "tol": 1e-4,
    "n_iter_no_change": None,  # of all 200 epochs, as here MLPClassifier needs them
    "l2": 1e-4 / 200,
    "dtype": "float64",
    "standardize": False,
    "max_iter": 200,
}


def sample(seed):
    """Rows to learn from, some with a wrong label, and rows to test on."""
    train, test, y_train, y_test = train_test_split(
        X, y, train_size=300, stratify=y, random_state=seed
    )
    rng = np.random.default_rng(seed)
    wrong = rng.permutation(300)[:30]
    y_train[wrong] = rng.integers(0, 10, 30)
    return train, test, y_train, y_test


def judged(network, seed):
    """Log loss and error (%) on the test rows, and the number of epochs."""
    train, test, y_train, y_test = sample(seed)
    network.set_params(random_state=seed).fit(train, y_train)
    loss = log_loss(y_test, network.predict_proba(test))
    return loss, 100 * (1 - network.score(test, y_test)), network.n_iter_


def told(name, results):
    means = np.mean(results, axis=0)
    errors = np.std(results, axis=0, ddof=1) / np.sqrt(len(results))
    loss, error = (f"{means[k]:.{3 - 2 * k}f} ± {errors[k]:.{3 - 2 * k}f}" for k in (0, 1))
    print(f"{name:34}{loss:>16}{error:>15}{means[2]:9.0f}")
    return means


print(f"{'':34}{'log loss':>16}{'error (%)':>15}{'epochs':>9}")
with threadpool_limits(1), warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    theirs = told("MLPClassifier", [judged(MLPClassifier(), seed) for seed in SEEDS])

with fit_together():
    alike = Parallel()(
        delayed(judged)(MLPRegularizedClassifier(**theirs_in_our_words), seed) for seed in SEEDS
    )
alike = told("MLPRegularizedClassifier, as that", alike)
assert abs(alike[0] - theirs[0]) < 0.2 * theirs[0]

# %%
# What is new
# -----------
# Now with this package's own defaults, and one regularizer after the other. All pixels have one
# scale, and standardized, those that are nearly always empty would be as loud as the others; hence
# ``standardize=False``. Early stopping keeps the best epoch by the loss on a tenth of the 300 rows,
# and so learns from 270 only.
#
# The defaults take about ten batches in an epoch where ``MLPClassifier`` takes two, and longer
# steps. On these rows, with their wrong labels, that alone is no gain: so trained, the network
# learns them by heart in fewer epochs. Dropout mends most of it, and has the least log loss; early
# stopping makes about as few errors in a third of the epochs, and both together the fewest. Batch
# normalization hardly helps here; what it is good at, the picture shows.

networks = {
    "defaults": {},
    "batch normalization": {"normalization": "batch"},
    "dropout": {"dropout": 0.5},
    "early stopping": {"early_stopping": True},
    "dropout and early stopping": {"dropout": 0.5, "early_stopping": True},
}
with fit_together():
    results = Parallel()(
        delayed(judged)(MLPRegularizedClassifier(standardize=False, **settings), seed)
        for settings in networks.values()
        for seed in SEEDS
    )
print(f"{'':34}{'log loss':>16}{'error (%)':>15}{'epochs':>9}")
for name, each in zip(networks, np.reshape(results, (len(networks), len(SEEDS), 3)), strict=True):
    told(name, each)

# %%
# Epoch by epoch
# --------------
# Rows passed as ``X_val`` and ``y_val`` without ``early_stopping`` decide nothing; they only fill
# ``validation_loss_curve_``. Here they are the test rows, and all networks learn for 100
# epochs. The faint lines are single samples, the thick ones their means, with a dot where it is
# least. Batch normalization is there first. Without dropout the loss on fresh rows rises again
# after some 20 to 30 epochs, while the wrong labels are learned; with dropout it hardly does.


def curve(settings, seed):
    train, test, y_train, y_test = sample(seed)
    network = MLPRegularizedClassifier(
        standardize=False, max_iter=100, n_iter_no_change=None, random_state=seed, **settings
    )
    return network.fit(train, y_train, X_val=test, y_val=y_test).validation_loss_curve_


colours = {"defaults": "#D55E00", "batch normalization": "#009E73", "dropout": "#0072B2"}
with fit_together():
    curves = Parallel()(delayed(curve)(networks[name], seed) for name in colours for seed in SEEDS)
epochs = np.arange(1, 101)
figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
for (name, colour), each in zip(colours.items(), np.reshape(curves, (3, -1, 100)), strict=True):
    mean = each.mean(axis=0)
    axes.plot(epochs, each.T, color=colour, lw=0.6, alpha=0.25)
    axes.plot(epochs, mean, color=colour, lw=2.5, label=name)
    axes.plot(epochs[mean.argmin()], mean.min(), "o", color=colour, ms=8, mec="white", zorder=5)
    print(f"{name:20} least {mean.min():.3f} at epoch {mean.argmin() + 1:3}, last {mean[-1]:.3f}")
axes.axhline(theirs[0], color="0.3", lw=1, ls="--", label="MLPClassifier, at its end")
axes.set(xlabel="epoch", ylabel="log loss on rows not learned from", ylim=(0.2, 1.0), xlim=(0, 100))
axes.legend(frameon=False, ncols=2, loc="upper right")
axes.spines[["top", "right"]].set_visible(False)
