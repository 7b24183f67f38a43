"""Averages of weights: what they are the mean of, who sees them, and what stays as it was."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.batches import Batches

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
KINDS = pytest.mark.parametrize("kind", ["ema", "swa"])
# 50 rows in batches of 16 are 4 updates. Steps so long that the weights move about.
BASE = {"hidden_layer_sizes": (4,), "batch_size": 16, "learning_rate_init": 0.1, "max_iter": 12,
        "n_iter_no_change": np.inf, "random_state": 0, "dtype": "float64"}  # fmt: skip
EMA = {"weight_averaging": "ema", "averaging_decay": 0.8}
SWA = {"weight_averaging": "swa", "averaging_start": 0.5}
AVERAGES = {"ema": EMA, "swa": SWA}
BATCH_NORM = {"normalization": "batch", "batch_size": "auto", "normalization_epsilon": 1e-12}
STOPPING = {"early_stopping": True, "learning_rate_init": 0.3}
# Starts behind epoch 30.
SHORT = {"weight_averaging": "swa", "averaging_start": 0.75, "max_iter": 40}
NOT_YET = r"\('{}'\).*averaging_start=0.75.*nothing was averaged.*last network is kept\.{}$"
ADVICE = r" Set n_iter_no_change=float\('inf'\) to train for all of max_iter\."
SCORE = {MLPRegularizedClassifier: "neg_log_loss", MLPRegularizedRegressor: "r2"}


def data(n=50, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + rng.normal(size=n) > 0).astype(int)


def own():
    return dict(zip(("X_val", "y_val"), data(40, seed=1), strict=True))


def weights_of(est):
    """All of a plain network's numbers: its coefs are linear in the weights that train."""
    return np.concatenate([each.ravel() for each in est.coefs_ + est.intercepts_])


def after_each_epoch(Estimator, n, **params):
    """The numbers of the network that trains, after 1, 2, ... n epochs."""
    fits = (Estimator(**{**BASE, **params, "max_iter": e}).fit(*data()) for e in range(1, n + 1))
    return np.array([weights_of(est) for est in fits])


def exponential(rows, decay):
    """sum of decay**(T - t) w_t over the sum of these powers."""
    powers = decay ** np.arange(len(rows) - 1, -1, -1.0)
    return powers @ rows / powers.sum()


def assert_same_network(one, other):
    np.testing.assert_array_equal(weights_of(one), weights_of(other))
    for name in ("loss_curve_", "validation_loss_curve_", "validation_scores_", "n_iter_",
                 "best_iteration_"):  # fmt: skip
        assert getattr(one, name) == getattr(other, name), name


def validation_loss(est, X_val, y_val):
    """Computed from predictions alone."""
    if isinstance(est, MLPRegularizedClassifier):
        return log_loss(y_val, est.predict_proba(X_val))
    scale = est._targets.standardization.scale[0]
    return np.mean(0.5 * np.square((est.predict(X_val) - y_val) / scale))


class Listener:
    """Stops after so many epochs, or presses Ctrl-C."""

    def __init__(self, after, interrupts=False):
        self.left, self.interrupts = after, interrupts

    def setup(self, estimator, context):
        pass

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context):
        self.left -= context.task_name == "epoch"
        if self.left or context.task_name != "epoch":
            return False
        if self.interrupts:
            raise KeyboardInterrupt
        return True


