"""Backpropagation equals central differences: every layer, loss, penalty, reparametrization alone.

Each stack holds three networks of different numbers. Inputs keep away from kinks by construction,
what draws draws the same numbers at every evaluation, and all is in float64.
"""

import numpy as np
import pytest

from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.signal import Phase

M, B, F = 3, 7, 4
STEP = 1e-5
BOUND = 1e-7


def differences(function, at):
    """d function / d at, entry by entry, for all networks at once: both ``(M, ...)``."""
    found = np.empty(at.shape)
    for place in np.ndindex(at.shape[1:]):
        entry = (slice(None), *place)
        kept = at[entry].copy()
        at[entry] = kept + STEP
        above = function()
        at[entry] = kept - STEP
        found[entry] = (above - function()) / (2 * STEP)
        at[entry] = kept
    return found


def assert_same(approximate, exact):
    """|a - e| / (|a| + |e|) of each network's whole array."""
    for a, e in zip(approximate, exact, strict=True):
        if a.any() or e.any():
            error = np.linalg.norm(a - e) / (np.linalg.norm(a) + np.linalg.norm(e))
            assert error < BOUND


def away_from_kinks(rng, shape):
    """Numbers of both signs, none near 0."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.1, 2.0, shape)


def weights(rng, kind):
    """Sample weights ``(M, B, 1)`` over their sums ``(M, 1, 1)``, different for each network."""
    if kind is None:
        return None, None
    raw = rng.uniform(0.1, 3.0, (M, B, 1))
    if kind == "some zero":
        raw[:, 2] = 0
    total = raw.sum(axis=1, keepdims=True)
    return raw / total, total


@pytest.fixture
def generic(bound_layer, rng):
    """Binds a layer at generic values instead of those it starts with."""

    def make(layer):
        bound = bound_layer(layer, [1, 2, 3])
        n = bound.layout.n_trainable
        bound.values[:, :n] += away_from_kinks(rng, (M, n))
        bound.values[:, n:] = rng.uniform(0.5, 2.0, (M, bound.layout.n_columns - n))
        return bound

    return make


@pytest.fixture(params=["inference", "no draws", "draws", "draws, weighted", "some zero weights"])
def phase(request, rng):
    """Makes the same phase, with the same draws, at every call; None is inference."""
    kind = request.param
    if kind == "inference":
        return lambda: None
    streams = None if kind == "no draws" else Streams([10, 11, 12])
    weighted = {"draws, weighted": "all", "some zero weights": "some zero"}.get(kind)
    weight, total = weights(rng, weighted)
    return lambda: Phase(None if streams is None else streams.copy(), weight, total)


def test_layers(any_layer, phase, generic, rng):
    bound = generic(any_layer.stacked)
    x = away_from_kinks(rng, (M, B, F))
    forward, backward = bound.bind(B, phase())
    direction = rng.normal(size=forward(x).shape)
    grad_x = backward(direction.copy())

    def value():
        now = phase()
        total = (direction * bound.forward(x, now)).sum(axis=(1, 2))
        # A layer's own term of the objective counts where it trains.
        cost = None if now is None or now.streams is None else bound.layer.cost(bound.p)
        return total if cost is None else total + cost

    assert grad_x.shape == x.shape
    assert_same(differences(value, x), grad_x)
    for slot in bound.layer.slots:
        if slot.role != "buffer":
            array, gradient = getattr(bound.p, slot.name), getattr(bound.g, slot.name)
            assert_same(differences(value, array), gradient)


def test_parameter_gradients_do_not_need_the_inputs(any_layer, phase, generic, rng):
    """``need_input`` false spares work, it changes nothing else."""
    bound = generic(any_layer.stacked)
    x = away_from_kinks(rng, (M, B, F))
    found = []
    for need_input in (True, False):
        bound.grads.fill(np.nan)
        forward, backward = bound.bind(B, phase(), need_input)
        backward(np.cos(forward(x)))
        found.append(bound.grads.copy())
    assert np.isfinite(found[0]).all()
    assert np.array_equal(*found)


def test_backward_belongs_to_the_latest_forward(any_layer, phase, generic, rng):
    """A bound pair goes through batch after batch; nothing of an earlier one is left behind."""
    x, other = away_from_kinks(rng, (2, M, B, F))
    bound = generic(any_layer.stacked)
    start = bound.values.copy()
    forward, backward = bound.bind(B, phase())
    expected = backward(np.cos(forward(x))).copy()
    gradients = bound.grads.copy()

    bound.values[...] = start
    now = phase()
    forward, backward = bound.bind(B, now)
    backward(np.sin(forward(other)))
    bound.values[...] = start
    if now is not None and now.streams is not None:
        now.streams = phase().streams
    assert np.array_equal(backward(np.cos(forward(x))), expected)
    assert np.array_equal(bound.grads, gradients)


@pytest.mark.parametrize("weighted", [None, "all", "some zero"])
def test_losses(loss, weighted, rng):
    function = loss.stacked
    y = loss.targets(rng, (M, B, F))
    raw = y + away_from_kinks(rng, y.shape)
    weight, _ = weights(rng, weighted)

    def value():
        return function.value_and_gradient(raw, y, weight)[0]

    _, gradient = function.value_and_gradient(raw, y, weight)
    assert_same(differences(value, raw), gradient)


def test_penalties(penalty, rng):
    function = penalty.stacked
    matrix = away_from_kinks(rng, (M, 9))
    grads = np.zeros((M, 9))
    function.add_gradient(matrix, grads, np.empty_like(matrix))
    if penalty.smooth:
        assert_same(differences(lambda: function.value(matrix), matrix), grads)
        assert grads[penalty.active].any(axis=1).all()
    else:  # it acts after the step, as a constraint
        assert not grads.any()


@pytest.mark.parametrize("drawing", [True, False])
def test_reparametrizations(reparametrization, drawing, with_slots, rng):
    member = reparametrization.stacked
    p = with_slots(member, rng.normal(size=(M, F, 3)))
    g = with_slots(member, rng.normal(size=(M, F, 3)))
    direction = g.weight.copy()
    streams = Streams([10, 11, 12])

    def bind():
        draws = streams.copy()
        return member.bind(lambda: p.weight, "0", p, g, (lambda: draws) if drawing else None)

    def value():
        return (direction * bind().forward()).sum(axis=(1, 2))

    bound = bind()
    bound.forward()
    bound.backward()
    assert_same(differences(value, p.weight), g.weight)
    for slot in member.slots(F, 3):
        assert_same(differences(value, getattr(p, slot.name)), getattr(g, slot.name))
