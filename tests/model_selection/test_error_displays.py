"""What the displays of errors and differences draw."""

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from sknnreg.model_selection import (
    ComparisonDisplay,
    ErrorEstimateDisplay,
    compare_estimators,
    estimate_error,
)

mpl.use("Agg")
IRIS = load_iris(return_X_y=True)
THREE = {"bayes": GaussianNB()} | {
    f"depth {depth}": DecisionTreeClassifier(max_depth=depth, random_state=0) for depth in (1, 2)
}


@pytest.fixture(autouse=True)
def closed_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def labels(display):
    return [text.get_text() for text in display.ax_.get_yticklabels()]


def bars(ax):
    """The bounds of all intervals."""
    segments = [np.concatenate(each.lines[2][0].get_segments()) for each in ax.containers]
    return np.concatenate(segments)[:, 0].reshape(-1, 2)


def test_each_estimate_has_a_row_with_its_interval():
    results = {
        "naive": estimate_error(GaussianNB(), *IRIS, method="naive"),
        "nested": estimate_error(
            GaussianNB(), *IRIS, method="nested_cv", n_repeats=2, random_state=0
        ),
    }
    display = ErrorEstimateDisplay.from_results(results).plot()
    assert labels(display) == ["naive", "nested"]
    expected = [[each.low, each.high] for each in results.values()]
    np.testing.assert_allclose(bars(display.ax_), expected)
    assert display.ax_.get_xlabel() == "error rate"
    assert display.figure_ is display.ax_.figure


def test_a_single_result_and_an_estimator():
    result = estimate_error(GaussianNB(), *IRIS)
    assert labels(result.plot()) == ["GaussianNB, corrected"]
    display = ErrorEstimateDisplay.from_estimator(GaussianNB(), *IRIS, method="naive").plot()
    assert labels(display) == ["GaussianNB, naive"]
    import matplotlib.pyplot as plt

    ax = plt.figure().subplots()
    assert result.plot(ax).ax_ is ax


def test_what_is_no_result_is_told():
    with pytest.raises(TypeError, match="what estimate_error gave"):
        ErrorEstimateDisplay.from_results(0.1)
    with pytest.raises(TypeError, match="what estimate_error gave"):
        ErrorEstimateDisplay.from_results({})
    mixed = {
        name: estimate_error(GaussianNB(), *IRIS, scoring=name)
        for name in ("accuracy", "neg_log_loss")
    }
    with pytest.raises(ValueError, match="of one measure"):
        ErrorEstimateDisplay.from_results(mixed)
    with pytest.raises(TypeError, match="what compare_estimators gave"):
        ComparisonDisplay.from_results(mixed)


@pytest.mark.parametrize("test", ["corrected_t", "5x2cv_f", "bayesian"])
def test_each_pair_has_a_row_with_its_interval_and_verdict(test):
    rope = {"rope": 0.02} if test == "bayesian" else {}
    display = ComparisonDisplay.from_estimator(
        THREE, *IRIS, test=test, random_state=0, **rope
    ).plot()
    result = display.result
    assert labels(display) == ["bayes - depth 1", "bayes - depth 2", "depth 1 - depth 2"]
    np.testing.assert_allclose(bars(display.ax_), np.column_stack([result.low, result.high]))
    told = [text.get_text() for text in display.ax_.texts]
    assert len(told) == 3
    assert all(("equivalent" in each) == (test == "bayesian") for each in told)


def test_a_comparison_draws_itself():
    result = compare_estimators(THREE, *IRIS)
    assert result.plot().result is result
