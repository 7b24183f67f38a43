"""Augmentations in turn, now and then, or one of them; functions of one's own among them."""

import numpy as np
import pytest
from sklearn.base import clone

from sknnreg.augmentation import (
    Compose,
    GaussianNoise,
    Mixup,
    OneOf,
    RandomApply,
    RandomShift,
    SwapNoise,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def add(amount):
    def added(X, y, rng):
        X += amount
        return X, y

    return added


@pytest.fixture
def X():
    return rng(9).random((1000, 4))


def test_compose_applies_all_in_turn_with_one_generator(X):
    first, second = GaussianNoise(1.0), SwapNoise(0.3)
    draws = rng()
    expected, _ = second(*first(X, None, draws), draws)
    np.testing.assert_array_equal(Compose([first, second])(X, None, rng())[0], expected)


def test_functions_of_ones_own_are_members_and_do_not_touch_what_is_given(X):
    before = X.copy()
    found, _ = Compose([add(1), add(2)])(X, None, rng())
    np.testing.assert_allclose(found, before + 3)
    np.testing.assert_array_equal(X, before)


def test_random_apply_leaves_the_others_alone(X):
    found, _ = RandomApply(add(1), probability=0.3)(X, None, rng())
    changed = np.isclose(found, X + 1).all(axis=1)
    np.testing.assert_array_equal(found[~changed], X[~changed])
    assert 0.25 < changed.mean() < 0.35


def test_one_of_draws_by_weight(X):
    found, _ = OneOf([add(1), add(2), add(3)], weights=[1, 0, 3])(X, None, rng())
    steps, counts = np.unique((found - X).round(6), return_counts=True)
    np.testing.assert_array_equal(steps, [1, 3])
    assert abs(counts[0] / counts.sum() - 0.25) < 0.05


def test_labels_are_mixed_where_rows_are(X):
    y = np.arange(1000.0)
    found, mixed = RandomApply(Mixup(1.0))(y[:, None], y, rng())
    np.testing.assert_allclose(mixed, found[:, 0])
    assert 0.4 < np.mean(mixed != y) < 0.6
    assert RandomApply(Mixup()).mixes_labels
    assert not RandomApply(SwapNoise()).mixes_labels


def test_members_are_parameters_by_name():
    both = Compose([GaussianNoise(), add(1), OneOf([RandomShift((2, 2)), GaussianNoise()])])
    names = set(both.get_params())
    assert {"gaussiannoise__std", "added", "oneof__randomshift__max_shift"} <= names
    both.set_params(gaussiannoise=SwapNoise(0.5), oneof__weights=[1, 2])
    assert both.set_params(swapnoise__probability=0.7).augmentations[0].probability == 0.7
    assert both.augmentations[2].weights == [1, 2]
    with pytest.raises(ValueError, match="Invalid parameter 'mixup'"):
        both.set_params(mixup=1)
    twice = Compose([GaussianNoise(1.0), GaussianNoise(2.0)])
    assert twice.get_params()["gaussiannoise-2__std"] == 2.0
    copy = clone(twice).set_params(**{"gaussiannoise-2__std": 5.0})
    assert [each.std for each in twice.augmentations] == [1.0, 2.0]
    assert [each.std for each in copy.augmentations] == [1.0, 5.0]
    assert RandomApply(GaussianNoise()).get_params()["augmentation__std"] == 0.1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Compose([]), r"Compose takes a list of augmentations, got \[\]"),
        (lambda: Compose(GaussianNoise()), "'augmentations' parameter of Compose"),
        (lambda: Compose([GaussianNoise]), r"takes augmentations, or functions.*GaussianNoise"),
        (lambda: OneOf([add(1), 3]), r"OneOf takes augmentations.*got 3"),
        (lambda: OneOf([add(1), add(2)], weights=[1]), r"weights=\[1\] of OneOf must be 2 numbers"),
        (lambda: OneOf([add(1)], weights=[0]), "not all 0"),
        (lambda: RandomApply(3), "'augmentation' parameter of RandomApply"),
        (lambda: RandomApply(add(1), probability=2), "'probability' parameter of RandomApply"),
        (lambda: Compose([lambda X, y, rng: X]), r"must return \(X, y\) of the shapes"),
        (lambda: RandomApply(lambda X, y, rng: (X[:1], y), 1.0), r"must return \(X, y\)"),
    ],
)
def test_what_is_wrong_is_named(make, message, X):
    with pytest.raises(ValueError, match=message):
        make()(X, None, rng())


@pytest.mark.parametrize(
    "composition",
    [OneOf([GaussianNoise(), GaussianNoise()]), RandomApply(GaussianNoise())],
    ids=str,
)
def test_targets_of_other_rows_are_refused(composition):
    with pytest.raises(ValueError, match="needs a target for each of 9 rows"):
        composition(np.ones((9, 2)), np.ones(8), rng())
