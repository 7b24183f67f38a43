"""Snapshots: the networks at the ends of cycles, and predictions that are their mean."""

import copy
import io
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.validation import check_is_fitted

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
# Cycles end after 4, 8 and 12 epochs.
BASE = {"hidden_layer_sizes": (4,), "batch_size": 16, "learning_rate": "cosine_restarts",
        "learning_rate_period": 4, "learning_rate_init": 0.1, "max_iter": 12, "n_snapshots": 3,
        "n_iter_no_change": np.inf, "random_state": 0}  # fmt: skip
CYCLIC = {"learning_rate": "cyclic", "learning_rate_decay": 1.0}
NAMES = ["a", "b", "c", "d"]


def data(n=50, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, (X[:, 0] + rng.normal(size=n) > 0).astype(int)


def inputs(n=50):
    return data(n)[0]


def noisy(column, seed=1):
    return inputs()[:, column] + np.random.default_rng(seed).normal(size=50)


def words():
    return np.array(["green", "red", "blue"])[np.digitize(noisy(0), (-0.7, 0.7))]


def counts(column=0):
    return np.random.default_rng(2).poisson(np.exp(inputs()[:, column]))


# The estimator, its settings, and targets: all that a mean of predictions can be a mean of.
TARGETS = {
    "two classes": (MLPRegularizedClassifier, {}, data()[1]),
    "two words": (MLPRegularizedClassifier, {}, np.array(["no", "yes"])[data()[1]]),
    "three words": (MLPRegularizedClassifier, {}, words()),
    "one class": (MLPRegularizedClassifier, {}, np.full(50, "only")),
    "labels": (
        MLPRegularizedClassifier,
        {},
        np.stack([noisy(0) > 0, noisy(1) > 0.5, noisy(2) > -1], axis=1).astype(int),
    ),
    "numbers": (MLPRegularizedRegressor, {}, 100 + 7 * noisy(0)),
    "several numbers": (
        MLPRegularizedRegressor,
        {},
        np.stack([noisy(0), 50 * noisy(1), noisy(2) ** 2], axis=1),
    ),
    "raw numbers": (MLPRegularizedRegressor, {"standardize": False}, noisy(0)),
    "counts": (MLPRegularizedRegressor, {"loss": "poisson"}, counts()),
    "several counts": (
        MLPRegularizedRegressor,
        {"loss": "poisson"},
        np.stack([counts(), 9 * counts(1)], axis=1),
    ),
}
# What a network may be made of, folded or between its layers.
NETWORKS = [
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (5, 3), "activation": ("tanh", "silu")},
    {"standardize": False},
    {"normalization": "batch"},
    {"normalization": "batch", "normalization_position": "after"},
    {"normalization": "batch", "batch_statistics": "population"},
    {"normalization": "layer", "hidden_layer_sizes": (4, 6)},
    {"normalization": "group", "normalization_groups": 2, "normalization_position": "after"},
    {"weight_norm": True, "normalization": "mean_only_batch"},
    {"dropout": 0.3, "dropout_scaling": "predict"},
    {"dropout": 0.3, "dropout_kind": "variational"},
    {"drop_connect": 0.2},
    {"drop_connect": 0.2, "drop_connect_inference": "gaussian"},
    {"drop_connect": 0.2, "drop_connect_inference": "gaussian", "hidden_layer_sizes": (4, 6),
     "normalization": "layer"},
    {"dtype": "float64"},
    {"max_norm": 1.0, "l1": 0.01},
]  # fmt: skip
EVERY = pytest.mark.parametrize("name", TARGETS)


def make(Estimator, **params):
    return Estimator(**{**BASE, **params})


def fit(name, X=None, **params):
    Estimator, settings, y = TARGETS[name]
    return make(Estimator, **{**settings, **params}).fit(inputs() if X is None else X, y), y


def weights_of(est):
    return np.concatenate([each.ravel() for each in est.coefs_ + est.intercepts_])


def assert_same_weights(one, other):
    np.testing.assert_array_equal(weights_of(one), weights_of(other))


def assert_same(one, other):
    """The networks, their snapshots and what is told of training."""
    assert_same_weights(one, other)
    for name in ("loss_curve_", "learning_rate_curve_", "n_iter_", "t_", "best_iteration_"):
        assert getattr(one, name) == getattr(other, name), name
    assert_same_snapshots(one, other)


