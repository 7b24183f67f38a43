"""Long trainings take no memory ahead; what no longer is finite is found after the last update."""

import tracemalloc

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.utils import get_tags

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.estimators.base import training_plan
from sknnreg.estimators.data.inputs import Standardization
from sknnreg.estimators.fitted.attributes import fitted_attributes
from sknnreg.inspection import check_gradients, learning_rate_range_test

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)
ENDLESS = {"n_iter_no_change": np.inf, "random_state": 0}


@BOTH
@pytest.mark.filterwarnings("ignore:Training ended after 2 epochs")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        *(
            {"learning_rate": kind, "n_snapshots": 2, "learning_rate_period": period}
            for kind in ("cosine_restarts", "cyclic")
            for period in (1, 10**6)
        ),
        {"learning_rate": "cosine_restarts", "n_snapshots": 2, "learning_rate_period_mult": 1.5},
        {"learning_rate": "cosine"},
        {"learning_rate": "one_cycle", "learning_rate_warmup": 10**6},
        {"learning_rate": "step"},
        {"weight_averaging": "swa"},
        {"weight_averaging": "ema"},
        {"early_stopping": True},
        {"solver": "lbfgs"},
    ],
    ids=str,
)
def test_memory_does_not_grow_with_the_epochs_to_come(Estimator, settings, Listener):
    batch_size = {} if "solver" in settings else {"batch_size": 10}
    est = Estimator((4,), max_iter=10**9, **batch_size, **ENDLESS, **settings)
    est.set_callbacks(Listener(after=2))
    tracemalloc.start()
    try:
        est.fit(X, Y)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert est.n_iter_ == 2
    assert peak < 50e6


