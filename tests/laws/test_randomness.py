"""What draws, when, and from which stream."""

import pickle
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier
from sknnreg.engine.augmentations import InputNoise
from sknnreg.engine.layers import BatchNormalization, Dropout, Phase
from sknnreg.engine.losses import CrossEntropy
from sknnreg.engine.network import BoundNetwork
from sknnreg.engine.scratch import Scratch
from sknnreg.engine.stack import simplify, stack
from sknnreg.engine.streams import LEVELS, Streams, keep_levels, spawn
from sknnreg.engine.updates import Steps, WholeTransform

M, B = 3, 8
SEEDS = [7, 8, 9]
PURPOSES = (
    "start 0",
    "start 1",
    "shuffle",
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


def network(**settings):
    model = MLPRegularizedClassifier((5, 4), random_state=0, **settings)
    X = np.random.default_rng(0).normal(size=(30, 6))
    _, recipe = model._plan((X, np.arange(30) % 3, None))
    return recipe.network


def all_on(**settings):
    return network(
        dropout=0.5, input_dropout=0.2, weight_noise=0.3, normalization="batch", **settings
    )


class TestInference:
    @pytest.mark.parametrize("scaling", ["train", "predict"])
    def test_draws_nothing(self, scaling, rng):
        net = stack([all_on(dropout_scaling=scaling)] * M)
        values = net.initialize(Streams(SEEDS), np.float32)
        bound = BoundNetwork(net, values, np.empty((M, net.layout.n_trainable), np.float32))
        x = rng.normal(size=(M, B, 6)).astype(np.float32)
        streams = Streams(SEEDS)
        training = bound.bound(B, Phase(streams))
        training.forward(x)
        before, kept = snapshot(streams), values.copy()
        first = bound.infer(x).copy()
        assert np.array_equal(bound.infer(x), first)
        assert snapshot(streams) == before
        assert np.array_equal(values, kept), "inference changes no running statistics"
        assert not np.array_equal(training.forward(x), first)
        assert snapshot(streams) != before

    def test_layers_are_functions_without_streams(self, any_layer, bound_layer, rng):
        """With no phase, and with one that has no streams, the same input gives the same output."""
        x = rng.normal(size=(M, B, 4))
        for phase in (None, Phase()):
            bound = bound_layer(any_layer.stacked, SEEDS)
            first = bound.forward(x, phase)
            assert np.array_equal(bound.forward(x, phase), first)

    def test_rows_of_a_batch_do_not_see_one_another(self, any_layer, bound_layer, rng):
        x = rng.normal(size=(M, B, 4))
        bound = bound_layer(any_layer.stacked, SEEDS)
        together = bound.forward(x, None)
        for row in range(B):
            alone = bound.forward(np.ascontiguousarray(x[:, [row]]), None)
            np.testing.assert_allclose(together[:, [row]], alone, rtol=1e-13, atol=1e-15)


class TestLayersInGeneral:
    def test_inputs_are_never_written(self, any_layer, bound_layer, rng):
        x = rng.normal(size=(M, B, 4))
        kept = x.copy()
        for phase in (None, Phase(), Phase(Streams(SEEDS))):
            bound = bound_layer(any_layer.stacked, SEEDS)
            n = bound.layout.n_trainable
            trained = bound.values[:, :n].copy()
            forward, backward = bound.bind(B, phase)
            backward(np.cos(forward(x)))
            assert np.array_equal(x, kept)
            assert np.array_equal(bound.values[:, :n], trained)

    def test_affine_is_inference(self, members, bound_layer, rng):
        """A layer that says it is one linear map per unit is that map."""
        affine = set()
        for each in members["layer"][1] + members["activation"][1]:
            bound = bound_layer(each.stacked, SEEDS)
            for _ in range(3):
                bound.forward(rng.normal(size=(M, B, 4)), Phase(Streams(SEEDS)))
            found = each.stacked.affine(bound.p)
            if found is None:
                continue
            affine.add(each.cls)
            x = rng.normal(size=(M, B, 4))
            scale, shift = found
            np.testing.assert_allclose(
                bound.forward(x, None), x * scale + shift, rtol=1e-13, atol=1e-15
            )
        assert affine >= {BatchNormalization, Dropout}


class TestOffIsTheIdentity:
    """A member that is off in one row of a stack leaves that row as it is, bit for bit."""

    @pytest.mark.parametrize("training", [False, True])
    def test_layers(self, training, members, bound_layer, rng):
        x = rng.normal(size=(M, B, 4)).astype(np.float32)
        tried = 0
        for each in members["layer"][1] + members["activation"][1]:
            off = ~each.active
            if not off.any():
                continue
            phase = Phase(Streams(SEEDS)) if training else None
            forward, backward = bound_layer(each.stacked, SEEDS, np.float32).bind(B, phase)
            y, gradient = forward(x).copy(), np.cos(x)
            grad_x = backward(gradient.copy())
            assert np.array_equal(y[off], x[off])
            assert np.array_equal(grad_x[off], gradient[off])
            assert not training or np.all(np.any(y[~off] != x[~off], axis=(1, 2)))
            tried += 1
        assert tried >= 2

    def test_augmentations(self, augmentation, rng):
        x, y = rng.normal(size=(M, B, 4)), rng.normal(size=(M, B, 2))
        kept = x.copy(), y.copy()
        new_x, new_y = augmentation.stacked(x, y, Streams(SEEDS), Scratch(np.float64))
        assert np.array_equal(x, kept[0])
        assert np.array_equal(y, kept[1])
        off = ~augmentation.active
        assert np.array_equal(new_x[off], x[off])
        assert np.array_equal(new_y[off], y[off])
        assert np.all(np.any(new_x[~off] != x[~off], axis=(1, 2)))

    def test_reparametrizations(self, reparametrization, rng):
        p = SimpleNamespace(weight=rng.normal(size=(M, 4, 3)))
        g = SimpleNamespace(weight=rng.normal(size=(M, 4, 3)))
        kept, gradient = p.weight.copy(), g.weight.copy()
        streams = Streams(SEEDS)
        bound = reparametrization.stacked.bind(lambda: p.weight, "0", p, g, lambda: streams)
        in_use = bound.forward()
        bound.backward()
        off = ~reparametrization.active
        assert np.array_equal(in_use[off], kept[off])
        assert np.array_equal(g.weight[off], gradient[off])
        assert np.array_equal(p.weight, kept), "the clean weights are those that are trained"
        assert np.all(np.any(in_use[~off] != kept[~off], axis=(1, 2)))

    def test_penalties(self, penalty, rng):
        weights, off = rng.normal(size=(M, 20)), ~penalty.active
        grads = rng.normal(size=(M, 20))
        kept = grads.copy()
        penalty.stacked.add_gradient(weights, grads, np.empty_like(weights))
        assert np.array_equal(grads[off], kept[off])
        assert not penalty.stacked.value(weights)[off].any()
        assert penalty.stacked.value(weights)[~off].all()

    def test_constraints(self, constraint, rng):
        weight, off = 5 * rng.normal(size=(M, 6, 4)), ~constraint.active
        kept = weight.copy()
        with np.errstate(invalid="ignore"):
            constraint.stacked.project(weight)
        assert np.array_equal(weight[off], kept[off])
        assert np.all(np.any(weight[~off] != kept[~off], axis=(1, 2)))

    def test_transforms(self, transform, per_update, rng):
        updates, off = 5 * rng.normal(size=(M, 20)), ~transform.active
        kept, member = updates.copy(), transform.stacked
        values, work = rng.normal(size=(M, 20)), np.empty((M, 20))
        steps = Steps(np.ones((1, M)), np.full((1, M), 0.1))
        (now,) = per_update(member, steps, np.float64)
        with np.errstate(invalid="ignore"):
            if isinstance(member, WholeTransform):
                member.update_whole(updates, now, Streams(SEEDS), work)
            else:
                member.update(updates, member.init(values), values, now, work)
        assert np.array_equal(updates[off], kept[off])
        assert np.all(np.any(updates[~off] != kept[~off], axis=1))

    def test_a_whole_network_among_others(self, rng):
        """Training passes of a network with all rates 0 equal the plain network's."""
        plain = network(normalization="batch")
        among = simplify(stack([all_on(), plain, all_on()]))
        alone = simplify(stack([plain]))
        assert len(alone.layers) < len(among.layers)
        x = rng.normal(size=(M, B, 6)).astype(np.float32)
        y = np.eye(3, dtype=np.float32)[rng.integers(0, 3, (M, B))]
        found = []
        for net, at in ((among, slice(0, M)), (alone, slice(1, 2))):
            values = net.initialize(Streams(SEEDS[at]), np.dtype(np.float32))
            grads = np.zeros((len(values), net.layout.n_trainable), np.float32)
            network_of = BoundNetwork(net, values, grads)
            both = network_of.bound(B, Phase(Streams(SEEDS[at])))
            value = np.atleast_1d(both.backpropagate(x[at], y[at], None, CrossEntropy()))
            found.append((value, grads, values, network_of.infer(x[at])))
        for stacked, single in zip(*found, strict=True):
            assert np.array_equal(stacked[[1]], single)


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
        base = np.arange(1000, 1100)
        assert np.array_equal(Streams(SEEDS).orders(100, base), [base[order] for order in orders])

    def test_float32_and_float64_start_alike(self):
        starts = [all_on().initialize(Streams([3]), np.dtype(d)) for d in ("float32", "float64")]
        assert np.array_equal(starts[0], starts[1].astype(np.float32))

    def test_settings_compared_at_one_seed_share_their_start(self):
        """Whatever else draws or is there, the weights start the same."""
        plain = network()
        start = plain.initialize(Streams([3]), np.dtype(np.float64))
        other = all_on()
        assert np.array_equal(
            other.initialize(Streams([3]), np.dtype(np.float64))[:, : other.layout.n_weights],
            start[:, : plain.layout.n_weights],
        )

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
        member = stack([InputNoise(0.3)])
        noise = (member(x, x, Streams([3]), Scratch(np.float64))[0] - x).ravel()
        assert abs(noise.mean()) < 5 * 0.3 / np.sqrt(noise.size)
        assert abs(noise.std() - 0.3) < 5 * 0.3 / np.sqrt(2 * noise.size)
