"""What draws, when, and from which stream."""

import pickle

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier
from sknnreg.engine.arrays.stack import simplify, stack
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.places.objective.losses import CrossEntropy
from sknnreg.engine.places.signal import Phase
from sknnreg.engine.places.signal.batch_normalization import BatchNormalization
from sknnreg.engine.places.signal.dropout import Dropout
from sknnreg.engine.places.update import Steps, WholeTransform

M, B = 3, 8
SEEDS = [7, 8, 9]


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
    recipe = model._plan((X, np.arange(30) % 3, None)).recipe
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
        new_x, new_y = augmentation.stacked.bind(x.shape, x.dtype)(x, y, Streams(SEEDS), None)
        assert np.array_equal(x, kept[0])
        assert np.array_equal(y, kept[1])
        off = ~augmentation.active
        assert np.array_equal(new_x[off], x[off])
        assert np.array_equal(new_y[off], y[off])
        changed = np.any(new_x != x, axis=(1, 2)) | np.any(new_y != y, axis=(1, 2))
        assert np.array_equal(changed, ~off)

    def test_reparametrizations(self, reparametrization, with_slots, rng):
        p = with_slots(reparametrization.stacked, rng.normal(size=(M, 4, 3)))
        g = with_slots(reparametrization.stacked, rng.normal(size=(M, 4, 3)))
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


class TestStart:
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
