"""Deviations, intervals, densities and parts of uncertainty, from the draws themselves."""

import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.loop.evaluation import MAX_SIGNAL

CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def draws(est, X, n=100):
    return est.sample_predictions(X, n, random_state=0)


@pytest.mark.parametrize("outputs", [1, 2])
def test_deviations_are_those_of_the_draws(regressor, noise, outputs):
    X, y = regressor.X, regressor.y
    est = regressor.fit(y if outputs == 1 else np.stack([y, 2 * y], axis=1), **noise)
    mean, std = est.predict(X, return_std=True)
    np.testing.assert_array_equal(mean, est.predict(X))
    np.testing.assert_allclose(std, draws(est, X).std(axis=0), **CLOSE)


def test_deviations_of_a_large_offset(regressor):
    """Around 1e9 a difference of squares would be rounding."""
    plain, moved = (
        regressor.fit(regressor.y + offset, dropout=0.25).predict(regressor.X, return_std=True)[1]
        for offset in (0.0, 1e9)
    )
    np.testing.assert_allclose(moved, plain, rtol=1e-4)


def test_deviations_of_snapshots_are_exact(regressor, snapshots):
    est = regressor.fit(**snapshots)
    each = [one.predict(regressor.X) for one in est.snapshots_]
    mean, std = est.predict(regressor.X, return_std=True)
    np.testing.assert_allclose(std, np.std(each, axis=0), **CLOSE)
    np.testing.assert_allclose(mean, np.mean(each, axis=0), **CLOSE)


@pytest.mark.parametrize("coverage", [0.5, 0.95])
def test_intervals_are_normal_ones(regressor, coverage):
    est, X = regressor.fit(dropout=0.25), regressor.X
    lower, upper = est.predict_interval(X, coverage, noise_std=2.0)
    scale = np.sqrt(draws(est, X).var(axis=0) + 2.0**2)
    low, high = stats.norm.interval(coverage, est.predict(X), scale)
    np.testing.assert_allclose(lower, low, **CLOSE)
    np.testing.assert_allclose(upper, high, **CLOSE)


def test_intervals_without_draws_are_those_of_the_noise(regressor):
    est, X = regressor.fit(), regressor.X
    lower, upper = est.predict_interval(X, 0.9, noise_std=2.0)
    np.testing.assert_allclose(upper - lower, 4 * stats.norm.ppf(0.95))
    np.testing.assert_allclose((upper + lower) / 2, est.predict(X))


@pytest.mark.parametrize("outputs", [1, 2])
def test_densities_are_mixtures_over_draws(regressor, noise, outputs):
    X, y = regressor.X, regressor.y
    Y = y[:, None] * [1.0, -2.0][:outputs]
    est = regressor.fit(Y if outputs == 2 else y, **noise)
    std = np.array([0.7, 1.5])[:outputs]
    found = est.log_predictive_density(X, Y if outputs == 2 else y, noise_std=std)
    each = draws(est, X).reshape(100, 80, outputs)
    log = stats.norm.logpdf(Y, each, std).sum(axis=-1)
    np.testing.assert_allclose(found, special.logsumexp(log, axis=0) - np.log(100), **CLOSE)


def test_the_density_as_its_source_writes_it(regressor):
    """Gal and Ghahramani (2016), with the precision tau."""
    est, X, y, tau = regressor.fit(dropout=0.25), regressor.X, regressor.y, 0.4
    each = -0.5 * tau * (y - draws(est, X)) ** 2
    expected = (
        special.logsumexp(each, axis=0) - np.log(100)
        - 0.5 * np.log(2 * np.pi) - 0.5 * np.log(1 / tau)
    )  # fmt: skip
    found = est.log_predictive_density(X, y, noise_std=tau**-0.5)
    np.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.parametrize("labels", ["three classes", "two classes", "texts", "several"])
@pytest.mark.parametrize("settings", [{}, {"dropout": 0.25}], ids=str)
def test_densities_of_labels(classifier, labels, settings):
    X, y = classifier.X, classifier.y
    y = {"three classes": y, "two classes": y > 0, "texts": np.array(list("abc"))[y],
         "several": np.stack([y > 0, y > 1], axis=1).astype(int)}[labels]  # fmt: skip
    est = classifier.fit(y, **settings)
    p = draws(est, X) if settings else est.predict_proba(X)[None]
    if labels == "several":
        of_truth = np.where(y == 1, p, 1 - p).prod(axis=-1)
    else:
        of_truth = p[:, np.arange(80), np.searchsorted(est.classes_, y)]
    expected = np.log(of_truth.mean(axis=0))
    np.testing.assert_allclose(est.log_predictive_density(X, y), expected, **CLOSE)