class TestWhatIsAveraged:
    @BOTH
    @pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-5), ("float64", 1e-12)])
    @pytest.mark.parametrize(("start", "first"), [(0.0, 1), (0.5, 7), (0.75, 10), (0.99, 12)])
    def test_swa_is_the_mean_of_the_epochs_behind_its_start(
        self, Estimator, dtype, rtol, start, first
    ):
        expected = after_each_epoch(Estimator, 12, dtype=dtype)[first - 1 :].mean(axis=0)
        params = {**BASE, "weight_averaging": "swa", "averaging_start": start, "dtype": dtype}
        found = weights_of(Estimator(**params).fit(*data()))
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)

    @BOTH
    @pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-5), ("float64", 1e-12)])
    @pytest.mark.parametrize("decay", [0.1, 0.8, 0.999])
    def test_ema_is_the_mean_with_weights_that_fall_by_its_decay(
        self, Estimator, dtype, rtol, decay
    ):
        """In full batches, where an epoch is an update."""
        full = {"batch_size": "auto", "dtype": dtype}
        expected = exponential(after_each_epoch(Estimator, 12, **full), decay)
        params = {**BASE, **EMA, **full, "averaging_decay": decay}
        found = weights_of(Estimator(**params).fit(*data()))
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)

    def test_ema_counts_every_update(self, monkeypatch):
        """Interrupted where the next batch would be read, a fit shows the weights in between."""
        expected = MLPRegularizedRegressor(**{**BASE, **EMA, "max_iter": 3}).fit(*data())
        rows, passes = [], Batches.epoch
        for n_updates in range(1, 13):
            left = [n_updates]

            def epoch(self, *args, left=left):
                for batch in passes(self, *args):
                    if not left[0]:
                        raise KeyboardInterrupt
                    left[0] -= 1
                    yield batch

            monkeypatch.setattr(Batches, "epoch", epoch)
            est = MLPRegularizedRegressor(**{**BASE, "max_iter": 4})
            with pytest.warns(UserWarning, match="interrupted"):
                rows.append(weights_of(est.fit(*data())))
        found = exponential(np.array(rows), EMA["averaging_decay"])
        np.testing.assert_allclose(found, weights_of(expected), rtol=1e-11)

    @BOTH
    @pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-5), ("float64", 1e-12)])
    def test_a_decay_of_zero_is_no_averaging(self, Estimator, dtype, rtol):
        X, y = data()
        params = {**BASE, "dtype": dtype}
        plain = Estimator(**params).fit(X, y)
        averaged = Estimator(**params, weight_averaging="ema", averaging_decay=0.0).fit(X, y)
        np.testing.assert_allclose(weights_of(averaged), weights_of(plain), rtol=rtol, atol=rtol)

    @BOTH
    @KINDS
    def test_training_itself_is_as_without(self, Estimator, kind):
        X, y = data()
        plain = Estimator(**BASE, dropout=0.2).fit(X, y)
        averaged = clone(plain).set_params(**AVERAGES[kind]).fit(X, y)
        assert averaged.loss_curve_ == plain.loss_curve_
        states = [est._memory.state.values for est in (averaged, plain)]
        np.testing.assert_array_equal(*states)
        assert not np.allclose(weights_of(averaged), weights_of(plain), rtol=1e-2)

    @BOTH
    def test_the_validation_curve_is_the_averages(self, Estimator):
        """Also where early stopping is off and it decides nothing."""
        est = Estimator(**BASE, **EMA).fit(*data(), **own())
        np.testing.assert_allclose(
            validation_loss(est, **own()), est.validation_loss_curve_[-1], rtol=1e-9
        )


