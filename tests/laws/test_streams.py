"""The generators behind every draw, and the frequencies of what is drawn."""

import pickle
from itertools import product

import numpy as np
import pytest

from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.arrays.streams import LEVELS, Streams, keep_levels, spawn
from sknnreg.engine.places.data import InputNoise
from sknnreg.engine.places.signal import Phase
from sknnreg.engine.places.signal.dropout import Dropout

M = 3
SEEDS = [7, 8, 9]
PURPOSES = (
    "start 0",
    "start 1",
    "shuffle",
    "batch_sampling",
    "split",
    "input_dropout",
    "dropout 0",
    "dropout 1",
    "weight_noise 0",
    "weight_noise 1",
    "input_noise",
    "gradient_noise",
)


def snapshot(streams):
    """All generators' states."""
    return pickle.dumps(
        {
            purpose: [g.bit_generator.state for g in generators]
            for purpose, generators in streams._generators.items()
        }
    )


class TestStreams:
    def normal(self, streams, purpose, n=5):
        return streams.normal(purpose, np.empty((len(streams.seeds), n)))

    def test_same_seed_same_draws(self):
        for purpose in PURPOSES:
            assert np.array_equal(
                self.normal(Streams(SEEDS), purpose), self.normal(Streams(SEEDS), purpose)
            )

    def test_networks_and_purposes_differ(self):
        draws = {
            tuple(row)
            for purpose in PURPOSES
            for row in self.normal(Streams(list(range(50))), purpose)
        }
        assert len(draws) == 50 * len(PURPOSES)

    def test_draws_do_not_depend_on_other_purposes(self):
        for purpose, other in product(PURPOSES, repeat=2):
            streams = Streams(SEEDS)
            if other != purpose:
                self.normal(streams, other)
                streams.bits(other, np.empty((M, 7), np.uint64))
            streams.generators("shuffle") if other != "shuffle" else None
            assert np.array_equal(
                self.normal(streams, purpose), self.normal(Streams(SEEDS), purpose)
            )

    def test_draws_do_not_depend_on_other_networks(self):
        together = self.normal(Streams(SEEDS), "dropout 0")
        for row, seed in enumerate(SEEDS):
            assert np.array_equal(self.normal(Streams([seed]), "dropout 0")[0], together[row])

    def test_take(self):
        """Those that are taken go on from where they are; new purposes start as ever."""
        whole = Streams(SEEDS)
        self.normal(whole, "a")
        reference = whole.copy()
        taken = whole.take([2, 0])
        assert taken.seeds == [9, 7]
        for purpose in ("a", "b"):
            expected = self.normal(reference, purpose)
            assert np.array_equal(self.normal(taken, purpose), expected[[2, 0]])

    def test_join(self):
        """Networks that have drawn and such that have not, each goes on from where it is."""
        first, second = Streams([7]), Streams([8, 9])
        self.normal(first, "a")
        self.normal(second, "b")
        expected = {
            purpose: np.concatenate(
                [self.normal(first.copy(), purpose), self.normal(second.copy(), purpose)]
            )
            for purpose in "abc"
        }
        joined = Streams.join([first, second])
        assert joined.seeds == SEEDS
        for purpose in "cba":
            assert np.array_equal(self.normal(joined, purpose), expected[purpose])

    def test_join_of_what_was_taken_apart(self):
        whole = Streams(SEEDS)
        self.normal(whole, "a")
        reference = whole.copy()
        parts = [whole.take([row]) for row in range(M)]
        again = Streams.join(parts)
        assert np.array_equal(self.normal(again, "a"), self.normal(reference, "a"))

    def test_copy_draws_the_same_and_leaves_the_original_where_it_is(self):
        streams = Streams(SEEDS)
        self.normal(streams, "a")
        before = snapshot(streams)
        copied = self.normal(streams.copy(), "a")
        assert snapshot(streams) == before
        assert np.array_equal(self.normal(streams, "a"), copied)

    def test_orders(self):
        orders = Streams(SEEDS).orders(100)
        for order in orders:
            assert np.array_equal(np.sort(order), np.arange(100))
        assert len({tuple(order) for order in orders}) == M
        assert np.array_equal(Streams(SEEDS).orders(100), orders)

    @pytest.mark.parametrize(("n", "dtype"), [((1 << 20) - 1, np.intp), (1 << 20, np.uint32)])
    def test_long_orders_take_four_bytes_a_row(self, n, dtype):
        (order,) = Streams([7]).orders(n)
        assert order.dtype == dtype
        assert np.array_equal(np.bincount(order), np.ones(n))
        assert np.count_nonzero(order == np.arange(n)) < 20

    def test_spawned_generators_are_independent_of_the_stack(self):
        expected = spawn(8, "a").standard_normal(5)
        assert np.array_equal(self.normal(Streams(SEEDS), "a")[1], expected)


