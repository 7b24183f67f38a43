"""How training ends: what is warned of and where, what callbacks and scorers are told."""

import inspect
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
QUICK = {"hidden_layer_sizes": (4,), "max_iter": 6, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.01}  # fmt: skip
AT_ONCE = {**QUICK, "solver": "lbfgs", "tol": 100.0}


def data(n=80):
    X = np.random.default_rng(0).normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * np.random.default_rng(1).normal(size=n) > 0).astype(int)


def nan_scorer(estimator, X, y):
    return float("nan")


class TestLbfgsThatConvergesAtOnce:
    @BOTH
    def test_has_the_loss_of_where_it_started(self, Estimator):
        est = Estimator(**AT_ONCE).fit(*data())
        assert est.stop_reason_ == "converged"
        assert est.loss_curve_ == [est.loss_]
        assert np.isfinite(est.loss_)
        assert est.best_loss_ == est.loss_
        assert est.n_iter_ == len(est.learning_rate_curve_) == 1

    @BOTH
    @pytest.mark.parametrize("scoring", ["loss", "neg_mean_squared_error"])
    def test_has_a_best_score(self, Estimator, scoring):
        est = Estimator(**AT_ONCE, early_stopping=True, early_stopping_scoring=scoring)
        est.fit(*data())
        assert est.stop_reason_ == "converged"
        assert np.isfinite(est.best_validation_score_)
        assert est.validation_scores_ == [est.best_validation_score_]
        assert len(est.validation_loss_curve_) == len(est.loss_curve_) == 1


def test_advice_to_lbfgs_is_of_what_lbfgs_has():
    X, y = data()
    est = MLPRegularizedRegressor(**{**QUICK, "solver": "lbfgs"}, standardize=False)
    with pytest.raises(ValueError, match="Training diverged") as error:
        est.fit(X, 1e200 * (y + 1.0))
    message = str(error.value)
    assert "standardize=True" in message
    assert not any(word in message for word in ("learning_rate", "step size", "clip_norm"))


class Interrupting:
    """Asks for nothing, but presses Ctrl-C after three epochs."""

    def __init__(self):
        self.left = 3

    def setup(self, estimator, context):
        pass

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context):
        self.left -= context.task_name == "epoch"
        if self.left == 0 and context.task_name == "epoch":
            raise KeyboardInterrupt


def max_iter(Estimator):
    return Estimator(**{**QUICK, "n_iter_no_change": 10})


def diverged(Estimator):
    # Some good epochs, then steps that no weight survives.
    est = Estimator(**QUICK, early_stopping=True, solver="sgd", warm_start=True).fit(*data())
    return est.set_params(learning_rate_init=1e150)


def interrupted(Estimator):
    return Estimator(**QUICK).set_callbacks(Interrupting())


def unscored(Estimator):
    return Estimator(**QUICK, early_stopping=True, early_stopping_scoring=nan_scorer)


class TestWarningsPointToTheCaller:
    @BOTH
    @pytest.mark.parametrize(
        ("make", "match"),
        [
            (max_iter, "max_iter=6"),
            (diverged, "best weights"),
            (interrupted, "interrupted after 3"),
            (unscored, "early_stopping_scoring"),
        ],
    )
    def test_of_fit(self, Estimator, make, match):
        est, (X, y) = make(Estimator), data()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            est.fit(X, y)
            line = inspect.currentframe().f_lineno - 1
        assert [match in str(w.message) for w in caught] == [True]
        assert (caught[0].filename, caught[0].lineno) == (__file__, line)

    @BOTH
    @pytest.mark.parametrize(
        ("make", "match"), [(diverged, "best weights"), (unscored, "early_stopping_scoring")]
    )
    def test_of_partial_fit(self, Estimator, make, match):
        est, (X, y) = make(Estimator), data()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                est.partial_fit(X, y)
        assert caught
        assert all(match in str(w.message) and w.filename == __file__ for w in caught)


class Counting:
    """Counts the tasks that begin and end."""

    def __init__(self, stop_after=None):
        self.begun, self.ended, self.stop_after = [], [], stop_after

    def setup(self, estimator, context):
        pass

    teardown = setup

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)
        return context.task_name == "epoch" and self.ended.count("epoch") == self.stop_after