class TestBatchNormalization:
    """Statistics of the averaged weights, of all training rows, take the place of averages."""

    @BOTH
    @KINDS
    @pytest.mark.parametrize("statistics", ["moving", "population"])
    def test_a_normalized_unit_has_the_average_mean_and_spread(self, Estimator, kind, statistics):
        """beta and gamma, which are averaged, are what a unit has over the training rows.

        A network without averaging has them too, by the population's statistics.
        """
        X, y = data()

        def moments(est):
            units = X @ est.coefs_[0] + est.intercepts_[0]
            # the spread is that of gamma, none of which goes below zero here
            return np.array([units.mean(axis=0), units.std(axis=0, ddof=1)])

        params = {**BASE, **BATCH_NORM, "batch_statistics": "population"}
        fits = [Estimator(**{**params, "max_iter": e}).fit(X, y) for e in range(1, 13)]
        rows = np.array([moments(est) for est in fits])
        expected = rows[6:].mean(axis=0)
        if kind == "ema":
            expected = exponential(rows.reshape(12, -1), 0.8).reshape(rows[0].shape)
        params["batch_statistics"] = statistics
        found = moments(Estimator(**params, **AVERAGES[kind]).fit(X, y))
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert not np.allclose(rows[-1], expected, rtol=1e-2), "otherwise nothing is shown"

    @BOTH
    @KINDS
    def test_training_itself_is_as_without(self, Estimator, kind):
        X, y = data()
        params = {**BASE, "normalization": "batch"}
        plain = Estimator(**params).fit(X, y)
        averaged = Estimator(**params, **AVERAGES[kind]).fit(X, y, **own())
        assert averaged.loss_curve_ == plain.loss_curve_
        states = [est._memory.state.values for est in (averaged, plain)]
        np.testing.assert_array_equal(*states)

    @BOTH
    @KINDS
    def test_early_stopping_judges_by_these_statistics(self, Estimator, kind):
        est = Estimator(**BASE, **AVERAGES[kind], normalization="batch", early_stopping=True)
        est.fit(*data(), **own())
        np.testing.assert_allclose(
            validation_loss(est, **own()), min(est.validation_loss_curve_), rtol=1e-9
        )


GOING_ON = [
    EMA,
    {**EMA, "averaging_decay": 0.999},
    {**EMA, "dtype": "auto"},
    {**EMA, "normalization": "batch"},
    {**EMA, "early_stopping": True},
    {**EMA, "learning_rate": "cyclic", "learning_rate_period": 3},
    {**EMA, "solver": "sgd", "dropout": 0.2},
]


class TestGoingOn:
    @BOTH
    @pytest.mark.parametrize("settings", GOING_ON, ids=str)
    def test_ten_epochs_and_ten_more_are_twenty(self, Estimator, settings):
        X, y = data()
        params = {**BASE, **settings}
        whole = Estimator(**{**params, "max_iter": 20}).fit(X, y)
        parts = Estimator(**{**params, "max_iter": 10}, warm_start=True).fit(X, y).fit(X, y)
        assert_same_network(parts, whole)

    @BOTH
    @pytest.mark.parametrize("settings", [*GOING_ON[:4], SWA], ids=str)
    def test_partial_fit_twenty_times_is_twenty_epochs(self, Estimator, settings):
        X, y = data()
        params = {**BASE, **settings, "max_iter": 20}
        whole, parts = Estimator(**params).fit(X, y), Estimator(**params)
        for _ in range(20):
            parts.partial_fit(X, y)
        assert_same_network(parts, whole)

    @BOTH
    def test_swa_starts_at_a_share_of_max_iter_as_it_is_now(self, Estimator):
        """And goes on over all that follows: eight tenths of 10 are four tenths of 20."""
        X, y = data()
        params = {**BASE, "weight_averaging": "swa"}
        whole = Estimator(**{**params, "max_iter": 20, "averaging_start": 0.4}).fit(X, y)
        parts = Estimator(**{**params, "max_iter": 10, "averaging_start": 0.8}, warm_start=True)
        assert_same_network(parts.fit(X, y).fit(X, y), whole)

    @BOTH
    @KINDS
    def test_switched_off_it_leaves_the_network_that_trained(self, Estimator, kind):
        X, y = data()
        whole = Estimator(**{**BASE, "max_iter": 24}).fit(X, y)
        parts = Estimator(**BASE, **AVERAGES[kind], warm_start=True).fit(X, y)
        assert_same_network(parts.set_params(weight_averaging=None).fit(X, y), whole)

    @BOTH
    @KINDS
    @pytest.mark.parametrize("before", ["nothing", "an average", "another average"])
    def test_switched_on_it_averages_what_comes_from_then_on(self, Estimator, kind, before):
        """Whatever there was before: nothing, the same kind of average and a pause, or the other.

        In full batches, where an epoch is an update.
        """
        X, y = data()
        params = {**BASE, "batch_size": "auto", "max_iter": 6}
        first = {
            "nothing": {},
            "an average": AVERAGES[kind],
            "another average": AVERAGES["swa" if kind == "ema" else "ema"],
        }[before]
        est = Estimator(**{**params, **first}, warm_start=True).fit(X, y)
        pause = 6 if before == "an average" else 0
        if pause:
            est.set_params(weight_averaging=None).fit(X, y)
        est.set_params(**AVERAGES[kind]).fit(X, y)
        rows = after_each_epoch(Estimator, 12 + pause, batch_size="auto")[-6:]
        expected = rows.mean(axis=0) if kind == "swa" else exponential(rows, 0.8)
        np.testing.assert_allclose(weights_of(est), expected, rtol=1e-11, atol=1e-13)

    @BOTH
    @KINDS
    def test_an_average_goes_along_into_another_dtype(self, Estimator, kind):
        X, y = data()
        coarse = {**BASE, "dtype": "float32"}
        last = weights_of(Estimator(**coarse).fit(X, y))
        est = Estimator(**coarse, **AVERAGES[kind], warm_start=True)
        before = weights_of(est.fit(X, y))
        # Four updates that are too small to move anything: the last network counts again.
        est.set_params(dtype="float64", learning_rate_init=1e-12, max_iter=1).fit(X, y)
        (average,) = est._memory.state.average.values()
        assert average.dtype == np.float64
        expected = (6 * before + last) / 7
        if kind == "ema":
            old, new = 0.8**4 * (1 - 0.8**48), 1 - 0.8**4
            expected = (old * before + new * last) / (old + new)
        np.testing.assert_allclose(weights_of(est), expected, rtol=1e-5, atol=1e-6)
        assert not np.allclose(before, expected, rtol=1e-2), "otherwise nothing is shown"


