"""Noise, swaps and mixtures of rows of any numbers."""

import numpy as np
import pytest

from sknnreg.augmentation import CutMix, GaussianNoise, Mixup, SmoteInterpolation, SwapNoise


def rng(seed=0):
    return np.random.default_rng(seed)


def test_gaussian_noise_has_its_deviation():
    X = np.tile([0.0, 5, 9], (20000, 1))
    found, _ = GaussianNoise([0.0, 1.0, 2.0])(X, None, rng())
    np.testing.assert_array_equal(found[:, 0], 0)
    np.testing.assert_allclose((found - X).std(axis=0)[1:], [1, 2], rtol=0.02)


def test_relative_noise_knows_the_units_of_columns():
    X = rng(1).normal(size=(20000, 2)) * [1, 1000]
    found, _ = GaussianNoise(0.1, relative=True)(X, None, rng())
    np.testing.assert_allclose((found - X).std(axis=0), 0.1 * X.std(axis=0), rtol=0.02)


@pytest.mark.parametrize("std", [-1, [0.1, -0.1], [[0.1, 0.1]], [0.1, np.nan], np.inf, "a"])
def test_deviations_are_finite_and_not_below_zero(std):
    with pytest.raises(ValueError, match="std"):
        GaussianNoise(std)(np.zeros((2, 2)), None, rng())


def test_as_many_deviations_as_columns():
    with pytest.raises(ValueError, match="has 3 numbers, but X has 2 columns"):
        GaussianNoise([1, 2, 3])(np.zeros((2, 2)), None, rng())


def test_swaps_take_values_of_the_same_column_as_often_as_asked():
    X = np.arange(3000.0).reshape(1000, 3)
    found, _ = SwapNoise(0.2)(X, None, rng())
    np.testing.assert_array_equal(found % 3, X % 3)
    assert abs(np.mean(found != X) - 0.2) < 0.03


@pytest.mark.parametrize("y", [np.arange(100.0), np.eye(100), np.eye(100, dtype=np.float32)])
@pytest.mark.parametrize("member", [Mixup(0.7), CutMix(0.7), CutMix(image_shape=(10, 10))])
def test_labels_are_mixed_as_features_are(member, y):
    """Each row's features tell which rows it was made of, and how much of each."""
    if isinstance(member, Mixup):
        shares, mixed = member(np.eye(100), y, rng())
    else:  # all columns of row i are i
        found, mixed = member(np.arange(100.0)[:, None].repeat(100, 1), y, rng())
        shares = np.stack([(found == number).mean(axis=1) for number in range(100)], axis=1)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-9)
    np.testing.assert_allclose(mixed, shares @ y, atol=1e-5)
    assert (shares.max(axis=1) < 0.9).sum() > 20


def test_shares_are_those_of_a_beta_distribution():
    """Of mean 1/2 and variance 1 / (4 (2a + 1)), read off the targets."""
    _, halves = Mixup(2.0)(np.zeros((20000, 1)), np.arange(20000) % 2.0, rng())
    between = halves[(halves > 0) & (halves < 1)]
    assert abs(between.mean() - 0.5) < 0.01
    assert abs(between.var() - 1 / 20) < 0.002


@pytest.mark.parametrize("y", [np.arange(4), np.array(list("abcd")), np.zeros(3), None])
@pytest.mark.parametrize("member", [Mixup(), CutMix()])
def test_labels_that_cannot_be_mixed_are_an_error(member, y):
    with pytest.raises(ValueError, match=r"mixes targets, and needs numbers.*LabelBinarizer"):
        member(np.zeros((4, 2)), y, rng())


def test_smote_stays_between_a_row_and_a_near_one_of_its_class():
    X = rng(1).normal(size=(300, 2))
    y = rng(2).integers(0, 3, 300)
    X[y == 1] += 100
    found, _ = SmoteInterpolation(n_neighbors=3)(X, y, rng())
    spread = X.std(axis=0)
    for row, new, label in zip(X, found, y, strict=True):
        own = X[y == label]
        order = np.argsort(np.square((own - row) / spread).sum(axis=1))
        near = own[order[1:4]]
        (nx, ny), (dx, dy) = (new - row), (near - row).T
        on_the_line = np.abs(nx * dy - ny * dx) < 1e-9
        share = nx / dx
        assert np.any(on_the_line & (share >= 0) & (share <= 1))


def test_smote_leaves_a_class_of_one_row_alone_and_knows_combinations():
    X = np.arange(6.0)[:, None]
    found, _ = SmoteInterpolation()(X, np.array(list("aabbbc")), rng())
    assert found[5] == 5
    assert np.all(found[:5] != X[:5])
    labels = np.array([[0, 1], [0, 1], [1, 1], [1, 1], [1, 1], [0, 0]])
    combined, _ = SmoteInterpolation()(X, labels, rng())
    np.testing.assert_array_equal(combined, found)


@pytest.mark.parametrize("y", [np.array([0.5, 1, 2]), None, np.zeros(2)])
def test_smote_needs_classes(y):
    with pytest.raises(ValueError, match=r"needs a label for each row.*Mixup"):
        SmoteInterpolation()(np.zeros((3, 1)), y, rng())
