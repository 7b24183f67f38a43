"""The step size over time: each kind is its formula, goes on over calls, and may be a function."""

import copy
import math
import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
ADAPTIVE = pytest.mark.filterwarnings("ignore:max_iter:sklearn.exceptions.ConvergenceWarning")
# 70 rows in batches of 16 are 5 updates an epoch; the curve tells the step size of the last.
N_ROWS, N_UPDATES = 70, 5
LAST = (N_UPDATES - 1) / N_UPDATES
LARGEST, SMALLEST, MAX_ITER = 0.04, 0.01, 20
BASE = {"hidden_layer_sizes": (4,), "batch_size": 16, "learning_rate_init": LARGEST,
        "max_iter": MAX_ITER, "n_iter_no_change": np.inf, "random_state": 0}  # fmt: skip


def data(n=N_ROWS):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def between(share):
    """From the smallest step size at 0 to the largest at 1."""
    return SMALLEST + (LARGEST - SMALLEST) * share


def falling_cosine(fraction):
    return between((1 + math.cos(math.pi * fraction)) / 2)


def triangle(fraction, height=1.0):
    rises = 2 * fraction if fraction < 0.5 else 2 * (1 - fraction)
    return between(height * rises)


def place(time, starts):
    """The cycle in which this moment lies, by a list of the epochs that begin one."""
    number = max(i for i, start in enumerate(starts) if start <= time)
    start, end = starts[number], starts[number + 1]
    return number, (time - start) / (end - start)


def one_cycle(fraction):
    if fraction < 0.3:
        return between(1 / 25 + (1 - 1 / 25) * (1 - math.cos(math.pi * fraction / 0.3)) / 2)
    return falling_cosine((fraction - 0.3) / 0.7)


# Sums of 2, 2 * 1.5, 2 * 1.5**2, ... epochs, rounded; and of 4 each.
GROWING = [0, 2, 5, 10, 16, 26]
EVEN = [0, 4, 8, 12, 16, 20, 24]


def falling(update):
    return 1 / (1 + update)


class Falling:
    """The same as an object, which a clone copies."""

    def __init__(self, by):
        self.by = by

    def __call__(self, update):
        return 1 / (1 + self.by * update)