@BOTH
@pytest.mark.parametrize(
    ("settings", "stop_after", "reason"),
    [
        ({}, None, "max_iter"),
        ({"n_iter_no_change": 2, "tol": 1e9, "max_iter": 50}, None, "no_improvement"),
        ({}, 2, "callback"),
        ({"early_stopping": True}, 6, "max_iter"),
        ({"solver": "lbfgs"}, None, "max_iter"),
        ({"solver": "lbfgs"}, 2, "callback"),
        ({"solver": "lbfgs", "tol": 100.0}, None, "converged"),
        ({"solver": "lbfgs", "tol": 100.0}, 1, "converged"),
        ({"solver": "lbfgs", "tol": 1e-2, "max_iter": 500, "l2": 0.1}, None, "converged"),
        ({"solver": "lbfgs", "max_fun": 3}, None, "max_fun"),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:max_fun:sklearn.exceptions.ConvergenceWarning")
def test_every_task_that_begins_ends(Estimator, settings, stop_after, reason):
    counting = Counting(stop_after)
    est = Estimator(**{**QUICK, **settings}).set_callbacks(counting).fit(*data())
    assert est.stop_reason_ == reason
    assert sorted(counting.begun) == sorted(counting.ended)
    assert counting.ended.count("fit") == 1
    assert est.n_iter_ <= counting.ended.count("epoch") <= est.n_iter_ + 1


@BOTH
def test_every_task_ends_where_a_best_survives_a_divergence(Estimator):
    counting, est = Counting(), diverged(Estimator)
    est.set_callbacks(counting)
    with pytest.warns(ConvergenceWarning, match="best weights"):
        est.fit(*data())
    assert sorted(counting.begun) == sorted(counting.ended)
    assert counting.ended[-1] == "fit"


class TestScorers:
    def test_without_sample_weight_refuses_weighted_rows(self):
        X, y = data()

        def scorer(estimator, X, y):
            return accuracy_score(y, estimator.predict(X))

        est = MLPRegularizedClassifier(
            **QUICK, early_stopping=True, early_stopping_scoring=scorer
        ).fit(X, y)
        assert np.isfinite(est.best_validation_score_)
        weight = np.random.default_rng(2).uniform(0.5, 2, len(y))
        with pytest.raises(ValueError, match=r"early_stopping_scoring=.*sample_weight"):
            est.fit(X, y, sample_weight=weight)
        rows = {"X_val": X, "y_val": y, "sample_weight_val": weight}
        with pytest.raises(ValueError, match=r"early_stopping_scoring=.*sample_weight"):
            est.fit(X, y, **rows)

    @pytest.mark.parametrize("own", [False, True])
    @pytest.mark.parametrize("keywords", [False, True])
    def test_with_sample_weight_receives_them(self, own, keywords):
        X, y = data()
        weight, seen = 1.0 + np.arange(len(y)), []

        def by_name(estimator, X, y, sample_weight=None):
            seen.append((X.copy(), sample_weight.copy()))
            return accuracy_score(y, estimator.predict(X), sample_weight=sample_weight)

        def by_keywords(estimator, X, y, **given):
            return by_name(estimator, X, y, **given)

        rows = {"X_val": X, "y_val": y, "sample_weight_val": weight} if own else {}
        MLPRegularizedClassifier(
            **QUICK, early_stopping=True,
            early_stopping_scoring=by_keywords if keywords else by_name,
        ).fit(X, y, sample_weight=weight, **rows)  # fmt: skip
        assert len(seen) == QUICK["max_iter"]
        for validation, given in seen:
            places = [int(np.flatnonzero((row == X).all(axis=1))[0]) for row in validation]
            np.testing.assert_array_equal(given, weight[places])

    @BOTH
    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_of_nothing_but_nan_keeps_the_last_network(self, Estimator, solver):
        X, y = data()
        rows = {"X_val": X[:20], "y_val": y[:20]}
        plain = Estimator(**QUICK, solver=solver).fit(X, y, **rows)
        est = unscored(Estimator).set_params(solver=solver)
        with pytest.warns(UserWarning, match=r"early_stopping_scoring=.*no finite value"):
            est.fit(X, y, **rows)
        assert est.n_iter_ == QUICK["max_iter"]
        assert np.isnan(est.validation_scores_).all()
        np.testing.assert_array_equal(est.coefs_[0], plain.coefs_[0])


class TestNormalizationWithoutHiddenLayers:
    """There is nothing to normalize."""

    @BOTH
    @pytest.mark.parametrize("batch_size", [200, 7])
    @pytest.mark.parametrize("settings", [{}, {"batch_statistics": "population"}], ids=str)
    def test_is_ignored(self, Estimator, batch_size, settings):
        X, y = data()
        params = {**QUICK, "hidden_layer_sizes": (), "batch_size": batch_size}
        plain = Estimator(**params).fit(X, y)
        est = Estimator(**params, normalization="batch", **settings).fit(X, y)
        np.testing.assert_array_equal(est.coefs_[0], plain.coefs_[0])
        assert est.loss_curve_ == plain.loss_curve_


@BOTH
@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}], ids=str)
def test_patience_none_is_a_fixed_number_of_epochs_as_infinity_is(Estimator, settings):
    """Neither warns that they are over, and a printed estimator can be pasted back."""
    X, y = data()
    params = {**QUICK, "learning_rate_init": 1e-7, **settings}
    none, infinite = (
        Estimator(**{**params, "n_iter_no_change": patience}).fit(X, y)
        for patience in (None, float("inf"))
    )
    assert none.n_iter_ == 6
    assert none.loss_curve_ == infinite.loss_curve_
    np.testing.assert_array_equal(none.coefs_[0], infinite.coefs_[0])
    pasted = eval(repr(none), {Estimator.__name__: Estimator})
    assert pasted.get_params() == none.get_params()


@BOTH
def test_the_warning_of_max_iter_names_the_way_out(Estimator):
    est = Estimator(**{**QUICK, "n_iter_no_change": 10})
    with pytest.warns(ConvergenceWarning, match=r"set n_iter_no_change=None if this many epochs"):
        est.fit(*data())