def assert_same_snapshots(one, other):
    assert (one.snapshots_ is None) == (other.snapshots_ is None)
    for a, b in zip(one.snapshots_ or [], other.snapshots_ or [], strict=True):
        assert_same_weights(a, b)


def until(Estimator, n_epochs, y=None, **params):
    """The network that trains, after so many epochs."""
    X = inputs()
    return make(Estimator, **{**params, "n_snapshots": 1, "max_iter": n_epochs}).fit(
        X, data()[1] if y is None else y
    )


def assert_snapshots_of(est, epochs, **params):
    """The snapshots are the network as it was after so many epochs each, bit for bit."""
    expected = [until(type(est), e, **params) for e in epochs]
    found = [est] if len(epochs) == 1 else est.snapshots_
    for snapshot, network in zip(found, expected, strict=True):
        assert_same_weights(snapshot, network)
        np.testing.assert_array_equal(snapshot.predict(inputs()), network.predict(inputs()))
    assert_same_weights(est, expected[-1])


def assert_means(est, X):
    """Predictions are means over the snapshots' predictions."""
    each = est.snapshots_
    if isinstance(est, MLPRegularizedRegressor):
        mean = np.mean([network.predict(X) for network in each], axis=0)
        np.testing.assert_allclose(est.predict(X), mean, rtol=1e-10, atol=1e-12)
        return
    mean = np.mean([network.predict_proba(X) for network in each], axis=0)
    np.testing.assert_allclose(est.predict_proba(X), mean, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(est.predict_log_proba(X), np.log(mean), rtol=1e-10, atol=1e-12)
    if est._targets.exclusive:
        expected = est.classes_[mean.argmax(axis=1)]
    else:
        expected = (mean > 0.5).astype(int)
    np.testing.assert_array_equal(est.predict(X), expected)


class Listener:
    """Stops after so many epochs, or presses Ctrl-C."""

    def __init__(self, after, interrupts=False):
        self.left, self.interrupts = after, interrupts

    def setup(self, estimator, context):
        pass

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context):
        self.left -= context.task_name == "epoch"
        if self.left or context.task_name != "epoch":
            return False
        if self.interrupts:
            raise KeyboardInterrupt
        return True


class TestWhenTheyAreTaken:
    @BOTH
    @pytest.mark.parametrize(
        ("settings", "ends"),
        [
            ({}, [4, 8, 12]),
            (CYCLIC, [4, 8, 12]),
            ({"n_snapshots": 2}, [8, 12]),
            # what comes behind the last cycle is trained for nothing
            ({"max_iter": 14}, [4, 8, 12]),
            ({"max_iter": 15, "n_snapshots": 2, **CYCLIC}, [8, 12]),
            ({"learning_rate_warmup": 3, "max_iter": 15}, [7, 11, 15]),
            ({"learning_rate_warmup": 2, "max_iter": 17, "n_snapshots": 2}, [10, 14]),
            ({"learning_rate_period": 2, "learning_rate_period_mult": 2.0, "max_iter": 14},
             [2, 6, 14]),
            # 2, 2 + 3 and 2 + 3 + 4.5 epochs
            ({"learning_rate_period": 2, "learning_rate_period_mult": 1.5}, [2, 5, 10]),
            ({"learning_rate_period": 1, "n_snapshots": 4}, [9, 10, 11, 12]),
            ({"normalization": "batch"}, [4, 8, 12]),
            ({"normalization": "batch", "batch_statistics": "population"}, [4, 8, 12]),
            ({"dropout": 0.3, "dtype": "float64"}, [4, 8, 12]),
        ],
        ids=str,
    )  # fmt: skip
    def test_they_are_the_networks_at_the_ends_of_the_last_cycles(self, Estimator, settings, ends):
        est = make(Estimator, **settings).fit(*data())
        assert est.n_iter_ == len(est.loss_curve_) == {**BASE, **settings}["max_iter"]
        assert_snapshots_of(est, ends, **settings)

    @BOTH
    def test_training_itself_is_as_without(self, Estimator):
        X, y = data()
        est, plain = make(Estimator).fit(X, y), make(Estimator, n_snapshots=1).fit(X, y)
        assert est.loss_curve_ == plain.loss_curve_
        assert est.learning_rate_curve_ == plain.learning_rate_curve_
        states = [each._memory.state.values for each in (est, plain)]
        np.testing.assert_array_equal(*states)

    @BOTH
    @pytest.mark.parametrize("learning_rate", ["constant", "cosine_restarts", "cyclic"])
    def test_without_them_there_are_none(self, Estimator, learning_rate):
        est = make(Estimator, n_snapshots=1, learning_rate=learning_rate).fit(*data())
        assert est.snapshots_ is None

    @BOTH
    def test_fitted_anew_without_them_the_old_ones_are_gone(self, Estimator):
        X, y = data()
        est = make(Estimator).fit(X, y).set_params(n_snapshots=1).fit(X, y)
        assert est.snapshots_ is None
        np.testing.assert_array_equal(est.predict(X), until(Estimator, 12).predict(X))


