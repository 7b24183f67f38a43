"""Splitters, pipelines, mixed grids and nested searches; and who meets whom in one pass."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    LeavePOut,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 4, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.05}  # fmt: skip
SPLITTERS = {
    "KFold": KFold(4),
    "KFold, drawn": KFold(4, shuffle=True, random_state=0),
    "StratifiedKFold": StratifiedKFold(5),
    "RepeatedStratifiedKFold": RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0),
    "ShuffleSplit": ShuffleSplit(4, random_state=0),
    "StratifiedShuffleSplit": StratifiedShuffleSplit(4, random_state=0),
    "GroupKFold": GroupKFold(3),
    "LeaveOneGroupOut": LeaveOneGroupOut(),
    "TimeSeriesSplit": TimeSeriesSplit(4),  # folds of five sizes: no two of one shape
    "PredefinedSplit": PredefinedSplit(np.arange(24) % 3),
    "LeaveOneOut": LeaveOneOut(),
    "pairs": [(np.arange(20), np.arange(20, 24)), (np.arange(4, 24), np.arange(4))],
}
NESTED = {"l2": [0.0, 0.1], "dropout": [0.0, 0.3]}


def data(n=24):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def frame(n=45):
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n)})
    X["kind"] = rng.choice(["red", "green", "blue"], n)
    return X, np.digitize(X["a"] + (X["kind"] == "red"), (0.0, 1.0))


def ours(**settings):
    return MLPRegularizedClassifier(**{**QUICK, **settings})


def untimed(results):
    return {name: value for name, value in results.items() if "time" not in name}


def validate(est, X, y, **settings):
    return untimed(cross_validate(est, X, y, return_train_score=True, **settings))


@pytest.mark.slow
@pytest.mark.parametrize("name", SPLITTERS)
@pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
def test_every_splitter(name, Estimator, together, same, passes):
    X, y = data()
    settings = {"cv": SPLITTERS[name], "scoring": "neg_mean_squared_error"}
    settings |= {"groups": np.arange(24) // 4 if "Group" in name else None}
    settings |= {"return_estimator": True}
    expected = validate(Estimator(**QUICK), X, y, **settings)
    with together():
        same(validate(Estimator(**QUICK), X, y, **settings), expected)
    assert passes == [len(expected["test_score"])]


def test_leaving_out_every_pair(together, same, passes):
    X, y = data(7)
    settings = {"cv": LeavePOut(2), "return_estimator": True}
    expected = validate(ours(), X, y, **settings)
    with together():
        same(validate(ours(), X, y, **settings), expected)
    assert passes == [21]


def column_transformer():
    return make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["kind"]), (StandardScaler(), ["a", "b"])
    )


PIPELINES = {
    "frame": (ours(), ["a", "b"]),
    "scaler": (make_pipeline(StandardScaler(), ours()), ["a", "b"]),
    "selection and projection": (
        make_pipeline(column_transformer(), SelectKBest(k=4), PCA(2), ours()),
        ["a", "b", "kind"],
    ),
    "columns": (make_pipeline(column_transformer(), ours(early_stopping=True)), ["a", "b", "kind"]),
    "pandas out": (
        make_pipeline(column_transformer().set_output(transform="pandas"), ours()),
        ["a", "b", "kind"],
    ),
    "sparse": (
        make_pipeline(make_column_transformer((OneHotEncoder(), ["kind"])), ours()),
        ["kind"],
    ),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_pipelines_and_frames(name, together, same, passes):
    X, y = frame()
    est, columns = PIPELINES[name]
    expected = validate(est, X[columns], y, cv=4)
    with together():
        same(validate(est, X[columns], y, cv=4), expected)
    assert passes == [4]


def test_a_grid_over_estimators_of_several_kinds(together, same, passes):
    X, y = frame()
    pipeline = Pipeline([("prepare", column_transformer()), ("estimator", ours())])
    grid = [
        {"estimator": [ours(), ours(hidden_layer_sizes=(3, 3))], "estimator__l2": [0.0, 0.1]},
        {"estimator": [LogisticRegression()], "estimator__C": [0.1, 1.0]},
        {"estimator": [RandomForestClassifier(3, random_state=0)]},
    ]

    def run():
        search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
        results = untimed(search.cv_results_)
        # The grid's own estimators, which no fit has touched.
        results = {key: value for key, value in results.items() if "param" not in key}
        return {**results, "best": search.best_index_, "proba": search.predict_proba(X)}

    expected = run()
    with together():
        same(run(), expected)
    assert passes == [2 * 2 * 3]


def test_leave_one_out_is_one_pass(together, passes):
    with together():
        cross_val_score(ours(), *data(), cv=LeaveOneOut())
    assert passes == [24]


def nested(inner_jobs, outer_jobs):
    """A search in each fold of a cross-validation: all that is found."""
    search = GridSearchCV(ours(), NESTED, cv=3, n_jobs=inner_jobs)
    results = validate(search, *data(), cv=3, n_jobs=outer_jobs, return_estimator=True)
    searches = results.pop("estimator")
    found = [(untimed(each.cv_results_), each.best_estimator_) for each in searches]
    return {**results, "searches": found}


@pytest.fixture(scope="module")
def nested_alone():
    return nested(1, 1)


@pytest.mark.parametrize(
    ("inner_jobs", "outer_jobs", "expected"),
    [
        (None, None, [36, 3]),
        (2, -1, [36, 3]),  # any number but 1 is as good as none
        (1, None, [3] * 13),
        (None, 1, [12] * 3),
        (1, 1, []),
    ],
)
def test_inner_fits_of_all_outer_folds_meet(
    nested_alone, inner_jobs, outer_jobs, expected, together, same, passes
):
    with together():
        found = nested(inner_jobs, outer_jobs)
    assert passes == expected
    same(found, nested_alone)


def test_three_levels_deep(together, same, passes):
    X, y = data()
    bag = BaggingClassifier(ours(), 2, bootstrap=False, random_state=0)
    search = GridSearchCV(bag, {"estimator__l2": [0.0, 0.1], "max_features": [2, 3]}, cv=2)
    expected = validate(search, X, y, cv=3)
    with together():
        same(validate(search, X, y, cv=3), expected)
    assert passes == [3 * 4 * 2 * 2, 3 * 2]


def test_seeds_from_the_global_generator_are_drawn_in_the_order_of_the_tasks(together, same):
    def run():
        np.random.seed(5)  # noqa: NPY002 random_state=None is what draws from it
        return validate(ours(random_state=None), *data(), cv=4, return_estimator=True)

    expected = run()
    with together():
        same(run(), expected)


def test_a_generator_that_is_handed_in_is_drawn_from_alike(together, same):
    def run():
        state = np.random.RandomState(3)
        bag = BaggingClassifier(ours(random_state=state), 3, random_state=state)
        found = validate(bag, *data(), cv=ShuffleSplit(3, random_state=state))
        return {**found, "after": state.randint(1 << 30)}

    expected = run()
    with together():
        same(run(), expected)


def test_metadata_and_configuration_reach_the_tasks(together, same, passes):
    X, y = data()
    params = {"sample_weight": np.arange(24) % 3 + 1.0}
    with sklearn.config_context(enable_metadata_routing=True):
        est = ours().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        grid = GridSearchCV(est, {"l2": [0.0, 0.1]}, cv=2)
        expected = validate(grid, X, y, cv=3, params=params)
        with together():
            found = validate(grid, X, y, cv=3, params=params)
    same(found, expected)
    assert passes == [12, 3]
    with together():
        plain = validate(est, X, y, cv=3, params=None)
    assert not np.array_equal(plain["train_score"], found["train_score"]), "weights count"
