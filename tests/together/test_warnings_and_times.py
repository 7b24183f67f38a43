"""Warnings, verbose lines and times of fits that train together are each one's own."""

import re
import time
import warnings

import joblib
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate

from sknnreg import MLPRegularizedClassifier, fit_together

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 3, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.05}  # fmt: skip
# Warns that its few epochs were not enough.
IMPATIENT = {"n_iter_no_change": 10}


def data(n=40):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def ours(**settings):
    return MLPRegularizedClassifier(**{**QUICK, **settings})


def tell(recorded):
    return [(w.category, str(w.message), w.filename, w.lineno) for w in recorded]


def run_all(task, arguments):
    return joblib.Parallel()(joblib.delayed(task)(each) for each in arguments)


@pytest.mark.parametrize("action", ["always", "default", "once"])
def test_warnings_arrive_as_without(action, together):
    def run():
        with warnings.catch_warnings(record=True) as recorded:
            warnings.simplefilter(action)
            grid = {"max_iter": [2, 3], "l2": [0.0, 0.1]}
            GridSearchCV(ours(**IMPATIENT), grid, cv=3).fit(*data())
        return tell(recorded)

    expected = run()
    with together():
        found = run()
    assert found == expected
    assert len(expected) == 13, "each fit in a context of filters of its own"


def test_warnings_are_still_errors_where_they_are(together):
    with together(), pytest.raises(ConvergenceWarning, match="max_iter=3 epochs"):
        cross_val_score(ours(**IMPATIENT), *data(), error_score="raise")


def test_filters_are_afterwards_what_they_were(together):
    def task(number):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ours(random_state=number, **IMPATIENT).fit(*data()).loss_

    before, show = list(warnings.filters), warnings.showwarning
    with together():
        run_all(task, range(4))
        cross_val_score(ours(), *data())
        with pytest.raises(ValueError, match="l2"):
            cross_val_score(ours(l2=-1), *data(), error_score="raise")
    assert list(warnings.filters) == before
    assert warnings.showwarning is show


def test_a_task_records_its_own_warnings_only(together):
    def task(number):
        with warnings.catch_warnings(record=True) as recorded:
            warnings.simplefilter("always")
            warnings.warn(f"before {number}", UserWarning, stacklevel=1)
            ours(max_iter=2 + number, **IMPATIENT).fit(*data())
            warnings.warn(f"after {number}", UserWarning, stacklevel=1)
        return [str(w.message)[:10] for w in recorded]

    with together():
        found = run_all(task, range(5))
    assert found == [[f"before {n}", f"max_iter={2 + n}", f"after {n}"] for n in range(5)]


def test_each_task_has_its_own_filters(together):
    """Some record, some are silent, and some take warnings for errors."""

    def task(action):
        with warnings.catch_warnings(record=True) as recorded:
            warnings.simplefilter(action)
            try:
                ours(**IMPATIENT).fit(*data())
            except ConvergenceWarning:
                return "raised"
        return len(recorded)

    with together():
        found = run_all(task, ["always", "error", "ignore", "always", "error", "default"])
    assert found == [1, "raised", 0, 1, "raised", 1]


def test_a_warning_that_another_task_has_been_shown_is_shown(together):
    """Python remembers what it has shown where; each task's filters begin anew."""

    def fit():
        ours(**IMPATIENT).fit(*data())

    def task(records):
        if not records:
            fit()
            return None
        with warnings.catch_warnings(record=True) as recorded:
            warnings.simplefilter("always")
            fit()
        return len(recorded)

    with warnings.catch_warnings(record=True):
        warnings.simplefilter("default")
        expected = [task(records) for records in (False, True, False, True)]
        with together():
            found = run_all(task, (False, True, False, True))
    assert found == expected == [None, 1, None, 1]


def test_what_a_scorer_warns_of_reaches_its_own_task(together):
    def scorer(estimator, X, y):
        warnings.warn(f"score of {estimator.random_state}", UserWarning, stacklevel=1)
        return 0.5

    def task(seed):
        with warnings.catch_warnings(record=True) as recorded:
            warnings.simplefilter("always")
            ours(random_state=seed, early_stopping=True, early_stopping_scoring=scorer).fit(*data())
        return [str(w.message) for w in recorded]

    with together():
        found = run_all(task, range(4))
    assert found == [[f"score of {seed}"] * 3 for seed in range(4)]


@pytest.mark.parametrize("nested", [False, True])
def test_verbose_lines_say_whose_they_are(nested, together, capsys):
    search = GridSearchCV(ours(verbose=True), {"l2": [0.0, 0.1]}, cv=3, refit=False)
    with together():
        if nested:
            cross_val_score(search.set_params(refit=True), *data(), cv=2)
        else:
            search.fit(*data())
    lines = capsys.readouterr().out.splitlines()
    parts = [re.fullmatch(r"\[fit ([\d.]+)\] epoch (\d), loss [\d.]+", line) for line in lines]
    assert all(parts), lines
    told = sorted((part[1], int(part[2])) for part in parts)
    fits = [str(n) for n in range(1, 7)]
    if nested:
        fits = ["1", "2", *(f"{outer}.{inner}" for outer in (1, 2) for inner in fits)]
    assert told == sorted((fit, epoch) for fit in fits for epoch in (1, 2, 3))


def test_a_single_fit_needs_no_number(together, capsys):
    with together():
        ours(verbose=True).fit(*data())
    assert capsys.readouterr().out.startswith("epoch 1, loss ")


@pytest.mark.parametrize("cores", [1, 2])
def test_fit_times_are_shares_of_what_training_took(cores):
    """Not what each fit has waited for the others: that would be 24 times as much."""
    began = time.perf_counter()
    with fit_together(n_jobs=cores):
        est = ours(max_iter=150, hidden_layer_sizes=(30,))
        times = cross_validate(est, *data(), cv=KFold(24))["fit_time"]
    took = time.perf_counter() - began
    assert (times > 0).all()
    assert times.sum() < 2 * cores * took


def test_fit_times_count_what_a_task_does_itself():
    class Slow(MLPRegularizedClassifier):
        def fit(self, X, y):
            time.sleep(0.02)
            return super().fit(X, y)

    began = time.perf_counter()
    with fit_together(n_jobs=1):
        times = cross_validate(Slow(**QUICK), *data(), cv=10)["fit_time"]
    took = time.perf_counter() - began
    assert (times >= 0.02).all()
    assert times.sum() < 2 * took, "with what the first has waited it would be five times as much"


def test_times_of_nested_searches_hold_those_of_their_fits():
    search = GridSearchCV(ours(max_iter=100), {"l2": [0.0, 0.1, 1.0]}, cv=4)
    began = time.perf_counter()
    with fit_together(n_jobs=1):
        found = cross_validate(search, *data(), cv=3, return_estimator=True)
    took = time.perf_counter() - began
    for outer, inner in zip(found["fit_time"], found["estimator"], strict=True):
        assert outer > 12 * inner.cv_results_["mean_fit_time"].mean() * 0.99
        assert inner.refit_time_ >= 0
    assert found["fit_time"].sum() < 2 * took
