"""Rows of mapped files: read in the order of their pages, and the pages let go again."""

import mmap
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from sknnreg.engine.arrays import rows as rows_module
from sknnreg.engine.arrays.batches import Batches, DataSet
from sknnreg.engine.arrays.rows import DenseRows, is_mapped, release_pages
from sknnreg.engine.arrays.streams import Streams

N, F = 40, 5
ITEM = 4
MAPS = {
    "map": lambda mapped: mapped,
    "rows": lambda mapped: mapped[2:],
    "columns": lambda mapped: mapped[:, ::2],
    "transposed": lambda mapped: mapped.T,
    "asarray": np.asarray,
    "rows of asarray": lambda mapped: np.asarray(mapped)[2:],
    "asarray of columns": lambda mapped: np.asarray(mapped[:, ::2]),
    "reshaped": lambda mapped: np.asarray(mapped).reshape(-1)[3:],
    "a view": lambda mapped: mapped.view(np.int32),
}
COPIES = {
    "array": np.array,
    "rows by number": lambda mapped: mapped[[2, 1]],
    "sum": lambda mapped: mapped + 1,
    "copy of asarray": lambda mapped: np.asarray(mapped).copy(),
    "fortran": np.asfortranarray,
    "copy": lambda mapped: mapped.copy(),
    "cast": lambda mapped: mapped.astype(np.float64),
}


@pytest.fixture
def values():
    return np.random.default_rng(0).integers(0, 90, (N, F)).astype(np.float32)


@pytest.fixture
def path(tmp_path, values):
    path = tmp_path / "values"
    values.tofile(path)
    return path


class TestIsMapped:
    @pytest.mark.parametrize("mode", ["r", "r+"])
    @pytest.mark.parametrize("view", MAPS)
    def test_views_of_a_shared_map(self, path, mode, view):
        assert is_mapped(MAPS[view](np.memmap(path, np.float32, mode, shape=(N, F))))

    def test_a_new_file(self, tmp_path):
        assert is_mapped(np.memmap(tmp_path / "new", np.float32, "w+", shape=(N, F)))

    @pytest.mark.parametrize("view", MAPS)
    def test_a_copy_on_write_map_has_pages_of_its_own(self, path, view):
        assert not is_mapped(MAPS[view](np.memmap(path, np.float32, "c", shape=(N, F))))

    @pytest.mark.parametrize("mode", ["r", "r+", "c"])
    @pytest.mark.parametrize("copy", COPIES)
    def test_a_copy_in_memory_is_a_plain_array(self, path, mode, copy):
        copied = COPIES[copy](np.memmap(path, np.float32, mode, shape=(N, F)))
        owner = copied
        while isinstance(owner, np.ndarray):
            owner = owner.base
        assert not isinstance(owner, mmap.mmap)
        assert not is_mapped(copied)

    def test_all_else(self, values):
        for each in (values, values[2:], values.T, values.tolist(), sparse.csr_array(values), None):
            assert not is_mapped(each)

    def test_more_is_gathered_at_a_time(self, path, values):
        """A file's rows are sorted by their pages: the more at a time, the fewer pages."""
        mapped = np.memmap(path, np.float32, "r", shape=(N, F))
        for each in (mapped, np.asarray(mapped)):
            assert DenseRows(each).gathered_at_once == rows_module.MAPPED_GATHER
        private = np.memmap(path, np.float32, "c", shape=(N, F))
        for each in (values, private):
            assert DenseRows(each).gathered_at_once == rows_module.GATHER
        assert rows_module.MAPPED_GATHER > rows_module.GATHER


class Watched(np.memmap):
    """A map that notes which rows are asked for."""

    asked: list = []  # noqa: RUF012

    def __getitem__(self, key):
        if isinstance(key, np.ndarray):
            Watched.asked.append(key.copy())
        return super().__getitem__(key)