def peak_of(call):
    """The most bytes that were allocated at a time."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_with_the_classes_not_with_their_square():
    n = 20_000
    est = MLPRegularizedClassifier((2,), batch_size=8, dtype="float32", random_state=0)
    assert peak_of(lambda: est.partial_fit(X, np.arange(40) * 7, classes=np.arange(n))) < 50e6
    assert est.predict_proba(X[:2]).shape == (2, n)


@BOTH
@pytest.mark.parametrize("name", ["X", "y", "sample_weight", "groups"])
def test_what_is_too_long_is_refused_without_a_copy(Estimator, name):
    given = {"X": X.astype(np.float32), "y": Y}
    given[name] = np.broadcast_to(np.float32(1), (10**7, 3) if name == "X" else 10**7)

    def refused():
        with pytest.raises(ValueError, match=f"{name} has 10000000"):
            Estimator(**ENDLESS).fit(**given)

    assert peak_of(refused) < 20e6


@pytest.mark.parametrize("kind", ["cosine_restarts", "cyclic"])
@pytest.mark.parametrize("mult", [1.0, 1.1, 1.5, 2.0])
@pytest.mark.parametrize("period", [1, 3, 7])
@pytest.mark.parametrize("warmup", [0, 4])
def test_the_cycles_are_counted_as_they_end(kind, mult, period, warmup):
    est = MLPRegularizedRegressor(
        (2,), learning_rate=kind, learning_rate_period=period, learning_rate_period_mult=mult,
        learning_rate_warmup=warmup, batch_size=10,
    )  # fmt: skip
    schedule = training_plan(est, X, Y).recipe.schedule
    for max_iter in range(1 + warmup, 60):
        ends = schedule.ends_cycle(np.arange(1.0, max_iter + 1)).sum()
        assert schedule.then.ended(np.array([float(max_iter - warmup)])) == ends


@pytest.mark.parametrize(("max_iter", "dtype"), [(2, "float64"), (3, "float64"), (1, "float32")])
def test_a_divergence_in_the_last_update_is_found(max_iter, dtype):
    # A linear model's residual grows by the step size in every update: its square overflows.
    rate = {"float64": {2: 1e100, 3: 1e60}, "float32": {1: 1e25}}[dtype][max_iter]
    est = MLPRegularizedRegressor(
        (), solver="sgd", learning_rate_init=rate, momentum=0.0, standardize=False, dtype=dtype,
        batch_size=len(X), max_iter=max_iter, **ENDLESS,
    )  # fmt: skip
    message = rf"diverged.*after {max_iter} epochs? at step size"
    with pytest.raises(ValueError, match=message):
        est.fit(X, Y)
    assert not hasattr(est, "coefs_")
    for _ in range(max_iter - 1):
        est.partial_fit(X, Y)
    with pytest.raises(ValueError, match="diverged"):
        est.partial_fit(X, Y)


@pytest.mark.parametrize("kept", [{}, {"weight_averaging": "ema"}])
def test_exponential_outputs_that_overflow_after_the_last_update_are_found(kept):
    est = MLPRegularizedRegressor(
        (8,), loss="poisson", learning_rate_init=1e3, max_iter=1, **ENDLESS, **kept
    )
    with pytest.raises(ValueError, match="diverged"):
        est.fit(X, Y)
    calm = est.set_params(learning_rate_init=0.01).fit(X, Y)
    assert np.isfinite(calm.predict(X)).all()


@BOTH
def test_coefs_that_overflow_in_the_units_of_x_are_refused(Estimator):
    est = Estimator((4,), **ENDLESS)
    plan = training_plan(est, X, Y)
    tiny = Standardization(np.zeros(3), np.full(3, 1e-310))
    object.__setattr__(plan.prepared, "inputs", tiny)
    row = np.ones((1, plan.recipe.network.layout.n_columns))
    with pytest.raises(ValueError, match="cannot be written as coefs_"):
        fitted_attributes(est, row, plan)


def test_a_poisson_regressor_says_that_its_targets_are_positive():
    assert get_tags(MLPRegularizedRegressor(loss="poisson")).target_tags.positive_only
    assert not get_tags(MLPRegularizedRegressor()).target_tags.positive_only


class Small(MLPRegularizedClassifier):
    """Takes two hyperparameters and sets others by itself."""

    def __init__(self, l2=0.0, own=3):
        super().__init__(
            (4,), l2=l2, learning_rate="cyclic", learning_rate_period=2, n_snapshots=2,
            max_iter=own, random_state=0, n_iter_no_change=np.inf,
        )  # fmt: skip
        self.own = own


def test_a_subclass_with_few_parameters_of_its_own_keeps_snapshots():
    est = clone(Small(l2=0.1, own=6)).fit(X, Y)
    whole = MLPRegularizedClassifier(
        (4,), l2=0.1, learning_rate="cyclic", learning_rate_period=2, n_snapshots=2, max_iter=6,
        **ENDLESS,
    ).fit(X, Y)  # fmt: skip
    np.testing.assert_array_equal(est.predict_proba(X), whole.predict_proba(X))
    for one, other in zip(est.snapshots_, whole.snapshots_, strict=True):
        assert type(one) is Small
        assert (one.own, one.l2, one.n_snapshots) == (6, 0.1, 1)
        np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
        assert not hasattr(one, "_continuation")
    assert clone(est).get_params() == {"l2": 0.1, "own": 6}
    assert max(check_gradients(est, X, Y).values()) < 1e-4
    assert learning_rate_range_test(est, X, Y, n_updates=100) is not None


def test_what_a_subclass_sets_by_itself_is_checked_too():
    class Wrong(MLPRegularizedClassifier):
        def __init__(self, l2=0.0):
            super().__init__((4,), l2=l2, momentum=3.0)

    with pytest.raises(ValueError, match=r"'momentum' parameter of Wrong.*Got 3\.0"):
        Wrong().fit(X, Y)


@BOTH
def test_validation_of_parameters_can_be_skipped(Estimator):
    est = Estimator((4,), max_iter=2, averaging_decay=7.0, **ENDLESS)
    with pytest.raises(ValueError, match="averaging_decay"):
        est.fit(X, Y)
    with sklearn.config_context(skip_parameter_validation=True):
        assert est.fit(X, Y).n_iter_ == 2
        assert est.partial_fit(X, Y).n_iter_ == 3
