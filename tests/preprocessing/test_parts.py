"""The parts of a column: clip((x - b_{t-1}) / (b_t - b_{t-1}), 0, 1), and the column itself."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone

from sknnreg.preprocessing import PiecewiseLinearEncoder, SmoothClipScaler

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
TABLES = arrays(np.float64, (12, 2), elements=NUMBERS)
ONLY_PARTS = PiecewiseLinearEncoder(4, keep_column=False)


@pytest.fixture
def X():
    rng = np.random.default_rng(0)
    return np.column_stack(
        [rng.standard_normal(60), rng.integers(0, 4, 60), rng.exponential(5, 60)]
    )


def encoded(x, edges):
    """The formula, of one number."""
    return [min(max((x - below) / (above - below), 0.0), 1.0) for below, above in pairwise(edges)]


def columns_of(encoder, j, kind):
    layout = encoder._layout
    places = getattr(layout, kind)
    return places[layout.source[places] == j]


@pytest.mark.parametrize("keep_column", [True, False])
def test_formula(X, keep_column):
    """Each column in turn: itself, its parts, its indicator."""
    X[5, 2] = np.nan
    encoder = PiecewiseLinearEncoder(5, keep_column=keep_column).fit(X)
    scaled = SmoothClipScaler().fit_transform(X)
    for row, z, out in zip(X, scaled, encoder.transform(X), strict=True):
        expected = []
        for j, edges in enumerate(encoder.bin_edges_):
            missing = np.isnan(row[j])
            expected += [0.0 if missing else z[j]] * keep_column
            expected += [0.0] * (len(edges) - 1) if missing else encoded(row[j], edges)
            expected += [float(missing)] * (j == 2)
        np.testing.assert_allclose(out, expected, rtol=1e-13)


@given(TABLES, arrays(np.float64, (7, 2), elements=st.floats(-2e6, 2e6)))
def test_parts_add_up_to_the_column(X, new):
    """b_0 + Σ (b_t - b_{t-1}) part_t = clip(x, b_0, b_T), so nothing is lost within the edges."""
    encoder = clone(ONLY_PARTS).fit(X)
    out = encoder.transform(new)
    for j, edges in enumerate(encoder.bin_edges_):
        if len(edges):
            total = edges[0] + out[:, columns_of(encoder, j, "parts")] @ np.diff(edges)
            size = np.abs(edges).max()
            np.testing.assert_allclose(
                total, new[:, j].clip(edges[0], edges[-1]), atol=1e-14 * size
            )


@given(TABLES, arrays(np.float64, 9, elements=st.floats(-2e6, 2e6)))
def test_parts_rise_in_turn(X, new):
    """Within [0, 1], never falling in x, and a part leaves 0 only when the one below is at 1."""
    encoder = clone(ONLY_PARTS).fit(X)
    out = encoder.transform(np.sort(new)[:, None].repeat(2, axis=1))
    for j in range(2):
        parts = out[:, columns_of(encoder, j, "parts")]
        assert (parts >= 0).all()
        assert (parts <= 1).all()
        assert (np.diff(parts, axis=0) >= 0).all()
        assert (parts[:, :-1][parts[:, 1:] > 0] == 1).all()


def test_continuous_at_the_edges(X):
    encoder = PiecewiseLinearEncoder(6).fit(X)
    for j, edges in enumerate(encoder.bin_edges_):
        at = np.zeros((len(edges), 3))
        at[:, j] = edges
        nearly = at.copy()
        nearly[:, j] += 1e-9
        below, above = encoder.transform(2 * at - nearly), encoder.transform(nearly)
        steepest = 1 / np.diff(edges).min() + 1 / encoder.scale_[j]
        assert np.abs(above - below).max() <= 2e-9 * steepest * (1 + 1e-6)
        np.testing.assert_array_equal(
            encoder.transform(at)[:, columns_of(encoder, j, "parts")],
            np.tri(len(edges), len(edges) - 1, -1),
        )


@given(TABLES)
def test_inverse(X):
    encoder = PiecewiseLinearEncoder(4).fit(X)
    back = encoder.inverse_transform(encoder.transform(X))
    np.testing.assert_allclose(back, X, rtol=1e-12, atol=1e-12 * np.abs(X).max())


@pytest.mark.parametrize("max_columns", [300, 3])
@pytest.mark.parametrize("bound", [3.0, None])
def test_inverse_is_clipped_to_the_range_of_fit(X, max_columns, bound):
    encoder = PiecewiseLinearEncoder(max_columns=max_columns, bound=bound).fit(X)
    for far in (1e3, 1e12):
        back = encoder.inverse_transform(encoder.transform([[far] * 3, [-far] * 3]))
        np.testing.assert_allclose(back, [X.max(axis=0), X.min(axis=0)], rtol=1e-9)
    with pytest.raises(ValueError, match="X has 1 columns, but the encoder's output has"):
        encoder.inverse_transform([[0.0]])


def test_columns_of_few_values():
    """Constant: 0. Two values: scaled. Few: each at an edge, however rare."""
    X = np.zeros((50, 3))
    X[::7, 1] = 1.0
    X[:, 2] = [0, 1, 10] + [20] * 47
    encoder = PiecewiseLinearEncoder(3, bound=None).fit(X)
    assert encoder.n_bins_.tolist() == [0, 0, 3]
    assert encoder.bin_edges_[2].tolist() == [0, 1, 10, 20]
    out = encoder.transform([[5.0, 1.0, 10.0], [0.0, 0.0, 20.0]])
    assert out[:, :2].tolist() == [[0, 2], [0, 0]]
    assert out[:, 3:].tolist() == [[1, 1, 0], [1, 1, 1]]


def test_without_keep_column_columns_without_parts_stay():
    X = np.column_stack([np.zeros(20), np.arange(20) % 2, np.arange(20)])
    encoder = PiecewiseLinearEncoder(2, keep_column=False).fit(X)
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1", "x2_bin1", "x2_bin2"]


@pytest.mark.parametrize("strategy", ["quantile", "tree"])
def test_one_row(strategy):
    encoder = PiecewiseLinearEncoder(strategy=strategy).fit([[1.0, np.nan]], [0])
    assert encoder.transform([[5.0, 2.0], [np.nan, np.nan]]).tolist() == [[0, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize("strategy", ["quantile", "tree"])
def test_fit_forgets_what_was_before(X, strategy):
    y = np.sin(X[:, 0])
    encoder = PiecewiseLinearEncoder(3, strategy=strategy)
    first = encoder.fit_transform(X, y)
    encoder.fit(np.where(X < 1, np.nan, X)[:, :2], y)
    assert (encoder.fit_transform(X, y) == first).all()
    assert (clone(encoder).fit_transform(X[::-1], y[::-1])[::-1] == first).all()


@pytest.mark.parametrize("strategy", ["quantile", "tree"])
def test_units_do_not_matter(X, strategy):
    """A power of two changes no bit, a shift nothing but by rounding."""
    y = np.sin(X[:, 0])
    encoder = PiecewiseLinearEncoder(5, strategy=strategy)
    out = encoder.fit_transform(X, y)
    assert (encoder.fit_transform(X * 2.0**-200, y) == out).all()
    np.testing.assert_allclose(encoder.fit_transform(X + 1e6, y), out, atol=1e-7)


def test_dtypes(X):
    X = X.astype(np.float32)
    single = PiecewiseLinearEncoder().fit(X)
    double = PiecewiseLinearEncoder().fit(X.astype(np.float64))
    assert single.transform(X).dtype == np.float32
    assert (single.transform(X) == double.transform(X.astype(np.float64)).astype(np.float32)).all()
    for dtype in (np.float32, np.float64):
        assert PiecewiseLinearEncoder(dtype=dtype).fit_transform(X).dtype == dtype
    assert PiecewiseLinearEncoder().fit_transform(X.astype(int)).dtype == np.float64


@pytest.mark.parametrize("bound", [3.0, None, np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_numbers_stay_finite(bound, dtype):
    largest = np.finfo(dtype).max
    column = np.array([[0.0], [1.0], [2.0], [3.0]], dtype) * 1e-30
    encoder = PiecewiseLinearEncoder(bound=bound).fit(np.hstack([column, column * 0]))
    out = encoder.transform(np.full((1, 2), largest, dtype))
    assert np.isfinite(out).all()
    assert (out[0, 1:-1] == 1).all()


def test_clone_and_pickle(X):
    encoder = clone(PiecewiseLinearEncoder(3, bound=None, dtype=np.float32)).fit(X)
    assert (pickle.loads(pickle.dumps(encoder)).transform(X) == encoder.transform(X)).all()
    assert (clone(encoder).fit(X).transform(X) == encoder.transform(X)).all()


def test_rows_in_blocks(X):
    encoder = PiecewiseLinearEncoder().fit(X)
    many = np.tile(X, (500, 1))
    assert many.size > 1 << 16
    assert (encoder.transform(many) == np.tile(encoder.transform(X), (500, 1))).all()
    assert (encoder.inverse_transform(encoder.transform(many))[-60:] ==
            encoder.inverse_transform(encoder.transform(X))).all()  # fmt: skip
