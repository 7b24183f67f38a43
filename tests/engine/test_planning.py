"""Coefficients are worked out many epochs ahead; nothing that is computed with them notices."""

from functools import cache

import numpy as np
import pytest
from sklearn.base import clone

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.loop import planned_steps as plan_module
from sknnreg.engine.loop import update_step as walk_module
from sknnreg.engine.loop.planned_steps import PlannedSteps
from sknnreg.engine.loop.training import train
from sknnreg.engine.loop.update_step import LOOK_AHEAD

# "adaptive" needs a finite patience, which max_iter then cuts short.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_BATCHES, N_EPOCHS = 2, 300
BASE = {
    "hidden_layer_sizes": (4,),
    "batch_size": 15,
    "learning_rate_init": 0.01,
    "n_iter_no_change": None,
    "random_state": 3,
}
SGD = {"solver": "sgd", "learning_rate_init": 0.1}
ADAPTIVE = {**SGD, "learning_rate": "adaptive", "tol": 0.02, "n_iter_no_change": 40}
SETTINGS = {
    "adam": {},
    "adam, invscaling": {"learning_rate": "invscaling", "power_t": 0.3},
    "sgd": SGD,
    "sgd, invscaling": {**SGD, "learning_rate": "invscaling", "power_t": 0.1},
    "adaptive": ADAPTIVE,
    "fading noise": {"gradient_noise": 0.1, "gradient_noise_decay": 0.55},
    "decay and l1": {"weight_decay": 0.1, "l1": 1e-3, "learning_rate": "invscaling"},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.25},
}
EVERY = pytest.mark.parametrize("name", SETTINGS)


def data(n=30):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def make(name, **settings):
    settings = {**BASE, **SETTINGS[name], **settings}
    if settings.get("early_stopping"):
        settings["batch_size"] = 11  # of 22 rows
    return MLPRegularizedClassifier(**settings)


def assert_same_network(a, b):
    for name in ("coefs_", "intercepts_"):
        for left, right in zip(getattr(a, name), getattr(b, name), strict=True):
            np.testing.assert_array_equal(left, right)
    for name in ("loss_curve_", "learning_rate_curve_", "n_iter_", "t_", "best_iteration_"):
        assert getattr(a, name) == getattr(b, name), name
    for array, other in zip(states(a), states(b), strict=True):
        np.testing.assert_array_equal(array, other)


def states(est):
    """What goes on: the row as it is trained, the optimizer's moments, the counts."""
    state = est._continuation.state
    moments = [array for each in state.transforms.values() for array in each.values()]
    return [state.values, state.updates, state.samples, state.epochs, *moments]


@pytest.fixture
def plans(monkeypatch):
    """The numbers of updates of each plan made, in order."""
    made, plan = [], PlannedSteps._plan

    def counted(self):
        plan(self)
        made.append(len(self._rates))

    monkeypatch.setattr(PlannedSteps, "_plan", counted)
    return made


