"""In searches, ensembles and ``fit_together`` each network has a file of its own."""

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.callback import Checkpoint, CheckpointError
from sknnreg.ensemble import CrossFittedRegressor

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 8, "n_iter_no_change": None, "random_state": 0,
         "dropout": 0.2}  # fmt: skip
GRID = {"l2": [0.0, 0.1], "hidden_layer_sizes": [(4,), (3,)]}
TOGETHER = pytest.mark.parametrize("together", [False, True])


class Counting:
    """A callback that counts the epochs that end, and from one of them on raises an error."""

    def __init__(self, at=None, error=None):
        self.n, self.at, self.error = 0, at, error

    @property
    def max_propagation_depth(self):
        return None

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            self.n += 1
            # A stack that fails is trained network by network.
            if self.at is not None and self.n >= self.at:
                raise self.error


def searched(search, X, y, together, *callbacks):
    search = clone(search).set_callbacks(*callbacks)
    if not together:
        return search.fit(X, y)
    with fit_together(n_jobs=1):
        return search.fit(X, y)


def scores(search):
    return {k: list(v) for k, v in search.cv_results_.items() if k.endswith("test_score")}


@TOGETHER
def test_a_search_that_was_cut_off_goes_on(together, data, differences, tmp_path):
    search = GridSearchCV(MLPRegularizedClassifier(**QUICK), GRID, cv=3, error_score="raise")
    whole = searched(search, *data, together)
    with pytest.raises(SystemExit):
        searched(search, *data, together, Checkpoint(tmp_path, 1), Counting(45, SystemExit(3)))
    names = {path.name for path in tmp_path.iterdir()}
    assert 1 < len(names) <= 12
    # In another order of candidates and folds, and without the half of them.
    counted = Counting()
    again = searched(search, *data, together, Checkpoint(tmp_path, 1), counted)
    assert names <= {path.name for path in tmp_path.iterdir()}
    assert len(list(tmp_path.iterdir())) == 13, "and one for the refit"
    # Networks that had ended are heard once; of the others less than all.
    assert counted.n < 13 * 8 - 30
    assert scores(again) == scores(whole)
    best = again.best_estimator_
    assert not differences(vars(best), vars(whole.best_estimator_))


@TOGETHER
def test_a_search_that_has_ended_trains_nothing(together, data, tmp_path):
    search = GridSearchCV(MLPRegularizedClassifier(**QUICK), GRID, cv=3, error_score="raise")
    first = searched(search, *data, together, Checkpoint(tmp_path))
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    counted = Counting()
    second = searched(search, *data, together, Checkpoint(tmp_path), counted)
    assert counted.n == 13
    assert scores(first) == scores(second)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written


def test_files_do_not_depend_on_the_order(data, tmp_path):
    est = MLPRegularizedClassifier(**QUICK)
    searched(GridSearchCV(est, GRID, cv=3, refit=False), *data, True, Checkpoint(tmp_path))
    names = {path.name for path in tmp_path.iterdir()}
    for l2 in (0.1, 0.0):
        search = GridSearchCV(
            est.set_params(l2=l2), {"hidden_layer_sizes": [(3,), (4,)]}, cv=3, refit=False
        )
        searched(search, *data, False, Checkpoint(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == names


@pytest.mark.slow
def test_in_processes_of_joblib(data, tmp_path):
    search = GridSearchCV(MLPRegularizedClassifier(**QUICK), GRID, cv=3, error_score="raise")
    whole = searched(search, *data, False)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        again = searched(search, *data, False, Checkpoint(tmp_path))
    assert len(list(tmp_path.iterdir())) == 13
    assert scores(again) == scores(whole)


@TOGETHER
def test_one_file_is_not_for_several_networks(together, data, tmp_path):
    search = GridSearchCV(MLPRegularizedClassifier(**QUICK), GRID, cv=3, error_score="raise")
    with pytest.raises(CheckpointError, match="for several networks give it a folder"):
        searched(search, *data, together, Checkpoint(tmp_path / "network.npz"))


def test_equal_networks_share_their_file(data, tmp_path):
    """The same candidate twice: both write the same, whichever comes first."""
    search = GridSearchCV(MLPRegularizedClassifier(**QUICK), {"l2": [0.1, 0.1]}, cv=3)
    whole = searched(search, *data, False)
    again = searched(search, *data, True, Checkpoint(tmp_path, 1))
    assert len(list(tmp_path.iterdir())) == 4
    assert scores(again) == scores(whole)


def test_on_the_network_in_a_search_scikit_learn_asks_for_the_search(data, tmp_path):
    est = MLPRegularizedClassifier(**QUICK).set_callbacks(Checkpoint(tmp_path))
    with pytest.raises(TypeError, match=r"Register them directly on the meta-estimator"):
        GridSearchCV(est, GRID, cv=3, error_score="raise").fit(*data)


def test_in_a_pipeline(data, differences, tmp_path):
    pipeline = make_pipeline(StandardScaler(), MLPRegularizedClassifier(**QUICK))
    whole = clone(pipeline).fit(*data)
    for _ in range(2):
        again = clone(pipeline).set_callbacks(Checkpoint(tmp_path)).fit(*data)
        assert not differences(vars(again[-1]), vars(whole[-1]))
    assert len(list(tmp_path.iterdir())) == 1


def test_set_on_the_network_of_a_cross_validation(data, tmp_path):
    """Which has no callbacks of its own."""
    est = MLPRegularizedClassifier(**QUICK)
    expected = cross_val_score(est, *data, cv=KFold(3))
    est.set_callbacks(Checkpoint(tmp_path))
    for _ in range(2):
        np.testing.assert_array_equal(cross_val_score(est, *data, cv=KFold(3)), expected)
    assert len(list(tmp_path.iterdir())) == 3


def test_an_ensemble(data, tmp_path):
    model = CrossFittedRegressor(
        MLPRegularizedRegressor(**QUICK, early_stopping=True), n_members=3, random_state=0
    )
    whole = clone(model).fit(*data)
    with pytest.raises(RuntimeError, match="enough"):
        clone(model).set_callbacks(
            Checkpoint(tmp_path, 1), Counting(10, RuntimeError("enough"))
        ).fit(*data)
    again = clone(model).set_callbacks(Checkpoint(tmp_path)).fit(*data)
    assert len(list(tmp_path.iterdir())) == 3
    np.testing.assert_array_equal(again.oof_prediction_, whole.oof_prediction_)


def test_networks_under_way_train_in_one_stack_from_epochs_of_their_own(
    data, differences, cut_off, tmp_path
):
    """Some new, some cut off at one epoch or another."""
    X, y = data
    many = [MLPRegularizedClassifier(**{**QUICK, "random_state": seed}) for seed in range(5)]
    whole = [clone(est).fit(X, y) for est in many]
    for epochs, est in zip((2, 5, 7), many, strict=False):
        cut_off(clone(est), X, y, tmp_path, epochs)
    counted = Counting()
    with fit_together(n_jobs=1):
        again = joblib.Parallel()(
            joblib.delayed(clone(est).set_callbacks(Checkpoint(tmp_path), counted).fit)(X, y)
            for est in many
        )
    assert counted.n == 7 + 4 + 2 + 8 + 8
    for one, other in zip(again, whole, strict=True):
        assert not differences(vars(one.set_callbacks()), vars(other))
