"""Errors along a hyperparameter: the same as one fit after the other, in one pass."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.callback import ProgressBar
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import Ridge
from sklearn.model_selection import validation_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sknnreg import MLPRegularizedClassifier
from sknnreg.model_selection import RegularizationPathDisplay, StratifiedRegressionKFold
from sknnreg.together.trainers import local_trainer


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture
def passes(monkeypatch):
    sizes = []
    train = local_trainer.LocalTrainer.train

    def counted(self, problems, *rest):
        sizes.append(len(problems))
        return train(self, problems, *rest)

    monkeypatch.setattr(local_trainer.LocalTrainer, "train", counted)
    return sizes


def network():
    return MLPRegularizedClassifier((4,), max_iter=3, n_iter_no_change=None, random_state=0)


def test_errors_are_those_of_a_validation_curve():
    X, y = load_diabetes(return_X_y=True)
    values, cv = [0.0, 0.1, 10.0], StratifiedRegressionKFold(4)
    path = RegularizationPathDisplay.from_estimator(
        Ridge(), X, y, param_name="alpha", param_range=values, cv=cv
    )
    train, test = validation_curve(
        Ridge(),
        X,
        y,
        param_name="alpha",
        param_range=values,
        cv=cv,
        scoring="neg_mean_squared_error",
    )
    np.testing.assert_allclose(path.train_errors, -train, rtol=1e-12)
    np.testing.assert_allclose(path.validation_errors, -test, rtol=1e-12)
    assert path.best_value_ == values[np.argmin(-test.mean(axis=1))]
    assert path.error_name == "mean squared error"


@pytest.mark.parametrize("pipeline", [False, True])
def test_all_networks_train_in_one_pass_with_the_results_of_single_fits(passes, pipeline):
    X, y = load_iris(return_X_y=True)
    model, name = network(), "l2"
    if pipeline:
        model, name = make_pipeline(StandardScaler(), model), "mlpregularizedclassifier__l2"
    values = [0.0, 0.1, 1.0]
    path = RegularizationPathDisplay.from_estimator(
        model, X, y, param_name=name, param_range=values, cv=3
    )
    assert passes == [9]
    train, test = validation_curve(model, X, y, param_name=name, param_range=values, cv=3)
    np.testing.assert_allclose(path.train_errors, 1 - train, rtol=1e-12)
    np.testing.assert_allclose(path.validation_errors, 1 - test, rtol=1e-12)


def test_n_jobs_is_the_users(passes):
    X, y = load_iris(return_X_y=True)
    RegularizationPathDisplay.from_estimator(
        network(), X, y, param_name="l2", param_range=[0.0, 1.0], cv=2, n_jobs=1
    )
    assert passes == []


def test_a_progress_bar(capfd):
    X, y = load_iris(return_X_y=True)
    RegularizationPathDisplay.from_estimator(
        network(), X, y, param_name="l2", param_range=[0.0, 1.0], cv=2, callbacks=ProgressBar()
    )
    assert "100%" in capfd.readouterr().out


def drawn(values, **options):
    errors = np.arange(2.0 * len(values)).reshape(-1, 2)
    return RegularizationPathDisplay("p", values, errors, errors + 1, **options).plot()


def test_zero_stands_to_the_left_of_a_logarithmic_axis():
    path = drawn([0, 0.01, 0.1, 1])
    np.testing.assert_allclose(path.lines_[0].get_xdata(), [-3, -2, -1, 0])
    assert [t.get_text() for t in path.ax_.get_xticklabels()] == ["0", "0.01", "0.1", "1"]


def test_numbers_close_together_and_other_values():
    np.testing.assert_array_equal(drawn([3, 1, 2]).lines_[0].get_xdata(), [1, 2, 3])
    path = drawn([None, "batch", (10, 5)])
    np.testing.assert_array_equal(path.lines_[1].get_xdata(), [0, 1, 2])
    assert [t.get_text() for t in path.ax_.get_xticklabels()] == ["None", "batch", "(10, 5)"]


def test_on_given_axes():
    _, ax = plt.subplots()
    X, y = load_iris(return_X_y=True)
    path = RegularizationPathDisplay.from_estimator(
        DecisionTreeClassifier(random_state=0),
        X,
        y,
        param_name="max_depth",
        param_range=range(1, 4),
        ax=ax,
    )
    assert path.ax_ is ax
    assert path.figure_ is ax.figure
    assert path.train_errors.shape == (3, 5)


def test_bad_input_is_named():
    X, y = load_iris(return_X_y=True)

    def path(name, values, scoring=None):
        RegularizationPathDisplay.from_estimator(
            network(), X, y, param_name=name, param_range=values, cv=2, scoring=scoring
        )

    with pytest.raises(ValueError, match="at least one value"):
        path("l2", [])
    with pytest.raises(ValueError, match="l3"):
        path("l3", [1.0])
    with pytest.raises(ValueError, match="l2"):
        path("l2", [-1.0])
    with pytest.raises(ValueError, match=r"the error with l2=0.5 is not finite"):
        path("l2", [0.5], scoring=lambda estimator, X, y: np.nan)
