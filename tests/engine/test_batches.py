"""Mini-batches: every row once, in an order of its own for each network."""

import numpy as np
import pytest

from sknnreg.engine.arrays import batches, rows
from sknnreg.engine.arrays.batches import Batches, DataSet
from sknnreg.engine.arrays.rows import CodedRows, DenseRows
from sknnreg.engine.arrays.streams import Streams

M, N = 3, 23
SEEDS = [1, 2, 3]


@pytest.fixture
def sets():
    """Row i of network m has x = (i, m) and y = i; different weights for each network."""

    def make(n=N, weighted=False):
        found = []
        for m in range(M):
            x = np.stack([np.arange(n), np.full(n, m)], axis=1)
            weight = np.random.default_rng(m).uniform(0.1, 3, n) if weighted else None
            codes = np.arange(n, dtype=np.uint16)
            found.append(
                DataSet(
                    DenseRows(x, None, np.zeros(2), np.ones(2)),
                    CodedRows(codes),
                    weight,
                )
            )
        return found

    return make


def epoch(made, streams):
    """The batches of an epoch, copied out of their buffers."""
    return [
        tuple(None if each is None else np.array(each) for each in batch)
        for batch in made.epoch(streams)
    ]


def assert_equal(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        for a, b in zip(one, other, strict=True):
            assert (a is None) == (b is None)
            assert a is None or np.array_equal(a, b)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 11, 22, 23])
@pytest.mark.parametrize("join_single", [False, True])
@pytest.mark.parametrize("shuffled", [False, True])
def test_every_row_exactly_once(sets, batch_size, join_single, shuffled):
    made = Batches(sets(), batch_size, np.dtype(np.float32), join_single)
    streams = Streams(SEEDS) if shuffled else None
    for _ in range(3):
        found = epoch(made, streams)
        assert len(found) == len(made)
        x = np.concatenate([b[0] for b in found], axis=1)
        y = np.concatenate([b[1] for b in found], axis=1)
        assert x.dtype == y.dtype == np.float32
        for m in range(M):
            assert np.array_equal(np.sort(x[m, :, 0]), np.arange(N))
            assert np.all(x[m, :, 1] == m)
            assert np.array_equal(x[m, :, 0], y[m, :, 0])
            assert shuffled != np.array_equal(x[m, :, 0], np.arange(N))


@pytest.mark.parametrize(
    ("n", "batch_size", "join_single", "sizes"),
    [
        (23, 5, False, [5, 5, 5, 5, 3]),
        (23, 5, True, [5, 5, 5, 5, 3]),
        (21, 5, False, [5, 5, 5, 5, 1]),
        (21, 5, True, [5, 5, 5, 6]),
        (6, 5, True, [6]),
        (20, 5, True, [5, 5, 5, 5]),
        (5, 5, True, [5]),
        (1, 5, True, [1]),
        (1, 1, True, [1]),
        (3, 1, False, [1, 1, 1]),
        (4, 9, True, [4]),
    ],
)
def test_sizes(sets, n, batch_size, join_single, sizes):
    made = Batches(sets(n), batch_size, np.dtype(np.float64), join_single)
    assert [b[0].shape[1] for b in epoch(made, None)] == sizes
    assert made.n_rows == n


class TestOrders:
    def test_reproducible_and_different(self, sets):
        made = Batches(sets(), 5, np.dtype(np.float64))
        streams = Streams(SEEDS)
        first, second = epoch(made, streams), epoch(made, streams)
        again = Streams(SEEDS)
        assert_equal(first, epoch(made, again))
        assert_equal(second, epoch(made, again))
        order = [np.concatenate([b[0][..., 0] for b in e], axis=1) for e in (first, second)]
        assert len({tuple(row) for both in order for row in both}) == 2 * M

    def test_a_networks_order_is_its_own(self, sets):
        together = epoch(Batches(sets(), 5, np.dtype(np.float64)), Streams(SEEDS))
        for m in range(M):
            alone = epoch(Batches(sets()[m : m + 1], 5, np.dtype(np.float64)), Streams([SEEDS[m]]))
            for (x, *_), (own, *_) in zip(together, alone, strict=True):
                assert np.array_equal(x[m : m + 1], own)

    def test_does_not_depend_on_the_batch_size(self, sets):
        orders = [
            np.concatenate(
                [b[0] for b in epoch(Batches(sets(), size, np.dtype(np.float64)), Streams(SEEDS))],
                axis=1,
            )
            for size in (4, 23)
        ]
        assert np.array_equal(*orders)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_chunks_and_copies_change_nothing(sets, weighted, shuffled, dtype, monkeypatch):
    def run(copied=False):
        given = sets(weighted=weighted)
        if copied:
            given = batches.cached_if_small(given, np.dtype(dtype))
            assert all(isinstance(each.y, DenseRows) for each in given)
        made = Batches(given, 4, np.dtype(dtype))
        streams = Streams(SEEDS) if shuffled else None
        return [*epoch(made, streams), *epoch(made, streams)], np.array(made.fractions)

    expected, shares = run()
    for chunk in (1, 40, 120):
        monkeypatch.setattr(rows, "GATHER", chunk)
        for copied in (True, False):
            found, found_shares = run(copied)
            assert_equal(found, expected)
            assert np.array_equal(found_shares, shares)


