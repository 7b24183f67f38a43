"""``"scratch"`` is, bit for bit, what a fit on all rows for the epochs found would have been."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
OWN = pytest.mark.parametrize("own", [False, True], ids=["split off", "handed in"])
# What is spread over max_iter, whenever training ends.
SPANNING = [
    {"learning_rate": "cosine"},
    {"learning_rate": "flat_cosine"},
    {"learning_rate": "one_cycle", "learning_rate_warmup": 2},
    {"weight_averaging": "swa", "averaging_start": 0.2},
]


def negative_error(estimator, X, y, sample_weight=None):
    return -np.average(np.abs(estimator.predict(X) - y), weights=sample_weight)


@pytest.fixture
def check(best_after, settled, Listener, assert_same_weights):
    """Fits by a script, or as the estimator judges, and on all rows; ``stopped`` by a callback."""

    def run(est, rows, own, scripted=True, stopped=False):
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
        assert_same_weights(est, plain)
        assert est.refit_loss_curve_ == plain.loss_curve_
        assert len(est.refit_loss_curve_) == n
        assert est.refit_validation_loss_curve_ is None
        assert est.refit_stop_reason_ == "max_iter"
        X = rows.inputs()
        np.testing.assert_array_equal(est.predict(X), plain.predict(X))
        if hasattr(est, "predict_proba"):
            np.testing.assert_array_equal(est.predict_proba(X), plain.predict_proba(X))

    return run


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
def test_whoever_judges(Estimator, settings, own, make, rows, check):
    check(make(Estimator, **settings), rows, own, scripted=False)


@OWN
def test_whatever_the_rows_are(case, own, make, check):
    Estimator, settings, rows = case
    check(make(Estimator, **settings), rows, own)


@BOTH
@OWN
def test_whatever_it_is_trained_with(Estimator, training, own, make, rows, check):
    check(make(Estimator, **training), rows, own)


@BOTH
@OWN
@pytest.mark.parametrize("settings", SPANNING, ids=["cosine", "flat_cosine", "one_cycle", "swa"])
def test_step_sizes_and_averages_are_those_of_the_same_epochs(
    Estimator, settings, own, make, rows, check
):
    """They are spread over max_iter, not over the epochs found."""
    check(make(Estimator, **settings, max_iter=20), rows, own, stopped=True)


@BOTH
def test_all_rows_may_ask_for_another_dtype(
    Estimator, make, plain_rows, settled, assert_same_weights
):
    """The part to learn from fits in one batch, all rows do not."""
    rows = plain_rows(Estimator, 240)
    est = rows.fit(make(Estimator, dtype="auto", early_stopping_refit="scratch"), own=False)
    assert 1 < est.best_iteration_ < est.n_iter_
    plain = rows.fit(settled(est, est.best_iteration_), own=False)
    assert plain._continuation.state.values.dtype == np.float32
    assert_same_weights(est, plain)
    assert est.refit_loss_curve_ == plain.loss_curve_


@BOTH
def test_a_generator_that_is_handed_in_is_drawn_from_once(
    Estimator, make, rows, settled, assert_same_weights
):
    state = np.random.RandomState(3)
    est = make(Estimator, early_stopping_refit="scratch", random_state=state)
    rows.fit(est, own=False)
    other = np.random.RandomState(3)
    plain = settled(est, est.best_iteration_).set_params(random_state=other)
    assert_same_weights(est, rows.fit(plain, own=False))
    assert state.randint(1 << 30) == other.randint(1 << 30)


@BOTH
def test_weights_of_the_rows_to_judge_by_alone(Estimator, make, rows, settled, assert_same_weights):
    """The rows to learn from then weigh 1 each."""
    weight = 1.0 + np.arange(rows.n - rows.n_learned) % 3
    est = make(Estimator, early_stopping_refit="scratch")
    est.fit(**{**rows.arguments(own=True), "sample_weight_val": weight})
    rows.weight = np.r_[np.ones(rows.n_learned), weight]
    assert_same_weights(est, rows.fit(settled(est, est.best_iteration_), own=False))


def test_sparse_and_dense_rows_may_be_mixed(make, cases, settled, assert_same_weights):
    Estimator, _, rows = cases["sparse"]
    given = rows.arguments(own=True)
    est = make(Estimator, early_stopping_refit="scratch")
    est.fit(**{**given, "X_val": given["X_val"].toarray()})
    assert_same_weights(est, rows.fit(settled(est, est.best_iteration_), own=False))


@BOTH
def test_words_to_judge_by_may_be_longer(Estimator, make, rows, settled, assert_same_weights):
    """Joined, no label is cut short; and whole numbers may be followed by real ones."""
    few, last = slice(0, rows.n_learned), slice(rows.n_learned, None)
    if Estimator is MLPRegularizedRegressor:
        X, y = rows.X, np.rint(rows.y)
        y[last] += 0.5
        narrow = y[few].astype(int)
    else:
        order = np.argsort(rows.y, kind="stable")
        X, y = rows.X[order], np.array(["no", "certainly"])[rows.y][order]
        narrow = y[few].astype("<U9")
    est = make(Estimator, early_stopping_refit="scratch")
    est.fit(X[few], narrow, X_val=X[last], y_val=y[last])
    assert_same_weights(est, settled(est, est.best_iteration_).fit(X, y))