@BOTH
class TestEarlyStopping:
    def test_judges_the_average_of_every_epoch(self, Estimator):
        """An average over fits of 1, 2, ... epochs has the loss that the curve tells."""
        params = {**BASE, **EMA, "learning_rate_init": 0.3, "hidden_layer_sizes": (8,)}
        est = Estimator(**params, early_stopping=True).fit(*data(), **own())
        until = [Estimator(**{**params, "max_iter": e}).fit(*data()) for e in range(1, 13)]
        losses = [validation_loss(each, **own()) for each in until]
        np.testing.assert_allclose(est.validation_loss_curve_, losses, rtol=1e-9)
        best = int(np.argmin(losses))
        assert best < 11, "otherwise nothing is shown"
        assert est.best_iteration_ == best + 1
        np.testing.assert_array_equal(weights_of(est), weights_of(until[best]))

    def test_judges_swa_from_its_start_and_the_network_itself_before(self, Estimator):
        params = {**BASE, "learning_rate_init": 0.3}
        est = Estimator(**params, **SWA, early_stopping=True).fit(*data(), **own())
        losses = []
        for e in range(1, 13):
            # it starts behind the sixth epoch whatever max_iter is
            more = {**SWA, "averaging_start": 6 / e} if e > 6 else {}
            until = Estimator(**{**params, "max_iter": e}, **more).fit(*data())
            losses.append(validation_loss(until, **own()))
        np.testing.assert_allclose(est.validation_loss_curve_, losses, rtol=1e-9)
        assert est.best_iteration_ == 1 + np.argmin(losses)
        np.testing.assert_allclose(validation_loss(est, **own()), min(losses), rtol=1e-9)

    @KINDS
    def test_a_scorer_judges_the_average_too(self, Estimator, kind):
        params = {**BASE, **STOPPING, **AVERAGES[kind]}
        seen = []

        def scorer(estimator, X, y):
            seen.append(validation_loss(estimator, X, y))
            return -seen[-1]

        est = Estimator(**params, early_stopping_scoring=scorer).fit(*data(), **own())
        np.testing.assert_allclose(seen, est.validation_loss_curve_, rtol=1e-9)

    @KINDS
    def test_the_validation_curve_of_a_fit_stopped_there(self, Estimator, kind):
        """By patience: what is told last is what the average then was."""
        patience = {**BASE, **STOPPING, **AVERAGES[kind], "n_iter_no_change": 9, "tol": 1e9}
        est = Estimator(**patience).fit(*data(), **own())
        assert (est.stop_reason_, est.n_iter_) == ("no_improvement", 10)
        params = {**patience, "early_stopping": False, "n_iter_no_change": np.inf}
        stopped = Estimator(**params).set_callbacks(Listener(after=10)).fit(*data())
        np.testing.assert_allclose(
            est.validation_loss_curve_[-1], validation_loss(stopped, **own()), rtol=1e-9
        )