# Settings, and the step size at a moment in epochs: 2.8 is the last update of the third of five.
# ``span`` is how many epochs max_iter leaves for the schedule.
SCHEDULES = {
    "constant": ({"learning_rate": "constant"}, lambda time, span: LARGEST),
    "invscaling": (
        {"learning_rate": "invscaling", "power_t": 0.3},
        lambda time, span: LARGEST / (N_ROWS * int(time) + 1) ** 0.3,
    ),
    "adaptive": ({"learning_rate": "adaptive", "solver": "sgd"}, lambda time, span: LARGEST),
    "exponential": (
        {"learning_rate": "exponential", "learning_rate_decay": 0.8},
        lambda time, span: LARGEST * 0.8 ** int(time),
    ),
    "step": (
        {"learning_rate": "step", "learning_rate_decay": 0.5, "learning_rate_period": 3},
        lambda time, span: LARGEST * 0.5 ** (int(time) // 3),
    ),
    "cosine": (
        {"learning_rate": "cosine", "learning_rate_min": SMALLEST},
        lambda time, span: falling_cosine(time % span / span),
    ),
    "one_cycle": (
        {"learning_rate": "one_cycle", "learning_rate_min": SMALLEST},
        lambda time, span: one_cycle(time % span / span),
    ),
    "cosine_restarts": (
        {"learning_rate": "cosine_restarts", "learning_rate_min": SMALLEST,
         "learning_rate_period": 4},
        lambda time, span: falling_cosine(place(time, EVEN)[1]),
    ),
    "growing restarts": (
        {"learning_rate": "cosine_restarts", "learning_rate_min": SMALLEST,
         "learning_rate_period": 2, "learning_rate_period_mult": 1.5},
        lambda time, span: falling_cosine(place(time, GROWING)[1]),
    ),
    "cyclic": (
        {"learning_rate": "cyclic", "learning_rate_min": SMALLEST, "learning_rate_period": 4,
         "learning_rate_decay": 1.0},
        lambda time, span: triangle(place(time, EVEN)[1]),
    ),
    "growing, falling triangles": (
        {"learning_rate": "cyclic", "learning_rate_min": SMALLEST, "learning_rate_period": 2,
         "learning_rate_period_mult": 1.5, "learning_rate_decay": 0.5},
        lambda time, span: triangle(place(time, GROWING)[1], 0.5 ** place(time, GROWING)[0]),
    ),
    "function": (
        {"learning_rate": falling},
        lambda time, span: LARGEST / (1 + round(N_UPDATES * time)),
    ),
    "object": (
        {"learning_rate": Falling(0.1)},
        lambda time, span: LARGEST / (1 + 0.1 * round(N_UPDATES * time)),
    ),
}  # fmt: skip
EVERY = pytest.mark.parametrize("name", SCHEDULES)
WARM_UPS = pytest.mark.parametrize("warm_up", [0, 1, 3])
# Those that end with max_iter start over when it is over; all others go on.
SPANNING = ("cosine", "one_cycle")
ENDLESS = pytest.mark.parametrize("name", [name for name in SCHEDULES if name not in SPANNING])


def make(Estimator, name, warm_up=0, **params):
    settings = {**BASE, **SCHEDULES[name][0], "learning_rate_warmup": warm_up, **params}
    return Estimator(**settings)


def step_size(name, time, warm_up, max_iter=MAX_ITER):
    """The formula of a schedule behind a warm-up of so many epochs."""
    if time < warm_up:
        return LARGEST * (N_UPDATES * time + 1) / (N_UPDATES * warm_up)
    return SCHEDULES[name][1](time - warm_up, max_iter - warm_up)


def expected_curve(name, warm_up, n_epochs, max_iter=MAX_ITER):
    return [step_size(name, epoch + LAST, warm_up, max_iter) for epoch in range(n_epochs)]


def assert_same_training(one, other):
    for attribute in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(one, attribute), getattr(other, attribute), strict=True):
            np.testing.assert_array_equal(a, b)
    for attribute in ("loss_curve_", "learning_rate_curve_", "n_iter_", "t_"):
        assert getattr(one, attribute) == getattr(other, attribute), attribute


@BOTH
@EVERY
@WARM_UPS
def test_the_curve_is_the_formula_at_the_last_update_of_each_epoch(Estimator, name, warm_up):
    est = make(Estimator, name, warm_up).fit(*data())
    expected = expected_curve(name, warm_up, MAX_ITER)
    np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-12)


def test_the_table_has_every_kind():
    """Those that the constraints let through, and functions."""
    kinds = {settings["learning_rate"] for settings, _ in SCHEDULES.values()}
    (named, function) = MLPRegularizedClassifier._parameter_constraints["learning_rate"]
    assert {kind for kind in kinds if isinstance(kind, str)} == named.options
    assert function is callable


