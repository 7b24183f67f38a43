"""A fit that fails or is stopped does so alone, and just as it would without the others."""

import time
import warnings
from collections import Counter

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.callback._progressbar import RichProgressMonitor
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline

from sknnreg import MLPRegularizedClassifier

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 5, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.05}  # fmt: skip
SEEDS = [0, 1, 2, 3]


def data(n=40):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def ours(**settings):
    return MLPRegularizedClassifier(**{**QUICK, **settings})


def untimed(results):
    return {name: value for name, value in results.items() if "time" not in name}


class Spoiler(TransformerMixin, BaseEstimator):
    """NaN for everyone, or an error of its own, unless it has seen the first row in ``fit``."""

    def __init__(self, error=None):
        self.error = error

    def fit(self, X, y=None):
        self.spoils_ = not (X[:, 0] == data()[0][0, 0]).any()
        if self.spoils_ and self.error is not None:
            raise self.error
        return self

    def transform(self, X):
        return np.full_like(X, np.nan) if self.spoils_ else X


class Listener:
    """Raises or stops in one network's epoch; the others' it only counts."""

    def __init__(self, at=3, answer=False, seed=1):
        self.at, self.answer, self.seed = at, answer, seed
        self.epochs = Counter()

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name != "epoch":
            return None
        self.epochs[estimator] += 1
        if estimator.random_state != self.seed or self.epochs[estimator] != self.at:
            return None
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def moody_scorer(estimator, X, y):
    if estimator.random_state == 1:
        raise ArithmeticError("no score today")
    return estimator.score(X, y)


def heard(**settings):
    return ours().set_callbacks(Listener(**settings))


# What is searched over seeds, and how many of its 3 x 4 fits fail.
FAULTS = {
    "NaN": (lambda: make_pipeline(Spoiler(), ours()), 4),
    "a transformer": (lambda: make_pipeline(Spoiler(KeyError("gone")), ours()), 4),
    "divergence": (lambda: ours(solver="sgd"), 3),
    "divergence, lbfgs": (lambda: ours(solver="lbfgs"), 3),
    "a callback": (lambda: heard(answer=RuntimeError("enough")), 3),
    "a scorer": (lambda: ours(early_stopping=True, early_stopping_scoring=moody_scorer), 3),
    "a parameter": (lambda: ours(), 3),
}
ONE_BAD = {
    "divergence": {"learning_rate_init": [0.05, 1e300, 0.01, 0.02]},
    "divergence, lbfgs": {"l2": [0.0, 1e305, 0.1, 1.0]},
    "a parameter": {"l2": [0.0, -1.0, 0.1, 1.0]},
}


def search(name, **settings):
    est = FAULTS[name][0]()
    prefix = f"{est.steps[-1][0]}__" if hasattr(est, "steps") else ""
    grid = ONE_BAD.get(name, {f"{prefix}random_state": SEEDS})
    return GridSearchCV(est, grid, cv=3, refit=False, **settings)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_failing_fit_gets_the_error_score_and_no_other(name, together, same):
    def run():
        with warnings.catch_warnings(record=True) as recorded:
            warnings.simplefilter("always")
            results = search(name).fit(*data()).cv_results_
        return untimed(results), [warning.category for warning in recorded], recorded

    expected = run()
    with together():
        found = run()
    same(found[:2], expected[:2])
    assert FitFailedWarning in found[1]
    n_failures = FAULTS[name][1]
    assert any(f"{n_failures} fits failed out of a total of 12" in str(w.message) for w in found[2])
    splits = [found[0][f"split{number}_test_score"] for number in range(3)]
    assert np.isnan(splits).sum() == n_failures


@pytest.mark.parametrize("name", FAULTS)
def test_an_error_that_is_to_be_raised_is_the_same(name, together):
    with pytest.raises(Exception) as expected:  # noqa: PT011 whatever it is
        search(name, error_score="raise").fit(*data())
    with together(), pytest.raises(expected.type) as found:
        search(name, error_score="raise").fit(*data())
    assert found.type is expected.type
    assert str(found.value) == str(expected.value)
    # Where it was raised, which joblib does not tell.
    note = "".join(found.value.__notes__)
    assert "Traceback (most recent call last)" in note
    assert f"in {expected.traceback[-1].name}" in note


def test_the_first_failing_task_is_the_one_that_is_told_of(together):
    """They fail in the order of their dispatch."""
    grid = {"l2": [0.0, -1.0, -2.0]}
    with together(), pytest.raises(ValueError, match=r"Got -1\.0"):
        GridSearchCV(ours(), grid, cv=3, error_score="raise").fit(*data())


