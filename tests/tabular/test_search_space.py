"""search_space: names and values that estimators take."""

import numpy as np
import pytest
from sklearn.model_selection import ParameterSampler, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.ensemble import CrossFittedRegressor
from sknnreg.tabular import search_space, tabular_classifier, tabular_regressor

ROWS = np.random.default_rng(0).normal(size=(90, 3))
ESTIMATORS = {
    **{f"classifier {e}": tabular_classifier(e) for e in ("fast", "default", "best")},
    **{f"regressor {e}": tabular_regressor(e) for e in ("fast", "default", "best")},
    "network": MLPRegularizedClassifier(),
    "pipeline": make_pipeline(StandardScaler(), MLPRegularizedRegressor()),
    "ensemble": CrossFittedRegressor(MLPRegularizedRegressor()),
}
EACH = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)


@EACH
@pytest.mark.parametrize("kind", ["sklearn", "optuna"])
def test_names_are_parameters(estimator, kind):
    space = search_space(estimator, kind=kind)
    assert set(space) <= set(estimator.get_params())
    assert sum(name.endswith("dropout") for name in space) == 1
    has_encoder = "PiecewiseLinearEncoder" in repr(estimator)
    assert sum(name.endswith("n_bins") for name in space) == has_encoder


@pytest.mark.slow
@pytest.mark.parametrize("make", [tabular_classifier, tabular_regressor])
@pytest.mark.parametrize("effort", ["fast", "default"])
def test_what_is_drawn_can_be_fitted(make, effort):
    """Whatever it is: each value of each list, and the ends of each range."""
    y = (ROWS[:, 0] > 0) * 1.0
    quick = {"max_iter": 3, "learning_rate_period": 1}
    prefix = "model__" if effort == "fast" else "model__estimator__network__"
    model = make(effort, random_state=0)
    model.set_params(**{prefix + name: value for name, value in quick.items()})
    space = search_space(model, kind="optuna")
    for name, how in space.items():
        for value in how.get("choices", [how.get("low"), how.get("high")]):
            fitted = make(effort, random_state=0).set_params(**model.get_params(deep=True))
            fitted.set_params(**{name: value}).fit(ROWS, y)
            assert np.isfinite(fitted.predict(ROWS)).all()


def test_a_randomized_search():
    model = tabular_regressor("fast", random_state=0).set_params(model__max_iter=2)
    space = search_space(model)
    search = RandomizedSearchCV(model, space, n_iter=2, cv=2, random_state=0)
    search.fit(ROWS, ROWS[:, 0])
    assert set(search.best_params_) == set(space)


def test_draws_are_within_the_ranges():
    ranges = search_space(MLPRegularizedRegressor(), kind="optuna")
    draws = ParameterSampler(search_space(MLPRegularizedRegressor()), 200, random_state=0)
    for name, how in ranges.items():
        values = [draw[name] for draw in draws]
        if "choices" in how:
            assert set(values) == set(how["choices"])
            continue
        low, high = how["low"], how["high"]
        assert low <= min(values) <= max(values) <= high
        # Half of them are below the middle, of a logarithmic range that of the logarithms.
        middle = np.sqrt(low * high) if how.get("log") else (low + high) / 2
        assert 70 < np.sum(np.array(values) < middle) < 130


def test_it_is_the_users_own():
    search_space(MLPRegularizedRegressor(), kind="optuna")["dropout"]["high"] = 7
    assert search_space(MLPRegularizedRegressor(), kind="optuna")["dropout"]["high"] < 1


def test_an_unknown_kind():
    with pytest.raises(ValueError, match=r"kind='ray' must be 'sklearn'.*or 'optuna'"):
        search_space(MLPRegularizedRegressor(), kind="ray")


@pytest.mark.parametrize("estimator", [StandardScaler(), CrossFittedRegressor()])
def test_no_network(estimator):
    with pytest.raises(ValueError, match="neither a network"):
        search_space(estimator)


@pytest.mark.parametrize("estimator", [MLPRegularizedRegressor, 7, None])
def test_no_estimator(estimator):
    with pytest.raises(TypeError, match="estimator must be an estimator"):
        search_space(estimator)
