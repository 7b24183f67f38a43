"""With averaged weights, a snapshot is the average of its own cycle."""

import warnings

import numpy as np
import pytest
from sklearn.callback import ScoringMonitor

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
AVERAGES = {
    "ema": {"weight_averaging": "ema", "averaging_decay": 0.8},
    "swa": {"weight_averaging": "swa", "averaging_start": 0.5},
}
KINDS = pytest.mark.parametrize("kind", AVERAGES)
# In full batches an epoch is an update.
FULL = {"batch_size": 50, "dtype": "float64"}
CYCLES = [
    ({}, [(1, 4), (5, 8), (9, 12)]),
    ({"learning_rate": "cyclic", "max_iter": 14}, [(1, 4), (5, 8), (9, 12)]),
    ({"learning_rate_warmup": 3, "max_iter": 15}, [(4, 7), (8, 11), (12, 15)]),
    ({"learning_rate_period": 2, "learning_rate_period_mult": 2.0, "max_iter": 14},
     [(1, 2), (3, 6), (7, 14)]),
    ({"learning_rate_period": 1, "max_iter": 3}, [(1, 1), (2, 2), (3, 3)]),
]  # fmt: skip


def mean_of(kind, rows):
    """The average over the epochs of a cycle ``rows``."""
    if kind == "swa":
        return rows[len(rows) // 2 :].mean(axis=0)
    powers = 0.8 ** np.arange(len(rows) - 1, -1, -1.0)
    return powers @ rows / powers.sum()


@BOTH
@KINDS
@pytest.mark.parametrize(("settings", "cycles"), CYCLES, ids=str)
def test_a_snapshot_is_the_mean_over_its_own_cycle(
    Estimator, kind, settings, cycles, make, data, until, weights_of
):
    est = make(Estimator, **AVERAGES[kind], **FULL, **settings).fit(*data)
    for snapshot, (first, last) in zip(est.snapshots_, cycles, strict=True):
        each = range(first, last + 1)
        rows = np.array([weights_of(until(Estimator, e, **FULL, **settings)) for e in each])
        np.testing.assert_allclose(weights_of(snapshot), mean_of(kind, rows), rtol=1e-10)


@BOTH
@KINDS
@pytest.mark.parametrize(
    "settings", [{}, {"normalization": "batch"}, {"l1": 0.05}, {"dropout": 0.2}], ids=str
)
def test_the_first_is_that_of_a_network_that_ends_there(
    Estimator, kind, settings, make, data, assert_same_weights
):
    """Batch normalization's statistics and the zeros of a penalty included."""
    settings = {**AVERAGES[kind], **settings}
    est = make(Estimator, **settings).fit(*data)
    assert_same_weights(
        est.snapshots_[0], make(Estimator, **settings, n_snapshots=1, max_iter=4).fit(*data)
    )


@BOTH
@KINDS
def test_training_itself_is_as_without(Estimator, kind, make, data):
    plain, averaged = (make(Estimator, **more).fit(*data) for more in ({}, AVERAGES[kind]))
    assert averaged.loss_curve_ == plain.loss_curve_
    states = [est._continuation.state.values for est in (averaged, plain)]
    np.testing.assert_array_equal(*states)


@BOTH
@KINDS
@pytest.mark.parametrize("settings", [{}, {"normalization": "batch"}], ids=str)
class TestGoingOn:
    @pytest.mark.parametrize("first", [7, 8, 10])
    def test_in_two_calls_as_in_one(
        self, Estimator, kind, settings, first, make, data, assert_same
    ):
        settings = {**AVERAGES[kind], **settings, "n_snapshots": 2}
        parts = make(Estimator, **settings, max_iter=first, warm_start=True)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Training ended after 7 epochs.*1 of n_snapshots=2")
            parts.fit(*data)
        parts.set_params(max_iter=20 - first).fit(*data)
        assert_same(parts, make(Estimator, **settings, max_iter=20).fit(*data))

    def test_epoch_by_epoch_as_in_one(self, Estimator, kind, settings, make, data, assert_same):
        settings = {**AVERAGES[kind], **settings}
        parts = make(Estimator, **settings)
        for _ in range(14):
            parts.partial_fit(*data)
        assert_same(parts, make(Estimator, **settings, max_iter=14).fit(*data))


@BOTH
@KINDS
def test_an_average_that_was_before_does_not_count_in(
    Estimator, kind, make, data, until, weights_of
):
    """Switched on at the end of a cycle, or in the middle of one."""
    settings = {**AVERAGES[kind], "averaging_start": 0.0, **FULL}
    est = make(Estimator, **settings, n_snapshots=1, max_iter=6, warm_start=True).fit(*data)
    est.set_params(n_snapshots=2, max_iter=8).fit(*data)
    for snapshot, epochs in zip(est.snapshots_, (range(7, 9), range(9, 13)), strict=True):
        rows = np.array([weights_of(until(Estimator, e, **FULL)) for e in epochs])
        expected = rows.mean(axis=0) if kind == "swa" else mean_of(kind, rows)
        np.testing.assert_allclose(weights_of(snapshot), expected, rtol=1e-10)


@KINDS
def test_callbacks_see_the_average_of_the_cycle(kind, make, data):
    monitor = ScoringMonitor(scoring="r2")
    est = make(MLPRegularizedRegressor, **AVERAGES[kind]).set_callbacks(monitor).fit(*data)
    log = monitor.get_logs().data_as_pandas
    scores = log[log["task_name"] == "epoch"].sort_values("task_id")["r2"].to_numpy()
    expected = [each.score(*data) for each in est.snapshots_]
    np.testing.assert_allclose(scores[[3, 7, 11]], expected, rtol=1e-9)


@BOTH
def test_a_cycle_that_swa_has_not_entered_yet_is_no_cause_to_warn(Estimator, make, data):
    """Of the fourth cycle there is one epoch, in front of its half."""
    est = make(Estimator, **AVERAGES["swa"], max_iter=13).fit(*data)
    assert len(est.snapshots_) == 3


@KINDS
def test_predictions_are_means(any_target, kind, fit, data, assert_means):
    assert_means(fit(any_target, **AVERAGES[kind])[0], 2 * data[0])


@KINDS
def test_a_search_finds_the_same(kind, make, data, search_both_ways, assert_same):
    grid = {"n_snapshots": [1, 2], "learning_rate_period": [3, 4], "averaging_start": [0.0, 0.5]}
    network, other, _ = search_both_ways(
        make(MLPRegularizedRegressor, **AVERAGES[kind]), grid, *data
    )
    assert_same(other, network)
