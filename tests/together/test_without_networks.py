"""Calls of ``Parallel`` that hold no network run inside of a block as they would outside."""

import functools
import importlib
import sys
import threading
import time
import warnings
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import KernelPCA
from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import RFECV, SelectFromModel, SelectKBest, mutual_info_classif
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

import sknnreg
from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.together import networks_in
from sknnreg.together.meeting import turns
from sknnreg.together.networks_in import hold_network

QUICK = {"hidden_layer_sizes": (3,), "max_iter": 2, "n_iter_no_change": np.inf, "random_state": 0,
         "learning_rate_init": 0.05}  # fmt: skip


def data(n=40, n_features=6):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, n_features))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def ours(**settings):
    return MLPRegularizedClassifier(**{**QUICK, **settings})


def run_all(task, n=4, **params):
    return joblib.Parallel(**params)(joblib.delayed(task)(number) for number in range(n))


def fit(seed):
    return ours(random_state=seed).fit(*data()).loss_


# ---------------------------------------------------------------- which hold a network


def fits_by_a_module(number):
    return sknnreg.MLPRegularizedClassifier().fit(*data())


def fits_by_an_import(number):
    from sknnreg import MLPRegularizedRegressor

    return MLPRegularizedRegressor().fit(*data())


def fits_by_another(number):
    return [fit(seed) for seed in range(number)]


def fits_in_an_inner_function(number):
    def inner():
        return MLPRegularizedClassifier()

    return inner()


def fits_nothing(number):
    return np.linalg.norm(LogisticRegression(C=1 + number).fit(*data()).coef_)


class Holder(ClassifierMixin, BaseEstimator):
    """Its parameters say nothing of what its ``fit`` does."""

    def fit(self, X, y):
        self.network_ = MLPRegularizedClassifier(**QUICK).fit(X, y)
        self.classes_ = self.network_.classes_
        return self

    def predict(self, X):
        return self.network_.predict(X)


class Owner:
    def __init__(self, thing):
        self.thing = thing

    def work(self, number):
        return number


def enclosing(thing):
    return lambda number: thing


LOGISTIC = LogisticRegression()
WITH = {
    "itself": ours(),
    "its class": MLPRegularizedRegressor,
    "a pipeline": make_pipeline(LOGISTIC, ours()),
    "a search": GridSearchCV(make_pipeline(ours()), {}),
    "a search's grid": GridSearchCV(Pipeline([("a", LOGISTIC)]), {"a": [LOGISTIC, ours()]}),
    "parameters": {"estimator": ours()},
    "bagging": BaggingClassifier(ours()),
    "voting": VotingClassifier([("a", LOGISTIC), ("b", ours())]),
    "stacking": StackingClassifier([("a", LOGISTIC)], final_estimator=ours()),
    "a union": FeatureUnion([("a", SelectFromModel(ours()))]),
    "columns": ColumnTransformer([("a", SelectFromModel(ours()), [0])]),
    "a selector": RFECV(ours()),
    "fitted": MultiOutputClassifier(LOGISTIC).__class__(ours()),
    "an array of them": np.array([LOGISTIC, ours()]),
    "a subclass": type("Mine", (MLPRegularizedClassifier,), {})(),
    "an estimator of one's own": Holder(),
    "a function": fit,
    "by a module": fits_by_a_module,
    "by an import": fits_by_an_import,
    "by another": fits_by_another,
    "by an inner one": fits_in_an_inner_function,
    "enclosed": enclosing(ours()),
    "partial": functools.partial(fits_nothing, ours()),
    "a method": Owner(ours()).work,
    "a namespace": SimpleNamespace(model=[ours()]),
}
WITHOUT = {
    "numbers": [1, 2.0, "three", None, np.zeros(3)],
    "a name": "MLPRegularizedClassifier",
    "rows": [[float(i), "a"] for i in range(1000)],
    "another estimator": make_pipeline(SelectKBest(mutual_info_classif), LOGISTIC),
    "a forest": RandomForestClassifier(2).fit(*data()),
    "a function": fits_nothing,
    "a method": Owner(LOGISTIC).work,
    "a lock": threading.Lock(),
    "a module": sknnreg,
}


@pytest.mark.parametrize("name", WITH)
def test_a_network_is_found(name):
    assert hold_network([(fits_nothing, (1, WITH[name]), {})])
    assert hold_network([(fits_nothing, (1,), {"X": [1], "est": WITH[name]})])