@BOTH
class TestEndsBeforeItsStart:
    def test_a_plateau_before_the_start_warns_and_keeps_the_last_network(self, Estimator):
        X, y = data()
        patience = {**BASE, "n_iter_no_change": 4, "tol": 1e9}
        est = Estimator(**{**patience, **SHORT})
        with pytest.warns(UserWarning, match=NOT_YET.format("no_improvement", ADVICE)):
            est.fit(X, y)
        assert est.n_iter_ == 5
        five = Estimator(**{**BASE, "max_iter": 5}).fit(X, y)
        np.testing.assert_array_equal(weights_of(est), weights_of(five))

    def test_early_stopping_before_the_start_keeps_the_best_network(self, Estimator):
        patience = {**BASE, "n_iter_no_change": 4, "tol": 1e9, "early_stopping": True}
        plain = Estimator(**{**patience, "max_iter": 40}).fit(*data(), **own())
        est = Estimator(**{**patience, **SHORT})
        with pytest.warns(UserWarning, match=NOT_YET.format("no_improvement", ADVICE)):
            est.fit(*data(), **own())
        assert_same_network(est, plain)

    @pytest.mark.parametrize("interrupts", [False, True])
    def test_so_does_whoever_stops_it(self, Estimator, interrupts):
        X, y = data()
        est = Estimator(**{**BASE, **SHORT}).set_callbacks(Listener(5, interrupts))
        reason = "interrupted" if interrupts else "callback"
        with pytest.warns(UserWarning, match=NOT_YET.format(reason, "")):
            est.fit(X, y)
        assert est.stop_reason_ == reason
        five = Estimator(**{**BASE, "max_iter": 5}).fit(X, y)
        np.testing.assert_array_equal(weights_of(est), weights_of(five))

    def test_a_plateau_behind_the_start_is_no_cause_to_warn(self, Estimator):
        X, y = data()
        patience = {**BASE, "n_iter_no_change": 30, "tol": 1e9}
        est = Estimator(**{**patience, **SHORT}).fit(X, y)
        assert (est.stop_reason_, est.n_iter_) == ("no_improvement", 31)
        # just: of one epoch that counts, its weights are the mean
        last = Estimator(**{**BASE, "max_iter": 31}).fit(X, y)
        np.testing.assert_array_equal(weights_of(est), weights_of(last))

    def test_partial_fit_does_not_know_how_many_calls_are_to_come(self, Estimator):
        X, y = data()
        est, plain = Estimator(**{**BASE, **SHORT}), Estimator(**BASE)
        for _ in range(3):
            np.testing.assert_array_equal(
                weights_of(est.partial_fit(X, y)), weights_of(plain.partial_fit(X, y))
            )

    def test_a_single_epoch_is_its_own_mean(self, Estimator):
        params = {**BASE, **SHORT, "max_iter": 1}
        plain = Estimator(**{**BASE, "max_iter": 1}).fit(*data())
        np.testing.assert_array_equal(
            weights_of(Estimator(**params).fit(*data())), weights_of(plain)
        )


