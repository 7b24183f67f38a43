"""Same seed, same bits; and what going on refuses."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
QUICK = {"hidden_layer_sizes": (5,), "max_iter": 3, "n_iter_no_change": None, "batch_size": 16}
DRAWS = {"dropout": 0.3, "input_noise": 0.1, "weight_noise": 0.1, "gradient_noise": 0.1}


def data(n=60):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 4)), np.arange(n) % 3


def bits(est):
    return [each.tobytes() for each in est.coefs_ + est.intercepts_]


@BOTH
@pytest.mark.parametrize("draws", [{}, DRAWS, {**DRAWS, "early_stopping": True}])
def test_the_same_seed_gives_the_same_bits(Estimator, draws):
    X, y = data()
    est = Estimator(**QUICK, **draws, random_state=7).fit(X, y)
    first = bits(est)
    assert bits(est.fit(X, y)) == first
    assert bits(clone(est).fit(X, y)) == first
    assert bits(Estimator(**QUICK, **draws, random_state=8).fit(X, y)) != first


@BOTH
def test_without_a_seed_every_fit_differs(Estimator):
    X, y = data()
    est = Estimator(**QUICK, random_state=None)
    assert bits(est.fit(X, y)) != bits(est.fit(X, y))


@BOTH
def test_a_random_state_instance_advances(Estimator):
    X, y = data()
    est = Estimator(**QUICK, random_state=np.random.RandomState(0))
    first, second = bits(est.fit(X, y)), bits(est.fit(X, y))
    assert first != second
    again = Estimator(**QUICK, random_state=np.random.RandomState(0))
    assert [bits(again.fit(X, y)), bits(again.fit(X, y))] == [first, second]


def test_a_random_state_instance_is_left_alone_when_going_on():
    X, y = data()
    state = np.random.RandomState(0)
    est = MLPRegularizedClassifier(**QUICK, warm_start=True, random_state=state).fit(X, y)
    before = pickle.dumps(state)
    est.fit(X, y).partial_fit(X, y)
    assert pickle.dumps(state) == before


def test_the_global_generator_is_left_alone_when_a_seed_is_given():
    X, y = data()
    np.random.seed(0)  # noqa: NPY002
    MLPRegularizedClassifier(**QUICK, **DRAWS, random_state=1).fit(X, y)
    drawn = np.random.random()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    assert drawn == np.random.random()  # noqa: NPY002


def test_a_switched_on_regularizer_leaves_start_and_split_as_they_are():
    X, y = data()
    still = {**QUICK, "max_iter": 1, "learning_rate_init": 1e-300, "random_state": 0}
    plain = bits(MLPRegularizedClassifier(**still).fit(X, y))
    for name, rate in DRAWS.items():
        assert bits(MLPRegularizedClassifier(**still, **{name: rate}).fit(X, y)) == plain, name


@BOTH
def test_without_warm_start_fit_starts_anew(Estimator):
    X, y = data()
    est = Estimator(**QUICK, random_state=0)
    first = bits(est.fit(X, y))
    assert bits(est.partial_fit(X, y)) != first
    assert bits(est.fit(X, y)) == first
    assert est.n_iter_ == 3


@BOTH
@pytest.mark.parametrize(
    "change",
    [
        {"hidden_layer_sizes": (7,)},
        {"hidden_layer_sizes": (5, 5)},
        {"hidden_layer_sizes": ()},
        {"normalization": "batch"},
    ],
)
def test_a_changed_shape_teaches_and_leaves_the_network_whole(Estimator, change):
    X, y = data()
    est = Estimator(**QUICK, warm_start=True, random_state=0).fit(X, y)
    before, n_iter, kept = bits(est), est.n_iter_, est.get_params()
    with pytest.raises(ValueError, match=r"hidden_layer_sizes.*normalization") as caught:
        est.set_params(**change).fit(X, y)
    assert "warm_start=False" in str(caught.value)
    assert (bits(est), est.n_iter_) == (before, n_iter)
    est.set_params(**kept).fit(X, y)
    assert est.n_iter_ == n_iter + 3


@BOTH
def test_another_shape_with_as_many_numbers_is_refused_too(Estimator):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 2
    # 2-4-3-1 and 2-7-1-1 both have 31 weights and biases.
    first, second = (4, 3), (7, 1)
    est = Estimator(**{**QUICK, "hidden_layer_sizes": first}, warm_start=True).fit(X, y)
    other = Estimator(**{**QUICK, "hidden_layer_sizes": second}).fit(X, y)
    assert count(est) == count(other), "otherwise nothing is shown"
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        est.set_params(hidden_layer_sizes=second).fit(X, y)


def count(est):
    return sum(each.size for each in est.coefs_ + est.intercepts_)


def test_a_changed_loss_is_heeded_when_going_on():
    X, y = data()
    est = MLPRegularizedRegressor(**QUICK, warm_start=True, random_state=0)
    same = bits(est.fit(X, y).fit(X, y))
    other = clone(est).fit(X, y).set_params(loss="absolute_error")
    assert bits(other.fit(X, y)) != same


FAILURES = {
    "diverges": (lambda X, y: {"X": X, "y": y}, "diverged"),
    "bad weights": (lambda X, y: {"X": X, "y": y, "sample_weight": -np.ones(len(X))}, "weight"),
    "other width": (lambda X, y: {"X": X[:, :2], "y": y}, "features"),
    "new label": (lambda X, y: {"X": X, "y": y + 1}, "not among the classes"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_fit_keeps_the_earlier_network_whole(failure):
    X, y = data()
    params = {**QUICK, "max_iter": 5, "random_state": 0, "dropout": 0.2,
              "learning_rate_init": 0.001}  # fmt: skip
    undisturbed = MLPRegularizedClassifier(**params, warm_start=True).fit(X, y).fit(X, y)
    est = MLPRegularizedClassifier(**params, warm_start=True).fit(X, y)
    before, proba = bits(est), est.predict_proba(X)
    given, message = FAILURES[failure]
    if failure == "diverges":
        est.set_params(learning_rate_init=1e300)
    with pytest.raises(ValueError, match=message):
        est.fit(**given(X, y))
    assert bits(est) == before
    np.testing.assert_array_equal(est.predict_proba(X), proba)
    est.set_params(learning_rate_init=0.001).fit(X, y)
    assert bits(est) == bits(undisturbed)
    assert est.loss_curve_ == undisturbed.loss_curve_


@BOTH
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"early_stopping": False}, {"early_stopping": True}),
        ({"early_stopping": True}, {"early_stopping": False}),
        ({"early_stopping": True}, {"early_stopping": True}),
    ],
    ids=str,
)
def test_a_criterion_that_changes_is_judged_by_its_own_values(Estimator, before, after):
    X, y = data()
    scores = iter(range(-1000, 0))

    def rising(estimator, X, y):
        return float(next(scores))

    est = Estimator(**QUICK, warm_start=True, random_state=0, **before).fit(X, y)
    est.set_params(n_iter_no_change=2, tol=0.0, max_iter=8, **after)
    if after["early_stopping"]:
        # Better every epoch, if far below minus any loss seen so far.
        with pytest.warns(ConvergenceWarning, match="max_iter=8"):
            est.set_params(early_stopping_scoring=rising).fit(X, y)
        assert est.n_iter_ == 3 + 8
        assert est.best_iteration_ == est.n_iter_
        assert est.best_validation_score_ == -1000.0 + 7
    else:
        est.set_params(n_iter_no_change=None).fit(X, y)
        assert est.best_iteration_ == 1 + np.argmin(est.loss_curve_[3:]) + 3


@BOTH
def test_any_number_of_jobs_gives_the_same_bits(Estimator):
    X, y = data()
    grid = {"l2": [0.0, 0.1], "dropout": [0.0, 0.3]}
    searches = [
        GridSearchCV(Estimator(**QUICK, random_state=0), grid, cv=2, n_jobs=n).fit(X, y)
        for n in (1, 2)
    ]
    one, two = (search.cv_results_["mean_test_score"] for search in searches)
    np.testing.assert_array_equal(one, two)
    assert bits(searches[0].best_estimator_) == bits(searches[1].best_estimator_)