class TestFetching:
    """``_fetch_mapped``: the rows at any positions, a stretch of the file after the other."""

    HEIGHT = 3000

    @pytest.fixture
    def large(self, tmp_path):
        values = np.random.default_rng(1).normal(size=(self.HEIGHT, F)).astype(np.float32)
        values.tofile(tmp_path / "large")
        return values, tmp_path / "large"

    def positions(self):
        rng = np.random.default_rng(2)
        everything = np.arange(self.HEIGHT)
        return {
            "in order": everything,
            "backwards": everything[::-1],
            "shuffled": rng.permutation(self.HEIGHT),
            "with duplicates": rng.integers(0, self.HEIGHT, 5000),
            "one many times": np.full(5000, 17),
            "few": rng.integers(0, self.HEIGHT, 7),
            "first and last": np.array([self.HEIGHT - 1, 0]),
            "none": np.array([], np.intp),
            "small numbers": rng.permutation(self.HEIGHT).astype(np.uint32),
        }

    @pytest.mark.parametrize("rows", [1, 7, 1000, 2999, 3000, 10**6])
    @pytest.mark.parametrize("out_dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("view", ["map", "asarray", "columns"])
    def test_rows_at_any_positions(self, large, rows, out_dtype, view, monkeypatch):
        monkeypatch.setattr(rows_module, "MAPPED_BYTES", rows * F * ITEM)
        values, path = large
        mapped = MAPS[view](np.memmap(path, np.float32, "r", shape=values.shape))
        values = MAPS[view](values)
        assert is_mapped(mapped)
        for name, positions in self.positions().items():
            kept = positions.copy()
            out = np.full((len(positions), values.shape[1]), np.nan, out_dtype)
            DenseRows(mapped)._fetch_mapped(positions, out)
            assert np.array_equal(out, values[positions]), name
            assert np.array_equal(positions, kept), "an epoch's order is not to be sorted"
            again = np.full_like(out, np.nan)
            DenseRows(mapped).read(positions, again)
            assert np.array_equal(again, out)

    @pytest.mark.parametrize("view", ["map", "columns"])
    def test_no_more_than_a_stretch_is_resident(self, large, view, monkeypatch):
        """Each read stays within so many bytes of the file, and its pages go before the next."""
        values, path = large
        rows = 50
        monkeypatch.setattr(rows_module, "MAPPED_BYTES", rows * F * ITEM)
        released = []
        monkeypatch.setattr(
            rows_module, "release_pages", lambda array: released.append(len(Watched.asked))
        )
        mapped = MAPS[view](Watched(path, np.float32, "r", shape=values.shape))
        for positions in self.positions().values():
            Watched.asked.clear()
            released.clear()
            DenseRows(mapped)._fetch_mapped(positions, np.empty((len(positions), mapped.shape[1])))
            asked = [each for each in Watched.asked if len(each)]
            assert sum(len(each) for each in asked) == len(positions)
            for each in asked:
                assert each.max() - each.min() < rows
                assert np.all(np.diff(each) >= 0), "from page to page"
            assert released == list(range(1, len(Watched.asked) + 1))
            firsts = [each[0] for each in asked]
            assert firsts == sorted(set(firsts)), "each stretch once"

    @pytest.mark.parametrize("order", ["C", "F"])
    @pytest.mark.parametrize("rows", [1, 3, 1000])
    @pytest.mark.parametrize("gathered", [1, 60, 10**6])
    def test_batches_are_those_of_an_array(
        self, large, rows, gathered, order, monkeypatch, tmp_path
    ):
        values, _ = large
        values = values[:100]
        values.ravel(order).tofile(tmp_path / "ordered")
        mapped = np.memmap(tmp_path / "ordered", np.float32, "r", shape=values.shape, order=order)
        monkeypatch.setattr(rows_module, "MAPPED_BYTES", rows * F * ITEM)
        monkeypatch.setattr(rows_module, "MAPPED_GATHER", gathered)
        epochs = []
        for x in (values, mapped):
            sets = [
                DataSet(DenseRows(x, None, np.full(F, 0.1), np.full(F, 3.0)), DenseRows(x))
                for _ in range(2)
            ]
            made, streams = Batches(sets, 9, np.dtype(np.float32)), Streams([1, 2])
            epochs.append([[b.x.copy(), b.y.copy()] for _ in "12" for b in made.epoch(streams)])
        for one, other in zip(*epochs, strict=True):
            assert np.array_equal(one, other)


def resident(path):
    """Bytes of a mapped file that stand in this process's memory."""
    total, of_this = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ", 1)[0]:
            of_this = line.endswith(str(path))
        elif of_this and line.startswith("Rss:"):
            total += 1024 * int(line.split()[1])
    return total


@pytest.fixture(scope="module")
def twenty_megabytes(tmp_path_factory):
    path = tmp_path_factory.mktemp("residence") / "large"
    np.ones((1 << 20, F), np.float32).tofile(path)
    return path


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux tells what is resident")
class TestResidence:
    HEIGHT, SIZE = 1 << 20, (1 << 20) * F * ITEM

    @pytest.mark.parametrize("view", MAPS)
    def test_pages_are_let_go(self, twenty_megabytes, view):
        mapped = np.memmap(twenty_megabytes, np.float32, "r", shape=(self.HEIGHT, F))
        assert mapped.sum() == self.HEIGHT * F
        assert resident(twenty_megabytes) > self.SIZE / 2
        release_pages(MAPS[view](mapped))
        assert resident(twenty_megabytes) == 0

    def test_those_of_a_copy_on_write_map_stay(self, twenty_megabytes):
        mapped = np.memmap(twenty_megabytes, np.float32, "c", shape=(self.HEIGHT, F))
        mapped.sum()
        before = resident(twenty_megabytes)
        release_pages(mapped)
        assert resident(twenty_megabytes) == before > self.SIZE / 2

    @pytest.mark.parametrize("shuffled", [False, True])
    def test_reading_leaves_nothing_resident(self, twenty_megabytes, shuffled):
        mapped = np.memmap(twenty_megabytes, np.float32, "r", shape=(self.HEIGHT, F))
        rows, rng = DenseRows(mapped), np.random.default_rng(0)
        for start in range(0, self.HEIGHT, self.HEIGHT // 8):
            at = slice(start, start + self.HEIGHT // 8)
            positions = rng.integers(0, self.HEIGHT, self.HEIGHT // 8) if shuffled else at
            out = rows.read(positions, np.zeros((self.HEIGHT // 8, F), np.float32))
            assert out.all()
            assert resident(twenty_megabytes) == 0


class TestReleasing:
    @pytest.mark.parametrize("mode", ["r", "r+", "c"])
    @pytest.mark.parametrize(
        "view", [lambda a: a, np.asarray, lambda a: a[2:], lambda a: a[:, ::2]]
    )
    @pytest.mark.parametrize("rows_at_once", [1, 4, 1024])
    def test_values_stay_readable(self, path, mode, view, rows_at_once, monkeypatch):
        monkeypatch.setattr(rows_module, "MAPPED_BYTES", rows_at_once * F * ITEM)
        expected = view(np.fromfile(path, np.float32).reshape(N, F))
        mapped = view(np.memmap(path, np.float32, mode, shape=(N, F)))
        rows = DenseRows(mapped)
        for positions in (slice(0, 10), np.array([9, 0, 30])):
            for _ in range(2):
                out = np.empty(expected[positions].shape, np.float32)
                assert np.array_equal(rows.read(positions, out), expected[positions])
        release_pages(mapped)
        assert np.array_equal(mapped, expected)

    @pytest.mark.parametrize("view", [lambda a: a, np.asarray, lambda a: a[2:]])
    def test_private_changes_survive(self, path, view):
        """A copy-on-write map's changes are nowhere but in its pages."""
        mapped = np.memmap(path, np.float32, "c", shape=(N, F))
        mapped[5:15] = -7
        part = view(mapped)
        expected = np.array(part)
        out = np.empty((20, F), np.float32)
        assert np.array_equal(DenseRows(part).read(slice(0, 20), out), expected[:20])
        release_pages(part)
        assert np.array_equal(part, expected)
        assert (np.array(part) == -7).any()
        assert not (np.fromfile(path, np.float32) == -7).any()

    def test_shared_changes_survive(self, path):
        mapped = np.memmap(path, np.float32, "r+", shape=(N, F))
        mapped[5:15] = -7
        release_pages(mapped)
        assert np.all(mapped[5:15] == -7)
        mapped.flush()
        assert np.all(np.fromfile(path, np.float32).reshape(N, F)[5:15] == -7)

    def test_saved_arrays(self, tmp_path, values):
        expected = values.astype(np.float64)
        np.save(tmp_path / "x.npy", expected)
        for mode in ("r", "r+", "c"):
            mapped = np.load(tmp_path / "x.npy", mmap_mode=mode)
            out = np.empty((N, F))
            assert np.array_equal(DenseRows(mapped).read(slice(0, N), out), expected)
            assert np.array_equal(DenseRows(mapped).read(np.arange(N), out), expected)

    def test_arrays_in_memory_are_left_alone(self, values):
        array = values.astype(np.float64)
        kept = array.copy()
        for each in (array, array[2:], array.T, np.asfortranarray(array)):
            release_pages(each)
        assert np.array_equal(array, kept)
