"""Without hidden layers and with ``l2`` the estimators are scikit-learn's linear models.

``J`` is a weighted mean plus (l2 / 2) ||w||², so a penalty on a sum over n rows is n l2. Both
objectives are strictly convex in the weights: 1e-5 is what the solvers' tolerances resolve.
"""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

N = 80
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def regressor(**parameters):
    settings = {"solver": "lbfgs", "standardize": False, "tol": 1e-9, "max_iter": 5000}
    return MLPRegularizedRegressor((), random_state=0, **{**settings, **parameters})


def classifier(**parameters):
    settings = {"solver": "lbfgs", "standardize": False, "tol": 1e-9, "max_iter": 5000}
    return MLPRegularizedClassifier((), random_state=0, **{**settings, **parameters})


def logistic(**parameters):
    return LogisticRegression(**{"tol": 1e-9, "max_iter": 5000, **parameters})


@pytest.fixture(params=[1, 3], ids=["one response", "three responses"])
def responses(request):
    X, y = make_regression(
        n_samples=N, n_features=5, n_targets=request.param, noise=3.0, random_state=0
    )
    return X + np.arange(5), y / y.std() + 2.0


@pytest.fixture(params=[2, 4], ids=["binary", "multinomial"])
def classes(request):
    X, y = make_classification(
        n_samples=N, n_features=5, n_informative=4, n_redundant=0, n_classes=request.param,
        random_state=1,
    )  # fmt: skip
    return X + np.arange(5) / 5, y


@pytest.fixture(params=[False, True], ids=["unweighted", "weighted"])
def weight(request):
    return np.random.default_rng(2).uniform(0.1, 3, N) if request.param else None


def total(weight):
    return N if weight is None else weight.sum()


def same_regression(ours, coef, intercept):
    np.testing.assert_allclose(ours.coefs_[0], np.atleast_2d(coef).T, **CLOSE)
    np.testing.assert_allclose(ours.intercepts_[0], np.atleast_1d(intercept), **CLOSE)


def same_classification(ours, coef, intercept):
    """Softmax does not change with a number added to all intercepts: compare them centred."""
    mine = ours.intercepts_[0]
    if len(mine) > 1:
        mine = mine - mine.mean()
        intercept = intercept - intercept.mean()
    np.testing.assert_allclose(ours.coefs_[0], coef.T, **CLOSE)
    np.testing.assert_allclose(mine, intercept, **CLOSE)


@pytest.mark.parametrize("l2", [0.01, 1.0])
def test_a_linear_regressor_with_l2_is_ridge(responses, weight, l2):
    """alpha is l2 times the number of rows, or the sum of their weights."""
    X, y = responses
    ours = regressor(l2=l2).fit(X, y, sample_weight=weight)
    ridge = Ridge(alpha=l2 * total(weight), solver="cholesky").fit(X, y, sample_weight=weight)
    same_regression(ours, ridge.coef_, ridge.intercept_)
    np.testing.assert_allclose(ours.predict(X), ridge.predict(X), **CLOSE)


def test_a_linear_regressor_without_penalty_is_least_squares(responses, weight):
    """Nothing but the squared error."""
    X, y = responses
    ours = regressor().fit(X, y, sample_weight=weight)
    exact = LinearRegression().fit(X, y, sample_weight=weight)
    same_regression(ours, exact.coef_, exact.intercept_)


@pytest.mark.parametrize("l2", [0.01, 1.0])
def test_a_standardizing_regressor_penalizes_standardized_weights(responses, weight, l2):
    """Ridge between standardized X and y, both weighted; its weights brought back to raw units."""
    X, y = responses
    ours = regressor(l2=l2, standardize=True).fit(X, y, sample_weight=weight)
    Y = y.reshape(N, -1)
    of_x, of_y = (StandardScaler().fit(a, sample_weight=weight) for a in (X, Y))
    ridge = Ridge(alpha=l2 * total(weight), solver="cholesky")
    ridge.fit(of_x.transform(X), of_y.transform(Y), sample_weight=weight)
    coef = ridge.coef_.reshape(Y.shape[1], -1) * of_y.scale_[:, None] / of_x.scale_
    intercept = of_y.mean_ + of_y.scale_ * ridge.intercept_ - coef @ of_x.mean_
    same_regression(ours, coef, intercept)


