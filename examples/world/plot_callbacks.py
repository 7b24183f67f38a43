"""
Looking on while networks are trained
=====================================

scikit-learn has callbacks since version 1.9 (experimental there), and the networks of this package
tell them of every epoch. What they are given is the network as it stands, which predicts as it
would after ``fit``. This page takes scikit-learn's own
:class:`~sklearn.callback.ScoringMonitor`, and writes two more: one that follows the weights, and
one that ends training. :doc:`/guide/scikit_learn` has the rules.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.inspection import TrainingCurveDisplay

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X / 16, y, train_size=500, stratify=y, random_state=0)


def network(**settings):
    return MLPRegularizedClassifier(
        (50,),
        standardize=False,
        learning_rate="cosine",
        learning_rate_init=0.01,
        max_iter=60,
        n_iter_no_change=None,
        random_state=0,
        **settings,
    )


# %%
# Scores by epoch
# ---------------
# ``ScoringMonitor`` scores the training rows after every epoch, as they are predicted: without
# dropout, noise and penalties. ``loss_curve_`` is another thing, the objective while training goes
# on, with all of these at work. With dropout of 0.5 it is far above.

monitor = ScoringMonitor(scoring=["neg_log_loss", "accuracy"])
model = network(dropout=0.5).set_callbacks(monitor).fit(X, y)
epochs = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
print(f"{'epoch':>6}{'objective':>11}{'log loss':>10}{'accuracy':>10}")
for number in (0, 4, 19, 59):
    row = epochs[number]
    print(
        f"{number + 1:6}{model.loss_curve_[number]:11.3f}{-row['neg_log_loss']:10.3f}"
        f"{row['accuracy']:10.1%}"
    )

# %%
# A callback of one's own
# -----------------------
# Any object with these four methods. ``on_fit_task_end`` names what it wants to be told: a
# ``fitted_estimator`` costs a copy of the weights for each epoch, which callbacks that do not ask
# for it are spared. If it returns True, training ends.


class Follow:
    """Keeps the size of the weights of each epoch; ends training at a training accuracy."""

    def __init__(self, target=None):
        self.target, self.norms = target, []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        if context.task_name != "epoch":
            return False
        self.norms.append(np.sqrt(sum(np.sum(each**2) for each in fitted_estimator.coefs_)))
        return self.target is not None and fitted_estimator.score(X, y) >= self.target


settings = {
    "no regularizer": {},
    "l2=0.01": {"l2": 0.01},
    "dropout=0.5": {"dropout": 0.5},
}
followed = {name: Follow() for name in settings}
networks = {
    name: network(**each).set_callbacks(followed[name]).fit(X, y) for name, each in settings.items()
}
stopped = network().set_callbacks(Follow(target=0.99)).fit(X, y)
networks["until 99 %"] = stopped
print(f"until 99 %: {stopped.n_iter_} epochs, stop_reason_ is {stopped.stop_reason_!r}")
for name, each in networks.items():
    print(f"{name:16} test accuracy {each.score(X_test, y_test):.1%}")

# %%
# How the weights grow
# --------------------
# The L2 penalty holds the weights at half that size or less. Dropout is a regularizer too, and
# does nothing of the kind: its weights end larger than those of the network without any.

colours = dict(zip(networks, ("#D55E00", "#009E73", "#0072B2", "#CC79A7"), strict=True))
figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
for name, follow in followed.items():
    axes.plot(range(1, 61), follow.norms, color=colours[name], lw=2, label=name)
axes.axvline(
    stopped.n_iter_, color=colours["until 99 %"], ls=":", label="training accuracy of 99 %"
)
axes.set(xlabel="epoch", ylabel="size of the weights, ‖W‖")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %%
# Curves that need no callback
# ----------------------------
# Every network keeps its losses and step sizes, and why it ended;
# :class:`~sknnreg.inspection.TrainingCurveDisplay` draws them, here of the same four networks.

figure, axes = plt.subplots(2, 1, figsize=(9, 5), sharex=True, layout="constrained")
display = TrainingCurveDisplay.from_estimator(networks, ax=axes)

# %%
# All networks of a search
# ------------------------
# Set on the network inside, the monitor is told of every epoch of every candidate in every fold.
# ``task_id_path`` says which: its next to last number counts candidates and, faster, folds. The
# last epoch's score is the training score that the search itself reports.

DROPOUT, FOLDS = [0.0, 0.3, 0.6], 4
monitor = ScoringMonitor(scoring="neg_log_loss")
search = GridSearchCV(
    network().set_callbacks(monitor),
    {"dropout": DROPOUT},
    scoring="neg_log_loss",
    cv=FOLDS,
    return_train_score=True,
)
with fit_together():
    search.fit(X, y)
losses = np.full((len(DROPOUT) * FOLDS, 60), np.nan)
for row in monitor.get_logs().data:
    if row["task_name"] == "epoch" and len(row["task_id_path"]) == 4:
        _, _, task, epoch = row["task_id_path"]
        losses[task, epoch] = -row["neg_log_loss"]
losses = losses.reshape(len(DROPOUT), FOLDS, 60)
reported = [-search.cv_results_[f"split{k}_train_score"] for k in range(FOLDS)]
assert np.allclose(losses[:, :, -1].T, reported, rtol=1e-6)

# %%
# The more dropout, the higher the loss on the rows that were learned from. On the rows held out
# (diamonds, the mean over the folds) it is the network without dropout that is worst.

figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
for place, rate, each, validation, colour in zip(
    (61.5, 63, 64.5),
    DROPOUT,
    losses,
    -search.cv_results_["mean_test_score"],
    ("#D55E00", "#009E73", "#0072B2"),
    strict=True,
):
    axes.plot(range(1, 61), each.T, color=colour, lw=0.7, alpha=0.5)
    axes.plot(range(1, 61), each.mean(axis=0), color=colour, lw=2.5, label=f"dropout={rate}")
    axes.plot(place, validation, "D", color=colour, ms=8, mec="white")
    print(f"dropout={rate}: training rows {each[:, -1].mean():.3f}, held out {validation:.3f}")
axes.set(xlabel="epoch", ylabel="log loss on training rows", yscale="log", xlim=(0, 66))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