@pytest.mark.parametrize(
    ("chunk", "together"), [(1, 1), (36, 1), (62, 1), (72, 2), (120, 3), (10**6, 6)]
)
def test_so_many_batches_are_gathered_at_a_time(sets, chunk, together, monkeypatch):
    """As many as hold so many numbers, 36 each here, but at least one."""
    monkeypatch.setattr(rows, "GATHER", chunk)
    made, reads = Batches(sets(), 4, np.dtype(np.float32)), []
    read = DenseRows.read

    def counted(self, positions, out):
        reads.append(len(out))
        return read(self, positions, out)

    monkeypatch.setattr(DenseRows, "read", counted)
    assert len(epoch(made, Streams(SEEDS))) == 6
    height = 4 * together
    starts = range(0, N, height)
    assert reads == [min(height, N - start) for start in starts for _ in range(M)]


def test_copies_only_where_all_of_them_are_small(sets, monkeypatch):
    given = sets()
    size = sum(each.nbytes(np.dtype(np.float32)) for each in given)
    assert size == M * N * 3 * 4
    monkeypatch.setattr(batches, "CACHE_BYTES", size)
    copied = batches.cached_if_small(given, np.dtype(np.float32))
    for each in copied:
        assert isinstance(each.x, DenseRows)
        assert isinstance(each.y, DenseRows)
        assert each.x.values.dtype == each.y.values.dtype == np.float32
    monkeypatch.setattr(batches, "CACHE_BYTES", size - 1)
    assert batches.cached_if_small(given, np.dtype(np.float32)) == given


class TestWeights:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("shuffled", [False, True])
    @pytest.mark.parametrize("join_single", [False, True])
    def test_of_the_mean_in_the_loss_and_shares_in_statistics(
        self, sets, dtype, shuffled, join_single
    ):
        given = sets(weighted=True)
        made = Batches(given, 11, np.dtype(dtype), join_single)
        found = epoch(made, Streams(SEEDS) if shuffled else None)
        assert [x.shape[1] for x, *_ in found] == ([11, 12] if join_single else [11, 11, 1])
        rtol = 2 * np.finfo(dtype).eps
        for number, (x, _, weight, share, total, mass) in enumerate(found):
            n_rows = x.shape[1]
            assert weight.dtype == share.dtype == dtype
            assert weight.shape == share.shape == (M, n_rows, 1)
            assert total.shape == (M, 1, 1)
            for m in range(M):
                own = given[m].weight[x[m, :, 0].astype(int)]
                assert total[m, 0, 0] == pytest.approx(own.sum(), rel=1e-14)
                np.testing.assert_allclose(share[m, :, 0], own / own.sum(), rtol=rtol)
                expected = own / (n_rows * given[m].weight.mean())
                np.testing.assert_allclose(weight[m, :, 0], expected, rtol=rtol)
                assert mass[m, 0, 0] == pytest.approx(expected.sum(), rel=1e-14)
                assert made.fractions[number][m] == pytest.approx(n_rows / N, rel=1e-14)

    @pytest.mark.parametrize("batch_size", [1, 4, 22, 23])
    def test_an_epoch_weighs_what_all_rows_do(self, sets, batch_size):
        made = Batches(sets(weighted=True), batch_size, np.dtype(np.float64))
        for streams in (None, Streams(SEEDS)):
            weights = [weight.sum(axis=(1, 2)) for _, _, weight, *_ in epoch(made, streams)]
            np.testing.assert_allclose((weights * made.fractions).sum(axis=0), 1, rtol=1e-14)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_all_rows_in_one_batch_weigh_their_shares_to_the_last_bit(self, sets, dtype):
        made = Batches(sets(weighted=True), N, np.dtype(dtype))
        for streams in (None, Streams(SEEDS)):
            ((_, _, weight, share, _, mass),) = epoch(made, streams)
            assert np.array_equal(weight, share)
            assert mass is None
        assert np.array_equal(made.fractions, np.ones((1, M)))

    @pytest.mark.parametrize("factor", [1e-300, 1e-12, 3.0, 1e300])
    def test_only_proportions_matter(self, sets, factor):
        given = sets(weighted=True)
        scaled = [DataSet(each.x, each.y, factor * each.weight) for each in given]
        ours, theirs = (
            epoch(Batches(each, 5, np.dtype(np.float64)), None) for each in (given, scaled)
        )
        for (_, _, weight, share, *_), (_, _, other, its_share, *_) in zip(
            ours, theirs, strict=True
        ):
            np.testing.assert_allclose(other, weight, rtol=1e-14)
            np.testing.assert_allclose(its_share, share, rtol=1e-14)

    def test_a_batch_of_next_to_nothing_counts_for_nothing(self, sets):
        """Its rows still have their shares of it."""
        given = sets(weighted=True)
        light = [
            DataSet(each.x, each.y, np.where(np.arange(N) < 5, 1e-300, 1e300)) for each in given
        ]
        (_, _, weight, share, *_), *others = epoch(Batches(light, 5, np.dtype(np.float32)), None)
        assert not weight.any()
        np.testing.assert_allclose(share, 0.2, rtol=1e-6)
        for _, _, weight, share, *_ in others:
            np.testing.assert_allclose(weight, share * N / 18, rtol=1e-6)

    def test_none_for_rows_that_count_alike(self, sets):
        made = Batches(sets(), 5, np.dtype(np.float32))
        for (x, _, *weights), fraction in zip(epoch(made, None), made.fractions, strict=True):
            assert weights == [None] * 4
            np.testing.assert_allclose(fraction, x.shape[1] / N, rtol=1e-15)
