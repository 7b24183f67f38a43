"""All members train in one pass, in whatever they stand; scikit-learn's own tools go on working."""

import threading

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.ensemble import BaggingClassifier, BaggingRegressor, VotingClassifier, VotingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import fit_together
from sknnreg.inspection import TrainingCurveDisplay
from sknnreg.together.trainers import local_trainer


@pytest.fixture
def passes(monkeypatch):
    """The number of networks in each training pass, as they come."""
    sizes, train = [], local_trainer.LocalTrainer.train

    def counted(self, problems, *others):
        sizes.append(len(problems))
        return train(self, problems, *others)

    monkeypatch.setattr(local_trainer.LocalTrainer, "train", counted)
    return sizes


def test_one_pass(kind, passes):
    kind.ensemble().fit(kind.X, kind.y)
    assert passes == [4]
    kind.ensemble(make_pipeline(StandardScaler(), kind.network())).fit(kind.X, kind.y)
    assert passes == [4, 4]
    drawn = {"l2": [0.0, 0.1, 1.0]}
    kind.ensemble(param_distributions=drawn, n_candidates=3).fit(kind.X, kind.y)
    assert passes == [4, 4, 12]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_default_estimator_in_a_block(kind, passes):
    """Of which nothing can be seen from outside."""
    small = kind.Ensemble(n_members=2, random_state=0)
    with fit_together():
        cross_validate(small, kind.X, kind.y, cv=2)
    assert passes == [4]


def test_within_a_block_and_a_search(kind, passes):
    search = GridSearchCV(kind.ensemble(), {"estimator__l2": [0.0, 0.1]}, cv=3)
    alone = clone(search).fit(kind.X, kind.y)
    assert passes == [4] * 7
    passes.clear()
    with fit_together():
        together = clone(search).fit(kind.X, kind.y)
    assert passes == [2 * 3 * 4, 4]
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(alone.cv_results_[name], together.cv_results_[name])
    np.testing.assert_array_equal(
        alone.best_estimator_.oof_prediction_, together.best_estimator_.oof_prediction_
    )


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_in_a_worker_of_joblib(kind, backend):
    expected = cross_validate(kind.ensemble(), kind.X, kind.y, cv=2)["test_score"]
    with joblib.parallel_config(backend):
        found = cross_validate(kind.ensemble(), kind.X, kind.y, cv=2, n_jobs=2)["test_score"]
    np.testing.assert_array_equal(found, expected)


def test_in_a_thread_and_on_one_core(kind, passes):
    found = []
    thread = threading.Thread(target=lambda: found.append(kind.ensemble().fit(kind.X, kind.y)))
    thread.start()
    thread.join()
    with fit_together(n_jobs=1):
        found.append(kind.ensemble().fit(kind.X, kind.y))
    np.testing.assert_array_equal(*(each.oof_prediction_ for each in found))
    assert passes == [4, 4]


def test_callbacks(kind, capsys):
    bar = ProgressBar()
    est = kind.ensemble().set_callbacks(bar).fit(kind.X, kind.y)
    expected = kind.ensemble().fit(kind.X, kind.y)
    np.testing.assert_array_equal(est.oof_prediction_, expected.oof_prediction_)
    shown = capsys.readouterr().out
    assert "member" in shown
    assert "100%" in shown
    assert not any(hasattr(each, "_skl_callbacks") for each in est.members_)
    assert clone(est).set_callbacks().fit(kind.X, kind.y).n_iter_.tolist() == [8] * 4


def test_curves_of_all_members(kind, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    est = kind.ensemble().fit(kind.X, kind.y)
    assert len(TrainingCurveDisplay.from_estimator(est).curves) == 4


def test_bagging_and_voting_of_scikit_learn(kind, passes):
    is_classifier = kind.name == "classifier"
    Bagging = BaggingClassifier if is_classifier else BaggingRegressor
    Voting = VotingClassifier if is_classifier else VotingRegressor
    named = [("a", kind.network(random_state=0)), ("b", kind.network(random_state=1))]
    for est in (Bagging(kind.network(), 4, random_state=0), Voting(named)):
        alone = clone(est).fit(kind.X, kind.y)
        with fit_together():
            together = clone(est).fit(kind.X, kind.y)
        np.testing.assert_array_equal(alone.predict(kind.X), together.predict(kind.X))
    assert passes == [4, 2]
    # And with ensembles as their members.
    both = Voting([("a", kind.ensemble()), ("b", kind.ensemble(random_state=1))])
    with fit_together():
        both.fit(kind.X, kind.y)
    assert passes == [4, 2, 8]


def test_a_warning_of_several_members_is_one(kind):
    est = kind.ensemble(kind.network(n_iter_no_change=100))
    told = r"max_iter=8 epochs were reached.*\(This is of 4 of 4 members.\)"
    with pytest.warns(ConvergenceWarning, match=told) as caught:
        est.fit(kind.X, kind.y)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with fit_together(), pytest.warns(ConvergenceWarning, match=told) as caught:
        cross_validate(est, kind.X, kind.y, cv=2)
    assert len(caught) == 2


def test_an_error_says_whose_it_is(kind):
    est = kind.ensemble(kind.network(learning_rate_init=-1))
    with pytest.raises(ValueError, match="learning_rate_init") as raised:
        est.fit(kind.X, kind.y)
    assert any("member 0 (from 0) of 4" in note for note in raised.value.__notes__)
