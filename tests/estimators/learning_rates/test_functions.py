"""The step size may be a function: when it is asked, what it may give, and what copies do."""

import copy
import math
import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

pytestmark = pytest.mark.parametrize(
    "Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor]
)


@pytest.mark.parametrize("kind", ["lambda", "function", "object", "method", "NumPy"])
def test_anything_that_can_be_called_will_do(Estimator, kind, make, data, falling, Falling):
    functions = {
        "lambda": lambda t: 1 / (1 + t),
        "function": falling,
        "object": Falling(1.0),
        "method": Falling(1.0).__call__,
        "NumPy": lambda t: np.float32(1.0) / np.float32(1 + t),
    }
    est = make(Estimator, functions[kind], max_iter=3).fit(*data)
    expected = [est.learning_rate_init / (5 * epoch + 5) for epoch in range(3)]
    np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-6)


def test_they_are_asked_for_every_update_by_a_whole_number(Estimator, make, data):
    """There are five an epoch."""
    asked = []

    def spy(update):
        asked.append(update)
        return 1

    est = make(Estimator, spy, max_iter=3, warm_start=True).fit(*data)
    assert sorted(set(asked)) == list(range(15))
    assert {type(update) for update in asked} == {int}
    asked.clear()
    est.fit(*data)
    assert sorted(set(asked)) == list(range(15, 30))
    asked.clear()
    est.partial_fit(*data)
    assert sorted(set(asked)) == list(range(30, 35))


def test_a_factor_of_zero_is_no_step(Estimator, make, data):
    params = {"solver": "sgd", "momentum": 0.0}
    none, some = (
        make(Estimator, lambda t: float(t < 7), max_iter=n, **params).fit(*data) for n in (9, 2)
    )
    np.testing.assert_array_equal(none.coefs_[0], some.coefs_[0])
    assert none.learning_rate_curve_ == [none.learning_rate_init] + [0.0] * 8


@pytest.mark.parametrize("how", ["fit", "partial_fit"])
def test_what_they_raise_reaches_the_caller(Estimator, how, make, data):
    class OwnError(Exception):
        pass

    def fails(update):
        if update == 3:
            raise OwnError("no step size today")
        return 1.0

    with pytest.raises(OwnError, match="no step size today"):
        getattr(make(Estimator, fails), how)(*data)


def test_a_failure_leaves_what_was_learned_whole(Estimator, make, data, assert_same_training):
    est = make(Estimator, "constant", max_iter=2, warm_start=True).fit(*data)
    whole = clone(est).fit(*data).fit(*data)
    with pytest.raises(ZeroDivisionError):
        est.set_params(learning_rate=lambda t: 1 / (17 - t)).fit(*data)
    assert_same_training(est.set_params(learning_rate="constant").fit(*data), whole)


@pytest.mark.parametrize("how", ["fit", "partial_fit"])
@pytest.mark.parametrize("given", [math.nan, -0.5, math.inf, -math.inf, None, "fast", [1, 2]])
def test_what_is_no_factor_is_named(Estimator, how, given, make, data):
    est = make(Estimator, lambda t: given if t == 3 else 1.0)
    message = rf"learning_rate=<function .*at update 3 it gave {re.escape(repr(given))}"
    with pytest.raises(ValueError, match=message):
        getattr(est, how)(*data)


@pytest.fixture
def function(kind, falling, Falling):
    """One of its kind."""
    return {"function": falling, "object": Falling(0.3), "lambda": lambda t: 0.9**t}[kind]


@pytest.mark.parametrize(
    "carry",
    [clone, copy.deepcopy, lambda est: pickle.loads(pickle.dumps(est))],
    ids=["clone", "deepcopy", "pickle"],
)
@pytest.mark.parametrize("kind", ["function", "object"])
def test_copies_take_the_same_steps(Estimator, carry, function, make, data, assert_same_training):
    est = make(Estimator, function, max_iter=4)
    assert_same_training(carry(est).fit(*data), est.fit(*data))


def test_a_pickled_network_goes_on(Estimator, make, data, falling, assert_same_training):
    est = make(Estimator, falling, max_iter=4, warm_start=True).fit(*data)
    carried = pickle.loads(pickle.dumps(est))
    assert_same_training(carried.fit(*data), est.fit(*data))
    last = est.learning_rate_init / (8 * 5)
    np.testing.assert_allclose(est.learning_rate_curve_[-1], last, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["function", "object", "lambda"])
def test_a_search_in_one_pass_finds_the_same(
    Estimator, function, make, data, search_both_ways, assert_same_training
):
    """Clones of an object are as many objects; a function is one for all."""
    X, y = (each[:40] for each in data)
    est = make(Estimator, function, max_iter=4)
    grid = {"l2": [0.0, 0.1], "learning_rate_init": [0.02, 0.1], "learning_rate_warmup": [0, 2]}
    network, other, scores = search_both_ways(est, grid, X, y)
    assert len(set(scores.mean(axis=1).tolist())) > 4, "otherwise nothing is shown"
    assert_same_training(other, network)