class TestFewerThanAsked:
    """They warn with both numbers; predictions average those that there are."""

    @BOTH
    @pytest.mark.parametrize(
        ("patience", "ends"), [(9, [4, 8]), (8, [4, 8]), (4, [4])], ids=["two", "two, just", "one"]
    )
    def test_as_patience_has_run_out(self, Estimator, patience, ends):
        est = make(Estimator, n_iter_no_change=patience, tol=1e9)
        n = len(ends)
        match = rf"after {patience + 1} epochs \('no_improvement'\), when {n} of n_snapshots=3 "
        with pytest.warns(UserWarning, match=match):
            est.fit(*data())
        assert_snapshots_of(est, ends)
        if n == 1:
            assert est.snapshots_ is None
        else:
            assert_means(est, inputs())

    @BOTH
    def test_of_none_the_last_network_is_left(self, Estimator):
        est = make(Estimator, n_iter_no_change=2, tol=1e9)
        with pytest.warns(UserWarning, match=r"after 3 epochs.* 0 of n_snapshots=3 "):
            est.fit(*data())
        assert_snapshots_of(est, [3])
        assert est.snapshots_ is None

    @BOTH
    @pytest.mark.parametrize("interrupts", [False, True])
    def test_as_somebody_stopped_it(self, Estimator, interrupts):
        est = make(Estimator).set_callbacks(Listener(9, interrupts))
        reason = "interrupted" if interrupts else "callback"
        with pytest.warns(UserWarning, match=rf"\('{reason}'\), when 2 of n_snapshots=3 "):
            est.fit(*data())
        assert est.stop_reason_ == reason
        assert_snapshots_of(est, [4, 8])
        assert_means(est, inputs())

    @BOTH
    def test_patience_that_lasts_long_enough_is_no_cause_to_warn(self, Estimator):
        est = make(Estimator, n_iter_no_change=12, tol=1e9, max_iter=40).fit(*data())
        assert (est.stop_reason_, est.n_iter_) == ("no_improvement", 13)
        assert_snapshots_of(est, [4, 8, 12])


class TestThemselves:
    @EVERY
    def test_they_are_fitted_estimators_of_the_same_class(self, name):
        est, y = fit(name)
        assert type(est.snapshots_) is list
        for each in est.snapshots_:
            assert type(each) is type(est)
            check_is_fitted(each)
            assert each.get_params() == {**est.get_params(), "n_snapshots": 1}
            assert each.snapshots_ is None
            assert each.n_features_in_ == 4
            assert each.n_layers_ == est.n_layers_ == 3
            assert each.n_outputs_ == est.n_outputs_
            assert each.out_activation_ == est.out_activation_
            assert [coef.shape for coef in each.coefs_] == [coef.shape for coef in est.coefs_]
            assert each.predict(inputs()).shape == y.shape
            assert np.isfinite(each.score(inputs(), y))
            if isinstance(est, MLPRegularizedClassifier):
                np.testing.assert_array_equal(each.classes_, est.classes_)
        assert_same_weights(est, est.snapshots_[-1])
        if name != "one class":
            assert not np.allclose(*(weights_of(each) for each in est.snapshots_[:2]), rtol=1e-2)

    @BOTH
    def test_they_know_the_names_of_the_features(self, Estimator):
        X, y = data()
        frame = pd.DataFrame(X, columns=NAMES)
        est = make(Estimator).fit(frame, y)
        for each in (est, *est.snapshots_):
            assert each.feature_names_in_.tolist() == NAMES
            each.predict(frame)
            with pytest.raises(ValueError, match="feature names"):
                each.predict(frame[NAMES[::-1]])
        unnamed = make(Estimator).fit(X, y)
        assert not any(hasattr(each, "feature_names_in_") for each in unnamed.snapshots_)
        np.testing.assert_array_equal(est.predict(frame), unnamed.predict(X))

    @BOTH
    def test_a_clone_has_none_and_finds_them_again(self, Estimator):
        est = make(Estimator).fit(*data())
        other = clone(est)
        assert not hasattr(other, "snapshots_")
        assert_same(other.fit(*data()), est)
        assert_same_weights(clone(est.snapshots_[0]).fit(*data()), until(Estimator, 12))


