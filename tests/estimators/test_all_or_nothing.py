"""A call that fails, wherever it fails, leaves the estimator as it was."""

import warnings

import numpy as np
import pandas as pd
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.batches import Batches

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 3, "n_iter_no_change": np.inf, "random_state": 0}
BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
N = 40
X = np.random.default_rng(0).normal(size=(N, 3))
Y = (X[:, 0] > 0).astype(int)
FRAME = pd.DataFrame(X, columns=list("abc"))
WIDE = pd.DataFrame(np.column_stack([X, X]), columns=list("uvwxyz"))


def no_scorer(estimator, X, y):
    raise LookupError("no score")


def no_augmentation(X, y, rng):
    raise KeyboardInterrupt


# Settings, data that the fitted estimator has not seen the like of, and the error.
FAILURES = {
    "y": ({}, {"y": Y[:-1]}, ValueError),
    "weights": ({}, {"sample_weight": -np.ones(N)}, ValueError),
    "X_val": ({}, {"X_val": FRAME[["a", "b"]], "y_val": Y}, ValueError),
    "dropout": ({"dropout": (0.1, 0.2)}, {}, ValueError),
    "schedule": ({"learning_rate": lambda update: None}, {}, ValueError),
    "scorer": ({"early_stopping": True, "early_stopping_scoring": no_scorer}, {}, LookupError),
    "augmentation": ({"augmentation": lambda X, y, rng: None}, {}, ValueError),
    "divergence": ({"solver": "sgd", "learning_rate_init": 1e250}, {}, ValueError),
}


def remembered(est):
    return {name: (id(value), repr(value)) for name, value in vars(est).items()}


def assert_untouched(est, before, predictions):
    assert remembered(est) == before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(est.predict(FRAME), predictions)


@BOTH
@pytest.mark.parametrize("kind", FAILURES)
def test_a_fit_that_fails_changes_nothing(Estimator, kind):
    settings, data, error = FAILURES[kind]
    est = Estimator(**QUICK).fit(FRAME, Y).set_params(**settings)
    before, predictions = remembered(est), est.predict(FRAME)
    with pytest.raises(error):
        est.fit(**{"X": WIDE, "y": Y, **data})
    assert_untouched(est, before, predictions)
    assert est.n_features_in_ == 3
    assert est.feature_names_in_.tolist() == ["a", "b", "c"]


@BOTH
@pytest.mark.parametrize("kind", FAILURES)
def test_one_that_was_never_fitted_is_not_fitted_by_halves(Estimator, kind):
    settings, data, error = FAILURES[kind]
    for method in ("fit", "partial_fit"):
        est = Estimator(**QUICK, **settings)
        before = remembered(est)
        with pytest.raises(error):
            getattr(est, method)(**{"X": WIDE, "y": Y, **data})
        assert remembered(est) == before


@BOTH
@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_going_on_that_fails_changes_nothing(Estimator, kind, method):
    settings, data, error = FAILURES[kind]
    est = Estimator(**QUICK, warm_start=True).fit(FRAME, Y).set_params(**settings)
    before, predictions = remembered(est), est.predict(FRAME)
    with pytest.raises(error):
        getattr(est, method)(**{"X": FRAME, "y": Y, **data})
    assert_untouched(est, before, predictions)


@BOTH
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_ctrl_c_before_the_first_epoch_changes_nothing(Estimator, method, monkeypatch):
    est = Estimator(**QUICK).fit(FRAME, Y)
    before, predictions = remembered(est), est.predict(FRAME)

    def interrupted(self, *args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Batches, "__init__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            getattr(est, method)(FRAME, Y)
    assert_untouched(est, before, predictions)


class Fails:
    """A callback that raises in one of its hooks."""

    def __init__(self, hook):
        self.hook, self.torn_down = hook, 0

    def _at(self, hook):
        if hook == self.hook:
            raise LookupError(hook)

    def setup(self, estimator, context):
        self._at("setup")

    def teardown(self, estimator, context):
        self.torn_down += 1
        self._at("teardown")

    def on_fit_task_begin(self, estimator, context):
        self._at(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context):
        self._at(f"end {context.task_name}")
        return False


@BOTH
@pytest.mark.parametrize(
    "hook", ["setup", "begin fit", "begin epoch", "end epoch", "end fit", "teardown"]
)
def test_a_callback_that_fails_is_torn_down_and_changes_nothing(Estimator, hook):
    est = Estimator(**QUICK).fit(FRAME, Y)
    callback = Fails(hook)
    est.set_callbacks(callback)
    before, predictions = remembered(est), est.predict(FRAME)
    with pytest.raises(LookupError, match=hook):
        est.fit(WIDE, Y)
    assert callback.torn_down == 1
    assert_untouched(est, before, predictions)
    # The callback's own attributes are in order: without the fault the next fit runs.
    callback.hook = None
    assert est.fit(WIDE, Y).n_features_in_ == 6


@BOTH
def test_a_warning_made_an_error_changes_nothing(Estimator):
    est = Estimator(**QUICK).fit(FRAME, Y).set_params(n_iter_no_change=10)
    before, predictions = remembered(est), est.predict(FRAME)
    with pytest.raises(UserWarning, match="max_iter=3 epochs were reached"):
        est.fit(WIDE, Y)
    assert_untouched(est, before, predictions)
