"""Bias and variance: against closed forms and enumeration, for any estimator, along a parameter."""

import itertools

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.callback import ProgressBar
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_iris, make_regression
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from sknnreg import MLPRegularizedRegressor, fit_together
from sknnreg.model_selection import BiasVarianceDisplay, bias_variance
from sknnreg.together.trainers import local_trainer

DEVIATION, N_COPIES = 0.5, 200


@pytest.fixture(scope="module")
def copies():
    """A design with a known f, measured 200 times: with groups, each sample is the design once."""
    random = np.random.default_rng(0)
    x = np.sort(random.uniform(-2, 2, 25))
    design = np.stack([x, x**2], axis=1)
    f = np.sin(2 * x) + x
    y = np.tile(f, N_COPIES) + DEVIATION * random.normal(size=25 * N_COPIES)
    return design, f, np.tile(design, (N_COPIES, 1)), y, np.repeat(np.arange(N_COPIES), 25)


def ridge_smoother(design):
    columns = np.hstack([np.ones((len(design), 1)), design])
    penalty = np.diag([0.0, 3.0, 3.0])
    return columns @ np.linalg.solve(columns.T @ columns + penalty, columns.T)


def nearest_smoother(design):
    nearest = np.argsort(np.abs(design[:, :1] - design[:, 0]), axis=1, kind="stable")[:, :4]
    smoother = np.zeros((len(design), len(design)))
    np.put_along_axis(smoother, nearest, 1 / 4, axis=1)
    return smoother


@pytest.mark.parametrize(
    ("model", "smoother", "columns"),
    [(Ridge(alpha=3.0), ridge_smoother, 2), (KNeighborsRegressor(4), nearest_smoother, 1)],
)
def test_closed_forms_within_monte_carlo_error(copies, model, smoother, columns):
    """Predictions are S y: bias (S - I) f, variance sigma² S S'; four standard errors allowed."""
    design, f, X, y, groups = copies
    S = smoother(design)
    bias, covariance = (S - np.eye(25)) @ f, DEVIATION**2 * S @ S.T
    again = np.random.default_rng(1).normal(size=(25, 40)) * DEVIATION + f[:, None]
    result = bias_variance(
        model, X[:, :columns], y, X_test=design[:, :columns], f_test=f, y_test=again,
        groups=groups, n_rounds=N_COPIES, sampling="subsample", random_state=0,
    )  # fmt: skip
    assert result.n_train == 25
    squares = np.sum(covariance**2)
    error_of_variance = np.sqrt(2 * squares / (N_COPIES - 1)) / 25
    error_of_bias = (
        np.sqrt(4 * bias @ covariance @ bias / N_COPIES + 2 * squares / N_COPIES**2) / 25
    )
    assert abs(result.variance - np.trace(covariance) / 25) < 4 * error_of_variance
    assert abs(result.bias - np.mean(bias**2)) < 4 * error_of_bias
    # Of sigma²: the spread of 1000 squares, and of what is left of the product with the bias.
    error_of_noise = DEVIATION**2 * np.sqrt(2 / 1000)
    error_of_noise += 2 * DEVIATION * np.sqrt(np.mean(bias**2) / 1000)
    assert abs(result.noise - DEVIATION**2) < 4 * error_of_noise
    np.testing.assert_allclose(result.bias + result.variance + result.noise, result.loss)
    repeats = bias_variance(
        model, X[:, :columns], y, X_test=design[:, :columns], y_test=again,
        groups=groups, n_rounds=N_COPIES, sampling="subsample", random_state=0,
    )  # fmt: skip
    np.testing.assert_allclose(repeats.noise, again.var(axis=1, ddof=1).mean())
    np.testing.assert_allclose(repeats.bias + repeats.variance + repeats.noise, result.loss)
    assert abs(repeats.bias - np.mean(bias**2)) < 4 * (error_of_bias + error_of_noise / np.sqrt(40))


class Counts(ClassifierMixin, BaseEstimator):
    """Smoothed shares of the classes 0, 1 and 2 where x is 0 or 1."""

    def fit(self, X, y):
        self.classes_ = np.arange(3)
        self.counts_ = np.array([[0.6, 0.5, 0.55]] * 2)
        np.add.at(self.counts_, (np.ravel(X), y), 1)
        return self

    def predict_proba(self, X):
        counts = self.counts_[np.ravel(X)]
        return counts / counts.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


