"""What may come in: pipelines, frames, lists, weights, groups; and what is refused."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, PowerTransformer, StandardScaler
from sklearn.random_projection import GaussianRandomProjection

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor


class Seen(TransformerMixin, BaseEstimator):
    """Remembers how many rows it learned from, and their weights."""

    def fit(self, X, y=None, sample_weight=None):
        self.n_rows_, self.weight_ = len(X), sample_weight
        return self

    def transform(self, X):
        return X


def frame(kind):
    X = pd.DataFrame(kind.X, columns=["a", "b", "c"])
    X.loc[::7, "b"] = np.nan
    return X.assign(colour=np.resize(["red", "green", "blue"], len(X)))


def prepared(kind):
    columns = make_column_transformer(
        (SimpleImputer(), ["a", "b", "c"]), (OneHotEncoder(handle_unknown="ignore"), ["colour"])
    )
    return make_pipeline(columns, kind.network())


def test_transformers_learn_from_the_training_rows_alone(kind, same_network):
    inner = Pipeline([("power", PowerTransformer()), ("network", kind.network())])
    est = kind.ensemble(Pipeline([("scale", StandardScaler()), ("inner", inner)]))
    est.fit(kind.X, kind.y)
    for member, held_out in zip(est.members_, est.held_out_rows_, strict=True):
        learned = np.setdiff1d(np.arange(61), held_out)
        by_hand = clone(member)
        scale, power = by_hand["scale"], by_hand["inner"]["power"]
        X = power.fit_transform(scale.fit_transform(kind.X[learned], kind.y[learned]))
        X_val = power.transform(scale.transform(kind.X[held_out]))
        network = by_hand["inner"]["network"]
        network.fit(X, kind.y[learned], X_val=X_val, y_val=kind.y[held_out])
        same_network(network, member["inner"]["network"])
        np.testing.assert_array_equal(
            est.oof_prediction_[held_out], kind.outputs(by_hand, kind.X[held_out])
        )


def test_every_random_state_of_a_pipeline_is_drawn(kind):
    project = GaussianRandomProjection(2, random_state=0)
    est = kind.ensemble(make_pipeline(project, kind.network(random_state=0))).fit(kind.X, kind.y)
    seeds = [(each[0].random_state, each[1].random_state) for each in est.members_]
    assert len({seed for pair in seeds for seed in pair}) == 8


def test_a_pipeline_with_a_memory(kind, tmp_path):
    pipeline = make_pipeline(StandardScaler(), kind.network(), memory=str(tmp_path))
    plain = make_pipeline(StandardScaler(), kind.network())
    outputs = [kind.outputs(kind.ensemble(each).fit(kind.X, kind.y), kind.X)
               for each in (pipeline, plain)]  # fmt: skip
    np.testing.assert_array_equal(*outputs)
    assert any(tmp_path.iterdir())


def test_frames(kind):
    X = frame(kind)
    est = kind.ensemble(prepared(kind)).fit(X, pd.Series(kind.y))
    assert est.feature_names_in_.tolist() == ["a", "b", "c", "colour"]
    assert est.n_features_in_ == 4
    assert len(kind.outputs(est, X.head(5))) == 5
    with pytest.raises(ValueError, match="feature names should match"):
        est.predict(X.rename(columns={"a": "z"}))


def test_frames_for_plain_networks(kind):
    X = pd.DataFrame(kind.X, columns=["a", "b", "c"])
    one, other = kind.ensemble().fit(X, kind.y), kind.ensemble().fit(kind.X, kind.y)
    np.testing.assert_array_equal(kind.outputs(one, X), kind.outputs(other, kind.X))
    assert one.feature_names_in_.tolist() == ["a", "b", "c"]
    assert not hasattr(one.fit(kind.X, kind.y), "feature_names_in_")


def test_texts(classes):
    texts = [f"word{i % 5} other{i % 3}" for i in range(61)]
    network = classes.network(standardize=False)
    est = classes.ensemble(make_pipeline(TfidfVectorizer(), network)).fit(texts, classes.y)
    assert est.predict_proba(texts).shape == (61, 3)


def test_weights_reach_training_and_validation(kind, same_network):
    est = kind.ensemble(kind.network(early_stopping=True, n_iter_no_change=2, max_iter=60))
    est.fit(kind.X, kind.y, kind.weight)
    held_out = est.held_out_rows_[2]
    learned = np.setdiff1d(np.arange(61), held_out)
    by_hand = clone(est.members_[2]).fit(
        kind.X[learned], kind.y[learned], kind.weight[learned],
        X_val=kind.X[held_out], y_val=kind.y[held_out], sample_weight_val=kind.weight[held_out],
    )  # fmt: skip
    same_network(by_hand, est.members_[2])


def test_a_weight_of_zero_is_a_row_that_is_not_there(kind):
    weight = np.where(np.arange(61) % 6 == 1, 0.0, 1.0)
    present = weight > 0
    est = kind.ensemble().fit(kind.X, kind.y, weight)
    without = kind.ensemble().fit(kind.X[present], kind.y[present], weight[present])
    np.testing.assert_array_equal(kind.outputs(est, kind.X), kind.outputs(without, kind.X))
    np.testing.assert_array_equal(est.oof_prediction_[present], without.oof_prediction_)
    assert est.oof_score_ == without.oof_score_
    # No member has learned from the others, so all of them say something.
    expected = kind.outputs(est, kind.X[~present])
    np.testing.assert_allclose(est.oof_prediction_[~present], expected, rtol=1e-12)


@pytest.mark.parametrize("validation", ["fold", None])
def test_nor_do_transformers_see_it(kind, validation):
    weight = np.where(np.arange(61) % 6 == 1, 0.0, 1.0)
    pipeline = make_pipeline(Seen(), kind.network())
    est = kind.ensemble(pipeline, validation=validation).fit(kind.X, kind.y, weight)
    for m, member in enumerate(est.members_):
        held_out = 0 if validation is None else len(est.held_out_rows_[m])
        assert member["seen"].n_rows_ == weight.sum() - held_out


def test_weights_are_repeated_rows_where_there_are_no_folds(kind):
    """Up to rounding: one batch of all rows, in float64, and nothing that is drawn for a row."""
    counts = (2 * kind.weight).astype(int)
    est = kind.ensemble(kind.network(batch_size=500, shuffle=False), validation=None)
    one = clone(est).fit(kind.X, kind.y, counts)
    other = clone(est).fit(np.repeat(kind.X, counts, axis=0), np.repeat(kind.y, counts))
    np.testing.assert_allclose(kind.outputs(one, kind.X), kind.outputs(other, kind.X), rtol=1e-7)


def test_groups(kind):
    groups = np.arange(61) // 5
    for cv in (None, 3, GroupKFold(5)):
        est = kind.ensemble(cv=cv).fit(kind.X, kind.y, groups=groups)
        for held_out in est.held_out_rows_:
            learned = np.setdiff1d(np.arange(61), held_out)
            assert not np.intersect1d(groups[learned], groups[held_out]).size


def test_groups_without_folds_are_held_out_by_early_stopping(kind):
    groups = np.zeros(61)
    est = kind.ensemble(kind.network(early_stopping=True), validation=None)
    with pytest.raises(ValueError, match="one group") as raised:
        est.fit(kind.X, kind.y, groups=groups)
    assert any("member 0 (from 0) of 4" in note for note in raised.value.__notes__)


def test_metadata_are_routed_to_transformers_that_ask(kind):
    with sklearn.config_context(enable_metadata_routing=True):
        asks = Seen().set_fit_request(sample_weight=True)
        does_not = Seen().set_fit_request(sample_weight=False)
        est = kind.ensemble(make_pipeline(asks, does_not, kind.network()))
        est.fit(kind.X, kind.y, kind.weight)
    for member, held_out in zip(est.members_, est.held_out_rows_, strict=True):
        learned = np.setdiff1d(np.arange(61), held_out)
        np.testing.assert_array_equal(member[0].weight_, kind.weight[learned])
        assert member[1].weight_ is None
        assert member[1].n_rows_ == len(learned)


def test_a_failed_fit_changes_nothing(kind):
    est = kind.ensemble().fit(kind.X, kind.y)
    before = vars(est).copy()
    with pytest.raises(ValueError, match="learning_rate_init"):
        est.set_params(estimator=kind.network(learning_rate_init=-1)).fit(kind.X[:, :2], kind.y)
    after = vars(est).copy()
    del before["estimator"], after["estimator"]
    assert after == before


def test_the_default_estimator():
    tags = CrossFittedClassifier().__sklearn_tags__()
    assert tags.input_tags.sparse
    assert tags.classifier_tags.multi_label
    assert (
        not CrossFittedClassifier(MLPRegularizedClassifier(class_weight="balanced"))
        .__sklearn_tags__()
        .classifier_tags.multi_label
    )
    X = np.random.default_rng(0).normal(size=(12, 2))
    est = CrossFittedRegressor(n_members=2, random_state=0).fit(X, X[:, 0])
    assert all(type(each) is MLPRegularizedRegressor for each in est.members_)


WRONG = {
    "n_members": ({"n_members": 0}, "n_members=0 must be the number of networks"),
    "bool": ({"n_members": True}, "n_members=True must be the number of networks"),
    "validation": ({"validation": "folds"}, "validation='folds' must be 'fold'"),
    "cv": ({"cv": 1}, "cv=1 must be a number of folds of at least 2"),
    "n_candidates": ({"param_distributions": {"l2": [0]}, "n_candidates": 0.5},
                     "n_candidates=0.5 must be the number of settings"),
    "selection": ({"param_distributions": {"l2": [0]}, "validation": None},
                  "candidates are selected by the rows that they hold out"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_parameters_out_of_range(kind, name):
    params, told = WRONG[name]
    with pytest.raises(ValueError, match=told):
        kind.ensemble(**params).fit(kind.X, kind.y)


@pytest.mark.parametrize(
    "estimator",
    [LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression()),
     MLPRegularizedClassifier, "network", Pipeline([("last", "passthrough")])],
    ids=["other", "pipeline", "class", "text", "passthrough"],
)  # fmt: skip
def test_other_estimators(kind, estimator):
    with pytest.raises(TypeError, match="estimator must be an MLPRegularized"):
        kind.ensemble(estimator).fit(kind.X, kind.y)


def test_a_network_of_the_other_kind(classes, numbers):
    with pytest.raises(TypeError, match="must be an MLPRegularizedClassifier"):
        classes.ensemble(numbers.network()).fit(classes.X, classes.y)


def test_a_refit_would_learn_from_the_rows_held_out(kind):
    network = kind.network(early_stopping=True, early_stopping_refit="scratch")
    with pytest.raises(ValueError, match="early_stopping_refit='scratch' lets a member learn"):
        kind.ensemble(network).fit(kind.X, kind.y)
    kind.ensemble(network, n_members=1, validation=None).fit(kind.X, kind.y)


def test_validation_rows_are_the_folds(kind):
    with pytest.raises(TypeError, match="the folds are the validation rows"):
        kind.ensemble().fit(kind.X, kind.y, X_val=kind.X, y_val=kind.y)
    with pytest.raises(TypeError, match="unexpected argument 'weights'"):
        kind.ensemble().fit(kind.X, kind.y, weights=kind.weight)


def test_unusable_data(kind):
    with pytest.raises(ValueError, match="X has 60 rows, y has 61"):
        kind.ensemble().fit(kind.X[:60], kind.y)
    with pytest.raises(ValueError, match="sample_weight"):
        kind.ensemble().fit(kind.X, kind.y, np.full(61, np.nan))
    with pytest.raises(ValueError, match="groups"):
        kind.ensemble().fit(kind.X, kind.y, groups=[1, 2])
    with pytest.raises(ValueError, match="X contains NaN"):
        kind.ensemble().fit(np.full((61, 2), np.nan), kind.y)


def test_metadata_come_through_a_cross_validation(kind):
    """Groups without a request, as splitters have them."""
    groups = np.arange(61) // 4
    with sklearn.config_context(enable_metadata_routing=True):
        est = kind.ensemble().set_fit_request(sample_weight=True)
        est.set_score_request(sample_weight=False)
        given = {"groups": groups, "sample_weight": kind.weight}
        found = cross_validate(est, kind.X, kind.y, cv=GroupKFold(3), params=given,
                               return_estimator=True, return_indices=True)  # fmt: skip
    for fitted, rows in zip(found["estimator"], found["indices"]["train"], strict=True):
        alone = clone(fitted).fit(
            kind.X[rows], kind.y[rows], kind.weight[rows], groups=groups[rows]
        )
        np.testing.assert_array_equal(alone.oof_prediction_, fitted.oof_prediction_)
        for held_out in fitted.held_out_rows_:
            learned = np.setdiff1d(np.arange(len(rows)), held_out)
            assert not np.intersect1d(groups[rows][held_out], groups[rows][learned]).size


def test_polars_frames(kind):
    polars = pytest.importorskip("polars")
    X = frame(kind).fillna(0)
    outputs = [
        kind.outputs(kind.ensemble(prepared(kind)).fit(each, kind.y), each)
        for each in (X, polars.DataFrame(X.to_dict("list")))
    ]
    np.testing.assert_array_equal(*outputs)