@pytest.mark.parametrize("l2", [0.01, 1.0])
def test_a_linear_classifier_with_l2_is_logistic_regression(classes, weight, l2):
    """C is 1 / (l2 times the number of rows, or the sum of their weights)."""
    X, y = classes
    ours = classifier(l2=l2).fit(X, y, sample_weight=weight)
    theirs = logistic(C=1 / (l2 * total(weight))).fit(X, y, sample_weight=weight)
    same_classification(ours, theirs.coef_, theirs.intercept_)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), **CLOSE)


def test_a_standardizing_classifier_penalizes_standardized_weights(classes, weight):
    """Logistic regression on weighted standard scores, brought back to raw units."""
    X, y = classes
    ours = classifier(l2=0.1, standardize=True).fit(X, y, sample_weight=weight)
    scaler = StandardScaler().fit(X, sample_weight=weight)
    theirs = logistic(C=1 / (0.1 * total(weight)))
    theirs.fit(scaler.transform(X), y, sample_weight=weight)
    coef = theirs.coef_ / scaler.scale_
    same_classification(ours, coef, theirs.intercept_ - coef @ scaler.mean_)


def test_balanced_classes_are_scikit_learns(classes):
    """Class weights multiply the rows' weights, and the strength of l2 stays relative to both."""
    X, y = classes
    X, y = X[y != 1][:30], y[y != 1][:30]
    y[:20] = 0
    y[20:] = 3
    ours = classifier(l2=0.1, class_weight="balanced").fit(X, y)
    theirs = logistic(C=1 / (0.1 * len(y)), class_weight="balanced").fit(X, y)
    same_classification(ours, theirs.coef_, theirs.intercept_)
    ours = classifier(l2=0.1, class_weight={0: 1, 3: 5}).fit(X, y)
    theirs = logistic(C=1 / (0.1 * (20 + 5 * 10)), class_weight={0: 1, 3: 5}).fit(X, y)
    same_classification(ours, theirs.coef_, theirs.intercept_)


def test_multilabel_is_a_logistic_regression_for_each_label(weight):
    """The loss is the sum over labels, and a linear model's labels share nothing."""
    X, y = make_multilabel_classification(n_samples=N, n_features=5, n_classes=3, random_state=3)
    X = (X - X.mean(axis=0)) / X.std()
    ours = classifier(l2=0.1).fit(X, y, sample_weight=weight)
    for label in range(3):
        theirs = logistic(C=1 / (0.1 * total(weight))).fit(X, y[:, label], sample_weight=weight)
        np.testing.assert_allclose(ours.coefs_[0][:, label], theirs.coef_[0], **CLOSE)
        np.testing.assert_allclose(ours.intercepts_[0][label], theirs.intercept_[0], **CLOSE)


@pytest.mark.parametrize("standardize", [False, True])
def test_a_linear_poisson_regressor_is_scikit_learns(weight, standardize):
    """Half the mean deviance plus (l2 / 2) ||w||²: alpha is l2.

    Counts are only divided by their mean, which a log link takes into the intercept; the
    deviance is divided by it too.
    """
    rng = np.random.default_rng(4)
    X = rng.normal(1.0, 2.0, size=(N, 4))
    y = rng.poisson(np.exp(0.3 * X[:, 0] - 0.2 * X[:, 1] + 1))
    ours = regressor(loss="poisson", l2=0.1, standardize=standardize)
    ours.fit(X, y, sample_weight=weight)
    scale_x, mean_x, scale_y = np.ones(4), np.zeros(4), 1.0
    if standardize:
        scaler = StandardScaler().fit(X, sample_weight=weight)
        scale_x, mean_x, scale_y = scaler.scale_, scaler.mean_, np.average(y, weights=weight)
    theirs = PoissonRegressor(alpha=0.1, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    theirs.fit((X - mean_x) / scale_x, y / scale_y, sample_weight=weight)
    coef = theirs.coef_ / scale_x
    same_regression(ours, coef, theirs.intercept_ + np.log(scale_y) - coef @ mean_x)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_gradient_descent_gets_to_ridge_too(responses, momentum):
    """l2 in the gradient keeps the objective's minimum, with momentum or without."""
    X, y = responses
    X = StandardScaler().fit_transform(X)
    ours = regressor(
        l2=0.3, solver="sgd", momentum=momentum, learning_rate_init=0.1, max_iter=1000,
        n_iter_no_change=None, dtype="float64", batch_size=N,
    ).fit(X, y)  # fmt: skip
    ridge = Ridge(alpha=0.3 * N).fit(X, y)
    same_regression(ours, ridge.coef_, ridge.intercept_)
