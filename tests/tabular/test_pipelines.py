"""tabular_classifier and tabular_regressor on raw tables; warnings are errors."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import estimator_html_repr

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor
from sknnreg.preprocessing import PiecewiseLinearEncoder
from sknnreg.tabular import PRESETS, tabular_classifier, tabular_regressor

EFFORTS = ["fast", "default", "best"]
BOTH = pytest.mark.parametrize("make", [tabular_classifier, tabular_regressor])


def prefix(effort):
    return "model__" if effort == "fast" else "model__estimator__network__"


def quick(make, effort="fast", max_iter=6, **params):
    """Few epochs of a small network."""
    model = make(effort, random_state=0)
    own = {"max_iter": max_iter, "hidden_layer_sizes": (16,), **params}
    if effort == "fast" and make is tabular_classifier:
        own["learning_rate_period"] = max_iter // 3
    return model.set_params(**{prefix(effort) + name: value for name, value in own.items()})


@pytest.mark.parametrize("effort", EFFORTS)
class TestRawTables:
    def test_classes(self, effort, columns, as_table, labels):
        X = as_table(columns)
        model = quick(tabular_classifier, effort, max_iter=30).fit(X, labels)
        proba = model.predict_proba(X)
        assert proba.shape == (len(labels), 2)
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        assert model.classes_.tolist() == ["few", "many"]
        assert model.score(X, labels) == accuracy_score(labels, model.predict(X))
        assert model.score(X, labels) > 0.8

    def test_numbers(self, effort, columns, as_table, targets):
        X = as_table(columns)
        model = quick(tabular_regressor, effort, max_iter=60).fit(X, targets)
        assert model.score(X, targets) > 0.8

    def test_new_labels_and_newly_missing_values(self, effort, columns, as_table, targets):
        model = quick(tabular_regressor, effort).fit(as_table(columns), targets)
        new = {name: values[:20] for name, values in columns.items()}
        for name in ("size", "flag", "count"):
            new[name] = [None] * 10 + new[name][10:]
        new["city"] = ["Quito"] * 20
        found = model.predict(as_table(new))
        assert found.shape == (20,)
        assert np.isfinite(found).all()


@BOTH
def test_missing_values_by_the_fifth_of_a_plain_array(make):
    X, y = make_classification(200, random_state=0)
    X[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    model = quick(make, max_iter=30).fit(X, y)
    assert model.n_features_in_ == X.shape[1]
    assert model.score(X, y) > 0.5


class TestWhatComesBack:
    @BOTH
    @pytest.mark.parametrize("effort", EFFORTS)
    def test_the_steps(self, make, effort):
        has_classes = make is tabular_classifier
        Network = MLPRegularizedClassifier if has_classes else MLPRegularizedRegressor
        Ensemble = CrossFittedClassifier if has_classes else CrossFittedRegressor
        model = make(effort)
        assert isinstance(model, Pipeline)
        if effort == "fast":
            assert list(model.named_steps) == ["columns", "encoder", "model"]
            encoder, network = model["encoder"], model["model"]
        else:
            assert list(model.named_steps) == ["columns", "model"]
            assert isinstance(model["model"], Ensemble)
            member = model["model"].estimator
            encoder, network = member["encoder"], member["network"]
        assert isinstance(encoder, PiecewiseLinearEncoder)
        assert isinstance(network, Network)

    @pytest.mark.slow
    @pytest.mark.parametrize("effort", EFFORTS)
    def test_a_search_reaches_the_network(self, effort, columns, as_table, labels):
        grid = {f"{prefix(effort)}dropout": [0.0, 0.9]}
        search = GridSearchCV(quick(tabular_classifier, effort), grid, cv=2)
        search.fit(as_table(columns), labels)
        assert set(search.best_params_) == set(grid)

    @pytest.mark.slow
    @BOTH
    @pytest.mark.parametrize("effort", EFFORTS)
    def test_the_same_seed_gives_the_same_model(self, make, effort, columns, as_table, labels):
        X, y = as_table(columns), (labels == "many") * 1.0
        model = quick(make, effort).fit(X, y)
        expected = model.predict(X)
        np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), expected)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), expected)

    @pytest.mark.parametrize("effort", EFFORTS)
    def test_weights_reach_the_model(self, effort, columns, as_table, labels):
        """As if it were fitted by itself."""
        X, weight = as_table(columns), np.random.default_rng(0).exponential(size=len(labels))
        model = quick(tabular_classifier, effort).fit(X, labels, model__sample_weight=weight)
        before = model[:-1].transform(X)
        alone = clone(model["model"])
        expected = alone.fit(before, labels, sample_weight=weight).predict_proba(before)
        np.testing.assert_array_equal(model.predict_proba(X), expected)
        assert (alone.fit(before, labels).predict_proba(before) != expected).any()

    def test_groups_reach_the_model(self, columns, as_table, labels):
        groups = np.arange(len(labels)) // 4
        model = quick(tabular_classifier, "default")
        model.fit(as_table(columns), labels, model__groups=groups)
        for rows in model["model"].held_out_rows_:
            others = np.setdiff1d(np.arange(len(labels)), rows)
            assert not set(groups[rows]) & set(groups[others])

    @pytest.mark.parametrize("effort", EFFORTS)
    def test_whole_numbers_are_numbers_to_trees(self, effort, columns, as_table, targets):
        """As labels, all of them would be another class."""
        model = quick(tabular_regressor, effort)
        name = "encoder" if effort == "fast" else "model__estimator__encoder"
        model.set_params(**{f"{name}__strategy": "tree"})
        assert model.get_params()[f"{name}__target_type"] == "regression"
        model.fit(as_table(columns), np.round(100 * targets))

    def test_another_transformer_for_the_columns(self):
        X, y = make_classification(60, random_state=0)
        X[0, 0] = np.nan
        columns = SimpleImputer()
        model = tabular_classifier("fast", columns=columns)
        assert model["columns"] is columns
        model.set_params(model__max_iter=3, model__learning_rate_period=1).fit(X, y)

    def test_names_of_the_columns_go_along(self, columns):
        X = pd.DataFrame({name: columns[name] for name in ("size", "flag")})
        model = quick(tabular_regressor)
        frame = model[:-1].set_output(transform="pandas").fit_transform(X, columns["size"])
        names = model[:-1].get_feature_names_out()
        assert names[0] == "numbers__size"
        assert names[-1] == "numbers__flag"
        assert frame.columns.tolist() == names.tolist()

    @BOTH
    @pytest.mark.parametrize("effort", EFFORTS)
    def test_it_can_be_looked_at(self, make, effort):
        assert "PiecewiseLinearEncoder" in estimator_html_repr(make(effort))

    @BOTH
    @pytest.mark.parametrize("effort", ["most", None, ["fast"]])
    def test_an_effort_there_is_not(self, make, effort):
        with pytest.raises(ValueError, match=r"effort=.* must be one of 'fast', 'default', 'best'"):
            make(effort)


@pytest.mark.parametrize(("task", "effort"), PRESETS)
def test_presets_are_all_there_is_to_the_settings(task, effort):
    """Of each estimator, those of the preset, and the defaults for the rest."""
    make = tabular_classifier if task == "classification" else tabular_regressor
    model, preset = make(effort, random_state=7), PRESETS[task, effort]
    found = {"categories": model["columns"].transformers[2][1]["encoder"]}
    if effort == "fast":
        found |= {"encoder": model["encoder"], "network": model["model"]}
        seeded = "network"
    else:
        member = model["model"].estimator
        found |= {"encoder": member["encoder"], "network": member["network"]}
        found["ensemble"] = model["model"]
        seeded = "ensemble"
    assert set(found) == set(preset)
    for part, estimator in found.items():
        own = dict(preset[part])
        if part == seeded:
            own["random_state"] = 7
        if part == "ensemble":
            own["estimator"] = estimator.estimator
        if part == "categories":
            own |= {"handle_unknown": "infrequent_if_exist", "sparse_output": False}
        expected = type(estimator)(**own).get_params(deep=False)
        assert estimator.get_params(deep=False) == expected


def test_presets_are_copied():
    model = tabular_classifier("fast")
    model.set_params(model__dropout=0.77)
    assert tabular_classifier("fast")["model"].dropout != 0.77