@EVERY
@WARM_UPS
def test_every_update_takes_the_step_that_a_function_of_the_formula_takes(name, warm_up):
    """Within an epoch too, where the curve tells nothing."""
    if name == "adaptive":
        # It has no formula, but constant is what it is until it waits in vain.
        name = "constant"
    params = {"solver": "sgd", "dtype": "float64", "max_iter": 12}
    est = make(MLPRegularizedRegressor, name, warm_up, **params).fit(*data())

    def factor(update):
        return step_size(name, update / N_UPDATES, warm_up, 12) / LARGEST

    same = MLPRegularizedRegressor(**{**BASE, **params, "learning_rate": factor}).fit(*data())
    np.testing.assert_allclose(same.learning_rate_curve_, est.learning_rate_curve_, rtol=1e-12)
    for a, b in zip(est.coefs_, same.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@BOTH
@ADAPTIVE
def test_adaptive_is_a_fifth_after_each_wait_in_vain_behind_the_warm_up(Estimator):
    patience = {"n_iter_no_change": 4, "tol": 1e9}
    est = make(Estimator, "adaptive", 2, **patience).fit(*data())
    # The first epoch improves on nothing; then every fourth is one too many.
    fifths = [0.2 ** (max(epoch - 1, 0) // 4) for epoch in range(MAX_ITER)]
    expected = np.array(fifths) * expected_curve("constant", 2, MAX_ITER)
    np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-12)


@BOTH
@pytest.mark.parametrize("warm_up", [0, 3])
@ENDLESS
def test_ten_epochs_and_ten_more_are_twenty(Estimator, name, warm_up):
    X, y = data()
    whole = make(Estimator, name, warm_up).fit(X, y)
    parts = make(Estimator, name, warm_up, max_iter=10, warm_start=True).fit(X, y)
    halfway = parts.coefs_[0].copy()
    assert_same_training(parts.fit(X, y), whole)
    assert not np.array_equal(halfway, whole.coefs_[0])


@BOTH
@EVERY
def test_partial_fit_twenty_times_is_twenty_epochs(Estimator, name):
    """Behind a warm-up; those that end with max_iter too, it being no more than their end."""
    X, y = data()
    whole, parts = make(Estimator, name, 3).fit(X, y), make(Estimator, name, 3)
    for _ in range(MAX_ITER):
        parts.partial_fit(X, y)
    assert_same_training(parts, whole)


@BOTH
@pytest.mark.parametrize("name", SPANNING)
@WARM_UPS
def test_what_ends_with_max_iter_starts_over_when_training_goes_on(Estimator, name, warm_up):
    """Without the warm-up, which is over."""
    X, y = data()
    est = make(Estimator, name, warm_up, max_iter=10, warm_start=True).fit(X, y).fit(X, y)
    expected = expected_curve(name, warm_up, 20, max_iter=10)
    np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-12)
    behind = est.learning_rate_curve_[warm_up:10]
    np.testing.assert_allclose(est.learning_rate_curve_[10:], (behind * 2)[:10], rtol=1e-12)


@BOTH
def test_partial_fit_goes_on_behind_max_iter(Estimator):
    X, y = data()
    est = make(Estimator, "cosine", max_iter=6)
    for _ in range(9):
        est.partial_fit(X, y)
    expected = expected_curve("cosine", 0, 9, max_iter=6)
    np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-12)


@BOTH
@pytest.mark.parametrize("name", ["cosine", "cyclic", "exponential", "function"])
def test_the_dtype_is_no_part_of_the_step_size(Estimator, name):
    X, y = data()
    coarse, fine = (make(Estimator, name, 2, dtype=f"float{bits}").fit(X, y) for bits in (32, 64))
    assert coarse.learning_rate_curve_ == fine.learning_rate_curve_


