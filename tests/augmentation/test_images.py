"""What each image augmentation does, by mathematics and by scipy.ndimage."""

import numpy as np
import pytest
from scipy import ndimage
from sklearn.datasets import load_digits

from sknnreg.augmentation import (
    Cutout,
    ElasticDistortion,
    RandomAffine,
    RandomBlur,
    RandomCrop,
    RandomHorizontalFlip,
    RandomPerspective,
    RandomRotation,
    RandomShade,
    RandomShift,
    RandomVerticalFlip,
    RandomZoom,
)
from sknnreg.augmentation.distortion import _seen_from
from sknnreg.augmentation.sampling import read_between_pixels

SHAPE = (7, 9)


class Draws(np.random.Generator):
    """A generator whose uniform numbers all lie at the same place of their interval."""

    def __init__(self, place):
        super().__init__(np.random.PCG64(0))
        self.place = place

    def uniform(self, low=0.0, high=1.0, size=None):
        return np.full(size, low + self.place * (high - low))


@pytest.fixture
def images():
    return np.random.default_rng(0).random((5, *SHAPE))


def changed(member, images, rng=None):
    rng = np.random.default_rng(0) if rng is None else rng
    return member(images.reshape(len(images), -1), None, rng)[0].reshape(images.shape)


@pytest.mark.parametrize("fill", [0.0, 2.5, "edge"])
def test_reading_between_pixels_is_that_of_scipy(fill, images):
    rng = np.random.default_rng(1)
    y, x = rng.uniform(-3, 10, (5, 4, 6)), rng.uniform(-3, 12, (5, 4, 6))
    found = read_between_pixels(images[..., None], y, x, fill)[..., 0]
    mode, value = ("nearest", 0) if fill == "edge" else ("grid-constant", fill)
    for each, *at, image in zip(found, y, x, images, strict=True):
        expected = ndimage.map_coordinates(image, at, order=1, mode=mode, cval=value)
        np.testing.assert_allclose(each, expected, atol=1e-12)


def test_channels_move_together(images):
    colors = np.stack([images, 1 - images, 3 * images], axis=-1)
    for Member in (RandomAffine, RandomCrop, RandomPerspective, ElasticDistortion, RandomBlur):
        found = changed(Member((*SHAPE, 3), **EDGE.get(Member, {})), colors)
        grey = changed(Member(SHAPE, **EDGE.get(Member, {})), images)
        np.testing.assert_allclose(found, np.stack([grey, 1 - grey, 3 * grey], -1), atol=1e-12)


EDGE = {Member: {"fill": "edge"} for Member in (RandomAffine, ElasticDistortion)}


@pytest.mark.parametrize(("Flip", "axis"), [(RandomHorizontalFlip, 2), (RandomVerticalFlip, 1)])
def test_flips_are_involutions(Flip, axis, images):
    flip = Flip(SHAPE, probability=1)
    once = changed(flip, images)
    np.testing.assert_array_equal(once, np.flip(images, axis))
    np.testing.assert_array_equal(changed(flip, once), images)
    many = changed(Flip(SHAPE, probability=0.3), np.tile(images, (400, 1, 1)))
    share = np.mean(np.any(many != np.tile(images, (400, 1, 1)), axis=(1, 2)))
    assert abs(share - 0.3) < 0.04  # four standard deviations


def test_a_full_turn_is_the_identity_and_a_quarter_is_a_quarter(images):
    full = changed(RandomRotation(SHAPE, max_angle=360), images, Draws(1.0))
    np.testing.assert_allclose(full, images, atol=1e-12)
    square = images[:, :, :7]
    for turn, place in ((-1, 0.0), (1, 1.0)):
        quarter = changed(RandomRotation((7, 7), max_angle=90), square, Draws(place))
        np.testing.assert_allclose(quarter, np.rot90(square, -turn, (1, 2)), atol=1e-12)


