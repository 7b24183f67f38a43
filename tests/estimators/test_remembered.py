"""What is remembered of settings: only what equal settings have in common."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier
from sknnreg.estimators.settings import remembered
from sknnreg.estimators.settings.remembered import Remembered, fingerprint


def ours(**settings):
    return MLPRegularizedClassifier(**settings)


def recipe_of(estimator):
    X = np.random.default_rng(0).normal(size=(40, 3))
    return estimator._plan((X, np.arange(40) % 2, None, None)).recipe


def test_equal_settings_have_one_recipe_whatever_their_seeds():
    first = recipe_of(ours(l2=0.1, hidden_layer_sizes=(5,), random_state=0))
    assert recipe_of(ours(l2=0.1, hidden_layer_sizes=(5,), random_state=1)) is first
    assert recipe_of(ours(l2=0.2, hidden_layer_sizes=(5,), random_state=0)) is not first


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"max_iter": 1}, {"max_iter": True}),
        ({"l2": 0}, {"l2": False}),
        ({"hidden_layer_sizes": (1,)}, {"hidden_layer_sizes": (True,)}),
        ({"hidden_layer_sizes": (3,)}, {"hidden_layer_sizes": (3.0,)}),
        ({"dtype": "float32"}, {"dtype": np.str_("float32")}),
    ],
)
def test_what_is_equal_but_of_another_type_is_told_apart(one, other):
    assert fingerprint(ours(**one)) != fingerprint(ours(**other))


def test_a_value_that_was_allowed_does_not_let_its_equal_pass():
    X, y = np.eye(4), [0, 1, 0, 1]
    ours(hidden_layer_sizes=(1,), max_iter=1, n_iter_no_change=None).fit(X, y)
    with pytest.raises(ValueError, match="hidden_layer_sizes must hold whole numbers"):
        ours(hidden_layer_sizes=(True,), max_iter=1, n_iter_no_change=None).fit(X, y)


def test_a_list_is_read_anew_after_it_was_changed():
    sizes = [3]
    estimator = ours(hidden_layer_sizes=sizes, max_iter=1, n_iter_no_change=None)
    X, y = np.eye(4), [0, 1, 0, 1]
    assert [len(each) for each in estimator.fit(X, y).intercepts_] == [3, 1]
    sizes.append(2)
    assert [len(each) for each in estimator.fit(X, y).intercepts_] == [3, 2, 1]


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": lambda epoch: 1.0},
        {"augmentation": lambda X, y, rng: (X, y)},
        {"hidden_layer_sizes": np.array([3])},
        {"hidden_layer_sizes": [np.array([3])]},
        {"l2": np.void(b"oak")},
        {"random_state": np.random.RandomState(0)},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_of_what_may_change_by_itself_nothing_is_remembered(settings):
    assert fingerprint(ours(**settings)) is None


def test_an_error_is_not_kept_and_the_store_stays_small(monkeypatch):
    monkeypatch.setattr(remembered, "MOST", 3)
    store, made = Remembered(), []

    def make(value):
        made.append(value)
        return value

    with pytest.raises(ZeroDivisionError):
        store.find("a", lambda: 1 / 0)
    assert [store.find(mark, lambda: make(1)) for mark in ("a", "a", "b", "c")] == [1, 1, 1, 1]
    assert len(made) == 3
    store.find("d", lambda: make(2))
    assert len(store._kept) == 1
    assert [store.find(None, lambda: make(3)) for _ in range(2)] == [3, 3]
    assert len(made) == 6


def test_a_recipe_travels_without_what_was_derived_from_it():
    recipe = recipe_of(ours(hidden_layer_sizes=(5,)))
    assert recipe.alone is recipe.alone
    assert set(recipe.__getstate__()).isdisjoint({"alone", "structure", "objective"})