@pytest.mark.parametrize(("loss", "method"), [("zero_one", "predict"), ("log", "predict_proba")])
def test_all_bootstrap_samples_of_a_small_problem(loss, method):
    """4 rows have 256 samples; 600 drawn ones come near the means over all of them."""
    X, y = np.array([[0], [0], [1], [1]]), np.array([0, 1, 2, 1])
    known = np.array([0, 1])
    all_samples = [list(each) for each in itertools.product(range(4), repeat=4)]
    every = np.array([
        getattr(Counts().fit(X[rows], y[rows]), method)([[0], [1]]) for rows in all_samples
    ])  # fmt: skip
    if loss == "zero_one":
        per_sample = (every != known).astype(float)
        main = np.array([np.bincount(each).argmax() for each in every.T])
        right = main == known
        assert right.any()
        assert not right.all()
        terms = [np.mean((every != main) & right), np.mean((every == known) & ~right)]
        f_test = known
    else:
        f_test = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
        per_sample = -(f_test * np.log(every)).sum(axis=2)
        main = np.exp(np.log(every).mean(axis=0))
        main /= main.sum(axis=1, keepdims=True)
        terms = [np.mean((main * np.log(main / every)).sum(axis=2))]
    result = bias_variance(
        Counts(), X, y, X_test=[[0], [1]], f_test=f_test, loss=loss, n_rounds=600, random_state=0
    )
    bound = 4 * per_sample.mean(axis=1).std() / np.sqrt(600)
    assert abs(result.loss - per_sample.mean()) < bound
    np.testing.assert_allclose(result.main_predictions, main, atol=0.03)
    found = [result.variance]
    if loss == "zero_one":
        found = [result.unbiased_variance, result.biased_variance]
    np.testing.assert_allclose(found, terms, atol=bound)


def test_the_measured_loss_is_the_mean_over_the_rounds():
    X, y = load_iris(return_X_y=True)
    seen = []

    class Recording(DecisionTreeClassifier):
        def fit(self, X, y):
            seen.append(super().fit(X, y))
            return self

    X_test, y_test = X[::3], y[::3]
    names = np.array(["setosa", "versicolor", "virginica"])
    for loss in ("zero_one", "log"):
        seen.clear()
        model = Recording(max_depth=2, random_state=0)
        result = bias_variance(
            model, X, names[y], X_test=X_test, y_test=names[y_test], n_rounds=7, loss=loss
        )
        assert len(seen) == 7
        if loss == "zero_one":
            losses = [1 - accuracy_score(names[y_test], each.predict(X_test)) for each in seen]
            assert set(result.main_predictions) <= set(names)
        else:
            losses = [log_loss(names[y_test], each.predict_proba(X_test)) for each in seen]
        np.testing.assert_allclose(result.loss, np.mean(losses))
        np.testing.assert_allclose(result.loss, sum(result.terms.values()))


def test_a_class_that_samples_lack():
    X, y = np.arange(40.0)[:, None], np.array(["a", "b", "c", "c"]).repeat([1, 19, 10, 10])
    model = DecisionTreeClassifier(random_state=0)
    result = bias_variance(model, X, y, X_test=X, y_test=y, loss="log", random_state=0)
    assert np.isfinite(result.losses).all()
    assert result.losses[0] == result.losses.max() > 1


@pytest.mark.parametrize("sampling", ["bootstrap", "subsample"])
def test_held_out_rows_and_groups_are_in_no_sample(sampling):
    seen = []

    class Recording(Ridge):
        def fit(self, X, y):
            seen.append(X[:, 0].astype(int))
            return super().fit(X, y)

        def predict(self, X):
            seen[-1] = (seen[-1], X[:, 0].astype(int))
            return super().predict(X)

    X, y = np.arange(120.0)[:, None], np.random.default_rng(0).normal(size=120)
    groups = np.arange(120) // 5
    settings = {"n_rounds": 6, "sampling": sampling, "random_state": 0}
    for of_rows in (groups, None):
        seen.clear()
        bias_variance(Recording(), X, y, groups=of_rows, **settings)
        unit = groups if of_rows is not None else np.arange(120)
        tests = {tuple(test) for _, test in seen}
        assert len(tests) == 1
        assert len(next(iter(tests))) == 30
        for train, test in seen:
            assert set(unit[train]).isdisjoint(unit[test])
            whole = np.bincount(unit[train])[unit[train]] % (5 if of_rows is not None else 1)
            assert not whole.any()
        rows = np.concatenate([train for train, _ in seen])
        assert (len(set(rows)) == len(rows) == 90) == (sampling == "subsample")