def test_a_turn_and_back_is_the_identity_to_interpolation_error():
    digits = ndimage.zoom(load_digits().images[:20], (1, 4, 4), order=1)
    there = changed(RandomRotation((32, 32), max_angle=20), digits, Draws(1.0))
    back = changed(RandomRotation((32, 32), max_angle=20), there, Draws(0.0))
    assert np.abs(there - digits).mean() > 1
    inner = np.s_[:, 6:-6, 6:-6]
    assert np.abs(back - digits)[inner].mean() < 0.35


@pytest.mark.parametrize("place", [0.0, 0.5, 0.9])
def test_a_shift_is_that_of_scipy(place, images):
    found = changed(RandomShift(SHAPE, max_shift=0.3), images, Draws(place))
    by = (2 * place - 1) * 0.3 * np.array(SHAPE)
    for each, image in zip(found, images, strict=True):
        expected = ndimage.shift(image, -by, order=1, mode="grid-constant")
        np.testing.assert_allclose(each, expected, atol=1e-12)


@pytest.mark.parametrize("place", [0.0, 1.0])
def test_zooms_keep_the_middle_and_lines(place):
    """A linear image has its slopes multiplied by what it is zoomed by."""
    rows, columns = np.indices(SHAPE) - np.array([3.0, 4.0])[:, None, None]
    image = (2 * rows - columns)[None]
    found = changed(RandomZoom(SHAPE, max_zoom=0.5, fill="edge"), image, Draws(place))
    zoom = 1.5 ** (2 * place - 1)
    inner = np.s_[:, 2:-2, 2:-2]
    np.testing.assert_allclose(found[inner], image[inner] / zoom, atol=1e-9)


def test_an_affine_map_is_all_of_its_parts(images):
    for name, Part, value in [
        ("max_shift", RandomShift, 0.2),
        ("max_zoom", RandomZoom, 0.4),
        ("max_angle", RandomRotation, 30),
    ]:
        off = {"max_shift": 0, "max_zoom": 0, "max_angle": 0, "max_shear": 0, name: value}
        np.testing.assert_allclose(
            changed(RandomAffine(SHAPE, **off), images, Draws(0.8)),
            changed(Part(SHAPE, **{name: value}), images, Draws(0.8)),
            atol=1e-12,
        )
    rows, columns = np.indices(SHAPE) - np.array([3.0, 4.0])[:, None, None]
    slanted = RandomAffine(SHAPE, max_shift=0, max_zoom=0, max_angle=0, max_shear=0.5, fill="edge")
    found = changed(slanted, columns[None], Draws(1.0))
    np.testing.assert_allclose(found[0, :, 3:6], (columns + 0.5 * rows)[:, 3:6], atol=1e-12)


def test_a_crop_is_a_part_of_the_image_in_full_size():
    """Of an image that is linear, the slope falls by what is cut, and values stay in range."""
    ramp = np.linspace(0, 1, 21)[None, None].repeat(200, 0)
    found = changed(RandomCrop((1, 21), max_cut=0.4), ramp)[:, 0]
    slopes = np.diff(found, axis=1)
    np.testing.assert_allclose(slopes, slopes[:, :1].repeat(20, 1), atol=1e-12)
    share = slopes[:, 0] * 20
    assert 0.6 <= share.min() < 0.62
    assert 0.98 < share.max() <= 1
    assert found.min() >= 0
    assert found.max() <= 1


def test_perspective_leads_the_corners_where_they_were_drawn():
    rng = np.random.default_rng(0)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]]) + rng.uniform(-0.2, 0.2, (6, 4, 2))
    u, v = np.array([0, 1, 0.5]), np.array([0, 1, 0.5])[:, None]
    x, y = _seen_from(corners, u, v)
    for number, (column, row) in enumerate([(0, 0), (1, 0), (1, 1), (0, 1)]):
        np.testing.assert_allclose(x[:, row, column], corners[:, number, 0], atol=1e-12)
        np.testing.assert_allclose(y[:, row, column], corners[:, number, 1], atol=1e-12)
    # Straight lines stay straight: the middle lies on both diagonals.
    for first, second in ((0, 2), (1, 3)):
        a, b = corners[:, first], corners[:, second]
        middle = np.stack([x[:, 2, 2], y[:, 2, 2]], axis=1)
        (ax, ay), (bx, by) = (middle - a).T, (b - a).T
        np.testing.assert_allclose(ax * by - ay * bx, 0, atol=1e-12)


