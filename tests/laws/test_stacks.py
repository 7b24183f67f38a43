"""A member on a stack of networks equals itself on each single network, bit for bit."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.signal import Phase
from sknnreg.engine.places.time.monitors import Epoch
from sknnreg.engine.places.update import Steps, WholeTransform
from sknnreg.engine.places.update.schedules import Progress

M = 3
SEEDS = [4, 5, 6]

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def rows(each, row):
    """One network's part of arrays ``(M, ...)``; None stays None."""
    return None if each is None else each[row : row + 1]


@DTYPES
@pytest.mark.parametrize("kind", ["inference", "no draws", "training", "weighted"])
@pytest.mark.parametrize("n_rows", [9, 1])
def test_layers(any_layer, kind, dtype, n_rows, bound_layer, rng):
    x = rng.normal(size=(M, n_rows, 4)).astype(dtype)
    weight = rng.uniform(0.1, 2.0, (M, n_rows, 1))
    total = weight.sum(axis=1, keepdims=True)
    share = (weight / total).astype(dtype)

    def phase(at):
        if kind == "inference":
            return None
        streams = None if kind == "no draws" else Streams(SEEDS[at])
        return Phase(streams, share[at], total[at]) if kind == "weighted" else Phase(streams)

    def run(layer, seeds, x, phase):
        bound = bound_layer(layer, seeds, dtype)
        forward, backward = bound.bind(n_rows, phase)
        for _ in range(3):  # buffers are used again, generators and running statistics go on
            y = forward(x)
            grad_x = backward(np.cos(y))
        return y.copy(), grad_x.copy(), bound.grads, bound.values

    together = run(any_layer.stacked, SEEDS, x, phase(slice(0, M)))
    for row, layer in enumerate(any_layer.single):
        at = slice(row, row + 1)
        alone = run(layer, SEEDS[at], x[at].copy(), phase(at))
        for stacked, single in zip(together, alone, strict=True):
            assert stacked.dtype == single.dtype == dtype
            assert np.array_equal(rows(stacked, row), single)


@DTYPES
@pytest.mark.parametrize("with_weights", [False, True], ids=["alike", "weighted"])
def test_losses(loss, dtype, with_weights, rng):
    for n_rows, n_outputs in product((1, 7, 200, 3001), (1, 2, 3, 10, 33)):
        shape = (M, n_rows, n_outputs)
        y = loss.targets(rng, shape).astype(dtype)
        raw = rng.normal(size=shape).astype(dtype)
        weight = rng.uniform(0.1, 2.0, (M, n_rows, 1)).astype(dtype) if with_weights else None
        if weight is not None:
            weight /= weight.sum(axis=1, keepdims=True)
        assert_loss_of_singles(loss, raw, y, weight)


def assert_loss_of_singles(loss, raw, y, weight):
    judge = loss.stacked.bind(raw.shape, raw.dtype)
    judge(-raw, y, weight)  # buffers are used again
    value, gradient = judge(raw, y, weight)
    meaning = loss.cls.link.inverse(raw)
    assert gradient.dtype == meaning.dtype == raw.dtype
    for row, single in enumerate(loss.single):
        # a single network comes without the network axis
        part = [None if each is None else each[row] for each in (raw, y, weight)]
        alone = single.bind(raw.shape[1:], raw.dtype)(*part)
        assert np.array_equal(value[row], alone[0]), raw.shape
        assert np.array_equal(gradient[row], alone[1]), raw.shape
        assert np.array_equal(meaning[row], loss.cls.link.inverse(part[0])), raw.shape


@DTYPES
@pytest.mark.parametrize("n", [1, 12, 3000, 10007])
def test_penalties(penalty, dtype, n, rng):
    weights = rng.normal(size=(M, n)).astype(dtype)
    # as in training, the weights are the leading columns of a wider matrix
    wider = np.concatenate([weights, np.ones((M, 3), dtype)], axis=1)[:, :n]
    grads = np.zeros((M, n), dtype)
    penalty.stacked.add_gradient(wider, grads, np.empty((M, n), dtype))
    value = penalty.stacked.value(wider)
    assert value.dtype == np.float64
    for row, single in enumerate(penalty.single):
        alone = np.zeros((1, n), dtype)
        single.add_gradient(rows(weights, row), alone, np.empty((1, n), dtype))
        assert np.array_equal(rows(grads, row), alone)
        assert np.array_equal(rows(value, row), single.value(rows(weights, row)))
    sizes = rng.uniform(0.1, 0.5, (M, n)).astype(dtype)
    penalty.stacked.shrink(wider, sizes, np.empty((M, n), dtype))
    for row, single in enumerate(penalty.single):
        alone = rows(weights, row).copy()
        single.shrink(alone, rows(sizes, row), np.empty((1, n), dtype))
        assert np.array_equal(rows(wider, row), alone)


@DTYPES
@pytest.mark.parametrize("shape", [(1, 1), (7, 1), (300, 1), (1, 5), (13, 5), (300, 40)])
def test_constraints(constraint, dtype, shape, rng):
    n = shape[0] * shape[1]
    wider = rng.normal(size=(M, n + 5)).astype(dtype)  # weights are views of a matrix in training
    before = wider[:, :n].reshape(M, *shape).copy()
    together = wider[:, :n].reshape(M, *shape)
    with np.errstate(invalid="ignore"):
        constraint.stacked.project(together)
        for row, single in enumerate(constraint.single):
            alone = rows(before, row).copy()
            single.project(alone)
            assert np.array_equal(rows(together, row), alone)


