"""Errors out of scorers, whichever way round these are."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, make_scorer, mean_absolute_error, r2_score
from sklearn.naive_bayes import GaussianNB

from sknnreg.model_selection.fits.measures import measure_of


def exact_match(estimator, X, y):
    return np.mean(estimator.predict(X) == y)


@pytest.mark.parametrize(
    ("scoring", "name", "error"),
    [
        (None, "mean squared error", lambda y, p: np.mean((y - p) ** 2)),
        ("r2", "1 - r2", lambda y, p: 1 - r2_score(y, p)),
        (
            "neg_root_mean_squared_error",
            "root mean squared error",
            lambda y, p: np.sqrt(np.mean((y - p) ** 2)),
        ),
        (
            make_scorer(mean_absolute_error, greater_is_better=False),
            "mean absolute error",
            mean_absolute_error,
        ),
    ],
)
def test_errors_of_a_regressor(scoring, name, error):
    X, y = load_diabetes(return_X_y=True)
    model = Ridge().fit(X, y)
    measure = measure_of(scoring, model)
    assert measure.name == name
    np.testing.assert_allclose(
        measure.error(measure.scorer(model, X, y)), error(y, model.predict(X)), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("scoring", "name", "error"),
    [
        (None, "error rate", lambda m, X, y: np.mean(m.predict(X) != y)),
        ("neg_log_loss", "log loss", lambda m, X, y: log_loss(y, m.predict_proba(X))),
        (exact_match, "1 - exact_match", lambda m, X, y: np.mean(m.predict(X) != y)),
    ],
)
def test_errors_of_a_classifier(scoring, name, error):
    X, y = load_iris(return_X_y=True)
    model = GaussianNB().fit(X, y)
    measure = measure_of(scoring, model)
    assert measure.name == name
    np.testing.assert_allclose(
        measure.error(measure.scorer(model, X, y)), error(model, X, y), rtol=1e-12
    )


@pytest.mark.parametrize("estimator", ["ridge", Ridge, None])
def test_what_is_no_estimator_is_told(estimator):
    with pytest.raises(TypeError, match="an estimator with fit is needed"):
        measure_of("r2", estimator)


def test_what_is_no_single_scorer_is_told():
    with pytest.raises(TypeError, match="scoring must be one scorer"):
        measure_of(["accuracy", "roc_auc"], GaussianNB())
    with pytest.raises(ValueError, match="neither a classifier nor a regressor"):
        measure_of(None, KMeans())
    with pytest.raises(ValueError, match="mean_square"):
        measure_of("mean_square", Ridge())