def test_elastic_displacements_are_as_large_as_asked():
    """Of a linear image, what pixels differ by is how far they moved."""
    columns = np.tile(np.arange(40.0), (30, 40, 1))
    member = ElasticDistortion((40, 40), max_displacement=0.05, smoothness=0.1, fill="edge")
    moved = changed(member, columns, Draws(1.0)) - columns
    inner = moved[:, :, 8:-8]
    assert abs(np.sqrt(np.square(inner).mean()) - 2.0) < 0.15
    # Neighbours move alike: G_s * G_s correlates by exp(-1 / 4 s^2) at a distance of 1.
    correlation = np.mean(inner[:, 1:] * inner[:, :-1]) / np.mean(np.square(inner))
    assert abs(correlation - np.exp(-1 / (4 * 4.0**2))) < 0.01


def test_blur_is_that_of_scipy(images):
    found = changed(RandomBlur(SHAPE, max_sigma=1.5), images, Draws(0.6))
    expected = ndimage.gaussian_filter(images, (0, 0.9, 0.9), mode="nearest", truncate=10)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_shade_changes_brightness_contrast_and_gamma():
    u = np.random.default_rng(0).uniform(0.3, 0.6, (3, 4, 4))
    images = 10 + 20 * u
    off = {"max_brightness": 0, "max_contrast": 0, "max_gamma": 0, "pixel_range": (10, 30)}
    brighter = changed(RandomShade((4, 4), **{**off, "max_brightness": 0.1}), images, Draws(1.0))
    np.testing.assert_allclose(brighter, images + 2)
    more = changed(RandomShade((4, 4), **{**off, "max_contrast": 0.5}), images, Draws(1.0))
    mean = images.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(more, mean + 1.5 * (images - mean))
    darker = changed(RandomShade((4, 4), **{**off, "max_gamma": 1.0}), images, Draws(1.0))
    np.testing.assert_allclose(darker, 10 + 20 * u**2)
    extreme = changed(RandomShade((4, 4), max_brightness=5, pixel_range=(10, 30)), images)
    assert extreme.min() >= 10
    assert extreme.max() <= 30


def test_shade_knows_black_from_white(images):
    with pytest.raises(ValueError, match=r"pixels go from 0 to 16.*pixel_range"):
        RandomShade((8, 8))(load_digits().data, None, np.random.default_rng(0))
    with pytest.raises(ValueError, match="must be the values of black and of white"):
        changed(RandomShade(SHAPE, pixel_range=(1, 0)), images)


def test_cutout_covers_a_rectangle_of_up_to_its_size():
    found = changed(Cutout((20, 20), max_size=0.5, fill=7.0), np.ones((300, 20, 20)))
    assert set(np.unique(found)) == {1.0, 7.0}
    for image in found == 7:
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        assert image.sum() == len(rows) * len(columns)
        assert len(rows) <= 11
    share = (found == 7).mean()
    assert 0.03 < share < 0.0625  # a quarter squared, less what lies outside


@pytest.mark.parametrize("shape", [(8,), (0, 8), (8, 8, 3, 1), 8, "88", (2.5, 2)])
def test_an_image_shape_has_two_or_three_sizes(shape):
    with pytest.raises(ValueError, match="image_shape"):
        RandomShift(shape)(np.zeros((2, 8)), None, np.random.default_rng(0))


def test_an_image_shape_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"image_shape=\(8, 8\).*64 columns, but X has 63"):
        RandomShift((8, 8))(np.zeros((2, 63)), None, np.random.default_rng(0))