def test_disjoint_samples_keep_the_classes_shares():
    X, y = load_iris(return_X_y=True)
    result = bias_variance(
        RandomForestClassifier(3, random_state=0), X, y, n_rounds=12, sampling="subsample"
    )
    assert result.n_train in (9, 10)
    with pytest.raises(ValueError, match="Use at most 37, or sampling='bootstrap'"):
        bias_variance(RandomForestClassifier(), X, y, n_rounds=50, sampling="subsample")


def test_a_pipeline_on_a_data_frame_with_text():
    random = np.random.default_rng(0)
    table = pd.DataFrame({"color": random.choice(["red", "blue"], 80), "size": random.random(80)})
    y = pd.Series(np.where(table["color"] == "red", "yes", "no"))
    columns = make_column_transformer((OneHotEncoder(), ["color"]), remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression())
    result = bias_variance(model, table, y, n_rounds=4, loss="log")
    assert list(result.to_frame()) == ["loss", "bias", "variance"]
    assert result.loss < 0.3


def test_several_outputs_are_averaged():
    X, y = make_regression(80, 5, n_targets=2, noise=5, random_state=0)
    test = {"X_test": X[:20], "n_rounds": 5, "random_state": 0}
    both = bias_variance(Ridge(), X, y, y_test=y[:20], **test)
    alone = [bias_variance(Ridge(), X, y[:, k], y_test=y[:20, k], **test) for k in range(2)]
    for name in ("loss", "bias", "variance"):
        mean = np.mean([getattr(each, name) for each in alone])
        np.testing.assert_allclose(getattr(both, name), mean)


def test_a_column_of_targets_is_one_target():
    X, y = load_diabetes(return_X_y=True)
    settings = {"n_rounds": 3, "random_state": 0}
    column = bias_variance(LinearRegression(), X, y[:, None], **settings)
    np.testing.assert_allclose(
        column.losses, bias_variance(LinearRegression(), X, y, **settings).losses
    )


