"""What a file holds: what prediction needs, and which version wrote it."""

import copy
import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, versions
from sknnreg.augmentation import Compose, GaussianNoise, RandomApply
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor
from sknnreg.export import trusted_types
from sknnreg.preprocessing import PiecewiseLinearEncoder, SmoothClipScaler, Whitener
from sknnreg.tabular import tabular_classifier

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
SNAPSHOTS = {"learning_rate": "cyclic", "learning_rate_period": 1, "n_snapshots": 3,
             "batch_size": 8}  # fmt: skip
SETTINGS = [
    {},
    {"normalization": "layer", "weight_norm": True},
    {"drop_connect": 0.1, "drop_connect_inference": "gaussian"},
    {**SNAPSHOTS, "dropout": 0.1, "early_stopping": True, "weight_averaging": "ema"},
    {"class_weight": "balanced", "label_smoothing": 0.1},
    {"loss": "huber", "clip_predictions": True},
    {"loss": "poisson"},
]


def carried(est):
    return pickle.loads(pickle.dumps(est))


def outputs(est, X):
    method = "predict_proba" if hasattr(est, "predict_proba") else "predict"
    return getattr(est, method)(X)


def fitted(Estimator, quick, make_rows, make_targets, **params):
    known = {name: each for name, each in params.items() if name in Estimator._declarations}
    y = make_targets(Estimator)["texts" if Estimator is MLPRegularizedClassifier else "one"]
    return Estimator(**{**quick, **known}).fit(make_rows(), y), make_rows(), y


@BOTH
class TestPickles:
    @pytest.mark.parametrize("solver", ["adam", "amsgrad", "lbfgs"])
    def test_hold_the_weights_and_little_else(self, Estimator, solver, quick):
        X = np.random.default_rng(0).normal(size=(3000, 40))
        more = {"early_stopping": True, "dropout": 0.1} if solver != "lbfgs" else {}
        est = Estimator(**{**quick, "hidden_layer_sizes": (50, 50)}, solver=solver, **more)
        est.fit(X, X[:, 0] > 0)
        weights = sum(each.nbytes for each in est.coefs_ + est.intercepts_)
        assert len(pickle.dumps(est)) < weights + 8_000
        # It goes on where it is, and in copies; with warm_start in pickles too.
        assert len(pickle.dumps(est.set_params(warm_start=True))) > 1.5 * weights

    @pytest.mark.parametrize("settings", SETTINGS, ids=str)
    def test_predict_the_same(self, Estimator, settings, quick, make_rows, make_targets):
        est, X, _ = fitted(Estimator, quick, make_rows, make_targets, **settings)
        np.testing.assert_array_equal(outputs(carried(est), X), outputs(est, X))

    def test_saving_leaves_the_estimator_whole(self, Estimator, quick, make_rows, make_targets):
        est, _X, _y = fitted(Estimator, quick, make_rows, make_targets)
        before = vars(est).copy()
        pickle.dumps(est)
        assert vars(est) == before

    def test_go_on_with_warm_start(self, Estimator, quick, make_rows, make_targets):
        est, X, y = fitted(Estimator, quick, make_rows, make_targets, warm_start=True)
        other = carried(est).fit(X, y)
        np.testing.assert_array_equal(outputs(other, X), outputs(est.fit(X, y), X))

    def test_go_on_step_by_step(self, Estimator, quick, make_rows, make_targets):
        """More calls of partial_fit are to come, whatever warm_start is."""
        est, X, y = fitted(Estimator, quick, make_rows, make_targets)
        est.partial_fit(X, y)
        other = carried(est).partial_fit(X, y)
        np.testing.assert_array_equal(outputs(other, X), outputs(est.partial_fit(X, y), X))

    def test_do_not_start_anew_in_silence(self, Estimator, quick, make_rows, make_targets):
        est, X, y = fitted(Estimator, quick, make_rows, make_targets)
        other = carried(est)
        before = outputs(other, X)
        with pytest.raises(ValueError, match=r"pickled with warm_start=False.*warm_start=True bef"):
            other.partial_fit(X, y)
        with pytest.raises(ValueError, match="pickled with warm_start=False"):
            other.set_params(warm_start=True).fit(X, y)
        np.testing.assert_array_equal(outputs(other, X), before)
        # The ways out:
        clone(other).fit(X, y)
        other.set_params(warm_start=False).fit(X, y).partial_fit(X, y)

    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
    def test_copies_are_whole(self, Estimator, copied, quick, make_rows, make_targets):
        est, X, y = fitted(Estimator, quick, make_rows, make_targets)
        before = outputs(est, X)
        other = copied(est).partial_fit(X, y)
        np.testing.assert_array_equal(outputs(est, X), before)
        np.testing.assert_array_equal(outputs(other, X), outputs(est.partial_fit(X, y), X))


