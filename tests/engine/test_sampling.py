"""Batches of rows drawn by weight: each row as often as expected, and nobody else's affair."""

import numpy as np
import pytest

from sknnreg.engine.arrays import batches, rows
from sknnreg.engine.arrays.batches import Batches, DataSet
from sknnreg.engine.arrays.rows import DenseRows
from sknnreg.engine.arrays.sampling import draw_by_weight
from sknnreg.engine.arrays.streams import Streams

N, SEEDS = 40, [1, 2, 3]
WEIGHTS = {
    "spread": lambda rng: rng.lognormal(0, 2, N),
    "one heavy": lambda rng: np.where(np.arange(N) == 7, 100.0, 1.0),
    "periodic": lambda rng: np.where(np.arange(N) % 2, 1.0, 3.0),
    "tiny": lambda rng: 1e-150 * rng.lognormal(0, 2, N),
}


@pytest.fixture
def sets():
    """Row i of network m has x = (i, m), weighted."""
    found = []
    for m in range(len(SEEDS)):
        x = np.stack([np.arange(N), np.full(N, m)], axis=1).astype(float)
        weight = np.random.default_rng(m).lognormal(0, 1.5, N)
        found.append(DataSet(DenseRows(x), DenseRows(x[:, :1]), weight))
    return found


def drawn(made, streams):
    """The numbers of an epoch's rows, batch by batch."""
    return [batch.x[..., 0].astype(int) for batch in made.epoch(streams)]


class TestDraws:
    @pytest.mark.parametrize("name", WEIGHTS)
    def test_counts_are_the_expected_ones_rounded_down_or_up(self, name):
        rng = np.random.default_rng(0)
        weight = WEIGHTS[name](rng)
        expected = N * weight / weight.sum()
        counts = np.zeros((2000, N))
        for each in counts:
            each += np.bincount(draw_by_weight(rng.permutation(N), weight, rng), minlength=N)
        assert np.all(counts >= np.floor(expected - 1e-9))
        assert np.all(counts <= np.ceil(expected + 1e-9))
        share = expected - np.floor(expected)
        error = np.sqrt(share * (1 - share) / len(counts))
        assert np.all(np.abs(counts.mean(axis=0) - expected) <= 4.5 * error + 1e-9)

    def test_each_place_of_an_epoch_is_as_likely_for_a_row(self):
        """A batch is a sample by weight wherever in the epoch it stands."""
        rng = np.random.default_rng(0)
        weight = np.where(np.arange(N) == 7, 10.0, 1.0)
        places = np.zeros(N)
        for _ in range(3000):
            places += draw_by_weight(rng.permutation(N), weight, rng) == 7
        expected = 3000 * 10 / 49
        assert np.all(np.abs(places - expected) < 4.5 * np.sqrt(expected))

    def test_neighbours_are_drawn_together_as_often_as_any_two(self):
        """Rows of half the mean in a line of fixed order would never meet their neighbours."""
        rng = np.random.default_rng(0)
        weight = np.where(np.arange(N) < 30, 0.5, 2.5)
        meets = np.zeros((N, N))
        for _ in range(3000):
            there = np.bincount(draw_by_weight(rng.permutation(N), weight, rng), minlength=N) > 0
            meets += np.outer(there, there)
        light = meets[:30, :30]
        light = light[~np.eye(30, dtype=bool)] / 3000
        np.testing.assert_allclose(light, light.mean(), atol=4.5 * np.sqrt(0.25 / 3000))

    @pytest.mark.parametrize("weight", [1e-150, 0.1, 1.0, 1e150])
    def test_equal_weights_leave_each_row_once(self, weight):
        rng = np.random.default_rng(0)
        for _ in range(50):
            found = draw_by_weight(rng.permutation(N), np.full(N, weight), rng)
            assert np.array_equal(np.sort(found), np.arange(N))

    def test_whole_multiples_of_the_mean_come_so_often(self):
        rng = np.random.default_rng(0)
        times = np.array([3, 1, 2, 1, 1, 1, 1, 1, 1, 8]) * 0.5
        for _ in range(50):
            found = draw_by_weight(rng.permutation(10), times, rng)
            np.testing.assert_array_equal(np.bincount(found, minlength=10)[[2, 9]], [1, 4])


class TestBatches:
    @pytest.mark.parametrize("batch_size", [1, 7, 13, 40])
    def test_rows_count_alike(self, sets, batch_size):
        made = Batches(sets, batch_size, np.dtype(np.float64), True, by_weight=True)
        for batch in made.epoch(Streams(SEEDS)):
            assert batch[2:] == (None,) * 4
            assert np.all(batch.x[..., 1] == np.arange(3)[:, None])
            assert np.array_equal(batch.x[..., :1], batch.y)
        np.testing.assert_allclose(made.fractions.sum(axis=0), 1, rtol=1e-14)

    def test_a_stack_draws_what_its_networks_draw_alone(self, sets):
        dtype = np.dtype(np.float32)
        together = Batches(sets, 7, dtype, by_weight=True)
        streams = Streams(SEEDS)
        epochs = [np.concatenate(drawn(together, streams), axis=1) for _ in range(3)]
        assert len({tuple(row) for epoch in epochs for row in epoch}) == 9
        for m, seed in enumerate(SEEDS):
            alone, own = Batches(sets[m : m + 1], 7, dtype, by_weight=True), Streams([seed])
            for epoch in epochs:
                assert np.array_equal(np.concatenate(drawn(alone, own), axis=1)[0], epoch[m])

    def test_neither_batch_size_nor_chunks_nor_copies_matter(self, sets, monkeypatch):
        def epoch(batch_size, given=sets):
            made = Batches(given, batch_size, np.dtype(np.float64), by_weight=True)
            return np.concatenate(drawn(made, Streams(SEEDS)), axis=1)

        expected = epoch(7)
        assert np.array_equal(epoch(40), expected)
        copied = batches.cached_if_small(sets, np.dtype(np.float64))
        assert np.array_equal(epoch(7, copied), expected)
        monkeypatch.setattr(rows, "GATHER", 1)
        assert np.array_equal(epoch(7), expected)
        assert np.array_equal(epoch(7, copied), expected)

    def test_the_order_of_other_batches_is_left_alone(self, sets):
        streams = Streams(SEEDS)
        drawn(Batches(sets, 7, np.dtype(np.float64), by_weight=True), streams)
        plain = Batches(sets, 7, np.dtype(np.float64))
        ours, theirs = drawn(plain, streams), drawn(plain, Streams(SEEDS))
        assert all(map(np.array_equal, ours, theirs))

    def test_rows_without_weights_come_once_and_as_without(self, sets):
        bare = [DataSet(each.x, each.y) for each in sets]
        ours, theirs = (
            drawn(Batches(bare, 7, np.dtype(np.float64), by_weight=by), Streams(SEEDS))
            for by in (True, False)
        )
        assert all(map(np.array_equal, ours, theirs))

    def test_where_nothing_is_drawn_rows_are_weighted(self, sets):
        ours, theirs = (
            list(Batches(sets, N, np.dtype(np.float64), by_weight=by).epoch(None))
            for by in (True, False)
        )
        for one, other in zip(ours[0][:5], theirs[0][:5], strict=True):
            assert np.array_equal(one, other)
