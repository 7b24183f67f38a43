"""The range test: an exponential sweep, a stack of copies, and suggestions that hold."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.inspection import LearningRateRangeDisplay, learning_rate_range_test

INF = float("inf")


@pytest.fixture(scope="module")
def digits():
    return load_digits(return_X_y=True)


def network(**settings):
    settings = {"batch_size": 50, "random_state": 0, **settings}
    return MLPRegularizedClassifier((40,), **settings)


def falling(update):
    return 1 / (1 + update)


def test_step_sizes_rise_by_a_factor_from_one_end_to_the_other(digits):
    sweep = learning_rate_range_test(
        network(), *digits, min_learning_rate=1e-5, max_learning_rate=3.0, n_updates=37
    )
    np.testing.assert_allclose(sweep.learning_rates, np.geomspace(1e-5, 3.0, 37), rtol=1e-12)
    assert sweep.losses.shape == (10, 37)


def test_the_loss_rests_falls_flattens_and_explodes(digits):
    """Smith (2017)."""
    sweep = learning_rate_range_test(network(solver="sgd"), *digits)
    loss, rates = sweep.smoothed_loss, sweep.learning_rates
    start, low = loss[0], loss.min()
    assert np.all(np.abs(loss[rates < 1e-5] - start) < 0.1 * (start - low))
    falling = (rates > sweep.learning_rate_min) & (rates < sweep.learning_rate_max)
    assert np.all(np.diff(loss[falling]) < 0)
    assert low < 0.2 * start
    assert np.all(loss[rates > 5] >= start)


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["sgd", "rmsprop", "adam", "amsgrad"])
def test_on_digits_the_suggestion_is_within_a_factor_of_three_of_the_best(digits, solver):
    """The best of a grid by log loss on held-out rows, means over two splits and starts."""
    X, y = digits
    model = network(solver=solver, max_iter=20, n_iter_no_change=INF)
    suggested = learning_rate_range_test(model, X, y).learning_rate_init
    grid = np.geomspace(1e-4, 1e-1, 10)
    found = np.zeros(len(grid))
    for seed in range(2):
        X_fit, X_new, y_fit, y_new = train_test_split(X, y, random_state=seed, stratify=y)
        for number, rate in enumerate(grid):
            fitted = clone(model).set_params(learning_rate_init=rate, random_state=seed)
            found[number] += log_loss(y_new, fitted.fit(X_fit, y_fit).predict_proba(X_new))
    best = grid[np.argmin(found)]
    assert best / 3 <= suggested <= 3 * best


def test_the_bounds_enclose_the_suggestion_or_nearly(digits):
    sweep = learning_rate_range_test(network(), *digits)
    assert sweep.learning_rate_min < sweep.learning_rate_init < sweep.learning_rate_max


def test_the_suggestions_can_be_set(digits):
    X, y = digits
    model = network(max_iter=4, n_iter_no_change=INF)
    sweep = learning_rate_range_test(model, X, y)
    model.set_params(
        learning_rate="cyclic",
        learning_rate_period=2,
        learning_rate_min=sweep.learning_rate_min,
        learning_rate_init=sweep.learning_rate_max,
    )
    assert model.fit(X, y).score(X, y) > 0.9


def test_copies_train_as_networks_alone_do(digits):
    """Each row of losses is that of a single network; the same seed gives the same sweep."""
    X, y = digits
    first = learning_rate_range_test(network(dropout=0.2), X, y, n_updates=40)
    again = learning_rate_range_test(network(dropout=0.2), X, y, n_updates=40)
    other = learning_rate_range_test(network(dropout=0.2, random_state=1), X, y, n_updates=40)
    alone = learning_rate_range_test(network(dropout=0.2), X, y, n_updates=40, n_repeats=1)
    assert np.array_equal(first.losses, again.losses)
    assert not np.array_equal(first.losses, other.losses)
    assert np.array_equal(first.losses[:1], alone.losses)
    assert len(np.unique(first.losses[:, 0])) == 10


def test_no_more_rows_are_looked_at_than_the_sweep_needs(digits):
    X, y = digits
    seen = []

    def look(X, y, rng):
        seen.append(X.copy())
        return X, y

    learning_rate_range_test(
        network(augmentation=look, batch_size=10), X, y, n_updates=30, n_repeats=1
    )
    rows = np.concatenate(seen)
    assert len(rows) == 300
    assert len(np.unique(rows, axis=0)) == 300


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": "cosine_restarts", "n_snapshots": 3},
        {"early_stopping": True, "early_stopping_refit": "scratch"},
        {"weight_averaging": "swa"},
        {"learning_rate": falling, "learning_rate_warmup": 3},
        {"learning_rate": "adaptive", "solver": "sgd", "warm_start": True},
    ],
    ids=lambda settings: "+".join(settings),
)
def test_what_acts_on_the_course_of_training_has_no_say(digits, settings):
    X, y = digits
    plain = network(solver=settings.get("solver", "adam"))
    ours = learning_rate_range_test(network(**settings), X, y, n_updates=50)
    assert np.array_equal(ours.losses, learning_rate_range_test(plain, X, y, n_updates=50).losses)


def test_the_estimator_is_left_as_it_was(digits):
    model = network()
    before = model.get_params()
    learning_rate_range_test(model, *digits, n_updates=20, n_repeats=2)
    assert model.get_params() == before
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("form", ["sparse", "weights", "several outputs", "batch norm", "few rows"])
def test_every_kind_of_data(form):
    X, y = load_diabetes(return_X_y=True)
    weight, settings = None, {}
    if form == "sparse":
        X = sparse.csr_array(X)
    elif form == "weights":
        weight = np.linspace(0, 1, len(y))
    elif form == "several outputs":
        y = np.column_stack([y, -y])
    elif form == "batch norm":
        settings = {"normalization": "batch"}
    else:
        X, y = X[:30], y[:30]
    model = MLPRegularizedRegressor((10,), batch_size=16, random_state=0, **settings)
    sweep = learning_rate_range_test(model, X, y, weight)
    assert 1e-5 < sweep.learning_rate_init < 0.1
    assert np.isfinite(sweep.smoothed_loss).all()


def test_it_works_within_fit_together(digits):
    outside = learning_rate_range_test(network(), *digits, n_updates=30)
    with fit_together():
        inside = learning_rate_range_test(network(), *digits, n_updates=30)
    assert np.array_equal(inside.losses, outside.losses)


class TestErrors:
    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"min_learning_rate": 0.0}, r"min_learning_rate=0\.0"),
            ({"min_learning_rate": 1.0, "max_learning_rate": 0.1}, r"max_learning_rate=0\.1"),
            ({"max_learning_rate": INF}, "max_learning_rate=inf"),
            ({"n_updates": 9}, "n_updates=9"),
            ({"n_repeats": 0}, "n_repeats=0"),
            ({"smoothing": -1.0}, r"smoothing=-1\.0"),
        ],
    )
    def test_ranges(self, digits, settings, message):
        with pytest.raises(ValueError, match=message):
            learning_rate_range_test(network(), *digits, **settings)

    def test_lbfgs(self, digits):
        with pytest.raises(ValueError, match=r"solver='lbfgs'.*solver='sgd'"):
            learning_rate_range_test(network(solver="lbfgs"), *digits)

    def test_a_hyperparameter_as_fit_says_it(self, digits):
        with pytest.raises(ValueError, match="dropout"):
            learning_rate_range_test(network(dropout=2.0), *digits)

    def test_anything_but_a_network(self, digits):
        with pytest.raises(TypeError, match=r"Pipeline.*last step"):
            learning_rate_range_test(make_pipeline(StandardScaler(), network()), *digits)

    def test_a_loss_that_falls_nowhere(self, digits):
        with pytest.raises(ValueError, match="falls nowhere between min_learning_rate=1e-12"):
            learning_rate_range_test(
                network(), *digits, min_learning_rate=1e-12, max_learning_rate=1e-11
            )

    def test_a_loss_that_still_falls_in_the_end(self, digits):
        with pytest.warns(UserWarning, match=r"max_learning_rate=0\.01: increase") as caught:
            learning_rate_range_test(network(), *digits, max_learning_rate=0.01)
        assert caught[0].filename == __file__


class TestDisplay:
    def test_scripted(self):
        """A tenth of the turn; where a tenth and nine tenths of the fall are behind."""
        rates = np.geomspace(1e-4, 1.0, 41)
        loss = np.concatenate([np.full(11, 2.0), np.linspace(2, 1, 21), np.linspace(1.2, 9, 9)])
        display = LearningRateRangeDisplay(rates, loss[None])
        assert display.learning_rate_init == pytest.approx(rates[31] / 10)
        assert display.learning_rate_min == rates[13]
        assert display.learning_rate_max == rates[29]

    def test_what_is_not_finite_counts_as_twice_the_start(self):
        rates = np.geomspace(1e-4, 1.0, 41)
        loss = np.concatenate([np.full(11, 2.0), np.linspace(2, 1, 21), np.full(9, np.nan)])
        display = LearningRateRangeDisplay(rates, np.stack([loss, loss]), width=1.0)
        assert display.smoothed_loss[-1] == 4.0
        assert np.isfinite(display.smoothed_loss).all()

    def test_one_copy_that_diverges_early_does_not_decide(self):
        rates = np.geomspace(1e-4, 1.0, 41)
        loss = np.concatenate([np.full(11, 2.0), np.linspace(2, 1, 21), np.full(9, 9.0)])
        wild = np.where(np.arange(41) > 14, np.inf, loss)
        one, two = (
            LearningRateRangeDisplay(rates, np.stack(x)) for x in ([loss], [loss] * 2 + [wild])
        )
        assert one.learning_rate_init == two.learning_rate_init

    def test_plot(self, digits):
        plt = pytest.importorskip("matplotlib.pyplot")
        display = learning_rate_range_test(network(), *digits)
        assert display.plot() is display
        assert display.ax_.get_xscale() == "log"
        assert display.ax_.get_xlabel() == "step size"
        drawn = display.lines_[1]
        assert np.array_equal(drawn.get_xdata(), display.learning_rates)
        assert np.array_equal(drawn.get_ydata(), display.smoothed_loss)
        _, ax = plt.subplots()
        assert display.plot(ax).ax_ is ax
        assert display.figure_ is ax.figure
        plt.close("all")

    def test_without_matplotlib_only_drawing_fails(self, digits, monkeypatch):
        display = learning_rate_range_test(network(), *digits)
        monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
        with pytest.raises(ImportError, match="matplotlib"):
            display.plot()