def test_sample_weights_go_along_with_their_rows():
    X, y = load_diabetes(return_X_y=True)
    counts = np.random.default_rng(0).integers(3, size=len(y))
    kept = np.flatnonzero(counts)

    class Checking(Ridge):
        def fit(self, X, y, sample_weight=None):
            np.testing.assert_array_equal(sample_weight, X[:, -1])
            return super().fit(X[:, :-1], y, sample_weight)

        def predict(self, X):
            return super().predict(X[:, :-1])

    marked = np.hstack([X, counts[:, None]])
    params = {"sample_weight": counts.astype(float)}
    plain = bias_variance(Checking(), marked, y, params=params, n_rounds=3, random_state=0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = Checking().set_fit_request(sample_weight=True)
        routed = bias_variance(model, marked, y, params=params, n_rounds=3, random_state=0)
    np.testing.assert_array_equal(plain.losses, routed.losses)
    assert len(kept) < len(y)


def network(**settings):
    fixed = {"max_iter": 5, "n_iter_no_change": None, "random_state": 0} | settings
    return MLPRegularizedRegressor((4,), **fixed)


def test_the_same_numbers_in_a_block_and_one_by_one(capfd):
    X, y = load_diabetes(return_X_y=True)
    settings = {"n_rounds": 4, "random_state": 3}
    alone = bias_variance(network(), X, y, n_jobs=1, **settings)
    bar = ProgressBar(max_propagation_depth=0)
    by_itself = bias_variance(network(), X, y, callbacks=bar, **settings)
    assert "100%" in capfd.readouterr().out
    with fit_together():
        inside = bias_variance(network(), X, y, **settings)
    np.testing.assert_array_equal(by_itself.losses, alone.losses)
    np.testing.assert_array_equal(inside.losses, alone.losses)


@pytest.mark.slow
def test_two_jobs_give_the_same():
    X, y = load_diabetes(return_X_y=True)
    model, settings = RandomForestRegressor(3, random_state=0), {"n_rounds": 4, "random_state": 3}
    one, two = (bias_variance(model, X, y, n_jobs=n, **settings) for n in (None, 2))
    np.testing.assert_array_equal(one.losses, two.losses)


@pytest.fixture
def passes(monkeypatch):
    """The number of networks in each training pass, as they come."""
    sizes, train = [], local_trainer.LocalTrainer.train

    def counted(self, problems, *rest):
        sizes.append(len(problems))
        return train(self, problems, *rest)

    monkeypatch.setattr(local_trainer.LocalTrainer, "train", counted)
    return sizes


def test_along_a_hyperparameter_samples_are_the_same(passes):
    X, y = load_diabetes(return_X_y=True)
    settings = {"n_rounds": 3, "random_state": 0}
    display = BiasVarianceDisplay.from_estimator(
        network(), X, y, param_name="l2", param_range=[0.0, 1.0], **settings
    )
    assert passes == [6]
    for value, result in zip([0.0, 1.0], display.results, strict=True):
        expected = bias_variance(clone(network()).set_params(l2=value), X, y, **settings)
        np.testing.assert_array_equal(result.losses, expected.losses)
    assert display.best == np.argmin(display.losses)
    assert list(display.to_frame().index) == [0.0, 1.0]
    labels = [each.get_text() for each in display.ax_.get_legend().get_texts()]
    assert labels[:3] == ["bias^2 (with noise)", "variance", "loss"]


@pytest.mark.parametrize(
    ("values", "ticks"), [([(1,), (8,), (64,)], ["1", "8", "64"]), ([(2,), (2, 2)], None)]
)
def test_widths_stand_at_the_axis(values, ticks):
    X, y = load_diabetes(return_X_y=True)
    display = BiasVarianceDisplay.from_estimator(
        network(), X, y, param_name="hidden_layer_sizes", param_range=values, n_rounds=2
    )
    shown = [each.get_text() for each in display.ax_.get_xticklabels()]
    assert shown == (ticks or ["(2,)", "(2, 2)"])
    display.figure_.canvas.draw()


def test_bars_of_one_result():
    X, y = load_iris(return_X_y=True)
    result = bias_variance(DecisionTreeClassifier(random_state=0), X, y, n_rounds=5)
    heights = [bar.get_height() for bar in result.plot().ax_.patches]
    np.testing.assert_allclose(heights, [result.bias, result.variance, result.loss])
    assert max(map(len, str(result).splitlines())) <= 80


REGRESSION = load_diabetes(return_X_y=True)


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (Ridge(), {"n_rounds": 1}, "n_rounds=1"),
        (Ridge(), {"n_rounds": 2.5}, "n_rounds=2.5"),
        (Ridge(), {"loss": "hinge"}, "loss='hinge' must be one of"),
        (Ridge(), {"loss": "log"}, "is for classifiers, and Ridge is none: use loss='squared'"),
        (Counts(), {"loss": "squared"}, "use loss='zero_one' or 'log'"),
        (sklearn.linear_model.Perceptron(), {"loss": "log"}, "needs predict_proba"),
        (Ridge(), {"sampling": "half"}, "sampling='half'"),
        (Ridge(), {"y_test": [1.0]}, "pass X_test too"),
        (Ridge(), {"X_test": REGRESSION[0]}, "X_test needs targets"),
        (Ridge(), {"X_test": REGRESSION[0], "y_test": [1.0]}, "y_test has the shape"),
        (Ridge(), {"X_test": REGRESSION[0], "f_test": [1.0]}, "f_test has the shape"),
        (Ridge(), {"X_test": REGRESSION[0][:1], "y_test": [np.nan]}, "y_test holds NaN"),
        (Ridge(), {"n_rounds": 400, "sampling": "subsample"}, "too many for 331 rows"),
        (Ridge(), {"X_test": REGRESSION[0][:1], "y_test": ["a"]}, "y_test must hold numbers"),
        (Ridge(), {"groups": np.arange(442) % 3}, "3 groups are too few to hold some out"),
    ],
)  # fmt: skip
def test_bad_input_is_told(model, settings, message):
    with pytest.raises(ValueError, match=message):
        bias_variance(model, *REGRESSION, **settings)


def test_what_has_no_loss_is_told():
    with pytest.raises(ValueError, match="KMeans is neither a classifier nor a regressor"):
        bias_variance(KMeans(2), *REGRESSION)
    with pytest.raises(TypeError, match="estimator must be an estimator"):
        bias_variance(Ridge, *REGRESSION)
    with pytest.raises(ValueError, match="y is None"):
        bias_variance(Ridge(), REGRESSION[0], None)


def test_probabilities_that_are_none_are_told():
    X, y = np.array([[0], [1]] * 4), np.array([0, 1, 2, 1] * 2)
    with pytest.raises(ValueError, match="with the sum 1 in each row"):
        bias_variance(Counts(), X, y, X_test=[[0]], f_test=[[0.5, 0.1, 0.1]], loss="log")


def test_values_that_are_none_are_told():
    with pytest.raises(ValueError, match="param_name='lambda' is no hyperparameter of Ridge"):
        BiasVarianceDisplay.from_estimator(
            Ridge(), *REGRESSION, param_name="lambda", param_range=[1]
        )
    with pytest.raises(ValueError, match="param_range is empty"):
        BiasVarianceDisplay.from_estimator(Ridge(), *REGRESSION, param_name="alpha", param_range=[])