@pytest.mark.parametrize("name", WITHOUT)
def test_where_there_is_none_none_is_found(name):
    assert not hold_network([(fits_nothing, (1, WITHOUT[name]), {})])


def test_a_frame_does_not_lead_through_all_of_pandas(monkeypatch):
    """Once it did: 20,000 things, and three seconds for every ColumnTransformer of a search."""
    looked_at = []
    inside = networks_in.is_network
    monkeypatch.setattr(networks_in, "is_network", lambda x: looked_at.append(x) or inside(x))
    frame = pd.DataFrame({"a": [1.0, 2.0], "kind": ["red", "green"]})
    networks_in.does_not_name_ours("pandas")  # looks at its modules' values, once
    looked_at.clear()
    assert not hold_network([(fits_nothing, (1, frame), {"transform": frame.agg})])
    assert len(looked_at) < 200


def test_an_installed_package_may_name_a_network(tmp_path, monkeypatch):
    """One that does is looked through, one that does not is passed over."""
    code = "from sklearn.linear_model import Ridge\ndef fit(X, y):\n    return {}().fit(X, y)\n"
    (tmp_path / "site-packages").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    named = "from sknnreg import MLPRegularizedRegressor as Net\n" + code.format("Net")
    for name, text in (("names_a_network", named), ("names_none", code.format("Ridge"))):
        (tmp_path / "site-packages" / f"{name}.py").write_text(text)
        monkeypatch.setitem(sys.modules, name, importlib.import_module(name))
    assert hold_network([(sys.modules["names_a_network"].fit, (1, 2), {})])
    assert not hold_network([(sys.modules["names_none"].fit, (1, 2), {})])
    assert not networks_in.does_not_name_ours("names_a_network")
    assert networks_in.does_not_name_ours("names_none")


def test_what_cannot_be_looked_into_is_passed_over():
    class Shy:
        @property
        def __dict__(self):
            raise RuntimeError("no entry")

    assert not hold_network([Shy()])
    assert hold_network([Shy(), ours()])
    circle = []
    circle.append(circle)
    assert not hold_network(circle)


# ---------------------------------------------------------------- how they run


def told():
    return [joblib.effective_n_jobs(n_jobs) for n_jobs in (None, 1, 2, -1, -2)]


def test_who_asks_for_the_number_of_jobs_is_told_as_outside(together):
    expected = told()

    def task(number):
        return told(), ours().fit(*data()).loss_, told()

    with together():
        assert told() == expected
        found = run_all(task)
    assert all(before == after == expected for before, _, after in found)


@pytest.mark.slow
@pytest.mark.parametrize("outside", [{"n_jobs": 2}, {"backend": "threading", "n_jobs": 3}], ids=str)
def test_what_the_user_has_configured_outside_stands(outside):
    """What asks for jobs by None at the top gets them as it would without the block."""
    with joblib.parallel_config(**outside):
        expected = joblib.effective_n_jobs(None)
        with fit_together(n_jobs=1):
            assert joblib.effective_n_jobs(None) == expected == outside["n_jobs"]
            assert run_all(fits_nothing) == [fits_nothing(number) for number in range(4)]
        assert joblib.effective_n_jobs(None) == expected


TRANSFORMERS = {
    "KernelPCA": KernelPCA(5, kernel="rbf", random_state=0),
    "Nystroem": Nystroem(n_components=40, random_state=0),
    "NCA": NeighborhoodComponentsAnalysis(4, random_state=0, max_iter=5),
}


class Kept(TransformerMixin, BaseEstimator):
    """Keeps what came into it."""

    def fit(self, X, y=None):
        self.rows_ = X
        return self

    def transform(self, X):
        return X


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers_round_as_outside(name, together, same):
    X, y = data(400, 30)
    pipeline = make_pipeline(TRANSFORMERS[name], Kept(), ours())

    def run():
        found = cross_validate(pipeline, X, y, cv=2, return_estimator=True)
        alone = TRANSFORMERS[name].fit(X, y).transform(X)
        return {"alone": alone, "rows": [each[1].rows_ for each in found["estimator"]]}

    expected = run()
    with together():
        same(run(), expected)


@pytest.fixture
def task_threads(monkeypatch):
    """Names of all threads of tasks that have been started."""
    names, start = [], threading.Thread.start

    def named(self):
        if self.name.startswith("sknnreg task"):
            names.append(self.name.removeprefix("sknnreg task "))
        start(self)

    monkeypatch.setattr(threading.Thread, "start", named)
    return names


