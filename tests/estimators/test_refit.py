"""Trained on all rows in the end: anew for the epochs found, or on from the best weights."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, special
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.engine import monitors

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
OWN = pytest.mark.parametrize("own", [False, True], ids=["split off", "handed in"])
REFITS = pytest.mark.parametrize("refit", ["scratch", "continue"])
# Many inputs and few noisy rows: what is learned by heart fits better than what is held out.
BASE = {"hidden_layer_sizes": (6,), "learning_rate_init": 0.03, "max_iter": 100,
        "n_iter_no_change": 5, "tol": 0.0, "early_stopping": True, "validation_fraction": 0.25,
        "random_state": 0, "dtype": "float64"}  # fmt: skip
N_ROWS, N_LEARNED = 80, 60
FIRST = ("loss_", "best_loss_", "loss_curve_", "validation_loss_curve_", "validation_scores_",
         "best_validation_score_", "learning_rate_curve_", "best_iteration_", "n_iter_", "t_",
         "stop_reason_")  # fmt: skip
REFIT = ("refit_loss_curve_", "refit_validation_loss_curve_", "refit_stop_reason_")


def inputs(n=N_ROWS):
    X = np.random.default_rng(0).normal(size=(n, 20))
    X[:, 1] = 10 * X[:, 1] + 5
    return X


def noisy(column=0, n=N_ROWS):
    X, noise = inputs(n), np.random.default_rng(column + 1).normal(size=n)
    return X[:, column + 2] + X[:, column + 5] + 0.7 * noise


def classes(n=N_ROWS):
    return (noisy(0, n) > 0).astype(int)


def make(Estimator, **params):
    return Estimator(**{**BASE, **params})


class Rows:
    """X, y and weights, to be handed to ``fit`` whole or in two parts."""

    def __init__(self, X, y, weight=None, frame=False):
        self.X, self.y, self.weight, self.frame = X, y, weight, frame

    def inputs(self, at=slice(None)):
        """X of these rows, as ``fit`` may receive it."""
        X = self.X[at]
        return pd.DataFrame(X, columns=[f"x{i}" for i in range(20)]) if self.frame else X

    def part(self, at):
        """X, y and weights of these rows."""
        return self.inputs(at), self.y[at], None if self.weight is None else self.weight[at]

    def fit(self, est, own):
        """Handed in: the last rows are those to judge by."""
        if not own:
            X, y, weight = self.part(slice(None))
            return est.fit(X, y, sample_weight=weight)
        X, y, weight = self.part(slice(0, N_LEARNED))
        X_val, y_val, weight_val = self.part(slice(N_LEARNED, None))
        return est.fit(
            X, y, sample_weight=weight, X_val=X_val, y_val=y_val, sample_weight_val=weight_val
        )


def plain_rows(Estimator):
    return Rows(inputs(), classes() if Estimator is MLPRegularizedClassifier else 50 * noisy())


def opposite_rows(Estimator):
    """The rows to judge by are the opposite of what the network starts with."""
    rows = plain_rows(Estimator)
    still = settled(make(Estimator), 1).set_params(learning_rate_init=1e-12)
    X, y, _ = rows.part(slice(0, N_LEARNED))
    start = still.fit(X, y).predict(rows.X[N_LEARNED:])
    rows.y[N_LEARNED:] = 1 - start if Estimator is MLPRegularizedClassifier else start + 1e4
    return rows


def weights_of(est):
    return np.concatenate([each.ravel() for each in est.coefs_ + est.intercepts_])


def assert_same_network(one, other):
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(one, name), getattr(other, name), strict=True):
            np.testing.assert_array_equal(a, b)


def settled(est, n_epochs):
    """The same estimator for so many epochs on the rows it is given."""
    params = {"early_stopping": False, "early_stopping_refit": None, "n_iter_no_change": np.inf,
              "max_iter": n_epochs}  # fmt: skip
    return clone(est).set_params(**params)


class Listener:
    """Writes down what it is told; stops after so many epochs, or presses Ctrl-C."""

    def __init__(self, after=None, interrupts=False):
        self.after, self.interrupts, self.events = after, interrupts, []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context):
        self.events.append(f"end {context.task_name}")
        if context.task_name != "epoch" or self.events.count("end epoch") != self.after:
            return False
        if self.interrupts:
            raise KeyboardInterrupt
        return True


class Scripted:
    """Scores by a script, whatever the network is worth."""

    def __init__(self, scores):
        self.left = list(scores)

    def __call__(self, estimator, X, y, sample_weight=None):
        return self.left.pop(0)


def best_after(n):
    """A script whose best epoch is this one; what comes then is worse."""
    return Scripted([*range(n), *[-1] * 200])


def negative_error(estimator, X, y, sample_weight=None):
    return -np.average(np.abs(estimator.predict(X) - y), weights=sample_weight)


def falling(update):
    return 1 / (1 + 0.1 * update)


def labels():
    return np.stack([noisy(column) > 0.3 * column for column in range(3)], axis=1).astype(int)


def row_weights():
    """Rows that are not there among them, on both sides."""
    return np.random.default_rng(9).integers(0, 4, N_ROWS) / 2


def thin():
    return np.where(np.abs(inputs()) > 0.7, inputs(), 0.0)


CLASSIFIER, REGRESSOR = MLPRegularizedClassifier, MLPRegularizedRegressor
# Estimator, settings, rows.
DATA = {
    "classes": (CLASSIFIER, {}, Rows(inputs(), classes())),
    "numbers": (REGRESSOR, {}, Rows(inputs(), 50 * noisy())),
    "weighted classes": (CLASSIFIER, {}, Rows(inputs(), classes(), row_weights())),
    "weighted numbers": (REGRESSOR, {}, Rows(inputs(), 50 * noisy(), row_weights())),
    "sparse": (CLASSIFIER, {}, Rows(sparse.csr_array(thin()), classes())),
    "sparse columns": (REGRESSOR, {}, Rows(sparse.csc_array(thin()), noisy())),
    "frame": (CLASSIFIER, {}, Rows(inputs(), classes(), frame=True)),
    "words": (CLASSIFIER, {}, Rows(inputs(), np.array(["a", "bcd"])[classes()])),
    "three words": (
        CLASSIFIER,
        {},
        Rows(inputs(), np.array(["green", "red", "blue"])[classes() + (noisy(1) > 0.5)]),
    ),
    "labels": (CLASSIFIER, {}, Rows(inputs(), labels())),
    "sparse labels": (CLASSIFIER, {}, Rows(inputs(), sparse.csr_array(labels()))),
    "class weights": (
        CLASSIFIER,
        {"class_weight": {0: 1.0, 1: 5.0}},
        Rows(inputs(), classes(), row_weights()),
    ),
    "balanced": (
        CLASSIFIER,
        {"class_weight": "balanced"},
        Rows(inputs(), (noisy() > 0.8).astype(int)),
    ),
    "raw": (REGRESSOR, {"standardize": False}, Rows(inputs(), noisy())),
    "several numbers": (
        REGRESSOR,
        {},
        Rows(inputs(), np.stack([noisy(), 50 * noisy(1)], axis=1)),
    ),
    "counts": (
        REGRESSOR,
        {"loss": "poisson"},
        Rows(inputs(), np.random.default_rng(2).poisson(3 * np.exp(noisy() / 3))),
    ),
}
SETTINGS = [
    {},
    {"solver": "sgd"},
    {"solver": "rmsprop", "learning_rate_init": 0.02},
    {"solver": "lbfgs"},
    {"solver": "lbfgs", "normalization": "batch", "l1": 0.01},
    {"batch_size": 16, "dtype": "auto"},
    {"batch_size": 16, "shuffle": False},
    {"dropout": 0.3, "input_noise": 0.2, "mixup": 0.3, "weight_noise": 0.05},
    {"dropout": 0.3, "dropout_kind": "variational"},
    {"normalization": "batch"},
    {"normalization": "batch", "batch_statistics": "population", "batch_size": 16},
    {"l1": 0.01, "l2": 0.05, "weight_decay": 0.1, "max_norm": 1.0, "clip_norm": 0.3},
    {"weight_averaging": "ema", "averaging_decay": 0.7},
    {"learning_rate": "exponential", "learning_rate_decay": 0.9, "learning_rate_warmup": 1},
    {"learning_rate": "cyclic", "learning_rate_period": 3, "learning_rate_min": 0.01},
    {"learning_rate": falling, "batch_size": 16},
    {"learning_rate": "adaptive", "solver": "sgd"},
]


def named(settings):
    """The settings in the name of a test."""
    return ", ".join(f"{name}={getattr(each, '__name__', each)}" for name, each in settings.items())


# What is spread over max_iter, whenever training ends.
SPANNING = [
    {"learning_rate": "cosine"},
    {"learning_rate": "one_cycle", "learning_rate_warmup": 2},
    {"weight_averaging": "swa", "averaging_start": 0.2},
]


class TestScratch:
    """Bit for bit what a fit on all rows for the epochs found would have been."""

    def check(self, est, rows, own, scripted=True, stopped=False):
        est.set_params(early_stopping_refit="scratch")
        if scripted:
            est.set_params(early_stopping_scoring=best_after(6))
        rows.fit(est, own)
        n = est.best_iteration_
        if scripted:
            assert (n, est.n_iter_) == (6, 11)
        assert n < est.n_iter_, "otherwise nothing is shown"
        plain = settled(est, est.max_iter if stopped else n)
        if stopped:
            plain.set_callbacks(Listener(after=n))
        rows.fit(plain, own=False)
        assert_same_network(est, plain)
        assert est.refit_loss_curve_ == plain.loss_curve_
        assert len(est.refit_loss_curve_) == n
        assert est.refit_validation_loss_curve_ is None
        assert est.refit_stop_reason_ == "max_iter"
        X = rows.inputs()
        np.testing.assert_array_equal(est.predict(X), plain.predict(X))
        if hasattr(est, "predict_proba"):
            np.testing.assert_array_equal(est.predict_proba(X), plain.predict_proba(X))

    @BOTH
    @OWN
    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"solver": "lbfgs"},
            {"early_stopping_scoring": negative_error},
            {"early_stopping_scoring": "neg_mean_squared_error", "solver": "lbfgs"},
        ],
        ids=["loss", "loss, lbfgs", "error", "error, lbfgs"],
    )
    def test_whoever_judges(self, Estimator, settings, own):
        self.check(make(Estimator, **settings), plain_rows(Estimator), own, scripted=False)

    @OWN
    @pytest.mark.parametrize("name", DATA)
    def test_whatever_the_rows_are(self, name, own):
        Estimator, settings, rows = DATA[name]
        self.check(make(Estimator, **settings), rows, own)

    @BOTH
    @OWN
    @pytest.mark.parametrize("settings", SETTINGS[:-1], ids=named)
    def test_whatever_it_is_trained_with(self, Estimator, settings, own):
        self.check(make(Estimator, **settings), plain_rows(Estimator), own)

    @BOTH
    @OWN
    @pytest.mark.parametrize("settings", SPANNING, ids=named)
    def test_step_sizes_and_averages_are_those_of_the_same_epochs(self, Estimator, settings, own):
        """They are spread over max_iter, not over the epochs found."""
        est = make(Estimator, **settings, max_iter=20)
        self.check(est, plain_rows(Estimator), own, stopped=True)

    @BOTH
    def test_all_rows_may_ask_for_another_dtype(self, Estimator):
        """The part to learn from fits in one batch, all rows do not."""
        X, y = inputs(240), classes(240)
        est = make(Estimator, dtype="auto", early_stopping_refit="scratch").fit(X, y)
        assert 1 < est.best_iteration_ < est.n_iter_
        plain = settled(est, est.best_iteration_).fit(X, y)
        assert plain._memory.state.values.dtype == np.float32
        assert_same_network(est, plain)
        assert est.refit_loss_curve_ == plain.loss_curve_

    @BOTH
    def test_a_generator_that_is_handed_in_is_drawn_from_once(self, Estimator):
        rows = plain_rows(Estimator)
        state = np.random.RandomState(3)
        est = make(Estimator, early_stopping_refit="scratch", random_state=state)
        rows.fit(est, own=False)
        other = np.random.RandomState(3)
        plain = settled(est, est.best_iteration_).set_params(random_state=other)
        assert_same_network(est, rows.fit(plain, own=False))
        assert state.randint(1 << 30) == other.randint(1 << 30)

    @BOTH
    def test_weights_of_the_rows_to_judge_by_alone(self, Estimator):
        """The rows to learn from then weigh 1 each."""
        rows = plain_rows(Estimator)
        X, y, _ = rows.part(slice(0, N_LEARNED))
        X_val, y_val, _ = rows.part(slice(N_LEARNED, None))
        weight = 1.0 + np.arange(N_ROWS - N_LEARNED) % 3
        est = make(Estimator, early_stopping_refit="scratch")
        est.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
        rows.weight = np.r_[np.ones(N_LEARNED), weight]
        assert_same_network(est, rows.fit(settled(est, est.best_iteration_), own=False))

    def test_sparse_and_dense_rows_may_be_mixed(self):
        Estimator, _, rows = DATA["sparse"]
        X, y, _ = rows.part(slice(0, N_LEARNED))
        X_val, y_val, _ = rows.part(slice(N_LEARNED, None))
        est = make(Estimator, early_stopping_refit="scratch")
        est.fit(X, y, X_val=X_val.toarray(), y_val=y_val)
        assert_same_network(est, rows.fit(settled(est, est.best_iteration_), own=False))

    @BOTH
    def test_words_to_judge_by_may_be_longer(self, Estimator):
        """Joined, no label is cut short; and whole numbers may be followed by real ones."""
        rows = plain_rows(Estimator)
        y = np.array(["no", "certainly"])[classes()]
        order = np.r_[np.flatnonzero(classes() == 0), np.flatnonzero(classes() == 1)]
        if Estimator is REGRESSOR:
            y, order = np.rint(rows.y), np.arange(N_ROWS)
            y[N_LEARNED:] += 0.5
        X, y = rows.X[order], y[order]
        few = slice(0, N_LEARNED)
        narrow = y[few].astype(int) if Estimator is REGRESSOR else y[few].astype("<U9")
        est = make(Estimator, early_stopping_refit="scratch")
        est.fit(X[few], narrow, X_val=X[N_LEARNED:], y_val=y[N_LEARNED:])
        plain = settled(est, est.best_iteration_).fit(X, y)
        assert_same_network(est, plain)


def total(est, X, y, weight=None):
    """The mean loss in the network's units, from predictions alone."""
    if isinstance(est, MLPRegularizedClassifier):
        p = est.predict_proba(X)
        if est._targets.exclusive:
            return log_loss(y, p, sample_weight=weight, labels=est.classes_)
        y = y.toarray() if sparse.issparse(y) else y
        losses = -(special.xlogy(y, p) + special.xlogy(1 - y, 1 - p)).sum(axis=1)
    else:
        prediction = est.predict(X)
        scale = est._targets.standardization.scale
        scale = 1.0 if scale is None else scale if prediction.ndim == 2 else scale[0]
        y, prediction = y / scale, prediction / scale
        losses = 0.5 * np.square(prediction - y)
        if est.loss == "poisson":
            losses = special.xlogy(y, y / prediction) - y + prediction
        losses = losses.sum(axis=1) if losses.ndim == 2 else losses
    return np.average(losses, weights=weight)