def test_a_single_class_is_certain(classifier):
    est = classifier.fit(np.ones(80, int), dropout=0.25)
    found = est.log_predictive_density(classifier.X, np.ones(80, int))
    np.testing.assert_array_equal(found, 0)
    np.testing.assert_array_equal(np.array(est.uncertainty(classifier.X)), 0)


@pytest.mark.parametrize("several", [False, True])
def test_entropies_add_up(classifier, noise, several):
    X, y = classifier.X, classifier.y
    est = classifier.fit(np.stack([y > 0, y > 1], axis=1).astype(int) if several else y, **noise)
    found, p = est.uncertainty(X), draws(est, X)
    p = np.stack([p, 1 - p], axis=-1) if several else p
    mean = p.mean(axis=0)
    information = (p * np.log(p / mean)).sum(axis=-1).mean(axis=0)
    np.testing.assert_allclose(found.total, stats.entropy(mean, axis=-1), **CLOSE)
    np.testing.assert_allclose(found.aleatoric, stats.entropy(p, axis=-1).mean(axis=0), **CLOSE)
    np.testing.assert_allclose(found.epistemic, information, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(found.epistemic + found.aleatoric, found.total, rtol=1e-14)
    assert (found.epistemic >= 0).all()


def test_variances_add_up(regressor, noise):
    est, X = regressor.fit(**noise), regressor.X
    total, epistemic, aleatoric = est.uncertainty(X, noise_std=2.0)
    np.testing.assert_allclose(epistemic, draws(est, X).var(axis=0), **CLOSE)
    np.testing.assert_array_equal(aleatoric, 4.0)
    np.testing.assert_allclose(total, epistemic + 4.0)


def test_clipped_predictions_have_clipped_draws(regressor):
    est = regressor.fit(dropout=0.25, clip_predictions=True)
    found = draws(est, 10 * regressor.X)
    assert found.min() == regressor.y.min()
    assert found.max() == regressor.y.max()


class TestTheNoise:
    """What validation rows tell, of which the network has learned nothing."""

    def fit(self, regressor, Y_val, weight=None, **settings):
        X_val = np.random.default_rng(1).normal(2.0, 3.0, (len(Y_val), 3))
        quick = {"hidden_layer_sizes": (20,), "max_iter": 15, "n_iter_no_change": None,
                 "learning_rate_init": 0.03, "random_state": 0}  # fmt: skip
        y = regressor.y if Y_val.ndim == 1 else np.stack([regressor.y] * 2, axis=1)
        est = MLPRegularizedRegressor(**quick, **settings)
        est.fit(regressor.X, y, X_val=X_val, y_val=Y_val, sample_weight_val=weight)
        return est, X_val

    @pytest.mark.parametrize("outputs", [1, 2])
    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber"])
    def test_of_a_network_without_draws(self, regressor, outputs, weighted, loss):
        rng = np.random.default_rng(2)
        Y = rng.normal(size=(300, outputs)) * [3.0, 1.0][:outputs]
        weight = rng.uniform(size=300) if weighted else None
        est, X = self.fit(regressor, Y if outputs == 2 else Y[:, 0], weight, loss=loss)
        away = est.predict(X).reshape(Y.shape) - Y
        expected = np.sqrt(np.average(away**2, axis=0, weights=weight))
        np.testing.assert_allclose(est.noise_std_, expected if outputs == 2 else expected[0])

    def test_is_what_the_draws_leave(self, regressor):
        Y = 8 * np.random.default_rng(2).normal(size=100)
        est, X = self.fit(regressor, Y, dropout=0.25)
        error = np.mean((est.predict(X) - Y) ** 2)
        variance = est.sample_predictions(X, 2_000, random_state=5).var(axis=0).mean()
        assert 0.005 < variance / error < 0.5
        # By 32 draws: a deviation of a quarter.
        assert abs(error - est.noise_std_**2 - variance) < 5 / 4 * variance

    def test_is_a_tenth_of_the_squared_error_at_least(self, regressor):
        y_val = np.random.default_rng(2).normal(size=100)
        est, X = self.fit(regressor, y_val, dropout=0.9)
        # Where the network is all but right, its draws are much further apart.
        nearly = est.predict(X) + 0.01 * y_val
        est, X = self.fit(regressor, nearly, dropout=0.9)
        error = np.mean((est.predict(X) - nearly) ** 2)
        np.testing.assert_allclose(est.noise_std_, np.sqrt(error / 10))

    def test_of_the_rows_that_early_stopping_holds_out(self, regressor):
        seen = []

        def scorer(estimator, X, y):
            seen.append((X, y))
            return -np.mean((estimator.predict(X) - y) ** 2)

        est = regressor.fit(early_stopping=True, early_stopping_scoring=scorer)
        X, y = seen[-1]
        np.testing.assert_allclose(est.noise_std_, np.sqrt(np.mean((est.predict(X) - y) ** 2)))

    @pytest.mark.parametrize("refit", ["scratch", "continue"])
    def test_a_refit_has_that_of_the_network_before_it(self, regressor, refit):
        found = [
            regressor.fit(early_stopping=True, early_stopping_refit=each) for each in (None, refit)
        ]
        assert np.abs(found[1].predict(regressor.X) - found[0].predict(regressor.X)).max() > 1e-3
        assert found[0].noise_std_ == found[1].noise_std_

    def test_covers_as_it_says(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(21_000, 4))
        y = X @ [1.0, 2.0, 0.0, -1.0] + 2 * rng.normal(size=21_000)
        fit, val, test = slice(0, 500), slice(500, 1_000), slice(1_000, None)
        for settings in ({}, {"dropout": 0.05}):
            est = MLPRegularizedRegressor((20,), l2=0.05, random_state=0, **settings)
            est.fit(X[fit], y[fit], X_val=X[val], y_val=y[val])
            for coverage in (0.5, 0.9, 0.95):
                lower, upper = est.predict_interval(X[test], coverage)
                share = np.mean((lower < y[test]) & (y[test] < upper))
                # Of a deviation found by 500 rows, five standard errors.
                z = stats.norm.ppf(0.5 + coverage / 2)
                error = 5 * 2 * z * stats.norm.pdf(z) / np.sqrt(2 * 500)
                assert abs(share - coverage) < error

    @pytest.mark.parametrize("settings", [{}, {"loss": "poisson", "early_stopping": True}], ids=str)
    def test_is_an_error_where_it_is_not_known(self, regressor, settings):
        y = np.abs(regressor.y)
        est = regressor.fit(y, dropout=0.25, **settings)
        assert est.noise_std_ is None
        said = "grows with the mean" if settings else "early_stopping=True.*X_val"
        X = regressor.X
        for ask in (
            est.predict_interval,
            est.uncertainty,
            lambda X: est.log_predictive_density(X, y),
        ):
            with pytest.raises(ValueError, match=f"not known.*{said}.*noise_std="):
                ask(X)
        assert np.isfinite(est.predict(X, return_std=True)[1]).all()

    def test_of_targets_without_noise_says_so(self, regressor):
        X_val = np.zeros((10, 3))
        est = MLPRegularizedRegressor((), max_iter=5, n_iter_no_change=None)
        est.fit(regressor.X, np.ones(80), X_val=X_val, y_val=np.ones(10))
        est.noise_std_ = 0.0
        with pytest.raises(ValueError, match=r"noise_std_=0.0, found by fit.*Pass noise_std="):
            est.log_predictive_density(X_val, np.ones(10))


class TestBadInput:
    @pytest.mark.parametrize("coverage", [0, 1, -0.1, 90, "all", None, np.nan, True])
    def test_coverage(self, regressor, coverage):
        est = regressor.fit(dropout=0.25)
        with pytest.raises(ValueError, match=r"coverage=.*greater than 0 and less than 1"):
            est.predict_interval(regressor.X, coverage, noise_std=1.0)

    @pytest.mark.parametrize("noise_std", [0, -1.0, np.inf, np.nan, "a", [1.0, 2.0], [None]])
    def test_noise(self, regressor, noise_std):
        est = regressor.fit(dropout=0.25)
        with pytest.raises(ValueError, match=r"noise_std=.*finite and greater than 0"):
            est.predict_interval(regressor.X, noise_std=noise_std)

    def test_targets(self, regressor, classifier):
        est = regressor.fit(dropout=0.25)
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            est.log_predictive_density(regressor.X, regressor.y[:-1], noise_std=1.0)
        with pytest.raises(ValueError, match="y has 2 columns"):
            est.log_predictive_density(regressor.X, np.ones((80, 2)), noise_std=1.0)
        with pytest.raises(ValueError, match="NaN"):
            est.log_predictive_density(regressor.X, np.full(80, np.nan), noise_std=1.0)
        est = classifier.fit(dropout=0.25)
        with pytest.raises(ValueError, match="not among the classes"):
            est.log_predictive_density(classifier.X, classifier.y + 7)

    def test_inputs(self, case):
        est = case.fit(dropout=0.25)
        for X, said in ((case.X[:, :2], "2 features"), (case.X * np.nan, "NaN")):
            with pytest.raises(ValueError, match=said):
                est.sample_predictions(X)

    def test_nothing_fitted(self, regressor, classifier):
        X, y = regressor.X, regressor.y
        est = MLPRegularizedRegressor(dropout=0.25)
        for ask in (est.sample_predictions, est.predict_interval, est.uncertainty,
                    lambda X: est.predict(X, return_std=True),
                    lambda X: est.log_predictive_density(X, y)):  # fmt: skip
            with pytest.raises(NotFittedError):
                ask(X)
        est = MLPRegularizedClassifier(dropout=0.25)
        for ask in (est.sample_predictions, est.uncertainty,
                    lambda X: est.log_predictive_density(X, classifier.y)):  # fmt: skip
            with pytest.raises(NotFittedError):
                ask(X)


def test_memory_does_not_grow_with_rows_times_draws(regressor):
    est = regressor.fit(dropout=0.25, early_stopping=True)
    X = np.random.default_rng(0).normal(size=(60_000, 3))
    y = np.zeros(len(X))

    def most(ask, *given, **more):
        tracemalloc.start()
        try:
            ask(*given, **more)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    for ask, given in ((est.predict_interval, X), (est.log_predictive_density, (X, y))):
        rows = given if isinstance(given, tuple) else (given,)
        few = most(ask, *(each[:10_000] for each in rows), n_samples=60)
        # Of each further row some ten numbers, and not sixty.
        assert most(ask, *rows, n_samples=60) - few < 50_000 * 8 * 15
        # Of further draws nothing: the most that a pass holds are a few signals of MAX_SIGNAL.
        assert most(ask, *(each[:500] for each in rows), n_samples=4_000) < 8 * 6 * MAX_SIGNAL


def test_frames_pipelines_and_pickles(regressor):
    X = pd.DataFrame(regressor.X, columns=list("abc"))
    est = MLPRegularizedRegressor((4,), dropout=0.25, early_stopping=True, random_state=0)
    est.fit(X, regressor.y)
    found = pickle.loads(pickle.dumps(est)).predict_interval(X)
    np.testing.assert_array_equal(found, est.predict_interval(X))
    assert draws(est, X).shape == (100, 80)
    model = make_pipeline(StandardScaler(), est).fit(X, regressor.y)
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == (80,)


@pytest.mark.parametrize("Estimator", [MLPRegularizedRegressor, MLPRegularizedClassifier])
def test_a_density_needs_targets(Estimator):
    X = np.random.default_rng(0).normal(size=(20, 2))
    est = Estimator((3,), max_iter=1, n_iter_no_change=None).fit(X, X[:, 0] > 0)
    given = {} if Estimator is MLPRegularizedClassifier else {"noise_std": 1.0}
    with pytest.raises(ValueError, match="requires y to be passed"):
        est.log_predictive_density(X, None, **given)


def test_as_far_away_as_numbers_go_the_density_is_0():
    X = np.random.default_rng(0).normal(size=(20, 2))
    est = MLPRegularizedRegressor((3,), max_iter=1, n_iter_no_change=None).fit(X, X[:, 0])
    found = est.log_predictive_density(X, np.full(20, 1e200), noise_std=1.0)
    np.testing.assert_array_equal(found, -np.inf)
