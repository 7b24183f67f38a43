"""What holds for every augmentation, from one table."""

import pickle
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from sknnreg import augmentation
from sknnreg.augmentation import (
    Augmentation,
    BackgroundNoise,
    Compose,
    CutMix,
    Cutout,
    ElasticDistortion,
    GaussianNoise,
    Mixup,
    OneOf,
    RandomAffine,
    RandomApply,
    RandomBlur,
    RandomCompression,
    RandomCrop,
    RandomHorizontalFlip,
    RandomPerspective,
    RandomPitchShift,
    RandomRotation,
    RandomShade,
    RandomShift,
    RandomTimeShift,
    RandomTimeStretch,
    RandomVerticalFlip,
    RandomZoom,
    SmoteInterpolation,
    SwapNoise,
    TestTimeAugmentation,
)

GREY, COLORED = (6, 8), (4, 4, 3)
AFFINE_OFF = {"max_shift": 0, "max_zoom": 0, "max_angle": 0, "max_shear": 0}
SHADE_OFF = {"max_brightness": 0, "max_contrast": 0, "max_gamma": 0}


class Row(NamedTuple):
    """An augmentation of rows of 48 numbers between 0 and 1, and what switches it off."""

    member: Any
    off: dict[str, Any]
    mixes_labels: bool = False
    mixes_rows: bool = False


TABLE = [
    Row(RandomShift(GREY, max_shift=0.3), {"max_shift": 0}),
    Row(RandomShift(COLORED, fill="edge"), {"max_shift": 0.0}),
    Row(RandomZoom(GREY), {"max_zoom": 0}),
    Row(RandomRotation(COLORED), {"max_angle": 0}),
    Row(RandomAffine(GREY), AFFINE_OFF),
    Row(RandomCrop(COLORED), {"max_cut": 0}),
    Row(RandomHorizontalFlip(GREY), {"probability": 0}),
    Row(RandomVerticalFlip(COLORED), {"probability": 0}),
    Row(RandomPerspective(GREY), {"max_distortion": 0}),
    Row(ElasticDistortion(COLORED, max_displacement=0.2), {"max_displacement": 0}),
    Row(RandomShade(GREY), SHADE_OFF),
    Row(RandomBlur(COLORED), {"max_sigma": 0}),
    Row(Cutout(GREY, max_size=0.8), {"max_size": 0}),
    Row(RandomTimeShift(48), {"max_shift": 0}),
    Row(RandomTimeStretch(48, n_channels=2), {"max_stretch": 0}),
    Row(RandomTimeStretch(48, keep_pitch=False), {"max_stretch": 0}),
    Row(RandomPitchShift(48), {"max_semitones": 0}),
    Row(RandomCompression(48, n_channels=3), {"max_ratio": 1}),
    Row(BackgroundNoise(), {"min_snr": np.inf}),
    Row(BackgroundNoise(noise=np.eye(2, 30)), {"min_snr": np.inf}),
    Row(BackgroundNoise(noise="brown"), {"min_snr": np.inf}),
    Row(GaussianNoise(), {"std": 0}),
    Row(GaussianNoise(np.linspace(0.1, 1, 48), relative=True), {"std": np.zeros(48)}),
    Row(SwapNoise(), {"probability": 0}, mixes_rows=True),
    Row(SmoteInterpolation(), {"max_share": 0}, mixes_rows=True),
    Row(Mixup(1.0), {"alpha": 0}, mixes_labels=True, mixes_rows=True),
    Row(CutMix(), {"alpha": 0}, mixes_labels=True, mixes_rows=True),
    Row(CutMix(image_shape=COLORED), {"alpha": 0}, mixes_labels=True, mixes_rows=True),
    Row(
        Compose([RandomShift(GREY), Mixup()]),
        {"randomshift__max_shift": 0, "mixup__alpha": 0},
        mixes_labels=True,
        mixes_rows=True,
    ),
    Row(RandomApply(SwapNoise(0.5)), {"probability": 0}, mixes_rows=True),
    Row(
        OneOf([GaussianNoise(), GaussianNoise(2.0)], weights=[1, 2]),
        {"gaussiannoise__std": 0, "gaussiannoise-2__std": 0},
    ),
]
EACH = pytest.mark.parametrize("row", TABLE, ids=lambda row: repr(row.member)[:50])
DTYPES = ["float64", "float32", "float16", "uint8", "int64"]


@pytest.fixture
def X():
    return np.random.default_rng(0).random((12, 48))


def targets(row, n=12):
    """Labels, or shares of the classes where these are mixed."""
    labels = np.arange(n) % 3
    return np.eye(3)[labels] if row.mixes_labels else labels


def apply(row, X, seed=0):
    return row.member(X, targets(row), np.random.default_rng(seed))


def test_every_member_has_a_row():
    public = {getattr(augmentation, name) for name in augmentation.__all__}
    assert public - {type(row.member) for row in TABLE} == {Augmentation, TestTimeAugmentation}