def held_out(est, rows):
    """Which rows are split off: those that a scorer is shown."""
    seen = []

    def spy(estimator, X, y, sample_weight=None):
        seen.append(X.toarray() if sparse.issparse(X) else X)
        return 0.0

    params = {"early_stopping_scoring": spy, "early_stopping_refit": None, "max_iter": 3,
              "n_iter_no_change": np.inf}  # fmt: skip
    rows.fit(clone(est).set_params(**params), own=False)
    X = rows.X.toarray() if sparse.issparse(rows.X) else rows.X
    return (X[:, None] == seen[0][None]).all(axis=2).any(axis=1)


def all_weights(est, rows, learned):
    """Of rows and classes, as the first stage multiplies them."""
    weight = np.ones(N_ROWS) if rows.weight is None else rows.weight
    table = getattr(est, "class_weight", None)
    if table is None:
        return weight
    if table == "balanced":
        n = np.bincount(rows.y[learned], weights=weight[learned])
        table = dict(enumerate(n.sum() / (2 * n)))
    return weight * np.vectorize(table.get)(rows.y)


class TestContinue:
    """On from the best weights, until what was held out fits as what was learned did then."""

    def check(self, est, rows, own):
        """Where the first stage is best after 12 epochs, by a script."""
        first = clone(est).set_params(early_stopping_scoring=best_after(12))
        rows.fit(first, own)
        est.set_params(early_stopping_scoring=best_after(12), early_stopping_refit="continue")
        rows.fit(est, own)
        assert est.best_iteration_ == 12 < est.n_iter_ == first.n_iter_
        out = np.arange(N_ROWS) >= N_LEARNED if own else held_out(est, rows)
        # A balanced weight counts the rows that the split is made of.
        weight = all_weights(est, rows, ~out if own else np.full(N_ROWS, True))
        target = total(first, rows.inputs(~out), rows.y[~out], weight[~out])
        curve = est.refit_validation_loss_curve_
        assert len(curve) == len(est.refit_loss_curve_)
        below = np.array(curve) < target
        if est.refit_stop_reason_ == "loss_reached":
            assert below.tolist() == [False] * (len(curve) - 1) + [True]
        else:
            assert est.refit_stop_reason_ == "max_iter"
            assert len(curve) == est.max_iter
            assert not below.any()
        if est.batch_statistics == "moving":
            # Those of the population are gathered when all is over.
            now = total(est, rows.inputs(out), rows.y[out], weight[out])
            np.testing.assert_allclose(now, curve[-1], rtol=1e-9)
        return target < first.validation_loss_curve_[11]

    @OWN
    @pytest.mark.parametrize("name", DATA)
    def test_the_target_is_the_training_loss_of_the_best_weights(self, name, own):
        Estimator, settings, rows = DATA[name]
        est = make(Estimator, **settings, max_iter=300)
        assert self.check(est, rows, own), "otherwise nothing is shown"
        assert est.refit_stop_reason_ == "loss_reached"

    @BOTH
    @OWN
    @pytest.mark.parametrize("settings", SETTINGS, ids=named)
    def test_without_noise_and_penalties(self, Estimator, settings, own):
        params = {"dtype": "float64"} if settings.get("dtype") else {}
        self.check(make(Estimator, **{**settings, **params}), plain_rows(Estimator), own)

    def test_it_takes_several_epochs_or_there_would_be_nothing_to_show(self):
        n_epochs = []
        for Estimator, settings, rows in DATA.values():
            est = make(Estimator, **settings, max_iter=300, early_stopping_refit="continue")
            rows.fit(est.set_params(early_stopping_scoring=best_after(12)), own=False)
            n_epochs.append(len(est.refit_loss_curve_))
        assert sorted(n_epochs)[len(n_epochs) // 4] > 2

    @BOTH
    @pytest.mark.parametrize("max_iter", [6, 11])
    def test_max_iter_more_epochs_at_most(self, Estimator, max_iter):
        """Steps too short to get there."""
        rows = opposite_rows(Estimator)
        params = {"learning_rate_init": 1e-6, "n_iter_no_change": np.inf, "max_iter": max_iter}
        est = make(Estimator, **params, early_stopping_refit="continue")
        rows.fit(est, own=True)
        assert (est.n_iter_, est.refit_stop_reason_) == (max_iter, "max_iter")
        assert len(est.refit_loss_curve_) == len(est.refit_validation_loss_curve_) == max_iter

    @BOTH
    def test_a_target_that_is_met_already_is_met_after_an_epoch(self, Estimator):
        """Rows to judge by that fit better than those to learn from, and short steps."""
        params = {"learning_rate_init": 1e-6, "n_iter_no_change": np.inf, "max_iter": 6}
        rows = opposite_rows(Estimator)
        X, y = rows.X[N_LEARNED:], rows.y[N_LEARNED:]
        X_val, y_val = rows.X[:N_LEARNED], rows.y[:N_LEARNED]
        est = make(Estimator, **params, standardize=False, early_stopping_refit="continue")
        est.fit(X, y, X_val=X_val, y_val=y_val)
        assert est.refit_stop_reason_ == "loss_reached"
        assert len(est.refit_loss_curve_) == 1

    @BOTH
    def test_the_optimiser_starts_anew(self, Estimator):
        """Adam's first step is as long as its step size for every weight, no later one is."""
        X, y, _ = plain_rows(Estimator).part(slice(0, N_LEARNED))
        params = {"activation": "tanh", "standardize": False, "max_iter": 4, "tol": 0.0,
                  "n_iter_no_change": np.inf, "learning_rate_init": 0.01}  # fmt: skip
        # Judged by what it learns from, the target is met after an epoch.
        first = make(Estimator, **params).fit(X, y, X_val=X, y_val=y)
        assert first.best_iteration_ == 4
        est = make(Estimator, **params, early_stopping_refit="continue")
        est.fit(X, y, X_val=X, y_val=y)
        assert (est.refit_stop_reason_, len(est.refit_loss_curve_)) == ("loss_reached", 1)
        step = np.abs(weights_of(est) - weights_of(first))
        np.testing.assert_allclose(step, 0.01, rtol=1e-2)

    @pytest.mark.parametrize("dtype", ["float32", "auto"])
    def test_stays_in_the_dtype_of_the_first_stage(self, dtype):
        est = make(REGRESSOR, dtype=dtype, early_stopping_refit="continue", batch_size="auto")
        X = inputs(240)
        est.fit(X, noisy(0, 240))
        # 180 rows are one batch, 240 are not
        expected = "float32" if dtype == "float32" else "float64"
        assert est._memory.state.values.dtype == expected


def by_hand(X, y, X_val, y_val, w, *, l2, factor, patience, max_iter):
    """A linear model by plain gradient descent: the first stage, then the rows in one.

    ``factor(epochs, rows)`` is the schedule, after so many epochs and rows.
    """
    X, X_val = (np.c_[each, np.ones(len(each))] for each in (X, X_val))
    penalised = np.r_[np.ones(X.shape[1] - 1), 0.0]

    def loss(X, y, w):
        return 0.5 * np.mean(np.square(X @ w - y))

    def step(X, y, w, epochs, rows):
        objective = loss(X, y, w) + 0.5 * l2 * np.sum(penalised * w**2)
        gradient = X.T @ (X @ w - y) / len(y) + l2 * penalised * w
        return objective, w - 0.1 * factor(epochs, rows) * gradient

    curve, losses = [], []
    best, best_w, n_best = np.inf, w, 0
    for epoch in range(max_iter):
        objective, w = step(X, y, w, epoch, epoch * len(y))
        losses.append(objective)
        curve.append(loss(X_val, y_val, w))
        if curve[-1] < best:
            best, best_w, n_best = curve[-1], w, epoch + 1
        elif epoch + 1 - n_best == patience:
            break
    target, w = loss(X, y, best_w), best_w
    X_all, y_all = np.concatenate([X, X_val]), np.concatenate([y, y_val])
    refit_losses, refit_curve = [], []
    for more in range(max_iter):
        rows = n_best * len(y) + more * len(y_all)
        objective, w = step(X_all, y_all, w, n_best + more, rows)
        refit_losses.append(objective)
        refit_curve.append(loss(X_val, y_val, w))
        if refit_curve[-1] < target:
            break
    return (curve, losses, n_best), (refit_curve, refit_losses), w


HAND = {
    "constant": ({}, lambda epochs, rows: 1.0),
    "exponential": (
        {"learning_rate": "exponential", "learning_rate_decay": 0.97},
        lambda epochs, rows: 0.97**epochs,
    ),
    "invscaling": (
        {"learning_rate": "invscaling", "power_t": 0.1},
        lambda epochs, rows: (rows + 1) ** -0.1,
    ),
    "cosine_restarts": (
        {"learning_rate": "cosine_restarts", "learning_rate_period": 7},
        lambda epochs, rows: 0.5 * (1 + np.cos(np.pi * (epochs % 7) / 7)),
    ),
    # An epoch is an update: all rows are one batch.
    "function": ({"learning_rate": falling}, lambda epochs, rows: falling(epochs)),
}


class TestContinueByHand:
    @pytest.mark.parametrize("schedule", HAND)
    @pytest.mark.parametrize("l2", [0.0, 0.1])
    def test_a_linear_model(self, schedule, l2):
        """Both stages, all of their numbers; the schedule goes on from the best epoch."""
        rng = np.random.default_rng(1)
        X = rng.normal(size=(36, 12))
        y = X[:, 0] + 2 * rng.normal(size=36)
        rows = X[:16], y[:16], X[16:], y[16:]
        settings, factor = HAND[schedule]
        est = make(
            REGRESSOR, hidden_layer_sizes=(), standardize=False, solver="sgd", momentum=0.0, l2=l2,
            learning_rate_init=0.1, early_stopping_refit="continue", max_iter=100,
        )  # fmt: skip
        # The weights that it starts with: those after a step of no length.
        still = settled(est, 1).set_params(learning_rate=lambda t: 0.0).fit(*rows[:2])
        start = np.r_[still.coefs_[0][:, 0], still.intercepts_[0]]
        est.set_params(**settings).fit(*rows[:2], X_val=rows[2], y_val=rows[3])
        first, second, w = by_hand(*rows, start, l2=l2, factor=factor, patience=5, max_iter=100)
        curve, losses, n_best = first
        assert 1 < n_best < len(curve), "otherwise nothing is shown"
        assert 2 < len(second[0]) < 100
        assert est.best_iteration_ == n_best
        np.testing.assert_allclose(est.validation_loss_curve_, curve, rtol=1e-9)
        np.testing.assert_allclose(est.loss_curve_, losses, rtol=1e-9)
        np.testing.assert_allclose(est.refit_validation_loss_curve_, second[0], rtol=1e-9)
        np.testing.assert_allclose(est.refit_loss_curve_, second[1], rtol=1e-9)
        np.testing.assert_allclose(weights_of(est), w, rtol=1e-8, atol=1e-12)


def by_script(scores, patience, tol, max_iter):
    """The number of epochs, the best of them, and why it ends."""
    best, n_best, reference, waited = -np.inf, 0, -np.inf, 0
    for epoch, score in enumerate(scores[:max_iter], 1):
        if score > best:
            best, n_best = score, epoch
        waited = 0 if score > reference and score >= reference + tol else waited + 1
        reference = max(reference, score) if np.isfinite(score) else reference
        if waited == patience:
            return epoch, n_best, "no_improvement"
    return max_iter, n_best, "max_iter"


def random_scripts(n):
    """Few different scores: ties, falls, late improvements, now and then none at all."""
    rng = np.random.default_rng(0)
    for _ in range(n):
        scores = rng.integers(0, 8, 14) / 4 + rng.integers(0, 2) * np.arange(14) / 8
        scores[1:][rng.random(13) < 0.1] = np.nan
        yield scores.tolist(), int(rng.integers(1, 6)), float(rng.choice([0.0, 0.25, 0.5]))


SCRIPTS = [
    ([1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3], 3, 0.0),
    ([5, 4, 3, 2, 1, 0, -1, -2, -3, -4, -5, -6, -7, -8], 4, 0.0),
    (list(range(14)), 1, 0.0),
    # small improvements are kept, and do not count
    ([1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2, 2, 2], 5, 0.5),
    # saved by an improvement at the last moment
    ([1, 0, 0, 2, 0, 0, 3, 0, 0, 0, 9, 9, 9, 9], 3, 0.0),
    ([np.nan, np.nan, 1, np.nan, 2, np.nan, np.nan, np.nan, 3, 3, 3, 3, 3, 3], 3, 0.0),
    *random_scripts(20),
]


@pytest.mark.filterwarnings("ignore:max_iter:sklearn.exceptions.ConvergenceWarning")
class TestScripts:
    def run(self, Estimator, script, refit, **params):
        scores, patience, tol = script
        expected = by_script(scores, patience, tol, 14)
        est = make(
            Estimator, n_iter_no_change=patience, tol=tol, max_iter=14, activation="tanh",
            early_stopping_scoring=Scripted(scores), early_stopping_refit=refit, **params,
        )  # fmt: skip
        rows = plain_rows(Estimator)
        rows.fit(est, own=True)
        assert (est.n_iter_, est.best_iteration_, est.stop_reason_) == expected
        np.testing.assert_array_equal(est.validation_scores_, scores[: est.n_iter_])
        assert est.best_validation_score_ == np.nanmax(est.validation_scores_)
        return est, rows

    @BOTH
    @pytest.mark.parametrize("solver", ["adam", "sgd"])
    @pytest.mark.parametrize("script", SCRIPTS)
    def test_as_many_epochs_anew_as_the_best_has(self, Estimator, solver, script):
        est, _ = self.run(Estimator, script, "scratch", solver=solver)
        assert len(est.refit_loss_curve_) == est.best_iteration_
        assert est.refit_stop_reason_ == "max_iter"
        # Each epoch sees all rows, where the first stage's saw those to learn from.
        assert est._memory.state.samples[0] == est.best_iteration_ * N_ROWS
        assert est.t_ == est.n_iter_ * N_LEARNED

    @BOTH
    @pytest.mark.parametrize("script", [script for script in SCRIPTS if script[2] == 0])
    def test_as_many_iterations_of_lbfgs(self, Estimator, script):
        """Whose tol is its gradient's too: 0 keeps it going."""
        est, rows = self.run(Estimator, script, "scratch", solver="lbfgs")
        assert len(est.refit_loss_curve_) == est.best_iteration_
        plain = settled(est, est.best_iteration_).set_params(early_stopping_scoring="loss")
        assert_same_network(est, rows.fit(plain, own=False))

    @BOTH
    @pytest.mark.parametrize("script", SCRIPTS[:12])
    def test_on_from_the_weights_of_the_best_epoch(self, Estimator, script):
        """The target is their loss, and the validation loss, not the score, has to meet it."""
        est, rows = self.run(Estimator, script, "continue", solver="sgd")
        best = settled(est, est.best_iteration_).set_params(early_stopping_scoring="loss")
        X, y, _ = rows.part(slice(0, N_LEARNED))
        target = total(best.fit(X, y), X, y)
        curve = np.array(est.refit_validation_loss_curve_)
        reached = est.refit_stop_reason_ == "loss_reached"
        assert (curve < target).tolist() == [False] * (len(curve) - 1) + [reached]
        assert reached or len(curve) == 14

    @BOTH
    @REFITS
    def test_scores_of_nothing_but_nan_leave_nothing_to_refit(self, Estimator, refit):
        est = make(
            Estimator, max_iter=6, n_iter_no_change=np.inf, early_stopping_refit=refit,
            early_stopping_scoring=Scripted([np.nan] * 6),
        )  # fmt: skip
        with pytest.warns(UserWarning, match=r"early_stopping_scoring=.*no finite value"):
            plain_rows(Estimator).fit(est, own=True)
        assert est.n_iter_ == 6
        assert all(getattr(est, name) is None for name in REFIT)


BY_ERROR = {"early_stopping_scoring": "neg_mean_squared_error"}


class TestWhatIsTold:
    @BOTH
    @OWN
    @REFITS
    @pytest.mark.parametrize(
        "settings", [{}, {"batch_size": 16}, {"solver": "lbfgs"}, BY_ERROR], ids=str
    )
    def test_of_the_first_stage_what_a_fit_without_tells(self, Estimator, own, refit, settings):
        rows = plain_rows(Estimator)
        plain = rows.fit(make(Estimator, **settings), own)
        est = rows.fit(make(Estimator, **settings, early_stopping_refit=refit), own)
        for name in FIRST:
            assert getattr(est, name) == getattr(plain, name), name
        assert not np.array_equal(weights_of(est), weights_of(plain))
        for name in REFIT:
            assert getattr(plain, name) is None
            missing = refit == "scratch" and name == "refit_validation_loss_curve_"
            assert (getattr(est, name) is None) == missing

    @BOTH
    def test_without_early_stopping_there_is_nothing_to_tell(self, Estimator):
        est = make(Estimator, early_stopping=False, max_iter=2, n_iter_no_change=np.inf)
        plain_rows(Estimator).fit(est, own=True)
        assert all(getattr(est, name) is None for name in REFIT)

    @BOTH
    @REFITS
    def test_verbose_tells_of_both_stages(self, Estimator, refit, capsys):
        est = make(Estimator, early_stopping_refit=refit, verbose=True)
        plain_rows(Estimator).fit(est, own=True)
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == est.n_iter_ + len(est.refit_loss_curve_)
        for line, loss in zip(lines, est.loss_curve_ + est.refit_loss_curve_, strict=True):
            assert f"loss {loss:.6g}" in line

    @BOTH
    def test_fitted_anew_without_it_the_refit_is_forgotten(self, Estimator):
        rows = plain_rows(Estimator)
        est = rows.fit(make(Estimator, early_stopping_refit="scratch"), own=True)
        rows.fit(est.set_params(early_stopping_refit=None), own=True)
        assert all(getattr(est, name) is None for name in REFIT)
        assert_same_network(est, rows.fit(make(Estimator), own=True))


@BOTH
class TestEnds:
    """Who ends the first stage wants no more of it; who ends the refit, no more of that."""

    def assert_not_refit(self, est, reason, n_epochs, rows):
        assert (est.stop_reason_, est.n_iter_) == (reason, n_epochs)
        assert all(getattr(est, name) is None for name in REFIT)
        params = {"max_iter": n_epochs, "n_iter_no_change": np.inf, "early_stopping_refit": None}
        until = clone(est).set_callbacks().set_params(max_time=None, **params)
        # lbfgs is at its last iterate only up to rounding after an interrupt
        np.testing.assert_allclose(
            weights_of(est), weights_of(rows.fit(until, own=True)), rtol=1e-12
        )

    @REFITS
    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_a_callback_that_stops_the_first_stage_skips_the_refit(self, Estimator, refit, solver):
        rows = plain_rows(Estimator)
        est = make(Estimator, early_stopping_refit=refit, solver=solver)
        listener = Listener(after=3)
        rows.fit(est.set_callbacks(listener), own=True)
        self.assert_not_refit(est, "callback", 3, rows)
        assert listener.events.count("begin epoch") == listener.events.count("end epoch") == 3

    @REFITS
    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_so_does_ctrl_c(self, Estimator, refit, solver):
        rows = plain_rows(Estimator)
        est = make(Estimator, early_stopping_refit=refit, solver=solver)
        with pytest.warns(UserWarning, match="interrupted after 3 epochs"):
            rows.fit(est.set_callbacks(Listener(after=3, interrupts=True)), own=True)
        self.assert_not_refit(est, "interrupted", 3, rows)

    @REFITS
    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_so_does_the_end_of_its_time(self, Estimator, refit, solver, monkeypatch):
        rows = plain_rows(Estimator)
        clock = iter(range(1000))
        monkeypatch.setattr(monitors.time, "monotonic", lambda: next(clock))
        est = make(Estimator, early_stopping_refit=refit, solver=solver, max_time=2.5)
        rows.fit(est, own=True)
        self.assert_not_refit(est, "max_time", 3, rows)

    def test_the_refit_has_the_time_that_is_left(self, Estimator, monkeypatch):
        rows = opposite_rows(Estimator)
        clock = iter(range(1000))
        monkeypatch.setattr(monitors.time, "monotonic", lambda: next(clock))
        # Best after the second epoch, over after the fourth; nobody gets near the target.
        est = make(
            Estimator, n_iter_no_change=2, early_stopping_scoring=Scripted([1, 2, 1, 1]),
            early_stopping_refit="continue", learning_rate_init=1e-6, max_time=12.0,
        )  # fmt: skip
        rows.fit(est, own=True)
        assert (est.n_iter_, est.stop_reason_) == (4, "no_improvement")
        # Started at 0, read after each epoch and at the end: 5 of 12 seconds are gone.
        assert len(est.refit_loss_curve_) == 7
        assert est.refit_stop_reason_ == "max_time"

    def test_no_time_left_is_one_epoch(self, Estimator, monkeypatch):
        rows = plain_rows(Estimator)
        clock = iter(range(1000))
        monkeypatch.setattr(monitors.time, "monotonic", lambda: next(clock))
        est = make(
            Estimator, n_iter_no_change=2, early_stopping_scoring=Scripted([1, 2, 1, 1]),
            early_stopping_refit="scratch", max_time=4.5,
        )  # fmt: skip
        rows.fit(est, own=True)
        assert est.stop_reason_ == "no_improvement"
        assert len(est.refit_loss_curve_) == 1
        assert est.refit_stop_reason_ == "max_time"

    @REFITS
    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_a_callback_that_stops_in_the_refit_ends_it(self, Estimator, refit, solver):
        rows, params = opposite_rows(Estimator), {"early_stopping_refit": refit, "solver": solver}
        plain = make(Estimator, **params, early_stopping_scoring=best_after(5))
        rows.fit(plain, own=True)
        assert len(plain.refit_loss_curve_) > 2, "otherwise nothing is shown"
        listener = Listener(after=plain.n_iter_ + 2)
        est = make(Estimator, **params, early_stopping_scoring=best_after(5))
        rows.fit(est.set_callbacks(listener), own=True)
        assert est.refit_stop_reason_ == "callback"
        assert est.refit_loss_curve_ == plain.refit_loss_curve_[:2]
        assert listener.events.count("begin epoch") == listener.events.count("end epoch")
        assert listener.events.count("end epoch") == listener.after

    @REFITS
    def test_ctrl_c_in_the_refit_ends_it_and_says_so(self, Estimator, refit):
        """The network so far is kept, as in any fit."""
        rows = opposite_rows(Estimator)
        plain = make(Estimator, early_stopping_refit=refit, early_stopping_scoring=best_after(5))
        rows.fit(plain, own=True)
        listener = Listener(after=plain.n_iter_ + 2, interrupts=True)
        est = make(Estimator, early_stopping_refit=refit, early_stopping_scoring=best_after(5))
        est.set_callbacks(listener)
        with pytest.warns(UserWarning, match="interrupted") as caught:
            rows.fit(est, own=True)
        assert [warning.filename for warning in caught] == [__file__]
        assert est.refit_stop_reason_ == "interrupted"
        assert est.refit_loss_curve_ == plain.refit_loss_curve_[:2]
        assert np.isfinite(est.predict(rows.X)).all()

    @REFITS
    def test_a_divergence_in_the_refit_keeps_the_network_before(self, Estimator, refit):
        """Rows that are finite, and so large that one step by them is not."""
        X, y = inputs(), classes() * 1.0
        params = dict(
            hidden_layer_sizes=(), standardize=False, solver="sgd", momentum=0.0,
            learning_rate_init=1e-3,
        )  # fmt: skip
        est, plain = (
            make(Estimator, **params, early_stopping_scoring=best_after(3)) for _ in range(2)
        )
        est.set_params(early_stopping_refit=refit)
        wild = {"X_val": 1e200 * X[:20], "y_val": y[:20]}
        said = rf"early_stopping_refit='{refit}'.*epoch 3, are kept.*learning_rate_init"
        with pytest.warns(ConvergenceWarning, match=said) as caught:
            est.fit(X, y, **wild)
        assert [warning.filename for warning in caught] == [__file__]
        assert est.refit_stop_reason_ == "diverged"
        assert len(est.refit_loss_curve_) >= 1
        plain.fit(X, y, **wild)
        assert np.array_equal(est.coefs_[0], plain.coefs_[0])
        assert est.loss_curve_ == plain.loss_curve_

    def test_a_divergence_of_the_first_stage_skips_the_refit(self, Estimator):
        """The best weights so far are kept; how it ends on all rows, nobody wants to know."""
        rows = plain_rows(Estimator)
        est = make(
            Estimator, learning_rate=lambda t: 1.0 if t < 3 else 1e300, solver="sgd",
            early_stopping_refit="scratch",
        )  # fmt: skip
        with pytest.warns(ConvergenceWarning, match=r"stopped being finite.*best weights"):
            rows.fit(est, own=True)
        assert est.stop_reason_ == "diverged"
        assert all(getattr(est, name) is None for name in REFIT)
        assert np.isfinite(est.predict(rows.X)).all()


@BOTH
class TestCallbacks:
    @REFITS
    @pytest.mark.parametrize("own", [False, True])
    def test_epochs_of_both_stages_begin_and_end_in_one_fit(self, Estimator, refit, own):
        listener = Listener()
        est = make(Estimator, early_stopping_refit=refit).set_callbacks(listener)
        plain_rows(Estimator).fit(est, own)
        n_epochs = est.n_iter_ + len(est.refit_loss_curve_)
        epochs = ["begin epoch", "end epoch"] * n_epochs
        assert listener.events == ["setup", "begin fit", *epochs, "end fit", "teardown"]

    @REFITS
    @pytest.mark.parametrize("tol", [0.2, 0.05])
    def test_every_task_that_begins_ends_with_lbfgs_too(self, Estimator, refit, tol):
        """It may end either stage by itself, an epoch having begun in which nothing happens."""
        listener = Listener()
        patience = {"n_iter_no_change": np.inf, "max_iter": 500, "l2": 0.01}
        est = make(Estimator, early_stopping_refit=refit, solver="lbfgs", tol=tol, **patience)
        plain_rows(Estimator).fit(est.set_callbacks(listener), own=True)
        assert est.stop_reason_ == "converged"
        begun, ended = (
            sorted(event.removeprefix(kind) for event in listener.events if event.startswith(kind))
            for kind in ("begin ", "end ")
        )
        assert begun == ended
        assert ended.count("fit") == 1
        n_epochs = est.n_iter_ + len(est.refit_loss_curve_)
        assert n_epochs <= ended.count("epoch") <= n_epochs + 1

    @REFITS
    def test_the_scoring_monitor_sees_the_network_of_each_epoch(self, Estimator, refit):
        rows = plain_rows(Estimator)
        monitor = ScoringMonitor(scoring="neg_mean_squared_error")
        est = make(Estimator, early_stopping_refit=refit).set_callbacks(monitor)
        est = rows.fit(est, own=False)
        log = monitor.get_logs().data_as_pandas
        by_epoch = log[log["task_name"] == "epoch"].sort_values("task_id")
        scores = by_epoch["neg_mean_squared_error"].to_numpy()
        at_the_end = log[log["task_name"] == "fit"]["neg_mean_squared_error"]

        def score(network):
            return -np.mean(np.square(network.predict(rows.X) - rows.y))

        np.testing.assert_allclose(at_the_end, score(est), rtol=1e-9)
        np.testing.assert_allclose(scores[-1], score(est), rtol=1e-9)
        first = rows.fit(make(Estimator), own=False)
        np.testing.assert_allclose(scores[est.best_iteration_ - 1], score(first), rtol=1e-9)
        if refit == "scratch":
            n = est.n_iter_
            some = [score(rows.fit(settled(est, e), own=False)) for e in (1, 2)]
            np.testing.assert_allclose(scores[n : n + 2], some, rtol=1e-9)

    @REFITS
    def test_listening_changes_no_bit(self, Estimator, refit):
        rows = plain_rows(Estimator)
        est = make(Estimator, early_stopping_refit=refit, dropout=0.2, batch_size=16)
        plain = rows.fit(clone(est), own=False)
        heard = rows.fit(clone(est).set_callbacks(Listener()), own=False)
        assert_same_network(heard, plain)
        assert heard.refit_loss_curve_ == plain.refit_loss_curve_


@BOTH
@REFITS
def test_partial_fit_is_not_there_and_says_why(Estimator, refit):
    est = make(Estimator, early_stopping_refit=refit)
    assert not hasattr(est, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as caught:
        est.partial_fit(*plain_rows(Estimator).part(slice(None))[:2])
    reason = str(caught.value.__cause__)
    assert "early_stopping_refit" in reason
    assert "Set early_stopping_refit=None" in reason


@BOTH
@REFITS
def test_a_refit_network_can_go_on(Estimator, refit):
    """Without early stopping, which has no rows left to judge by; each epoch counted is told of."""
    rows = plain_rows(Estimator)
    est = rows.fit(make(Estimator, early_stopping_refit=refit), own=False)
    before, epochs = est.predict(rows.X), est.refit_loss_curve_
    if refit == "continue":
        # What led to the best weights is a part of it.
        epochs = est.loss_curve_[: est.best_iteration_] + epochs
    params = {"early_stopping": False, "early_stopping_refit": None, "warm_start": True}
    # Steps that move nothing.
    est.set_params(**params, max_iter=4, n_iter_no_change=np.inf, learning_rate_init=1e-9)
    rows.fit(est, own=False)
    np.testing.assert_allclose(est.predict(rows.X), before, rtol=1e-4, atol=1e-4)
    assert est.loss_curve_[:-4] == epochs
    assert len(est.loss_curve_) == len(est.learning_rate_curve_) == est.n_iter_
    assert all(getattr(est, name) is None for name in REFIT)


@BOTH
@pytest.mark.parametrize("scoring", ["loss", "neg_mean_absolute_error"])
def test_a_search_in_one_pass_finds_the_same(Estimator, scoring):
    rows = plain_rows(Estimator)
    est = make(Estimator, early_stopping_scoring=scoring, batch_size=30)
    grid = {"early_stopping_refit": [None, "scratch", "continue"], "l2": [0.0, 0.1]}

    def run():
        search = GridSearchCV(est, grid, cv=3, scoring="neg_mean_squared_error")
        search.fit(rows.X, rows.y)
        names = [f"split{number}_test_score" for number in range(3)]
        return np.array([search.cv_results_[name] for name in names]), search.best_estimator_

    scores, network = run()
    with fit_together(n_jobs=1):
        found, other = run()
    np.testing.assert_array_equal(found, scores)
    assert_same_network(other, network)
    for name in (*FIRST, *REFIT):
        assert getattr(other, name) == getattr(network, name), name