class TestDivergence:
    """A mean of what was still finite does not hide it."""

    @BOTH
    @KINDS
    def test_is_an_error_as_without(self, Estimator, kind):
        params = {**BASE, **AVERAGES[kind], "solver": "sgd", "learning_rate_init": 1e250}
        with pytest.raises(ValueError, match=r"diverged.*step size 1e\+250"):
            Estimator(**params).fit(*data())

    @BOTH
    @KINDS
    def test_under_early_stopping_the_best_average_is_kept(self, Estimator, kind):
        X, y = data()
        params = {**BASE, **AVERAGES[kind], "early_stopping": True, "solver": "sgd",
                  "warm_start": True}  # fmt: skip
        est = Estimator(**params).fit(X, y, **own())
        best = validation_loss(est, **own())
        est.set_params(learning_rate_init=1e200)
        with pytest.warns(ConvergenceWarning, match=r"stopped being finite.*best weights"):
            est.fit(X, y, **own())
        assert est.stop_reason_ == "diverged"
        np.testing.assert_allclose(validation_loss(est, **own()), best, rtol=1e-9)
        # From there it goes on, and a new average is of what comes now.
        n_iter = est.n_iter_
        est.set_params(learning_rate_init=1e-3, max_iter=3).fit(X, y, **own())
        assert est.n_iter_ == n_iter + 3
        assert np.isfinite(est.validation_loss_curve_[-3:]).all()
        assert validation_loss(est, **own()) <= best * (1 + 1e-9)


class TestCallbacks:
    @BOTH
    @KINDS
    @pytest.mark.parametrize("normalization", [None, "batch"])
    def test_the_scoring_monitor_sees_the_average(self, Estimator, kind, normalization):
        X, y = data()
        monitor = ScoringMonitor(scoring=SCORE[Estimator])
        params = {**BASE, **AVERAGES[kind], "normalization": normalization}
        est = Estimator(**params).set_callbacks(monitor).fit(X, y)
        log = monitor.get_logs().data_as_pandas
        scores = log[log["task_name"] == "epoch"].sort_values("task_id")[SCORE[Estimator]]
        at_the_end = log[log["task_name"] == "fit"][SCORE[Estimator]]
        expected = []
        for e in range(1, 13):
            until = Estimator(**{**params, "max_iter": 12}).set_callbacks(Listener(e))
            if kind == "swa" and e <= 6:
                until.set_params(weight_averaging=None)
            until.fit(X, y)
            expected.append(self.score(until, X, y))
        np.testing.assert_allclose(scores, expected, rtol=1e-9)
        np.testing.assert_allclose(at_the_end, expected[-1], rtol=1e-9)
        np.testing.assert_allclose(self.score(est, X, y), expected[-1], rtol=1e-9)

    @staticmethod
    def score(est, X, y):
        if isinstance(est, MLPRegularizedClassifier):
            return -log_loss(y, est.predict_proba(X))
        return est.score(X, y)

    @BOTH
    @KINDS
    def test_one_that_stops_leaves_the_average_so_far(self, Estimator, kind):
        X, y = data()
        est = Estimator(**BASE, **AVERAGES[kind]).set_callbacks(Listener(9)).fit(X, y)
        assert (est.stop_reason_, est.n_iter_) == ("callback", 9)
        nine = {**AVERAGES[kind], "max_iter": 9, "averaging_start": 6 / 9}
        until = Estimator(**{**BASE, **nine}).fit(X, y)
        np.testing.assert_array_equal(weights_of(est), weights_of(until))

    @BOTH
    @KINDS
    def test_so_does_ctrl_c(self, Estimator, kind):
        X, y = data()
        est = Estimator(**BASE, **AVERAGES[kind]).set_callbacks(Listener(9, interrupts=True))
        with pytest.warns(UserWarning, match="interrupted after 9 epochs"):
            est.fit(X, y)
        nine = {**AVERAGES[kind], "max_iter": 9, "averaging_start": 6 / 9}
        until = Estimator(**{**BASE, **nine}).fit(X, y)
        np.testing.assert_allclose(weights_of(est), weights_of(until), rtol=1e-12)