@DTYPES
@pytest.mark.parametrize("n", [1, 17, 5000])
def test_transforms(transform, dtype, n, per_update, rng):
    gradients = rng.normal(size=(4, M, n)).astype(dtype)
    values = rng.normal(size=(M, n)).astype(dtype)
    steps = Steps(np.arange(1.0, 5)[:, None] + np.zeros(M), rng.uniform(0.01, 0.1, (4, M)))

    def run(member, seeds, gradients, values, steps):
        streams, state = Streams(seeds), member.init(values)
        taken = []
        for now, gradient in zip(per_update(member, steps, dtype), gradients, strict=True):
            updates, work = gradient.copy(), np.empty_like(gradient)
            if isinstance(member, WholeTransform):
                member.update_whole(updates, now, streams, work)
            else:
                member.update(updates, state, values, now, work)
            taken.append(updates)
        return np.array(taken)

    with np.errstate(invalid="ignore"):
        together = run(transform.stacked, SEEDS, gradients, values, steps)
        assert together.dtype == dtype
        for row, single in enumerate(transform.single):
            at = slice(row, row + 1)
            own = Steps(steps.number[:, at], steps.learning_rate[:, at])
            alone = run(single, SEEDS[at], gradients[:, at], values[at], own)
            assert np.array_equal(together[:, at], alone)


@DTYPES
@pytest.mark.parametrize("weighted", [False, True])
def test_augmentations(augmentation, dtype, weighted, rng):
    weight = rng.uniform(0.1, 1.0, (M, 9, 1)).astype(dtype) if weighted else None
    x, y = rng.normal(size=(M, 9, 4)).astype(dtype), rng.normal(size=(M, 9, 2)).astype(dtype)

    def run(member, seeds, x, y, weight):
        augment, streams = member.bind(x.shape, dtype), Streams(seeds)
        augment(-x, y, streams, weight)  # buffers are used again, generators go on
        return augment(x, y, streams, weight)

    together = run(augmentation.stacked, SEEDS, x, y, weight)
    for row, single in enumerate(augmentation.single):
        own = None if weight is None else rows(weight, row)
        alone = run(single, SEEDS[row : row + 1], rows(x, row), rows(y, row), own)
        for stacked, own in zip(together, alone, strict=True):
            assert stacked.dtype == dtype
            assert np.array_equal(rows(stacked, row), own)


@DTYPES
def test_reparametrizations(reparametrization, dtype, with_slots, rng):
    weight = rng.normal(size=(M, 4, 3)).astype(dtype)
    gradient = rng.normal(size=(M, 4, 3)).astype(dtype)

    p = vars(with_slots(reparametrization.stacked, weight))
    g = vars(with_slots(reparametrization.stacked, gradient))

    def run(member, seeds, row=slice(None)):
        streams = Streams(seeds)
        own_p = SimpleNamespace(**{name: array[row] for name, array in p.items()})
        own_g = SimpleNamespace(**{name: array[row].copy() for name, array in g.items()})
        bound = member.bind(lambda: own_p.weight, "0", own_p, own_g, lambda: streams)
        in_use = bound.forward()
        bound.backward()
        return in_use, *vars(own_g).values()

    together = run(reparametrization.stacked, SEEDS)
    for row, single in enumerate(reparametrization.single):
        # a single network comes without the network axis
        alone = run(single, SEEDS[row : row + 1], row)
        for stacked, own in zip(together, alone, strict=True):
            assert np.array_equal(stacked[row], own)


def test_schedules(schedule):
    counts = np.array([0, 6, 180]), np.array([0, 30, 900]), np.array([0, 600, 18000])
    together = schedule.stacked.factors(Progress(*counts, 5, 100))
    assert together.shape == (5, M)
    for row, single in enumerate(schedule.single):
        alone = single.factors(Progress(*(rows(each, row) for each in counts), 5, 100))
        assert np.array_equal(together[:, row : row + 1], alone)
    epochs = np.arange(1, 40)[:, None] + np.zeros(M)
    together = schedule.stacked.ends_cycle(epochs)
    for row, single in enumerate(schedule.single):
        assert np.array_equal(together[:, row], single.ends_cycle(epochs[:, row]))


def test_averagings(averaging):
    averaged, epochs = np.array([0, 3, 700]), np.array([0, 3, 9])
    together = averaging.stacked.fractions(averaged, epochs, 4)
    assert together.shape == (4, M)
    for row, single in enumerate(averaging.single):
        alone = single.fractions(rows(averaged, row), rows(epochs, row), 4)
        assert np.array_equal(together[:, row : row + 1], alone)


def test_monitors(monitor, rng):
    watched = np.round(np.cumsum(rng.normal(size=(30, M)), axis=0), 1)
    watched[20:, 1] = np.nan
    finite = rng.random((30, M)) < 0.9
    rates = np.array([1e-3, 1e-1, 1e-6])

    def run(member, at):
        state, ends = member.init(at.stop - at.start), []
        for number in range(30):
            seen = Epoch(np.full(M, number + 1)[at], watched[number, at], finite[number, at],
                         rates[at], -1e5)  # fmt: skip
            ends.append(member.on_epoch_end(seen, state))
        return np.array(ends), state

    ends, state = run(monitor.stacked, slice(0, M))
    for row, single in enumerate(monitor.single):
        at = slice(row, row + 1)
        own_ends, own_state = run(single, at)
        assert np.array_equal(ends[:, at], own_ends)
        for name, array in state.items():
            assert np.array_equal(array[at], own_state[name])
