"""Going on under other hyperparameters: what starts anew, what stays, and what is refused."""

import numpy as np
import pytest
from sklearn.metrics import get_scorer

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
# Steps too large for comfort: what is watched goes up and down.
RESTLESS = {
    "hidden_layer_sizes": (8,),
    "max_iter": 20,
    "n_iter_no_change": None,
    "learning_rate_init": 0.2,
    "early_stopping": True,
    "warm_start": True,
    "random_state": 0,
    "dtype": "float64",
    "batch_size": 200,
}
SCORERS = {MLPRegularizedClassifier: "roc_auc", MLPRegularizedRegressor: "r2"}


def data(n=80, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, (X[:, 0] + rng.normal(size=n) > 0).astype(int)


def row(est):
    return est._continuation.state.values.copy()


class TestAnotherCriterion:
    """The best so far was the best by another measure: it is the best no more."""

    @BOTH
    @pytest.mark.parametrize("first", ["loss", "scorer"])
    def test_the_best_is_chosen_anew(self, Estimator, first):
        names = ["loss", SCORERS[Estimator]]
        before, after = names if first == "loss" else names[::-1]
        X, y = data()
        X_val, y_val = data(seed=1)
        own = {"X_val": X_val, "y_val": y_val}
        est = Estimator(**RESTLESS, early_stopping_scoring=before).fit(X, y, **own)
        # Whatever comes now would be worse, were losses and scores comparable.
        old = est._continuation.state
        old.best_value[:], old.best_epoch[:] = -1e9, 7
        est.set_params(early_stopping_scoring=after).fit(X, y, **own)
        assert est.n_iter_ == 40
        curve = est.validation_loss_curve_[20:]
        scores = est.validation_scores_[-20:] if after != "loss" else [-each for each in curve]
        assert est.best_validation_score_ == max(scores)
        assert est.best_iteration_ == 21 + int(np.argmax(scores))
        assert est.best_iteration_ < 40, "otherwise nothing is shown"
        if after != "loss":  # and the weights are those of that epoch
            judged = get_scorer(after)(est, X_val, y_val)
            np.testing.assert_allclose(judged, max(scores), rtol=1e-9)

    @pytest.mark.parametrize(
        ("first", "change"),
        [
            ({}, {"loss": "absolute_error"}),
            ({"loss": "absolute_error"}, {"loss": "huber"}),
            ({"loss": "huber"}, {"huber_delta": 0.1}),
        ],
        ids=str,
    )
    def test_another_loss_is_another_criterion(self, first, change):
        """Where the validation loss decides: values of two losses cannot be compared."""
        X, y = data()
        est = MLPRegularizedRegressor(**RESTLESS, **first).fit(X, y)
        est._continuation.state.best_value[:] = -1e9
        est.set_params(**change).fit(X, y)
        curve = est.validation_loss_curve_[20:]
        assert est.best_iteration_ == 21 + int(np.argmin(curve))
        assert est.best_validation_score_ == -min(curve)

    @BOTH
    def test_the_same_criterion_keeps_the_best(self, Estimator):
        X, y = data()
        est = Estimator(**RESTLESS).fit(X, y)
        best, coefs = est.best_iteration_, est.coefs_[0].copy()
        # Steps so long that what follows is worse.
        est.set_params(early_stopping_scoring="loss", learning_rate_init=30.0).fit(X, y)
        assert est.best_iteration_ == best
        np.testing.assert_array_equal(est.coefs_[0], coefs)

    @BOTH
    def test_training_itself_goes_on_as_if_nothing_had_changed(self, Estimator):
        """Moments, generators, schedule: only who judges is another."""
        X, y = data()
        whole = Estimator(**{**RESTLESS, "max_iter": 40}).fit(X, y)
        parts = Estimator(**RESTLESS).fit(X, y)
        parts.set_params(early_stopping_scoring=SCORERS[Estimator]).fit(X, y)
        np.testing.assert_array_equal(row(parts), row(whole))
        assert parts.loss_curve_ == whole.loss_curve_
        assert parts.validation_loss_curve_ == whole.validation_loss_curve_

    @BOTH
    @pytest.mark.parametrize("first", [False, True])
    def test_early_stopping_turned_on_or_off(self, Estimator, first):
        X, y = data()
        own = dict(zip(("X_val", "y_val"), data(seed=1), strict=True))
        est = Estimator(**{**RESTLESS, "early_stopping": first}).fit(X, y, **own)
        est._continuation.state.best_value[:] = -1e9
        est.set_params(early_stopping=not first).fit(X, y, **own)
        curve = est.loss_curve_ if first else est.validation_loss_curve_
        assert est.best_iteration_ == 21 + int(np.argmin(curve[20:]))
        if not first:
            assert est.best_validation_score_ == -min(curve[20:])

    @BOTH
    def test_patience_starts_anew(self, Estimator):
        """Four epochs without an improvement by another measure are none by this one."""
        X, y = data()
        patience = {"n_iter_no_change": 6, "tol": 1e9, "max_iter": 4}
        est = Estimator(**{**RESTLESS, **patience}).fit(X, y)
        est.set_params(early_stopping_scoring=SCORERS[Estimator], max_iter=50).fit(X, y)
        # The first epoch is compared with nothing and improves on it.
        assert (est.stop_reason_, est.n_iter_) == ("no_improvement", 4 + 1 + 6)
        same = Estimator(**{**RESTLESS, **patience}).fit(X, y).set_params(max_iter=50).fit(X, y)
        assert (same.stop_reason_, same.n_iter_) == ("no_improvement", 1 + 6)

    @BOTH
    def test_a_step_size_that_was_lowered_stays_so(self, Estimator):
        X, y = data()
        adaptive = {"solver": "sgd", "learning_rate": "adaptive", "tol": 1e9, "n_iter_no_change": 5}
        est = Estimator(**{**RESTLESS, **adaptive, "max_iter": 13}).fit(X, y)
        lowered = est.learning_rate_curve_[-1]
        np.testing.assert_allclose(lowered, 0.2 / 25, rtol=1e-14)
        est.set_params(early_stopping_scoring=SCORERS[Estimator], max_iter=3).fit(X, y)
        assert est.learning_rate_curve_[13:] == [lowered] * 3

    def test_a_failure_leaves_what_was_learned_whole(self):
        """Also what was the best so far."""

        def fails(estimator, X, y):
            raise ArithmeticError("no score today")

        X, y = data()
        est = MLPRegularizedClassifier(**RESTLESS).fit(X, y)
        whole = MLPRegularizedClassifier(**RESTLESS).fit(X, y).fit(X, y)
        with pytest.raises(ArithmeticError):
            est.set_params(early_stopping_scoring=fails).fit(X, y)
        est.set_params(early_stopping_scoring="loss").fit(X, y)
        np.testing.assert_array_equal(est.coefs_[0], whole.coefs_[0])
        assert est.validation_loss_curve_ == whole.validation_loss_curve_
        assert est.best_iteration_ == whole.best_iteration_


# 3 inputs, 1 output. The first four pairs have as many numbers, whatever these mean.
OTHERS = [
    ({}, {"activation": "tanh"}),
    ({"hidden_layer_sizes": (4, 4)}, {"activation": ("relu", "tanh")}),
    # 3 + 1 + 7 + 7 + 7 + 1 and 15 + 5 + 5 + 1
    ({"hidden_layer_sizes": (1, 7)}, {"hidden_layer_sizes": (5,)}),
    ({"normalization": "batch", "activation": "identity"}, {"activation": "tanh"}),
    ({"hidden_layer_sizes": (4,)}, {"hidden_layer_sizes": (3,)}),
    ({"normalization": "batch"}, {"normalization": None}),
    ({"normalization": "batch"}, {"normalization_position": "after"}),
    ({"hidden_layer_sizes": ()}, {"hidden_layer_sizes": (1,)}),
    ({"hidden_layer_sizes": (4, 2)}, {"hidden_layer_sizes": (2, 4)}),
]


class TestAnotherArchitecture:
    @BOTH
    @pytest.mark.parametrize(("first", "change"), OTHERS, ids=str)
    @pytest.mark.parametrize("how", ["fit", "partial_fit"])
    def test_is_refused_and_what_was_learned_stays(self, Estimator, first, change, how):
        X, y = data()
        X = X[:, :3]
        params = {**RESTLESS, "early_stopping": False, "hidden_layer_sizes": (4,), **first}
        est = Estimator(**params).fit(X, y)
        before, kept = est.predict(X), {name: getattr(est, name) for name in change}
        with pytest.raises(ValueError, match=r"layers have changed.*warm_start=False"):
            getattr(est.set_params(**change), how)(X, y)
        np.testing.assert_array_equal(est.predict(X), before)
        est.set_params(**kept).fit(X, y)
        whole = Estimator(**params).fit(X, y).fit(X, y)
        np.testing.assert_array_equal(row(est), row(whole))

    def test_these_are_of_equal_size(self):
        """Nothing but the layers' kinds and shapes could tell the first four pairs apart."""
        for first, change in OTHERS[:4]:
            sizes = []
            for more in (first, {**first, **change}):
                params = {"hidden_layer_sizes": (4,), **more, "max_iter": 1}
                est = MLPRegularizedRegressor(**{**RESTLESS, **params})
                sizes.append(est.fit(data()[0][:, :3], data()[1])._continuation.state.values.shape)
            assert sizes[0] == sizes[1]

    @BOTH
    @pytest.mark.parametrize(
        "change",
        [
            {"dropout": 0.5},
            {"input_dropout": 0.3, "dropout_scaling": "predict"},
            {"input_noise": 0.1, "weight_noise": 0.1},
            {"l1": 0.01, "l2": 0.1, "max_norm": 1.0, "clip_norm": 1.0, "weight_decay": 0.1},
            {"solver": "sgd"},
            {"solver": "lbfgs"},
            {"batch_size": 20},
            {"learning_rate_init": 0.001, "learning_rate": "invscaling"},
        ],
        ids=str,
    )
    def test_how_it_is_trained_may_change(self, Estimator, change):
        """Regularizers, solver, step size: the arrays are the same, and it is where it was."""
        X, y = data()
        params = {**RESTLESS, "early_stopping": False}
        est = Estimator(**params).fit(X, y)
        tiny = {"max_iter": 1, "learning_rate_init": 1e-300, **change}
        n_iter, before = est.n_iter_, row(est)
        est.set_params(**tiny).fit(X, y)
        assert est.n_iter_ > n_iter
        if "learning_rate_init" not in change and not {"solver", "max_norm"} & set(change):
            np.testing.assert_allclose(row(est), before, rtol=1e-12)

    @BOTH
    def test_a_fresh_start_may_have_any(self, Estimator):
        X, y = data()
        est = Estimator(**{**RESTLESS, "warm_start": False}).fit(X, y)
        est.set_params(activation="tanh", hidden_layer_sizes=(3,)).fit(X, y)
        assert est.coefs_[0].shape == (4, 3)
        assert est.n_iter_ == 20