def test_a_transformers_own_call_starts_no_tasks(together, same, passes, task_threads):
    """In the issue's search, 50 x 30 x 250 of them; they run where they are called."""
    X, y = data(60, 5)
    selector = SelectKBest(functools.partial(mutual_info_classif, random_state=0), k=3)
    pipeline = make_pipeline(selector, ours())

    def run():
        return cross_validate(pipeline, X, y, cv=3, return_estimator=True)["estimator"]

    expected = [each[0].scores_ for each in run()]
    with together():
        found = [each[0].scores_ for each in run()]
        assert task_threads == ["1", "2", "3"]
        selector.fit(X, y)
    assert task_threads == ["1", "2", "3"]
    assert passes == [3]
    same(found, expected)


def test_such_a_call_has_the_jobs_that_it_asks_for(together):
    barrier = threading.Barrier(2)

    def meet(number):
        barrier.wait(30)
        return threading.get_ident()

    def task(seed):
        fit(seed)
        return len(set(run_all(meet, n_jobs=2, prefer="threads")))

    with together():
        assert run_all(task, n=2) == [2, 2]
        assert len(set(run_all(meet, n_jobs=2, prefer="threads"))) == 2


def test_without_a_number_it_runs_one_after_the_other_in_its_own_thread(together):
    def where(number):
        return threading.get_ident()

    def task(seed):
        fit(seed)
        return set(run_all(where)) == {threading.get_ident()}

    with together():
        assert run_all(task, n=2) == [True, True]
        assert set(run_all(where)) == {threading.get_ident()}


@pytest.mark.parametrize("return_as", ["list", "generator", "generator_unordered"])
@pytest.mark.parametrize(("n", "batch_size"), [(0, "auto"), (7, 3), (1200, "auto")])
def test_such_a_call_gives_every_task_its_result(return_as, n, batch_size):
    """More of them than are dispatched at a time, too."""
    params = {"return_as": return_as, "batch_size": batch_size}
    with fit_together(n_jobs=1):
        found = list(run_all(abs, n, **params))
        with joblib.Parallel(n_jobs=2, prefer="threads") as parallel:
            again = [parallel(joblib.delayed(abs)(-i) for i in range(n)) for _ in range(2)]
    assert found == list(range(n))
    assert again == [list(range(n))] * 2


def test_an_error_in_such_a_call_is_the_callers(together):
    def fail(number):
        raise ArithmeticError(f"on purpose {number}")

    def task(seed):
        fit(seed)
        with pytest.raises(ArithmeticError, match="on purpose 0"):
            run_all(fail)
        return fit(seed)

    with together():
        assert run_all(task) == [fit(seed) for seed in range(4)]
        with pytest.raises(ArithmeticError, match="on purpose 0"):
            run_all(fail)


def test_a_task_that_insists_on_processes_gets_them_without_a_warning():
    def task(seed):
        return fit(seed), run_all(abs, 3, n_jobs=2, backend="loky")

    with fit_together(n_jobs=1), warnings.catch_warnings(record=True) as recorded:
        warnings.simplefilter("always")
        found = run_all(task, n=2)
    assert found == [(fit(seed), [0, 1, 2]) for seed in range(2)]
    assert not recorded
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True)


# ---------------------------------------------------------------- how many threads


@pytest.mark.parametrize("limit", [2, 8, 20])
def test_one_bound_holds_for_the_threads_of_all_levels(
    limit, monkeypatch, together, guarded, most_threads
):
    """Nested calls go beyond it only where all others wait for them: by one for each level."""
    monkeypatch.setattr(turns, "MAX_THREADS", limit)

    def inner(seed):
        return run_all(fit, 3)

    def outer(seed):
        return run_all(inner, 5)

    def run():
        with together():
            return run_all(outer, 5)

    assert guarded(run) == [[[fit(seed) for seed in range(3)]] * 5] * 5
    # One more may have ended, and not be gone.
    assert most_threads[0] <= limit + 3 + 1


def test_long_tasks_do_not_all_run_at_once(monkeypatch, guarded):
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.05)
    running, most = [0], [0]

    def task(seed):
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.5)
        running[0] -= 1
        return fit(seed)

    def run():
        with fit_together(n_jobs=1):
            return run_all(task, 12)

    assert guarded(run) == [fit(seed) for seed in range(12)]
    assert most[0] <= 6, "0.05 + 0.1 + 0.2 + ... s"