class TestMeans:
    @EVERY
    @pytest.mark.parametrize("kind", [{}, CYCLIC], ids=["cosine", "cyclic"])
    def test_predictions_are_means_over_the_snapshots(self, name, kind):
        est, _ = fit(name, **kind)
        X = np.random.default_rng(5).normal(scale=2.0, size=(30, 4))
        assert_means(est, X)
        each = est.snapshots_[-1]
        if name != "one class":
            # and a mean is not the last one
            which = "predict_proba" if hasattr(est, "predict_proba") else "predict"
            mine, last = (getattr(network, which)(X) for network in (est, each))
            assert not np.allclose(mine, last, rtol=1e-2)

    @pytest.mark.parametrize("settings", NETWORKS, ids=str)
    @pytest.mark.parametrize("name", ["two classes", "three words", "labels", "counts"])
    def test_of_networks_of_every_kind(self, name, settings):
        assert_means(fit(name, **settings)[0], 2 * inputs())

    @EVERY
    def test_the_score_is_the_means(self, name):
        est, y = fit(name)
        X = inputs()
        score = accuracy_score if isinstance(est, MLPRegularizedClassifier) else r2_score
        assert est.score(X, y) == pytest.approx(score(y, est.predict(X)), rel=1e-12)

    @pytest.mark.parametrize("name", ["two classes", "three words", "labels", "one class"])
    @pytest.mark.parametrize("size", [1e3, 1e8, 1e100])
    def test_logarithms_of_probabilities_stay_finite(self, name, size):
        """Where every snapshot is certain, its probability is 0 or 1 to the last bit."""
        est, _ = fit(name)
        X = size * inputs()
        probabilities, logarithms = est.predict_proba(X), est.predict_log_proba(X)
        assert np.isfinite(logarithms).all()
        assert np.isfinite(probabilities).all()
        assert (logarithms <= 0).all()
        np.testing.assert_allclose(np.exp(logarithms), probabilities, rtol=1e-9, atol=1e-300)
        if est._targets.exclusive:
            np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)
        if name != "one class" and size > 1e3:
            assert (probabilities == 0).any(), "otherwise nothing is shown"

    @pytest.mark.parametrize("name", ["three words", "several numbers", "counts"])
    @pytest.mark.parametrize("make_sparse", [sparse.csr_array, sparse.csc_matrix])
    @pytest.mark.parametrize("settings", [{}, {"hidden_layer_sizes": ()}, NETWORKS[12]], ids=str)
    def test_sparse_rows(self, name, make_sparse, settings):
        X = np.where(np.abs(inputs()) > 0.7, inputs(), 0.0)
        est, _ = fit(name, make_sparse(X), **settings)
        assert_means(est, make_sparse(X))
        which = "predict_proba" if hasattr(est, "predict_proba") else "predict"
        dense, thin = (getattr(est, which)(rows) for rows in (X, make_sparse(X)))
        np.testing.assert_allclose(thin, dense, rtol=1e-10)

    @pytest.mark.parametrize("name", ["three words", "labels", "several numbers"])
    @pytest.mark.parametrize("settings", [{}, NETWORKS[13]], ids=str)
    def test_a_few_rows_at_a_time_or_all(self, name, settings, monkeypatch):
        est, _ = fit(name, **settings)
        which = "predict_proba" if hasattr(est, "predict_proba") else "predict"
        at_once = getattr(est, which)(inputs())
        monkeypatch.setattr("sknnreg.engine.evaluation.MAX_SIGNAL", 7 * 100 * 6 * 3)
        np.testing.assert_allclose(getattr(est, which)(inputs()), at_once, rtol=1e-12)
        row_by_row = [getattr(est, which)(row[None])[0] for row in inputs()]
        np.testing.assert_allclose(row_by_row, at_once, rtol=1e-12)

    def test_the_scoring_monitor_sees_the_mean_at_the_end(self):
        X, y = data()
        monitor = ScoringMonitor(scoring="neg_log_loss")
        est = make(MLPRegularizedClassifier).set_callbacks(monitor).fit(X, y)
        log = monitor.get_logs().data_as_pandas
        by_task = log.set_index(["task_name", "task_id"])["neg_log_loss"]
        p = est.predict_proba(X)[np.arange(50), y]
        np.testing.assert_allclose(by_task[("fit", 0)], np.log(p).mean(), rtol=1e-12)
        for epoch in (1, 8, 12):  # and the network that trains before
            p = until(MLPRegularizedClassifier, epoch).predict_proba(X)[np.arange(50), y]
            np.testing.assert_allclose(by_task[("epoch", epoch - 1)], np.log(p).mean(), rtol=1e-12)


