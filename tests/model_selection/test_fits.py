"""Tasks of a study: in one call of joblib, told to callbacks, with metadata for whom they are."""

import numpy as np
import pytest
import sklearn
from sklearn.callback import ProgressBar
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.model_selection import GroupKFold, check_cv, cross_validate

from sknnreg import MLPRegularizedClassifier
from sknnreg.estimators.training.subtasks import Listeners
from sknnreg.model_selection.fits.listening import run_tasks
from sknnreg.model_selection.fits.sample import routed_sample


class Counter:
    """A callback that notes what it is told."""

    def __init__(self):
        self.told = []

    def setup(self, estimator, context):
        self.told.append(("setup", context.task_name, context.max_subtasks))

    def on_fit_task_begin(self, estimator, context):
        self.told.append(("begin", context.task_name))

    def on_fit_task_end(self, estimator, context):
        self.told.append(("end", context.task_name))

    def teardown(self, estimator, context):
        self.told.append(("teardown", context.task_name))


def fold_score(listeners, sample, estimator, scorer, train, test):
    fitted = sample.fitted(listeners, estimator, train)
    return sample.score(fitted, scorer, test, train)


def scores(estimator, X, y, cv, callbacks=None, n_jobs=None, **metadata):
    scorer = metadata.pop("scorer", get_scorer("accuracy"))
    sample = routed_sample("scores", X, y, estimator=estimator, cv=cv, scorer=scorer, **metadata)
    calls = [(sample, estimator, scorer, *split) for split in sample.splits(cv)]
    return run_tasks("scores", fold_score, calls, callbacks=callbacks, n_jobs=n_jobs)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_tasks_give_what_cross_validate_gives(n_jobs):
    X, y = load_iris(return_X_y=True)
    cv = check_cv(4, y, classifier=True)
    model = LogisticRegression(C=0.1)
    expected = cross_validate(model, X, y, cv=cv)["test_score"]
    np.testing.assert_array_equal(scores(model, X, y, cv, n_jobs=n_jobs), expected)


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize(
    "model",
    [LogisticRegression(C=0.01), MLPRegularizedClassifier((4,), max_iter=3, n_iter_no_change=None)],
)
def test_a_progress_bar_ends_at_the_last_task(model, n_jobs, capfd):
    X, y = load_iris(return_X_y=True)
    scores(model, X, y, check_cv(3, y, classifier=True), ProgressBar(), n_jobs)
    assert "100%" in capfd.readouterr().out


def test_callbacks_hear_of_every_task_and_of_the_end():
    X, y = load_iris(return_X_y=True)
    counter = Counter()
    scores(LogisticRegression(C=0.01), X, y, check_cv(3, y, classifier=True), counter)
    assert counter.told[0] == ("setup", "scores", 3)
    assert counter.told.count(("end", "fit")) == 3
    assert counter.told[-2:] == [("end", "scores"), ("teardown", "scores")]


def test_an_error_in_a_task_still_tears_callbacks_down():
    counter = Counter()
    X, y = np.ones((6, 1)), np.zeros(6)
    with pytest.raises(ValueError, match="class"):
        scores(LogisticRegression(C=0.01), X, y, check_cv(3), counter)
    assert counter.told[-1] == ("teardown", "scores")


@pytest.mark.parametrize("bad", ["bar", ProgressBar, [1]])
def test_what_is_no_callback_is_told(bad):
    with pytest.raises(TypeError, match="callbacks must be a callback of scikit-learn"):
        run_tasks("none", fold_score, [], callbacks=bad)


def test_groups_go_to_the_splitter_and_weights_to_fit():
    X, y = load_iris(return_X_y=True)
    groups, weight = np.arange(150) // 5, np.linspace(1, 2, 150)
    cv, model = GroupKFold(3), LogisticRegression(C=0.01)
    expected = cross_validate(model, X, y, cv=cv, groups=groups, params={"sample_weight": weight})[
        "test_score"
    ]
    got = scores(model, X, y, cv, groups=groups, params={"sample_weight": weight})
    np.testing.assert_array_equal(got, expected)


def test_under_routing_metadata_go_where_they_are_asked_for():
    X, y = load_iris(return_X_y=True)
    groups, weight = np.arange(150) // 5, np.linspace(1, 9, 150)
    params = {"groups": groups, "sample_weight": weight}
    with sklearn.config_context(enable_metadata_routing=True):
        model = Ridge(alpha=5.0).set_fit_request(sample_weight=True)
        scorer = get_scorer("neg_mean_squared_error").set_score_request(sample_weight=True)
        cv = GroupKFold(3)
        expected = cross_validate(model, X, y, cv=cv, scoring=scorer, params=params)
        got = scores(model, X, y, cv, scorer=scorer, params=params)
        np.testing.assert_array_equal(got, expected["test_score"])
        with pytest.raises(ValueError, match="groups cannot be passed by itself"):
            scores(model, X, y, cv, scorer=scorer, groups=groups)
        with pytest.raises(ValueError, match="sample_weight"):
            scores(Ridge(), X, y, cv, scorer=scorer, params=params)


def test_nobody_listens_by_default():
    with Listeners().hearing(object()):
        pass