@EACH
@pytest.mark.parametrize("dtype", DTYPES)
def test_shape_and_dtype_are_kept_and_what_is_given_stays(row, dtype, X):
    X = (X * 255).astype(dtype) if dtype in DTYPES[3:] else X.astype(dtype)
    member = clone(row.member)
    if isinstance(member, RandomShade):
        member.set_params(pixel_range=(0, 255 if X.dtype.kind in "iu" else 1))
    before, y = X.copy(), targets(row)
    y_before = y.copy()
    new, new_y = member(X, y, np.random.default_rng(0))
    assert new.shape == X.shape
    assert new.dtype == X.dtype
    assert np.isfinite(new).all()
    assert new_y.shape == y.shape
    assert new_y.dtype == y.dtype
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(y, y_before)


@EACH
def test_it_changes_rows_each_in_its_own_way(row, X):
    """Of equal rows come different ones; whole batches of one row are no error."""
    new, _ = apply(row, X)
    assert np.any(new != X)
    if not row.mixes_rows:
        equal, _ = apply(row, X[[0]].repeat(12, 0))
        assert len(np.unique(equal, axis=0)) > 1
    one, _ = row.member(X[:1], targets(row, 1), np.random.default_rng(0))
    assert one.shape == (1, 48)


@EACH
def test_the_same_generator_gives_the_same_batch(row, X):
    (one, y), (again, y_again), (other, _) = (apply(row, X, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    np.testing.assert_array_equal(y, y_again)
    assert np.any(one != other)


@EACH
def test_a_strength_of_zero_returns_what_it_was_given_and_draws_nothing(row, X):
    off = clone(row.member).set_params(**row.off)
    rng, y = np.random.default_rng(0), targets(row)
    new, new_y = off(X, y, rng)
    assert new is X
    assert new_y is y
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state
    assert not off.is_active
    assert row.member.is_active


@EACH
def test_labels_are_mixed_only_where_it_is_stated(row, X):
    assert row.member.mixes_labels == row.mixes_labels
    assert row.member.mixes_rows == row.mixes_rows
    y = targets(row)
    new_y = row.member(X, y, np.random.default_rng(0))[1]
    if row.mixes_labels:
        np.testing.assert_allclose(new_y.sum(axis=1), 1, rtol=1e-12)
        assert ((new_y > 0) & (new_y < 1)).any()
    else:
        assert new_y is y


@EACH
def test_rows_that_are_not_mixed_do_not_depend_on_one_another(row, X):
    """Other rows change, and this one does as before."""
    if row.mixes_rows or getattr(row.member, "relative", False):
        return
    others = np.concatenate([X[:1], X[:0:-1]])
    if isinstance(row.member, RandomPitchShift):
        np.testing.assert_allclose(apply(row, others)[0][0], apply(row, X)[0][0], rtol=1e-12)
    else:
        np.testing.assert_array_equal(apply(row, others)[0][0], apply(row, X)[0][0])


@EACH
def test_it_is_an_estimator_in_its_parameters(row, X):
    expected, y = apply(row, X)
    for copy in (clone(row.member), pickle.loads(pickle.dumps(row.member))):
        found, y_found = copy(X, targets(row), np.random.default_rng(0))
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(y_found, y)
        assert copy.identity == clone(row.member).identity
    assert type(row.member).__name__ in repr(row.member)
    changed = clone(row.member).set_params(**row.off)
    assert changed.identity != clone(row.member).identity
    assert row.member.is_known


@EACH
def test_it_refuses_what_it_cannot_take(row, X):
    rng, y, name = np.random.default_rng(0), targets(row), type(row.member).__name__
    with pytest.raises(ValueError, match=f"{name} changes dense rows, and X is sparse"):
        row.member(sparse.csr_array(X), y, rng)
    with pytest.raises(ValueError, match=r"takes flattened rows.*reshape"):
        row.member(X.reshape(12, 6, 8), y, rng)
    with pytest.raises(ValueError, match="changes numbers, got X of"):
        row.member(X.astype(str), y, rng)
    with pytest.raises(TypeError, match="rng must be a numpy Generator"):
        row.member(X, y, 0)


@EACH
def test_parameters_out_of_range_are_named(row, X):
    for name in row.off:
        wrong = clone(row.member).set_params(**{name: "much"})
        with pytest.raises(ValueError, match=f"{name.rpartition('__')[2]}.*much"):
            wrong(X, targets(row), np.random.default_rng(0))


@EACH
def test_float32_is_float64_rounded(row, X):
    """Draws are the same kind; what is computed agrees where draws do."""
    if isinstance(row.member, GaussianNoise | ElasticDistortion | OneOf | BackgroundNoise):
        return  # normal numbers of float32 are others
    one, other = apply(row, X)[0], apply(row, X.astype(np.float32))[0]
    np.testing.assert_allclose(other, one, atol=2e-3)


@EACH
def test_an_empty_batch_stays_empty(row, X):
    assert row.member(X[:0], targets(row, 0), np.random.default_rng(0))[0].shape == (0, 48)