def joblib_round_trip(est):
    file = io.BytesIO()
    joblib.dump(est, file)
    file.seek(0)
    return joblib.load(file)


class TestCopies:
    @EVERY
    @pytest.mark.parametrize(
        "carry",
        [lambda est: pickle.loads(pickle.dumps(est)), copy.deepcopy, joblib_round_trip],
        ids=["pickle", "deepcopy", "joblib"],
    )
    def test_predict_the_same_and_go_on_the_same(self, name, carry):
        est, y = fit(name, warm_start=True)
        X = inputs()
        carried = carry(est)
        assert_same(carried, est)
        np.testing.assert_array_equal(carried.predict(X), est.predict(X))
        if hasattr(est, "predict_proba"):
            np.testing.assert_array_equal(carried.predict_proba(X), est.predict_proba(X))
        before = pickle.dumps([each.coefs_ for each in est.snapshots_])
        assert_same(carried.fit(X, y), carry(est).fit(X, y))
        assert pickle.dumps([each.coefs_ for each in est.snapshots_]) == before, "shared arrays"


class TestSparseWeights:
    @pytest.mark.parametrize("name", ["three words", "several numbers"])
    @pytest.mark.parametrize("X", [inputs(), sparse.csr_array(inputs())], ids=["dense", "sparse"])
    def test_sparsify_and_densify_keep_predictions(self, name, X):
        est, _ = fit(name, l1=0.02)
        before, weights = est.predict(X), weights_of(est)
        np.testing.assert_array_equal(est.sparsify().predict(X), before)
        assert all(sparse.issparse(coef) for coef in est.coefs_)
        np.testing.assert_array_equal(est.densify().predict(X), before)
        np.testing.assert_array_equal(weights_of(est), weights)

    @pytest.mark.parametrize("name", ["three words", "several numbers"])
    @pytest.mark.parametrize("X", [inputs(), sparse.csr_array(inputs())], ids=["dense", "sparse"])
    @pytest.mark.parametrize("numbers", [[0], [0, 1, 2]])
    def test_so_do_those_of_snapshots(self, name, X, numbers):
        """Each may be sparse by itself."""
        est, _ = fit(name, l1=0.02)
        which = "predict_proba" if hasattr(est, "predict_proba") else "predict"
        before = getattr(est, which)(X)
        for snapshot in (est.snapshots_[number] for number in numbers):
            one = getattr(snapshot, which)(X)
            assert all(sparse.issparse(coef) for coef in snapshot.sparsify().coefs_)
            np.testing.assert_allclose(getattr(snapshot, which)(X), one, rtol=1e-12)
        np.testing.assert_array_equal(getattr(est, which)(X), before)


