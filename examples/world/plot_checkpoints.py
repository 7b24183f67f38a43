"""
A training that was cut off goes on
===================================

Machines are switched off, jobs run out of time, somebody presses Ctrl-C. With a
:class:`~sknnreg.callback.Checkpoint`, the same ``fit`` is run once more and training goes on where
it was. Not approximately: weights, curves and predictions are those of a fit that was never cut
off, to the last bit, although this network draws random numbers for dropout and batches, averages
its weights and changes its step size all the time.

The power cut is a callback that raises an error after epoch 37. See :doc:`/guide/checkpoints`.
"""

import tempfile
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

from sknnreg import MLPRegularizedClassifier
from sknnreg.callback import Checkpoint, CheckpointError

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = X[:600], X[600:], y[:600], y[600:]
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "digits.npz"


def network():
    return MLPRegularizedClassifier(
        (50,),
        dropout=0.5,
        normalization="batch",
        learning_rate="cosine",
        weight_averaging="ema",
        max_iter=60,
        n_iter_no_change=None,
        random_state=0,
    )


# %%
# A power cut, and a counter
# --------------------------
# A callback is any object with these four methods.


class PowerCutError(Exception):
    """The lights are out."""


class Epochs:
    """Keeps the test loss of each epoch that is trained, and cuts the power after so many."""

    def __init__(self, cut_after=None):
        self.cut_after, self.losses = cut_after, []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "epoch" and fitted_estimator is not None:
            self.losses.append(log_loss(y_test, fitted_estimator.predict_proba(X_test)))
            if len(self.losses) == self.cut_after:
                raise PowerCutError


# %%
# Never cut off, and cut off
# --------------------------
# The state is written every ten epochs here (by default every 30 seconds), and when an error or
# Ctrl-C ends the fit.

uncut = Epochs()
whole = network().set_callbacks(uncut).fit(X, y)

first = Epochs(cut_after=37)
try:
    network().set_callbacks(Checkpoint(path, every=10), first).fit(X, y)
except PowerCutError:
    print(f"power cut in epoch {len(first.losses)}; the file has {path.stat().st_size:,} bytes")

# %%
# Run again
# ---------
# The same program, as after a restart of the machine. With ``verbose=True`` the first line would
# say that it goes on.

second = Epochs()
resumed = network().set_callbacks(Checkpoint(path, every=10), second).fit(X, y)
resumed_at = whole.n_iter_ - len(second.losses) + 1
print(f"trained in the second run: epochs {resumed_at} to {resumed.n_iter_}")

same = {
    "weights": all(map(np.array_equal, whole.coefs_, resumed.coefs_)),
    "training curves": whole.loss_curve_ == resumed.loss_curve_,
    "probabilities": np.array_equal(whole.predict_proba(X_test), resumed.predict_proba(X_test)),
}
print("the same bits:", same)
assert all(same.values())

# %%
# The two runs lie on the one that was never cut off. Dots are epochs.

figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
cut = len(first.losses)
axes.plot(range(1, 61), uncut.losses, color="0.8", lw=9, label="never cut off")
axes.plot(range(1, cut + 1), first.losses, "o-", color="#0072B2", ms=4, label="first run")
axes.plot(range(resumed_at, 61), second.losses, "s-", color="#D55E00", ms=4, label="second run")
axes.axvline(cut, color="0.3", ls=":", lw=1)
axes.text(cut + 0.7, 0.6, "power cut", transform=axes.get_xaxis_transform())
axes.set(xlabel="epoch", ylabel="log loss on test rows")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %%
# What is refused
# ---------------
# A file is the checkpoint of one fit. With other settings it is left alone, and the error says
# what is different.

try:
    network().set_params(dropout=0.3).set_callbacks(Checkpoint(path)).fit(X, y)
except CheckpointError as error:
    print(textwrap.fill(str(error).replace(folder.name, "..."), 78))

# %%
# A search
# --------
# A path that does not end in ``.npz`` is a folder with a file for each network, named after its
# settings and data. The search, 9 networks of 20 epochs, is cut off in its 90th epoch; run again,
# it trains only what it had not come to, and a third time nothing at all. (``error_score="raise"``
# makes an error end a search; by default that fold's score is NaN, and the search goes on.)


class Count(Epochs):
    """Counts the epochs of all networks, and cuts the power after so many."""

    max_propagation_depth = None  # reaches the networks inside of a search

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "epoch" and fitted_estimator is not None:
            self.losses.append(None)
            if len(self.losses) == self.cut_after:
                raise PowerCutError


def search():
    short = network().set_params(max_iter=20)
    return GridSearchCV(short, {"dropout": [0.2, 0.5]}, cv=4, error_score="raise")


files = Path(folder.name) / "search"
for cut_after in (90, None, None):
    count = Count(cut_after)
    try:
        search().set_callbacks(Checkpoint(files), count).fit(X, y)
    except PowerCutError:
        print("cut off; ", end="")
    print(f"{len(count.losses):3} epochs trained, {len(list(files.iterdir()))} files")
folder.cleanup()