def test_these_fits_cross_the_end_of_a_plan(plans):
    """Otherwise nothing here is shown: 600 updates, 256 to a plan, twice 300 otherwise cut."""
    make("adam", max_iter=N_EPOCHS).fit(*data())
    assert plans == [LOOK_AHEAD, LOOK_AHEAD, N_EPOCHS * N_BATCHES - 2 * LOOK_AHEAD]
    plans.clear()
    half = make("adam", max_iter=N_EPOCHS // 2, warm_start=True).fit(*data())
    assert plans == [LOOK_AHEAD, N_EPOCHS // 2 * N_BATCHES - LOOK_AHEAD]
    assert N_EPOCHS // 2 * N_BATCHES % LOOK_AHEAD
    half.partial_fit(*data())
    assert half._continuation.state.updates == N_EPOCHS // 2 * N_BATCHES + N_BATCHES


@EVERY
def test_half_and_half_is_the_whole(name):
    whole = make(name, max_iter=N_EPOCHS).fit(*data())
    parts = make(name, max_iter=N_EPOCHS // 2, warm_start=True).fit(*data()).fit(*data())
    assert whole.n_iter_ == N_EPOCHS
    assert_same_network(parts, whole)


@EVERY
def test_epoch_by_epoch_is_the_whole(name, monkeypatch):
    """Where plans are shorter, a whole of fewer epochs crosses as many ends of one."""
    for module in (plan_module, walk_module):
        monkeypatch.setattr(module, "LOOK_AHEAD", LOOK_AHEAD // 4)
    whole = make(name, max_iter=N_EPOCHS // 4).fit(*data())
    parts = make(name)
    for _ in range(N_EPOCHS // 4):
        parts.partial_fit(*data())
    assert_same_network(parts, whole)


@cache
def planned_as_ever(name):
    return make(name, max_iter=N_EPOCHS // 2).fit(*data())


@EVERY
@pytest.mark.parametrize("planned", [1, 3, 7, 100, 10**4])
def test_how_far_ahead_is_planned_changes_nothing(name, planned, monkeypatch):
    expected = planned_as_ever(name)
    for module in (plan_module, walk_module):
        monkeypatch.setattr(module, "LOOK_AHEAD", planned)
    assert_same_network(make(name, max_iter=N_EPOCHS // 2).fit(*data()), expected)


def test_an_epoch_longer_than_a_plan(plans):
    X, y = data(LOOK_AHEAD + 20)
    est = make("sgd, invscaling", batch_size=1, max_iter=3).fit(X, y)
    assert plans == [LOOK_AHEAD + 20] * 3
    parts = make("sgd, invscaling", batch_size=1)
    for _ in range(3):
        parts.partial_fit(X, y)
    assert_same_network(parts, est)


def test_batches_of_other_numbers_between_calls():
    """A plan is of one fit: partial_fit may bring more rows or fewer, and other step sizes."""
    X, y = data(90)
    settings = {"learning_rate": "invscaling", "power_t": 0.3, "standardize": False}
    est, step = make("adam", **settings), {}
    for number, n in enumerate((30, 90, 15, 45, 30)):
        est.set_params(learning_rate_init=0.01 * (number + 1)).partial_fit(X[:n], y[:n])
        step[number] = n
    seen = np.concatenate([[0], np.cumsum(list(step.values()))])
    expected = [0.01 * (k + 1) * (seen[k] + 1.0) ** -0.3 for k in step]
    np.testing.assert_allclose(est.learning_rate_curve_, expected, rtol=1e-14)
    assert est._continuation.state.updates == sum(n // 15 for n in step.values())


def test_the_step_sizes_are_those_of_the_formula():
    """Across the end of a plan: t counts the rows of all epochs before."""
    curve = make("sgd, invscaling", max_iter=N_EPOCHS).fit(*data()).learning_rate_curve_
    t = 30 * np.arange(N_EPOCHS)
    np.testing.assert_allclose(curve, 0.1 / (t + 1.0) ** 0.1, rtol=1e-14)


def test_an_adaptive_step_size_falls_with_the_next_epoch(plans):
    """It listens to how training goes: no epoch is planned before the last one is judged."""
    est = make("adaptive", max_iter=N_EPOCHS).fit(*data())
    assert plans == [N_BATCHES] * N_EPOCHS
    curve = np.array(est.learning_rate_curve_)
    falls = np.flatnonzero(np.diff(curve))
    assert len(falls) > 2
    np.testing.assert_allclose(curve[falls + 1], curve[falls] / 5, rtol=1e-14)
    # Each fall comes with the first epoch after forty that did not improve the best by tol.
    best, waited, expected = np.inf, 0, []
    for number, loss in enumerate(est.loss_curve_):
        waited = 0 if loss <= best - 0.02 else waited + 1
        best = min(best, loss)
        if waited == 40:
            expected.append(number)
            waited = 0
    assert falls.tolist() == [each for each in expected if each < N_EPOCHS - 1]


NUMBERS = {
    "learning_rate_init": (0.01, 0.03, 0.1, 0.02, 0.003),
    "tol": (0.0, 1e-3, 0.01, 0.0, 0.05),
    "n_iter_no_change": (np.inf, 20, 10, 60, 100),
    "l1": (0.0, 1e-3, 0.0, 1e-2, 0.0),
    "weight_decay": (0.1, 0.0, 0.0, 0.01, 0.0),
    "gradient_noise": (0.0, 0.3, 0.0, 0.0, 0.1),
    "gradient_noise_decay": (0.0, 0.55, 0.0, 0.0, 1.0),
    "beta_1": (0.9, 0.5, 0.9, 0.0, 0.99),
    "momentum": (0.9, 0.5, 0.0, 0.99, 0.3),
    "power_t": (0.1, 0.5, 0.0, 0.3, 0.2),
}


def problems(Estimator, **settings):
    made = []
    for row in range(5):
        own = {name: values[row] for name, values in NUMBERS.items()}
        model = Estimator(**{**BASE, **own, **settings, "random_state": row})
        rng = np.random.default_rng(row)
        X = rng.normal(size=(30, 3))
        y = X[:, 0] + 0.3 * rng.normal(size=30)
        y = (y > 0).astype(int) if Estimator is MLPRegularizedClassifier else y
        planned = model._plan((X, y, None), max_iter=N_EPOCHS)
        prepared, recipe = planned.prepared, planned.recipe
        made.append(prepared.problem(recipe))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"learning_rate": "invscaling"},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 2e-5},
    ],
    ids=str,
)
def test_a_stack_that_thins_out_equals_its_networks_alone(Estimator, settings):
    """Whoever leaves in the middle of a plan, the others go on as if they had been alone."""
    together = train(problems(Estimator, **settings))
    alone = [train([each])[0] for each in problems(Estimator, **settings)]
    lengths = [len(each.history.loss) for each in together]
    assert max(lengths) == N_EPOCHS
    assert len(set(lengths)) > 2, "networks should leave at different epochs"
    assert any(n * N_BATCHES % LOOK_AHEAD for n in lengths)
    for one, other in zip(together, alone, strict=True):
        assert np.array_equal(one.values, other.values)
        assert one.history == other.history
        assert np.array_equal(one.state.updates, other.state.updates)
        assert np.array_equal(one.state.samples, other.state.samples)


def test_a_stack_of_networks_that_have_come_to_different_points():
    """Coefficients follow each network's own count, within one plan."""

    def make_problems():
        made = []
        for row, n_epochs in enumerate((0, 1, 140, 200)):
            est = make("adam, invscaling", random_state=row, max_iter=max(n_epochs, 1))
            state = est.fit(*data())._continuation.state if n_epochs else None
            plan = clone(est)._plan((*data(), None), max_iter=N_EPOCHS)
            made.append(plan.prepared.problem(plan.recipe, state and state.copy()))
        return made

    together = train(make_problems())
    alone = [train([each])[0] for each in make_problems()]
    rates = {each.history.learning_rate[-1] for each in together}
    assert len(rates) == 4
    for one, other in zip(together, alone, strict=True):
        assert np.array_equal(one.values, other.values)
        assert one.history == other.history
