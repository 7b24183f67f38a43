"""Predictions within the range of the training targets: whose range, and who sees them."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import get_scorer, r2_score
from sklearn.model_selection import cross_val_predict

from sknnreg import MLPRegularizedRegressor, fit_together
from sknnreg.estimators.base import training_plan

# Linear, and tried far beyond the rows it has learned from.
QUICK = {"hidden_layer_sizes": (), "max_iter": 20, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.1}  # fmt: skip


def make(**params):
    return MLPRegularizedRegressor(**{**QUICK, "clip_predictions": True, **params})


def data(n=60):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, 50 + 7 * X[:, 0] + rng.normal(size=n)


FAR = 100 * np.random.default_rng(1).normal(size=(40, 3))


def assert_clipped(est, X, y):
    """As without, and then into the range of y, which some are outside of on either side."""
    found = est.predict(X)
    raw = est.set_params(clip_predictions=False).predict(X)
    est.set_params(clip_predictions=True)
    low, high = y.min(axis=0), y.max(axis=0)
    assert (raw < low).any()
    assert (raw > high).any()
    np.testing.assert_array_equal(found, np.clip(raw, low, high))


@pytest.mark.parametrize("standardize", [True, False, "X", "y"])
@pytest.mark.parametrize("settings", [
    {}, {"solver": "lbfgs"}, {"dtype": "float32"}, {"hidden_layer_sizes": (5,)},
    {"n_snapshots": 2, "learning_rate": "cyclic"},
], ids=str)  # fmt: skip
def test_into_the_range_of_the_training_targets(standardize, settings):
    X, y = data()
    settings = {"learning_rate_init": 1.0, **settings}
    assert_clipped(make(**settings, standardize=standardize, max_iter=60).fit(X, y), FAR, y)


def test_each_output_by_itself():
    X, y = data()
    Y = np.stack([y, -3 * y + 20 * X[:, 1]], axis=1)
    assert_clipped(make().fit(X, Y), FAR, Y)


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_predictions_have_the_shape_of_y(shape):
    X, y = data()
    est = make().fit(X, y.reshape(shape))
    assert est.predict(FAR).shape == y[:40].reshape(shape).shape
    assert_clipped(est, FAR, y)


def test_counts():
    X, _ = data()
    y = np.random.default_rng(2).poisson(np.exp(1 + 0.5 * X[:, 0]))
    est = make(loss="poisson").fit(X, y)
    found, raw = est.predict(FAR / 50), est.set_params(clip_predictions=False).predict(FAR / 50)
    assert raw.max() > y.max()
    np.testing.assert_array_equal(found, np.clip(raw, y.min(), y.max()))


def test_off_by_default():
    X, y = data()
    est = MLPRegularizedRegressor(**QUICK).fit(X, y)
    assert est.predict(FAR).max() > 2 * y.max()


class TestWhoseRange:
    def test_rows_without_weight_are_not_there(self):
        X, y = data()
        weight = np.ones(60)
        weight[[np.argmin(y), np.argmax(y)]] = 0
        assert_clipped(make().fit(X, y, sample_weight=weight), FAR, y[weight > 0])

    def test_rows_held_out_are_not_either(self):
        X, y = data()
        est = make(early_stopping=True, validation_fraction=0.5)
        train = training_plan(est, X, y).prepared.train.y.index
        learned = y[np.asarray(train, int)]
        assert (learned.min(), learned.max()) != (y.min(), y.max())
        assert_clipped(est.fit(X, y), FAR, learned)
        assert_clipped(make(early_stopping=True).fit(X, y, X_val=X, y_val=10 * y), FAR, y)

    @pytest.mark.parametrize("refit", ["scratch", "continue"])
    def test_a_refit_learns_from_all_of_them(self, refit):
        X, y = data()
        est = make(early_stopping=True, validation_fraction=0.5, early_stopping_refit=refit)
        assert_clipped(est.fit(X, y), FAR, y)

    def test_pieces_add_up(self):
        X, y = data()
        order = np.argsort(y)
        est = make()
        for number, piece in enumerate(np.split(order[np.r_[20:40, :20, 40:60]], 3)):
            est.partial_fit(X[piece], y[piece])
            low, high = [(20, 39), (0, 39), (0, 59)][number]
            assert_clipped(est, 10 * FAR, y[order[low : high + 1]])

    def test_so_do_calls_that_go_on(self):
        X, y = data()
        est = make(warm_start=True).fit(X, y).fit(X, y - 100)
        assert_clipped(est, FAR, np.concatenate([y, y - 100]))
        # and a fit that starts anew sees its own rows alone
        assert_clipped(est.set_params(warm_start=False).fit(X, y), FAR, y)

    def test_a_call_that_fails_adds_nothing(self):
        X, y = data()
        est = make(solver="sgd", momentum=0.0).partial_fit(X, y)
        before = est.predict(FAR)
        with pytest.raises(ValueError, match="diverged"):
            est.set_params(learning_rate_init=1e300).partial_fit(X, 9 * y)
        np.testing.assert_array_equal(est.predict(FAR), before)


class TestWhoSees:
    def test_the_score(self):
        X, y = data()
        est = make().fit(X, y)
        far = 50 + 7 * FAR[:, 0]
        assert est.score(FAR, far) == r2_score(far, est.predict(FAR))
        assert est.score(FAR, far) < est.set_params(clip_predictions=False).score(FAR, far)

    def test_a_scorer_of_early_stopping_but_not_its_loss(self):
        X, y = data()
        beyond = {"X_val": FAR, "y_val": 50 + 7 * FAR[:, 0]}
        scored, by_loss, plain = (
            make(early_stopping=True, **more).fit(X, y, **beyond)
            for more in ({"early_stopping_scoring": "r2"}, {}, {"clip_predictions": False})
        )
        score = get_scorer("r2")(scored, *beyond.values())
        assert scored.best_validation_score_ == pytest.approx(score, rel=1e-9)
        assert by_loss.validation_loss_curve_ == plain.validation_loss_curve_

    def test_training_and_weights_do_not(self, assert_same_training, assert_same_weights):
        X, y = data()
        clipped, plain = (make(clip_predictions=given).fit(X, y) for given in (True, False))
        assert_same_training(clipped, plain)
        assert_same_weights(clipped, plain)

    def test_copies_and_networks_that_train_together(self):
        X, y = data()
        est = make().fit(X, y)
        carried = pickle.loads(pickle.dumps(est))
        np.testing.assert_array_equal(carried.predict(FAR), est.predict(FAR))
        expected = cross_val_predict(make(), X, y, cv=3)
        with fit_together(n_jobs=1):
            found = cross_val_predict(make(), X, y, cv=3)
        np.testing.assert_array_equal(found, expected)

    def test_rows_of_every_kind(self, tmp_path):
        X, y = data()
        mapped = np.memmap(tmp_path / "y", np.float64, "w+", shape=y.shape)
        mapped[...] = y
        assert_clipped(make().fit(X, mapped), sparse.csr_array(FAR), y)
        whole = (10 * y).astype(np.int32)
        assert_clipped(make().fit(X, whole), FAR, whole)


def test_a_range_of_pieces_is_that_of_the_whole(monkeypatch):
    X, y = data()
    monkeypatch.setattr("sknnreg.estimators.data.inputs.CHUNK", 7)
    assert_clipped(make().fit(X, y), FAR, y)
