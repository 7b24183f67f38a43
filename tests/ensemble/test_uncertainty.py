"""Intervals, densities and parts of uncertainty of ensembles, from their members themselves."""

import numpy as np
import pytest
from scipy import special, stats
from sklearn.exceptions import NotFittedError

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor

QUICK = {"hidden_layer_sizes": (8,), "max_iter": 20, "n_iter_no_change": None,
         "learning_rate_init": 0.03}  # fmt: skip
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def data(n=90):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, X @ [3.0, -2.0, 0.0] + rng.normal(size=n)


def regressor(outputs=1, **settings):
    X, y = data()
    y = y if outputs == 1 else y[:, None] * [1.0, -2.0]
    settings = {"n_members": 4, "random_state": 0, **settings}
    return CrossFittedRegressor(MLPRegularizedRegressor(**QUICK), **settings).fit(X, y), X, y


def classifier(several=False):
    X, y = data()
    y = (y > 0).astype(int) + (y > 2)
    y = np.stack([y > 0, y > 1], axis=1).astype(int) if several else y
    est = CrossFittedClassifier(MLPRegularizedClassifier(**QUICK), n_members=4, random_state=0)
    return est.fit(X, y), X, y


def members(est, X, method="predict"):
    return np.array([getattr(member, method)(X) for member in est.members_])


@pytest.mark.parametrize("outputs", [1, 2])
def test_intervals_and_variances(outputs):
    est, X, _ = regressor(outputs)
    noise = np.array([1.0, 2.0])[:outputs]
    each = members(est, X)
    scale = np.sqrt(each.var(axis=0) + (noise if outputs == 2 else 1.0) ** 2)
    expected = stats.norm.interval(0.8, each.mean(axis=0), scale)
    np.testing.assert_allclose(est.predict_interval(X, 0.8, noise_std=noise), expected, **CLOSE)
    total, epistemic, aleatoric = est.uncertainty(X, noise_std=noise)
    np.testing.assert_allclose(epistemic, each.var(axis=0), **CLOSE)
    np.testing.assert_allclose(total, scale**2, **CLOSE)
    np.testing.assert_allclose(total, epistemic + aleatoric)


@pytest.mark.parametrize("outputs", [1, 2])
def test_densities_are_mixtures_with_the_members_weights(outputs):
    est, X, y = regressor(outputs)
    # As where candidates were picked, some of them twice.
    est.weights_ = np.array([0.1, 0.2, 0.3, 0.4])
    log = stats.norm.logpdf(y, members(est, X), 0.7)
    log = log.sum(axis=-1) if outputs == 2 else log
    expected = special.logsumexp(log, axis=0, b=est.weights_[:, None])
    found = est.log_predictive_density(X, y, noise_std=0.7)
    np.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_noise_is_what_members_leave_of_out_of_fold_errors(outputs, weighted):
    est, X, y = regressor(outputs)
    weight = np.random.default_rng(1).uniform(size=len(X)) if weighted else None
    est.fit(X, y, weight)
    error = np.average((est.oof_prediction_ - y) ** 2, axis=0, weights=weight)
    variance = np.average(members(est, X).var(axis=0), axis=0, weights=weight)
    assert (variance < 0.9 * error).all()
    np.testing.assert_allclose(est.noise_std_, np.sqrt(error - variance))
    assert isinstance(est.noise_std_, float) == (outputs == 1)


def test_without_out_of_fold_rows_the_noise_is_not_known():
    est, X, y = regressor(validation=None)
    assert est.noise_std_ is None
    for ask in (est.predict_interval, est.uncertainty,
                lambda X: est.log_predictive_density(X, y)):  # fmt: skip
        with pytest.raises(ValueError, match=r"not known.*validation='fold'.*noise_std="):
            ask(X)


def test_intervals_hold_at_least_what_they_say():
    """A member's error is more than that of the mean: on the wide side."""
    X, y = data(5_400)
    est = CrossFittedRegressor(MLPRegularizedRegressor(**QUICK), n_members=4, random_state=0)
    est.fit(X[:400], y[:400])
    for coverage in (0.5, 0.9):
        lower, upper = est.predict_interval(X[400:], coverage)
        share = np.mean((lower < y[400:]) & (y[400:] < upper))
        assert coverage - 0.03 < share < coverage + 0.1


@pytest.mark.parametrize("several", [False, True])
def test_densities_of_labels(several):
    est, X, y = classifier(several)
    p = members(est, X, "predict_proba")
    of_labels = np.where(y == 1, p, 1 - p).prod(axis=-1) if several else None
    of_truth = of_labels if several else p[:, np.arange(len(y)), y]
    expected = np.log(of_truth.mean(axis=0))
    np.testing.assert_allclose(est.log_predictive_density(X, y), expected, **CLOSE)


def test_two_classes_by_name():
    X, y = data()
    names = np.array(["no", "yes"])[(y > 0).astype(int)]
    est = CrossFittedClassifier(MLPRegularizedClassifier(**QUICK), n_members=3, random_state=0)
    found = est.fit(X, names).log_predictive_density(X, names)
    expected = np.log(est.predict_proba(X)[np.arange(90), (names == "yes").astype(int)])
    np.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.parametrize("several", [False, True])
def test_what_is_epistemic_is_the_disagreement(several):
    est, X, _ = classifier(several)
    found, p = est.uncertainty(X), members(est, X, "predict_proba")
    p = np.stack([p, 1 - p], axis=-1) if several else p
    np.testing.assert_allclose(found.total, stats.entropy(p.mean(axis=0), axis=-1), **CLOSE)
    np.testing.assert_allclose(found.aleatoric, stats.entropy(p, axis=-1).mean(axis=0), **CLOSE)
    np.testing.assert_allclose(found.epistemic, est.disagreement(X), rtol=1e-7, atol=1e-10)


def test_bad_input():
    est, X, y = regressor()
    with pytest.raises(ValueError, match="coverage=90"):
        est.predict_interval(X, 90)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        est.log_predictive_density(X, y[:-1])
    with pytest.raises(ValueError, match="y must have 1 column"):
        est.log_predictive_density(X, np.ones((90, 2)))
    with pytest.raises(ValueError, match="requires y to be passed"):
        est.log_predictive_density(X, None)
    with pytest.raises(NotFittedError):
        CrossFittedRegressor().predict_interval(X)
    est, X, y = classifier()
    with pytest.raises(ValueError, match="not among the classes"):
        est.log_predictive_density(X, y + 7)
    with pytest.raises(ValueError, match="requires y to be passed"):
        est.log_predictive_density(X, None)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        est.log_predictive_density(X, y[:-1])
    with pytest.raises(NotFittedError):
        CrossFittedClassifier().uncertainty(X)