def test_after_an_error_the_next_search_is_as_good_as_any(together, same, passes):
    expected = cross_val_score(ours(), *data(), cv=4)
    with together():
        with pytest.raises(ValueError, match="l2"):
            cross_val_score(ours(l2=-1.0), *data(), error_score="raise")
        same(cross_val_score(ours(), *data(), cv=4), expected)
    assert passes == [4]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_stops_its_own_network_only(together, same, solver):
    def run():
        listener = Listener(at=2, answer=True)
        est = ours(solver=solver).set_callbacks(listener)
        grid = GridSearchCV(est, {"random_state": SEEDS}, cv=2, refit=False)
        results = untimed(grid.fit(*data()).cv_results_)
        epochs = sorted((each.random_state, n) for each, n in listener.epochs.items())
        one = cross_validate(est.set_params(random_state=1), *data(), return_estimator=True)
        return {**results, "stopped": one["estimator"], "epochs": epochs}

    expected = run()
    with together():
        found = run()
    same(found, expected)
    assert found["epochs"] == sorted([(seed, 2 if seed == 1 else 5) for seed in SEEDS] * 2)
    assert {each.stop_reason_ for each in found["stopped"]} == {"callback"}
    assert {each.n_iter_ for each in found["stopped"]} == {2}


def test_callbacks_of_scikit_learn_are_told_all(together, same, capsys):
    def run():
        monitor = ScoringMonitor(scoring="accuracy")
        est = ours().set_callbacks(monitor)
        GridSearchCV(est, {"l2": [0.0, 0.1, 1.0]}, cv=2).fit(*data())
        log = monitor.get_logs().data_as_pandas
        scores = log[log["task_name"] == "epoch"]["accuracy"]
        return {"epochs": len(scores), "scores": np.sort(scores.to_numpy())}

    expected = run()
    with together():
        same(run(), expected)
    assert expected["epochs"] == 5 * (3 * 2 + 1)


def test_the_progress_bar_reaches_the_end(together, capsys):
    with together():
        bar = ProgressBar(max_propagation_depth=0)
        GridSearchCV(ours(), {"l2": [0.0, 0.1]}, cv=2).set_callbacks(bar).fit(*data())
    assert "100%" in capsys.readouterr().out


def test_a_progress_bar_that_reaches_the_networks_moves_while_they_train(
    together, monkeypatch, capsys
):
    """The bar of the whole search; one for tasks alone would only move once they have ended."""
    ends, so_far = {0: [], 1: []}, []
    tell = RichProgressMonitor._on_task_end

    def noted(self, info):
        tell(self, info)
        so_far.append(self.root_rich_task.progress)

    monkeypatch.setattr(RichProgressMonitor, "_on_task_end", noted)
    for depth in ends:
        with together():
            bar = ProgressBar(max_propagation_depth=depth)
            GridSearchCV(ours(), {"l2": [0.0, 0.1]}, cv=2).set_callbacks(bar).fit(*data())
        ends[depth], so_far = so_far, []
    # Four networks of five epochs and the last fit, each epoch and each network an event.
    assert len(ends[1]) - len(ends[0]) >= 4 * 5
    assert ends[1] == sorted(ends[1])
    assert len(set(ends[1])) > 4 * 5


class Alone:
    """A callback that would notice if it were called from two threads at once."""

    def __init__(self):
        self.inside, self.met = False, False

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.met = self.met or self.inside
        self.inside = True
        time.sleep(0.002)  # long enough for another thread to come in
        self.inside = False


def test_callbacks_need_not_be_safe_against_threads(together):
    callback = Alone()
    with together():
        cross_val_score(ours().set_callbacks(callback), *data(), cv=6)
    assert not callback.met


def test_scorers_need_not_be_safe_against_threads(together):
    callback = Alone()

    def scorer(estimator, X, y):
        callback.on_fit_task_end(estimator, None)
        return estimator.score(X, y)

    with together():
        est = ours(early_stopping=True, early_stopping_scoring=scorer)
        cross_val_score(est, *data(), cv=6)
    assert not callback.met


def test_scorers_and_callbacks_may_search_themselves(together, same):
    """They do it alone: the tasks that could meet are waiting for them."""

    def scorer(estimator, X, y):
        inner = ours(max_iter=1)
        return cross_val_score(inner, X, y, cv=2).mean()

    est = ours(early_stopping=True, validation_fraction=0.3, early_stopping_scoring=scorer)
    expected = cross_validate(est, *data(), cv=3, return_estimator=True)
    with together():
        found = cross_validate(est, *data(), cv=3, return_estimator=True)
    same(found["estimator"], expected["estimator"])
