"""Validation rows and weights find their way through pipelines and searches."""

import numpy as np
import pytest
import sklearn
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
QUICK = {"hidden_layer_sizes": (5,), "max_iter": 8, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.05}  # fmt: skip
ROUTED = ("X_val", "y_val", "sample_weight_val", "sample_weight")


@pytest.fixture(autouse=True)
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def data(n, seed):
    rng = np.random.default_rng(seed)
    X = 1000 * rng.random((n, 3))
    return X, (X[:, 0] > 500).astype(int), rng.integers(1, 4, size=n).astype(float)


def given():
    X, y, weight = data(60, 0)
    X_val, y_val, weight_val = data(30, 1)
    validation = {"X_val": X_val, "y_val": y_val, "sample_weight_val": weight_val}
    return X, y, {**validation, "sample_weight": weight}


def requesting(Estimator, **params):
    est = Estimator(**QUICK, **params)
    return est.set_fit_request(**dict.fromkeys(ROUTED, True))


@BOTH
def test_a_pipeline_routes_and_transforms_the_validation_rows(Estimator):
    X, y, metadata = given()
    steps = [("scale", MinMaxScaler()), ("mlp", requesting(Estimator, early_stopping=True))]
    piped = Pipeline(steps, transform_input=["X_val"]).fit(X, y, **metadata)["mlp"]
    scaler = MinMaxScaler().fit(X)
    by_hand = {**metadata, "X_val": scaler.transform(metadata["X_val"])}
    expected = Estimator(**QUICK, early_stopping=True).fit(scaler.transform(X), y, **by_hand)
    assert piped.validation_loss_curve_ == expected.validation_loss_curve_
    assert piped.loss_curve_ == expected.loss_curve_
    np.testing.assert_array_equal(piped.coefs_[0], expected.coefs_[0])


@BOTH
def test_without_transform_input_the_rows_arrive_as_they_are(Estimator):
    X, y, metadata = given()
    steps = [("scale", MinMaxScaler()), ("mlp", requesting(Estimator))]
    piped = Pipeline(steps).fit(X, y, **metadata)["mlp"]
    expected = Estimator(**QUICK).fit(MinMaxScaler().fit_transform(X), y, **metadata)
    assert piped.validation_loss_curve_ == expected.validation_loss_curve_


@BOTH
def test_each_weight_arrives_under_its_own_name(Estimator):
    X, y, metadata = given()
    est = requesting(Estimator).set_fit_request(sample_weight="train", sample_weight_val="valid")
    metadata["train"] = metadata.pop("sample_weight")
    metadata["valid"] = metadata.pop("sample_weight_val")
    piped = Pipeline([("mlp", est)]).fit(X, y, **metadata)["mlp"]
    expected = Estimator(**QUICK).fit(
        X, y, sample_weight=metadata["train"], X_val=metadata["X_val"], y_val=metadata["y_val"],
        sample_weight_val=metadata["valid"],
    )  # fmt: skip
    assert piped.loss_curve_ == expected.loss_curve_
    assert piped.validation_loss_curve_ == expected.validation_loss_curve_
    unweighted = Estimator(**QUICK).fit(X, y, X_val=metadata["X_val"], y_val=metadata["y_val"])
    assert piped.loss_curve_ != unweighted.loss_curve_
    assert piped.validation_loss_curve_ != unweighted.validation_loss_curve_


@BOTH
def test_a_grid_search_splits_the_weights_and_passes_the_validation_rows_whole(Estimator):
    X, y, metadata = given()
    est = requesting(Estimator, early_stopping=True).set_score_request(sample_weight=False)
    search = GridSearchCV(est, {"l2": [0.0, 0.1]}, cv=2, refit=True).fit(X, y, **metadata)
    best = Estimator(**QUICK, early_stopping=True, **search.best_params_).fit(X, y, **metadata)
    assert search.best_estimator_.validation_loss_curve_ == best.validation_loss_curve_
    np.testing.assert_array_equal(search.best_estimator_.coefs_[0], best.coefs_[0])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@BOTH
def test_a_pipeline_in_a_grid_search_routes_all_the_way(Estimator):
    X, y, metadata = given()
    est = requesting(Estimator, early_stopping=True).set_score_request(sample_weight=True)
    pipeline = Pipeline([("scale", MinMaxScaler()), ("mlp", est)], transform_input=["X_val"])
    search = GridSearchCV(pipeline, {"mlp__l2": [0.0, 0.1]}, cv=2).fit(X, y, **metadata)
    mlp = search.best_estimator_["mlp"]
    assert len(mlp.validation_loss_curve_) == 8
    assert len(set(mlp.validation_loss_curve_)) == 8
    assert max(mlp.validation_loss_curve_) < 2, "inputs of 1000 would show"


@BOTH
def test_cross_validate_passes_weights_to_fit_and_score(Estimator):
    X, y, metadata = given()
    est = requesting(Estimator).set_score_request(sample_weight=True)
    scores = cross_validate(
        est, X, y, cv=2, params=metadata, return_estimator=True, return_indices=True
    )
    for number, fitted in enumerate(scores["estimator"]):
        test = scores["indices"]["test"][number]
        score = fitted.score(X[test], y[test], sample_weight=metadata["sample_weight"][test])
        assert scores["test_score"][number] == score
        assert len(fitted.validation_loss_curve_) == 8


@BOTH
def test_metadata_nobody_asked_for_is_refused(Estimator):
    X, y, metadata = given()
    pipeline = Pipeline([("scale", MinMaxScaler()), ("mlp", Estimator(**QUICK))])
    with pytest.raises(UnsetMetadataPassedError, match="X_val"):
        pipeline.fit(X, y, **metadata)


@BOTH
def test_fit_and_partial_fit_can_ask_for_all_and_ask_for_groups_by_themselves(Estimator):
    request = requesting(Estimator).get_metadata_routing().fit.requests
    assert {name for name, asked in request.items() if asked} == {*ROUTED, "groups"}
    est = Estimator().set_partial_fit_request(**dict.fromkeys(ROUTED, True))
    asked = est.get_metadata_routing().partial_fit.requests
    assert {name for name, wanted in asked.items() if wanted} == {*ROUTED, "groups"}
