"""to_sklearn: equal predictions to rounding, or an error that names what stands in the way."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor
from sknnreg.export import to_sklearn
from sknnreg.preprocessing import SmoothClipScaler

SNAPSHOTS = {"learning_rate": "cyclic", "learning_rate_period": 1, "n_snapshots": 3,
             "batch_size": 8}  # fmt: skip
PLAIN = {"identity", "logistic", "tanh", "relu"}


def assert_same(exported, est, X):
    assert type(exported).__module__.startswith("sklearn.")
    expected = est.predict(X)
    found = exported.predict(X)
    if hasattr(est, "classes_"):
        np.testing.assert_array_equal(found, expected)
        proba = est.predict_proba(X)
        np.testing.assert_allclose(exported.predict_proba(X), proba, rtol=1e-6, atol=1e-9)
        np.testing.assert_array_equal(exported.classes_, est.classes_)
    else:
        np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-6, atol=1e-9)
    assert exported.n_features_in_ == est.n_features_in_


def obstacles(est):
    """The hyperparameters that MLPClassifier or MLPRegressor has nothing for, by their meaning."""
    hidden = np.atleast_1d(est.hidden_layer_sizes)
    used = {est.activation} if isinstance(est.activation, str) else set(est.activation)
    several = est.coefs_[-1].shape[1] > 1 and est.out_activation_ != "softmax"
    found = {
        "normalization": len(hidden) and est.normalization in ("layer", "group"),
        "drop_connect_inference": len(hidden) and est.drop_connect > 0
        and est.drop_connect_inference == "gaussian",
        "activation": len(hidden) and (len(used) > 1 or not used <= PLAIN),
        "clip_predictions": getattr(est, "clip_predictions", False),
        "n_snapshots": est.snapshots_ is not None and several,
    }  # fmt: skip
    return [name for name, there in found.items() if there]


def check_any(est, X):
    there = obstacles(est)
    if there:
        with pytest.raises(ValueError, match="|".join(there)):
            to_sklearn(est)
    else:
        assert_same(to_sklearn(est), est, X)


def test_all_settings(any_fitted, make_rows):
    seen = {"exported": 0, "refused": 0}

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(any_fitted)
    def check(est):
        seen["refused" if obstacles(est) else "exported"] += 1
        check_any(est, make_rows(20, 1))

    check()
    assert min(seen.values()) > 5


@pytest.mark.soak
def test_more_settings(any_fitted, make_rows):
    @settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(any_fitted)
    def check(est):
        check_any(est, make_rows(20, 1))

    check()


@pytest.mark.parametrize("target", ["texts", "numbers", "booleans", "labels", "objects", "floats"])
def test_classes_of_every_kind(target, quick, make_rows, make_targets):
    y = make_targets(MLPRegularizedClassifier)[target]
    est = MLPRegularizedClassifier(**quick, normalization="batch").fit(make_rows(), y)
    exported = to_sklearn(est)
    assert type(exported) is MLPClassifier
    assert_same(exported, est, make_rows(30, 1))
    assert exported.predict(make_rows()).dtype == est.predict(make_rows()).dtype
    assert exported.score(make_rows(), y) == est.score(make_rows(), y)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "poisson"])
@pytest.mark.parametrize("target", ["one", "several"])
def test_regressors(loss, target, quick, make_rows, make_targets):
    y = make_targets(MLPRegularizedRegressor)[target]
    est = MLPRegularizedRegressor(**quick, loss=loss).fit(make_rows(), y)
    exported = to_sklearn(est)
    assert type(exported) is MLPRegressor
    assert exported.loss == ("poisson" if loss == "poisson" else "squared_error")
    assert_same(exported, est, make_rows(30, 1))
    assert exported.score(make_rows(), y) == pytest.approx(est.score(make_rows(), y), rel=1e-9)


def test_a_year_keeps_its_digits(quick):
    X = np.linspace(2000, 2020, 50)[:, None]
    est = MLPRegularizedRegressor(**quick).fit(X, 1e9 + X[:, 0])
    assert_same(to_sklearn(est), est, X)


class TestVotes:
    @pytest.mark.parametrize("target", ["texts", "numbers", "objects"])
    def test_of_snapshots(self, target, quick, make_rows, make_targets):
        y = make_targets(MLPRegularizedClassifier)[target]
        est = MLPRegularizedClassifier(**quick, **SNAPSHOTS).fit(make_rows(), y)
        exported = to_sklearn(est)
        assert type(exported) is VotingClassifier
        assert exported.voting == "soft"
        assert len(exported.estimators_) == 3
        assert_same(exported, est, make_rows(30, 1))

    @pytest.mark.parametrize("loss", ["squared_error", "poisson"])
    def test_of_a_regressors_snapshots(self, loss, quick, make_rows, make_targets):
        y = make_targets(MLPRegularizedRegressor)["one"]
        est = MLPRegularizedRegressor(**quick, **SNAPSHOTS, loss=loss).fit(make_rows(), y)
        exported = to_sklearn(est)
        assert type(exported) is VotingRegressor
        assert_same(exported, est, make_rows(30, 1))

    def test_of_selected_candidates_with_their_weights(self, quick, make_rows, make_targets):
        y = make_targets(MLPRegularizedRegressor)["one"]
        est = CrossFittedRegressor(
            MLPRegularizedRegressor(**quick), 3, cv=3, random_state=0,
            param_distributions={"hidden_layer_sizes": [(3,), (4, 4)], "activation": ["tanh"]},
        ).fit(make_rows(), y)  # fmt: skip
        est.weights_ = np.linspace(1, 2, len(est.weights_))
        est.weights_ /= est.weights_.sum()
        exported = to_sklearn(est)
        np.testing.assert_allclose(exported.weights, est.weights_)
        assert_same(exported, est, make_rows(30, 1))

    @pytest.mark.parametrize("last", [{}, SNAPSHOTS], ids=["plain", "snapshots"])
    def test_of_pipelines(self, last, quick, make_rows, make_targets):
        y = make_targets(MLPRegularizedClassifier)["objects"]
        network = MLPRegularizedClassifier(**quick, **last)
        for each in (network, make_pipeline(StandardScaler(), SmoothClipScaler(), network)):
            est = CrossFittedClassifier(each, 2, random_state=0).fit(make_rows(), y)
            assert_same(to_sklearn(est), est, make_rows(30, 1))

    @pytest.mark.parametrize("last", [{}, SNAPSHOTS], ids=["plain", "snapshots"])
    @pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
    def test_of_networks_fitted_on_frames(self, Estimator, last, quick, make_rows, make_targets):
        """The vote hands the frame to its members: all know its names."""
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame(make_rows(), columns=list("abcd"))
        y = next(iter(make_targets(Estimator).values()))
        Ensemble = {MLPRegularizedClassifier: CrossFittedClassifier}.get(
            Estimator, CrossFittedRegressor
        )
        est = Ensemble(Estimator(**quick, **last), 2, random_state=0).fit(frame, y)
        assert_same(to_sklearn(est), est, frame)

    @pytest.mark.parametrize("n_classes", [2, 3, 4])
    def test_members_that_have_not_seen_all_classes(self, n_classes, quick, make_rows):
        """Of every number that they can have seen."""
        X, rng = make_rows(), np.random.default_rng(0)
        members = []
        for n_seen in range(1, n_classes + 1):
            seen = np.array(["a", "b", "c", "d"])[rng.choice(n_classes, n_seen, replace=False)]
            member = MLPRegularizedClassifier(**quick)
            members.append(member.fit(X, np.resize(seen, len(X))))
        est = CrossFittedClassifier(MLPRegularizedClassifier(**quick), 2, random_state=0)
        est.fit(X, np.resize(np.array(["a", "b", "c", "d"])[:n_classes], len(X)))
        est.members_, est.weights_ = members, np.full(n_classes, 1 / n_classes)
        assert_same(to_sklearn(est), est, X)


def test_a_pipeline_stays_one(quick, make_rows, make_targets):
    X, y = make_rows(), make_targets(MLPRegularizedRegressor)["one"]
    est = make_pipeline(StandardScaler(), MLPRegularizedRegressor(**quick)).fit(X, y)
    exported = to_sklearn(est)
    assert [type(step) for _, step in exported.steps] == [StandardScaler, MLPRegressor]
    assert exported[0] is not est[0]
    assert_same(exported, est, make_rows(30, 1))


class TestWhatItCanDo:
    """All that a fitted estimator of scikit-learn can."""

    def fitted(self, Estimator, quick, make_rows, make_targets, **params):
        y = make_targets(Estimator)["numbers" if "Class" in Estimator.__name__ else "one"]
        return Estimator(**{**quick, "l2": 0.1, **params}).fit(make_rows(), y), y

    @pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
    @pytest.mark.parametrize("solver", ["adam", "sgd", "amsgrad"])
    def test_it_learns_further(self, Estimator, solver, quick, make_rows, make_targets):
        est, y = self.fitted(Estimator, quick, make_rows, make_targets, solver=solver)
        # In the units of X and y, in which other steps are right.
        exported, X = to_sklearn(est).set_params(learning_rate_init=1e-3), make_rows()
        before = est.predict(X)
        loss = []
        for _ in range(60):
            loss.append(exported.partial_fit(X, y).loss_)
        assert np.mean(loss[-5:]) < loss[0]
        np.testing.assert_array_equal(est.predict(X), before)

    @pytest.mark.parametrize("snapshots", [{}, SNAPSHOTS], ids=["plain", "snapshots"])
    @pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
    def test_clone_and_pickle(self, Estimator, snapshots, quick, make_rows, make_targets):
        est, y = self.fitted(Estimator, quick, make_rows, make_targets, **snapshots)
        exported, X = to_sklearn(est), make_rows(30, 1)
        pickled = pickle.dumps(exported)
        assert b"sknnreg" not in pickled
        assert_same(pickle.loads(pickled), est, X)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert clone(exported).fit(make_rows(), y).predict(X).shape == est.predict(X).shape

    def test_names_of_columns(self, quick, make_rows, make_targets):
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame(make_rows(), columns=list("abcd"))
        y = make_targets(MLPRegularizedClassifier)["texts"]
        for more in ({}, SNAPSHOTS):
            est = MLPRegularizedClassifier(**quick, **more).fit(frame, y)
            exported = to_sklearn(est)
            np.testing.assert_array_equal(exported.feature_names_in_, list("abcd"))
            np.testing.assert_array_equal(exported.predict(frame), est.predict(frame))

    def test_sparse_weights(self, quick, make_rows, make_targets):
        est, _ = self.fitted(MLPRegularizedRegressor, quick, make_rows, make_targets)
        assert_same(to_sklearn(est.sparsify()), est, make_rows(30, 1))


class TestErrors:
    @pytest.mark.parametrize(
        ("settings", "name"),
        [
            ({"normalization": "layer"}, "normalization='layer'"),
            ({"normalization": "group", "normalization_groups": 2}, "normalization='group'"),
            ({"activation": "gelu"}, "activation='gelu'"),
            ({"activation": ["relu", "tanh"]}, r"activation=\['relu', 'tanh'\]"),
            ({"drop_connect": 0.1, "drop_connect_inference": "gaussian"}, "drop_connect_inference"),
            ({"clip_predictions": True}, r"clip_predictions.*set_params\(clip_predictions=False\)"),
        ],
    )
    def test_name_the_hyperparameter_and_a_way_out(self, settings, name, quick, make_rows):
        est = MLPRegularizedRegressor(**{**quick, **settings}).fit(make_rows(), make_rows()[:, 0])
        with pytest.raises(ValueError, match=rf"{name}.*to_onnx"):
            to_sklearn(est)

    def test_clipping_can_be_left_out_without_a_new_fit(self, quick, make_rows):
        est = MLPRegularizedRegressor(**quick, clip_predictions=True)
        est.fit(make_rows(), make_rows()[:, 0]).set_params(clip_predictions=False)
        assert_same(to_sklearn(est), est, 100 * make_rows())

    @pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
    def test_votes_on_several_columns(self, Estimator, quick, make_rows, make_targets):
        y = make_targets(Estimator)["labels" if "Class" in Estimator.__name__ else "several"]
        est = Estimator(**quick, **SNAPSHOTS).fit(make_rows(), y)
        with pytest.raises(ValueError, match=r"n_snapshots=3 .* single column of y"):
            to_sklearn(est)
        to_sklearn(est.snapshots_[0])
        Ensemble = {MLPRegularizedClassifier: CrossFittedClassifier}.get(
            Estimator, CrossFittedRegressor
        )
        ensemble = Ensemble(Estimator(**quick), 2, random_state=0).fit(make_rows(), y)
        with pytest.raises(ValueError, match=rf"{Ensemble.__name__} averages .* members_"):
            to_sklearn(ensemble)

    def test_a_single_class(self, quick, make_rows):
        est = MLPRegularizedClassifier(**quick).fit(make_rows(), np.ones(40, dtype=int))
        with pytest.raises(ValueError, match=r"single class, 1.*DummyClassifier"):
            to_sklearn(est)

    def test_what_is_not_fitted_or_not_ours(self):
        for est in (MLPRegularizedClassifier(), CrossFittedRegressor()):
            with pytest.raises(NotFittedError):
                to_sklearn(est)
        with pytest.raises(TypeError, match="got MLPClassifier"):
            to_sklearn(MLPClassifier())