class TestFunctions:
    @BOTH
    @pytest.mark.parametrize("kind", ["lambda", "function", "object", "method", "NumPy"])
    def test_anything_that_can_be_called_will_do(self, Estimator, kind):
        functions = {
            "lambda": lambda t: 1 / (1 + t),
            "function": falling,
            "object": Falling(1.0),
            "method": Falling(1.0).__call__,
            "NumPy": lambda t: np.float32(1.0) / np.float32(1 + t),
        }
        est = Estimator(**{**BASE, "max_iter": 3}, learning_rate=functions[kind]).fit(*data())
        expected = [LARGEST / (5 * epoch + 5) for epoch in range(3)]
        np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-6)

    @BOTH
    def test_they_are_asked_for_every_update_by_a_whole_number(self, Estimator):
        asked = []

        def spy(update):
            asked.append(update)
            return 1

        X, y = data()
        est = Estimator(**{**BASE, "max_iter": 3}, learning_rate=spy, warm_start=True).fit(X, y)
        assert sorted(set(asked)) == list(range(3 * N_UPDATES))
        assert {type(update) for update in asked} == {int}
        asked.clear()
        est.fit(X, y)
        assert sorted(set(asked)) == list(range(3 * N_UPDATES, 6 * N_UPDATES))
        asked.clear()
        est.partial_fit(X, y)
        assert sorted(set(asked)) == list(range(6 * N_UPDATES, 7 * N_UPDATES))

    @BOTH
    @pytest.mark.parametrize("name", ["exponential", "function"])
    def test_another_optimiser_is_no_other_schedule(self, Estimator, name):
        """Its moments start anew; the step size goes on falling, by whatever formula."""
        X, y = data()
        est = make(Estimator, name, max_iter=4, warm_start=True).fit(X, y)
        est.set_params(solver="sgd").fit(X, y)
        expected = expected_curve(name, 0, 8)
        np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-12)

    @BOTH
    def test_a_factor_of_zero_is_no_step(self, Estimator):
        X, y = data()
        params = {**BASE, "solver": "sgd", "momentum": 0.0}
        first = {"learning_rate": lambda t: float(t < 7)}
        none = Estimator(**{**params, **first, "max_iter": 9}).fit(X, y)
        some = Estimator(**{**params, **first, "max_iter": 2}).fit(X, y)
        np.testing.assert_array_equal(none.coefs_[0], some.coefs_[0])
        assert none.learning_rate_curve_ == [LARGEST] + [0.0] * 8

    @BOTH
    @pytest.mark.parametrize("how", ["fit", "partial_fit"])
    def test_what_they_raise_reaches_the_caller(self, Estimator, how):
        class OwnError(Exception):
            pass

        def fails(update):
            if update == 3:
                raise OwnError("no step size today")
            return 1.0

        est = Estimator(**BASE, learning_rate=fails)
        with pytest.raises(OwnError, match="no step size today"):
            getattr(est, how)(*data())

    @BOTH
    def test_a_failure_leaves_what_was_learned_whole(self, Estimator):
        X, y = data()
        est = Estimator(**{**BASE, "max_iter": 2}, warm_start=True).fit(X, y)
        whole = clone(est).fit(X, y).fit(X, y)
        with pytest.raises(ZeroDivisionError):
            est.set_params(learning_rate=lambda t: 1 / (17 - t)).fit(X, y)
        assert_same_training(est.set_params(learning_rate="constant").fit(X, y), whole)

    @BOTH
    @pytest.mark.parametrize("how", ["fit", "partial_fit"])
    @pytest.mark.parametrize("given", [math.nan, -0.5, math.inf, -math.inf, None, "fast", [1, 2]])
    def test_what_is_no_factor_is_named(self, Estimator, how, given):
        est = Estimator(**BASE, learning_rate=lambda t: given if t == 3 else 1.0)
        message = rf"learning_rate=<function .*at update 3 it gave {re.escape(repr(given))}"
        with pytest.raises(ValueError, match=message):
            getattr(est, how)(*data())

    @BOTH
    @pytest.mark.parametrize(
        "carry",
        [clone, copy.deepcopy, lambda est: pickle.loads(pickle.dumps(est))],
        ids=["clone", "deepcopy", "pickle"],
    )
    @pytest.mark.parametrize("function", [falling, Falling(0.3)], ids=["function", "object"])
    def test_copies_take_the_same_steps(self, Estimator, carry, function):
        est = Estimator(**{**BASE, "max_iter": 4}, learning_rate=function)
        assert_same_training(carry(est).fit(*data()), est.fit(*data()))

    @BOTH
    def test_a_pickled_network_goes_on(self, Estimator):
        X, y = data()
        est = Estimator(**{**BASE, "max_iter": 4}, learning_rate=falling, warm_start=True).fit(X, y)
        carried = pickle.loads(pickle.dumps(est))
        assert_same_training(carried.fit(X, y), est.fit(X, y))
        np.testing.assert_allclose(est.learning_rate_curve_[-1], LARGEST / (8 * 5), rtol=1e-12)

    @BOTH
    @pytest.mark.parametrize(
        "function",
        [falling, Falling(0.3), lambda t: 0.9**t],
        ids=["function", "object", "lambda"],
    )
    def test_a_search_in_one_pass_finds_the_same(self, Estimator, function):
        """Clones of an object are as many objects; a function is one for all."""
        X, y = data(40)
        est = Estimator(**{**BASE, "max_iter": 4}, learning_rate=function)
        grid = {"l2": [0.0, 0.1], "learning_rate_init": [0.02, 0.1], "learning_rate_warmup": [0, 2]}

        def run():
            search = GridSearchCV(est, grid, cv=3, scoring="neg_mean_squared_error").fit(X, y)
            return search.cv_results_["mean_test_score"], search.best_estimator_

        scores, network = run()
        with fit_together(n_jobs=1):
            found, other = run()
        assert len(set(scores.tolist())) > 4, "otherwise nothing is shown"
        np.testing.assert_array_equal(found, scores)
        assert_same_training(other, network)