class TestFrequencies:
    """Statistics of the draws at fixed seeds, within five standard deviations."""

    N = 400_000

    @pytest.mark.parametrize("rate", [2**-12, 0.1, 0.3, 0.5, 0.9, 1 - 2**-12])
    @pytest.mark.parametrize("inverted", [True, False])
    def test_dropout(self, rate, inverted, bound_layer):
        layer = stack([Dropout("dropout 0", 100, rate, inverted)])
        y = bound_layer(layer, [3]).forward(np.ones((1, self.N // 100, 100)), Phase(Streams([3])))
        keep = 1 - np.rint(rate * LEVELS) / LEVELS
        survivors = y[y != 0]
        assert np.all(survivors == survivors[0])
        assert survivors[0] == pytest.approx(1 / keep if inverted else 1, rel=1e-15)
        sigma = np.sqrt(rate * (1 - rate))
        assert abs(np.mean(y != 0) - keep) < 5 * sigma / np.sqrt(self.N)
        # units and rows are dropped independently of their neighbours
        dropped = (y[0] == 0) - (1 - keep)
        for first, second in ((dropped[:-1], dropped[1:]), (dropped[:, :-1], dropped[:, 1:])):
            assert abs(np.mean(first * second)) < 5 * sigma**2 / np.sqrt(first.size)

    @pytest.mark.parametrize("rate", [0.0, 2**-16, 0.3, 0.5, 1 - 2**-16])
    def test_exactly_so_many_of_all_levels_survive(self, rate, bound_layer, monkeypatch):
        def every_level(streams, purpose, out):
            out.view(np.uint16)[...] = np.arange(LEVELS, dtype=np.uint16)
            return out

        monkeypatch.setattr(Streams, "bits", every_level)
        layer = stack([Dropout("dropout 0", 256, each) for each in (rate, 0.0)])
        y = bound_layer(layer, [3, 4]).forward(np.ones((2, 256, 256)), Phase(Streams([3, 4])))
        survivors = np.count_nonzero(y, axis=(1, 2))
        assert survivors.tolist() == [np.rint((1 - rate) * LEVELS), LEVELS]
        # inverted: what is left makes up for what is dropped
        np.testing.assert_allclose(y.mean(axis=(1, 2)), 1, rtol=1e-13)

    def test_new_masks_for_every_batch(self, bound_layer):
        bound = bound_layer(stack([Dropout("dropout 0", 50, 0.5)]), [3])
        forward, _ = bound.bind(20, Phase(Streams([3])))
        x = np.ones((1, 20, 50))
        masks = [forward(x).copy() for _ in range(20)]
        assert len({mask.tobytes() for mask in masks}) == 20

    def test_each_network_has_its_own_rate(self, bound_layer):
        rates = (0.1, 0.0, 0.7)
        layer = stack([Dropout("dropout 0", 100, rate) for rate in rates])
        y = bound_layer(layer, SEEDS).forward(np.ones((3, 1000, 100)), Phase(Streams(SEEDS)))
        for row, rate in enumerate(rates):
            bound = 5 * np.sqrt(rate * (1 - rate) / 1e5) + 2 / LEVELS
            assert abs(np.mean(y[row] == 0) - rate) <= bound

    def test_every_bit_is_fair(self):
        words = Streams([3]).bits("a", np.empty((1, 20_000), np.uint64))[0]
        bits = np.unpackbits(words.view(np.uint8)).reshape(-1, 64)
        assert np.all(np.abs(bits.mean(axis=0) - 0.5) < 5 * 0.5 / np.sqrt(len(bits)))

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_normal_numbers(self, dtype):
        x = Streams([3]).normal("a", np.empty((1, self.N), dtype))[0].astype(float)
        n = np.sqrt(self.N)
        assert abs(x.mean()) < 5 / n
        assert abs((x**2).mean() - 1) < 5 * np.sqrt(2) / n
        assert abs((x**3).mean()) < 5 * np.sqrt(15) / n
        assert abs((x**4).mean() - 3) < 5 * np.sqrt(96) / n

    def test_levels(self):
        drop = np.array([0.0, 0.5, 1 - 1 / LEVELS, 1 - 1e-9, 0.25 / LEVELS])
        assert keep_levels(drop).tolist() == [LEVELS, LEVELS // 2, 1, 1, LEVELS]

    def test_input_noise(self, rng):
        x = rng.normal(size=(1, 4000, 50))
        augment = stack([InputNoise(0.3)]).bind(x.shape, np.float64)
        noise = (augment(x, x, Streams([3]), None)[0] - x).ravel()
        assert abs(noise.mean()) < 5 * 0.3 / np.sqrt(noise.size)
        assert abs(noise.std() - 0.3) < 5 * 0.3 / np.sqrt(2 * noise.size)
