"""Rows are read as the dense formula (values - offset) / scale says, from whatever holds them."""

import itertools
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from sknnreg.engine.arrays.rows import CodedRows, DenseRows, Rows, SparseRows

N, F = 40, 5
DTYPES = ["bool", "int8", "uint8", "int64", "float16", "float32", "float64"]
POSITIONS = {
    "all": slice(0, None),
    "slice": slice(3, 17),
    "array": np.array([9, 0, 9, 3]),
    "uint32": np.array([9, 0, 9, 3], np.uint32),
    "one": np.array([7]),
    "none": np.array([], np.intp),
}
# The same numbers in memory as they come: none of these is copied whole to be read.
LAYOUTS = {
    "dense": lambda values: values,
    "fortran": np.asfortranarray,
    "strided": lambda values: np.repeat(values, 2, axis=1)[:, ::2],
    "every other row": lambda values: np.repeat(values, 2, axis=0)[::2],
    "backwards": lambda values: np.ascontiguousarray(values[::-1, ::-1])[::-1, ::-1],
    "swapped": lambda values: values.astype(values.dtype.newbyteorder()),
}
INDEX = np.array([30, 2, 2, 39, 0, 11, 12, 13, 14, 15, 16, 20, 25, 5, 6, 7, 8, 1])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def values(rng):
    def make(dtype, kind=""):
        if kind == "coded":
            return np.eye(F, dtype=dtype)[rng.integers(0, F, N)]
        found = rng.integers(0, 90, (N, F))
        found[rng.random((N, F)) < 0.6] = 0
        return found.astype(dtype)

    return make


def rows_of(kind, values):
    if kind == "sparse":
        return SparseRows(sparse.csr_array(values))
    if kind == "coded":
        return CodedRows(values.argmax(axis=1).astype(np.uint8), n_columns=F)
    return DenseRows(LAYOUTS[kind](values))


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        (kind, dtype)
        for kind in (*LAYOUTS, "sparse", "coded")
        for dtype in DTYPES
        if (kind, dtype) != ("sparse", "float16")  # which SciPy does not have
    ],
)
@pytest.mark.parametrize("index", [None, INDEX, INDEX.astype(np.uint32)], ids=["", "i", "u"])
def test_reading(kind, dtype, index, values, rng):
    stored = values(dtype, kind)
    dense = stored.astype(float)
    dense = dense if index is None else dense[index]
    offsets, scales = (None, rng.normal(size=F)), (None, rng.uniform(0.5, 2, F))
    for offset, scale in itertools.product(offsets, scales):
        rows = rows_of(kind, stored)
        rows = replace(rows, offset=offset, scale=scale)
        rows = rows if index is None else rows.take(index)
        expected = (dense - (0 if offset is None else offset)) / (1 if scale is None else scale)
        assert len(rows) == len(expected)
        assert rows.width == F
        for out_dtype, positions in itertools.product((np.float32, np.float64), POSITIONS.values()):
            wanted = expected[positions]
            out = np.full(wanted.shape, np.nan, out_dtype)
            assert rows.read(positions, out) is out
            np.testing.assert_allclose(out, wanted, rtol=np.finfo(out_dtype).eps, atol=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [*LAYOUTS, "sparse", "coded"])
def test_slices_and_arrays_give_the_same_bits(kind, dtype, values):
    """And so does every layout of the same numbers."""
    stored, found = values("float64", kind), []
    for each in ("dense", kind):
        rows = replace(rows_of(each, stored), offset=np.full(F, 0.1), scale=np.full(F, 3.0))
        found.append(rows.read(slice(5, 20), np.empty((15, F), dtype)))
        found.append(rows.read(np.arange(5, 20), np.empty((15, F), dtype)))
    for each in found[1:]:
        assert np.array_equal(each, found[0])


def test_large_offsets_are_taken_off_in_the_stored_precision(rng):
    small = rng.normal(size=(N, F))
    offset = 1e8 + 0.3  # which float32 rounds
    rows = DenseRows(offset + small, None, np.full(F, offset), np.ones(F))
    found = rows.read(slice(0, N), np.empty((N, F), np.float32))
    np.testing.assert_allclose(found, small, atol=1e-7)


def test_taking_from_what_was_taken(values):
    stored = values("float64")
    rows = DenseRows(stored).take(INDEX).take(np.array([4, 0, 5]))
    found = rows.read(slice(0, 3), np.empty((3, F)))
    assert np.array_equal(found, stored[INDEX[[4, 0, 5]]])


def test_nothing_stored_is_written_to(values):
    stored = values("float64")
    kept = stored.copy()
    stored.flags.writeable = False
    rows = DenseRows(stored, None, np.ones(F), np.full(F, 2.0))
    rows.read(slice(0, 5), np.empty((5, F)))
    rows.read(np.arange(5), np.empty((5, F)))
    assert np.array_equal(stored, kept)


def test_codes_are_numbers_in_one_column_and_places_in_several():
    codes = np.array([2, 0, 1], np.uint8)
    assert CodedRows(codes).read(slice(0, 3), np.empty((3, 1)))[:, 0].tolist() == [2, 0, 1]
    many = CodedRows(codes, n_columns=10**6).read(slice(0, 3), np.empty((3, 10**6)))
    assert np.array_equal(many.nonzero(), [[0, 1, 2], codes])


def test_every_kind_of_rows_is_tried():
    assert set(Rows.__subclasses__()) == {DenseRows, SparseRows, CodedRows}


@pytest.mark.parametrize("kind", LAYOUTS)
@pytest.mark.parametrize("positions", [slice(10, 20), np.arange(10, 20)], ids=["slice", "array"])
def test_reading_a_few_rows_never_copies_them_all(kind, positions):
    rows = rows_of(kind, np.ones((200_000, 5)))
    out = np.empty((10, 5))
    tracemalloc.start()
    rows.read(positions, out)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000