class TestGoingOn:
    @BOTH
    @pytest.mark.parametrize(
        ("settings", "ends"),
        [
            ({"n_snapshots": 2}, [16, 20]),
            ({"n_snapshots": 2, **CYCLIC}, [16, 20]),
            ({"n_snapshots": 2, "normalization": "batch"}, [16, 20]),
            ({"n_snapshots": 2, "learning_rate_warmup": 3}, [15, 19]),
            ({"n_snapshots": 2, "learning_rate_period": 2, "learning_rate_period_mult": 2.0},
             [6, 14]),
        ],
        ids=str,
    )  # fmt: skip
    def test_ten_epochs_and_ten_more_are_twenty(self, Estimator, settings, ends):
        """Also where the first call ends in the middle of a cycle."""
        X, y = data()
        params = {**settings, "warm_start": True}
        parts = make(Estimator, **params, max_iter=10)
        with warnings.catch_warnings():
            # Of the warm-up's ten epochs two cycles do not end.
            warnings.filterwarnings("ignore", "Training ended after 10 epochs.*1 of n_snapshots=2")
            parts.fit(X, y)
        parts.fit(X, y)
        whole = make(Estimator, **settings, max_iter=20).fit(X, y)
        assert_same(parts, whole)
        assert_snapshots_of(parts, ends, **settings)

    @BOTH
    def test_what_the_first_call_has_not_is_taken_by_the_next(self, Estimator):
        X, y = data()
        est = make(Estimator, max_iter=10, warm_start=True)
        with pytest.warns(UserWarning, match=r"2 of n_snapshots=3 "):
            est.fit(X, y)
        assert_snapshots_of(est, [4, 8])
        assert_same(est.fit(X, y), make(Estimator, max_iter=20).fit(X, y))
        assert_snapshots_of(est, [12, 16, 20])

    @BOTH
    def test_partial_fit_takes_them_as_they_come(self, Estimator):
        X, y = data()
        est = make(Estimator)
        numbers = [len(est.partial_fit(X, y).snapshots_ or []) for _ in range(20)]
        # One is no ensemble: the network is that snapshot until there is another.
        assert numbers == [0] * 7 + [2] * 4 + [3] * 9
        assert_same(est, make(Estimator, max_iter=20).fit(X, y))

    @BOTH
    def test_partial_fit_predicts_by_what_there_is(self, Estimator):
        """The network that trains, until a first cycle has ended."""
        X, y = data()
        est = make(Estimator)
        for epoch in range(1, 8):
            expected = until(Estimator, min(epoch, 4))
            assert_same_weights(est.partial_fit(X, y), expected)

    @BOTH
    @pytest.mark.parametrize("before", [1, 2, 4])
    def test_another_number_counts_from_then_on(self, Estimator, before):
        X, y = data()
        est = make(Estimator, n_snapshots=before, max_iter=16, warm_start=True).fit(X, y)
        est.set_params(n_snapshots=3, max_iter=13).fit(X, y)
        assert est.n_iter_ == 29
        assert_snapshots_of(est, [20, 24, 28])

    @BOTH
    def test_those_of_another_number_are_not_counted_in(self, Estimator):
        X, y = data()
        est = make(Estimator, n_snapshots=2, max_iter=12, warm_start=True).fit(X, y)
        with pytest.warns(UserWarning, match=r"after 20 epochs.* 2 of n_snapshots=3 "):
            est.set_params(n_snapshots=3, max_iter=8).fit(X, y)
        assert_snapshots_of(est, [16, 20])

    @BOTH
    def test_switched_off_the_network_that_trains_is_left(self, Estimator):
        X, y = data()
        est = make(Estimator, warm_start=True).fit(X, y).set_params(n_snapshots=1, max_iter=3)
        est.fit(X, y)
        assert est.snapshots_ is None
        assert_same_weights(est, until(Estimator, 15))
        est.set_params(n_snapshots=2, max_iter=9).fit(X, y)
        assert_snapshots_of(est, [20, 24])

    @BOTH
    def test_another_dtype_takes_them_along(self, Estimator):
        X, y = data()
        est, plain = (
            make(Estimator, n_snapshots=n, dtype="float32", warm_start=True).fit(X, y)
            for n in (3, 1)
        )
        before = [weights_of(each) for each in est.snapshots_]
        for each in (est, plain):
            each.set_params(dtype="float64", max_iter=4).fit(X, y)
        for old, new in zip(before[1:], est.snapshots_[:2], strict=True):
            np.testing.assert_allclose(weights_of(new), old, rtol=1e-6)
        # and the new one has the new precision
        assert_same_weights(est.snapshots_[2], plain)


class TestTogether:
    @BOTH
    @pytest.mark.parametrize("settings", [{}, {"normalization": "batch"}], ids=str)
    def test_scores_are_as_without(self, Estimator, settings):
        X, y = data()
        est = make(Estimator, **settings)

        def run():
            return cross_val_score(est, X, y, cv=4, scoring="neg_mean_squared_error")

        expected = run()
        with fit_together(n_jobs=1):
            found = run()
        np.testing.assert_array_equal(found, expected)

    @BOTH
    def test_a_search_finds_the_same(self, Estimator):
        X, y = data()
        grid = {"n_snapshots": [1, 2, 3], "learning_rate_min": [0.0, 0.05],
                "learning_rate_period": [3, 4]}  # fmt: skip

        def run():
            search = GridSearchCV(make(Estimator), grid, cv=3, scoring="neg_mean_squared_error")
            search.fit(X, y)
            names = [f"split{number}_test_score" for number in range(3)]
            return np.array([search.cv_results_[name] for name in names]), search.best_estimator_

        scores, network = run()
        with fit_together(n_jobs=1):
            found, other = run()
        np.testing.assert_array_equal(found, scores)
        assert_same(other, network)