@BOTH
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_memory_maps_predict(Estimator, settings, quick, make_rows, make_targets, tmp_path):
    est, X, _ = fitted(Estimator, quick, make_rows, make_targets, **settings)
    joblib.dump(est, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert isinstance(mapped.coefs_[0], np.memmap)
    assert not mapped.coefs_[0].flags.writeable
    np.testing.assert_array_equal(outputs(mapped, X), outputs(est, X))


def everything(quick, make_rows, make_targets):
    """A fitted one of each kind."""
    X, y = make_rows(), make_targets(MLPRegularizedClassifier)["texts"]
    network, numbers = MLPRegularizedClassifier(**quick), MLPRegularizedRegressor(**quick)
    return [
        network.fit(X, y),
        numbers.fit(X, X[:, 0]),
        CrossFittedClassifier(clone(network), 2).fit(X, y),
        CrossFittedRegressor(clone(numbers), 2).fit(X, X[:, 0]),
        PiecewiseLinearEncoder(3).fit(X),
        SmoothClipScaler().fit(X),
        Whitener().fit(X),
    ]


class TestVersions:
    @pytest.mark.parametrize("package", [versions, sklearn], ids=["sknnreg", "scikit-learn"])
    def test_another_is_told(self, package, quick, make_rows, make_targets, monkeypatch):
        for est in everything(quick, make_rows, make_targets):
            with monkeypatch.context() as patch:
                patch.setattr(package, "__version__", "0.0.7")
                pickled = pickle.dumps(est)
            name = type(est).__name__
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                pickle.loads(pickled)
            assert {each.category.__mro__[1] for each in told} == {InconsistentVersionWarning}
            assert name in {each.message.estimator_name for each in told}
            for each in (versions.__version__, sklearn.__version__, "0.0.7"):
                assert each in str(told[-1].message)

    def test_the_same_is_not(self, quick, make_rows, make_targets):
        for est in everything(quick, make_rows, make_targets):
            again = carried(est)
            assert set(vars(again)) == set(vars(est))

    def test_a_file_that_says_nothing(self, quick, make_rows, make_targets):
        est = everything(quick, make_rows, make_targets)[-1]
        again = object.__new__(type(est))
        with pytest.warns(InconsistentVersionWarning, match="sknnreg unknown"):
            again.__setstate__(vars(est))


class TestSkops:
    """Without pickle, and with our own types alone."""

    @pytest.fixture
    def load(self):
        skops = pytest.importorskip("skops.io")

        def there_and_back(est):
            data = skops.dumps(est)
            assert set(skops.get_untrusted_types(data=data)) <= set(trusted_types())
            return skops.loads(data, trusted=trusted_types())

        return there_and_back

    @BOTH
    @pytest.mark.parametrize("settings", SETTINGS, ids=str)
    @pytest.mark.parametrize("warm_start", [False, True])
    def test_networks(self, Estimator, settings, warm_start, load, quick, make_rows, make_targets):
        settings = {**settings, "warm_start": warm_start}
        est, X, y = fitted(Estimator, quick, make_rows, make_targets, **settings)
        again = load(est)
        np.testing.assert_array_equal(outputs(again, X), outputs(est, X))
        assert again.get_params().keys() == est.get_params().keys()
        if warm_start:
            np.testing.assert_array_equal(outputs(again.fit(X, y), X), outputs(est.fit(X, y), X))

    def test_ensembles_and_transformers(self, load, quick, make_rows, make_targets):
        for est in everything(quick, make_rows, make_targets):
            again, X = load(est), make_rows(9, 1)
            method = "predict" if hasattr(est, "predict") else "transform"
            np.testing.assert_array_equal(getattr(again, method)(X), getattr(est, method)(X))

    def test_tables(self, load, quick):
        pd = pytest.importorskip("pandas")
        rng = np.random.default_rng(0)
        frame = pd.DataFrame(
            {
                "size": rng.normal(size=60),
                "city": rng.choice(["Bonn", "Lima"], 60),
                "day": pd.date_range("2020-01-01", periods=60),
            }
        )
        est = tabular_classifier(effort="fast", random_state=0).fit(frame, frame["size"] > 0)
        np.testing.assert_array_equal(load(est).predict(frame), est.predict(frame))

    @BOTH
    def test_augmentations_and_draws(self, Estimator, load, quick, make_rows, make_targets):
        noise = Compose([RandomApply(GaussianNoise(0.1), probability=0.5)])
        settings = {"augmentation": noise, "dropout": 0.2, "early_stopping": True}
        est, X, _ = fitted(Estimator, quick, make_rows, make_targets, **settings)
        again = load(est)
        draws = (each.sample_predictions(X, 3, random_state=0) for each in (again, est))
        np.testing.assert_array_equal(*draws)

    def test_a_version_is_told(self, load, quick, make_rows, make_targets, monkeypatch):
        skops = pytest.importorskip("skops.io")
        est, _, _ = fitted(MLPRegularizedRegressor, quick, make_rows, make_targets)
        with monkeypatch.context() as patch:
            patch.setattr(versions, "__version__", "0.0.7")
            data = skops.dumps(est)
        with pytest.warns(InconsistentVersionWarning, match=r"sknnreg 0\.0\.7"):
            skops.loads(data, trusted=trusted_types())


def test_trusted_types_are_ours_and_there():
    for name in trusted_types():
        module, _, attribute = name.rpartition(".")
        assert module.startswith("sknnreg.")
        assert hasattr(__import__(module, fromlist=[attribute]), attribute)


def test_joblib_files_hold_no_more_than_pickles(quick, make_rows, make_targets):
    est, _, _ = fitted(MLPRegularizedRegressor, quick, make_rows, make_targets)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        joblib.dump(est, file)
    assert len(file.getvalue()) < 2 * len(pickle.dumps(est))
