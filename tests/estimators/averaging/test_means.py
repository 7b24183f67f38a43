"""What an average is the mean of, batch normalization included; training itself is as without."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.batches import Batches

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
KINDS = pytest.mark.parametrize("kind", ["ema", "swa"])
PRECISIONS = pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-5), ("float64", 1e-12)])


class TestWhatIsAveraged:
    @BOTH
    @PRECISIONS
    @pytest.mark.parametrize(("start", "first"), [(0.0, 1), (0.5, 7), (0.75, 10), (0.99, 12)])
    def test_swa_is_the_mean_of_the_epochs_behind_its_start(
        self, Estimator, dtype, rtol, start, first, make, data, after_each_epoch, weights_of
    ):
        expected = after_each_epoch(Estimator, 12, dtype=dtype)[first - 1 :].mean(axis=0)
        est = make(Estimator, "swa", averaging_start=start, dtype=dtype, max_iter=12).fit(*data)
        np.testing.assert_allclose(weights_of(est), expected, rtol=rtol, atol=rtol)

    @BOTH
    @PRECISIONS
    @pytest.mark.parametrize("decay", [0.1, 0.8, 0.999])
    def test_ema_is_the_mean_with_weights_that_fall_by_its_decay(
        self, Estimator, dtype, rtol, decay, make, data, after_each_epoch, exponential, weights_of
    ):
        """In full batches, where an epoch is an update."""
        full = {"batch_size": 50, "dtype": dtype}
        expected = exponential(after_each_epoch(Estimator, 12, **full), decay)
        est = make(Estimator, "ema", averaging_decay=decay, **full, max_iter=12).fit(*data)
        np.testing.assert_allclose(weights_of(est), expected, rtol=rtol, atol=rtol)

    def test_ema_counts_every_update(self, make, data, exponential, weights_of, monkeypatch):
        """Interrupted where the next batch would be read, a fit shows the weights in between."""
        expected = make(MLPRegularizedRegressor, "ema", max_iter=3).fit(*data)
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
            est = make(MLPRegularizedRegressor, max_iter=4)
            with pytest.warns(UserWarning, match="interrupted"):
                rows.append(weights_of(est.fit(*data)))
        found = exponential(np.array(rows), expected.averaging_decay)
        np.testing.assert_allclose(found, weights_of(expected), rtol=1e-11)

    @BOTH
    @PRECISIONS
    def test_a_decay_of_zero_is_no_averaging(self, Estimator, dtype, rtol, make, data, weights_of):
        plain = make(Estimator, dtype=dtype).fit(*data)
        averaged = make(Estimator, "ema", averaging_decay=0.0, dtype=dtype).fit(*data)
        np.testing.assert_allclose(weights_of(averaged), weights_of(plain), rtol=rtol, atol=rtol)

    @BOTH
    @KINDS
    def test_training_itself_is_as_without(self, Estimator, kind, make, data, weights_of):
        plain = make(Estimator, dropout=0.2).fit(*data)
        averaged = make(Estimator, kind, dropout=0.2).fit(*data)
        assert averaged.loss_curve_ == plain.loss_curve_
        states = [est._continuation.state.values for est in (averaged, plain)]
        np.testing.assert_array_equal(*states)
        assert not np.allclose(weights_of(averaged), weights_of(plain), rtol=1e-2)


class TestBatchNormalization:
    """Statistics of the averaged weights, of all training rows, take the place of averages."""

    @BOTH
    @KINDS
    @pytest.mark.parametrize("statistics", ["moving", "population"])
    def test_a_normalized_unit_has_the_average_mean_and_spread(
        self, Estimator, kind, statistics, make, data, exponential
    ):
        """beta and gamma, which are averaged, are what a unit has over the training rows.

        A network without averaging has them too, by the population's statistics.
        """
        X, y = data
        params = {"normalization": "batch", "batch_size": 50, "normalization_epsilon": 1e-12}

        def moments(est):
            units = X @ est.coefs_[0] + est.intercepts_[0]
            # the spread is that of gamma, none of which goes below zero here
            return np.array([units.mean(axis=0), units.std(axis=0, ddof=1)])

        plain = make(Estimator, **params, batch_statistics="population")
        rows = np.array([moments(plain.set_params(max_iter=e).fit(X, y)) for e in range(1, 13)])
        expected = rows[6:].mean(axis=0)
        if kind == "ema":
            expected = exponential(rows.reshape(12, -1), 0.8).reshape(rows[0].shape)
        averaged = make(Estimator, kind, **params, batch_statistics=statistics, max_iter=12)
        np.testing.assert_allclose(moments(averaged.fit(X, y)), expected, rtol=1e-6)
        assert not np.allclose(rows[-1], expected, rtol=1e-2), "otherwise nothing is shown"

    @BOTH
    @KINDS
    def test_training_itself_is_as_without(self, Estimator, kind, make, data, own):
        plain = make(Estimator, normalization="batch").fit(*data)
        averaged = make(Estimator, kind, normalization="batch").fit(*data, **own)
        assert averaged.loss_curve_ == plain.loss_curve_
        states = [est._continuation.state.values for est in (averaged, plain)]
        np.testing.assert_array_equal(*states)
