"""An update by blocks equals the same members applied to whole matrices, bit for bit."""

import numpy as np
import pytest

from sknnreg.engine.arrays.stack import stack, take_numbers
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop import update_step
from sknnreg.engine.places.objective.penalties import L1, L2
from sknnreg.engine.places.update import Steps, WholeTransform
from sknnreg.engine.places.update.gradients import ClipNorm, GradientNoise
from sknnreg.engine.places.update.optimizers import Adam, Momentum
from sknnreg.engine.places.update.weight_decay import WeightDecay

M, N_STEPS = 3, 4
SEEDS = [1, 2, 3]
PENALTIES = (
    stack([L1(0.1), L1(0.0), L1(0.2)]),
    stack([L2(0.3), L2(0.0), L2(2.0)]),
)
NOISE = stack([GradientNoise(0.1, 0.5), GradientNoise(0.0, 0.0), GradientNoise(1.0, 2.0)])
CLIP = stack([ClipNorm(1.0), ClipNorm(np.inf), ClipNorm(0.1)])
DECAY = stack([WeightDecay(0.1), WeightDecay(0.0), WeightDecay(2.0)])
ADAM = stack([Adam(0.9, 0.999, 1e-8), Adam(0.0, 0.9, 1e-3), Adam(0.5, 0.99, 1e-1)])
NESTEROV = stack([Momentum(mu, True) for mu in (0.9, 0.0, 0.5)])
CYCLING = stack(
    [
        Adam(0.95, 0.999, 1e-8, 0.85, True),
        Adam(0.5, 0.9, 1e-3, 0.0, True),
        Adam(0.5, 0.99, 1e-1, 1.0, True),
    ]
)
CHAINS = {
    "cycling": (CYCLING,),
    "adam": (ADAM,),
    "nesterov": (NESTEROV,),
    "decay": (ADAM, DECAY),
    "clip": (CLIP, ADAM),
    "all": (CLIP, NOISE, NESTEROV, DECAY),
    "clipped twice": (CLIP, NOISE, CLIP, ADAM),
}


def unblocked(penalties, transforms, values, gradients, steps, n_weights):
    """What the update computes, written without blocks."""
    dtype, streams = values.dtype, Streams(SEEDS)
    states = [t.init(values) for t in transforms]
    for number, gradient in enumerate(gradients):
        updates, shorter = gradient.copy(), np.ones((M, 1), dtype)
        for penalty in penalties:
            head = values[:, :n_weights]
            penalty.add_gradient(head, updates[:, :n_weights], np.empty_like(head))
        for transform, state in zip(transforms, states, strict=True):
            now = coefficients(transform, steps, number, dtype)
            n = n_weights if transform.weights_only else values.shape[1]
            work = np.empty((M, n), dtype)
            if isinstance(transform, WholeTransform):
                factor = transform.update_whole(updates[:, :n], now, streams, work)
                shorter = shorter if factor is None else shorter * factor
            else:
                transform.update(updates[:, :n], state, values[:, :n], now, work)
        values += updates
        for transform, state in zip(transforms, states, strict=True):
            size = step_size(transform, state, coefficients(transform, steps, number, dtype))
            if size is not None:
                head = values[:, :n_weights]
                by_weight = np.broadcast_to(size * shorter, values.shape)[:, :n_weights]
                for penalty in penalties:
                    penalty.shrink(head, by_weight, np.empty_like(head))
    return values, states


def coefficients(transform, steps, number, dtype):
    """A transform's constants and coefficients at one update, a column each."""
    return tuple(
        np.broadcast_to(c, steps.number.shape)[number].astype(dtype)[:, None]
        for c in (*transform.constants(), *transform.coefficients(steps))
    )


def step_size(transform, state, now):
    """None of what is no optimizer."""
    return None if isinstance(transform, WholeTransform) else transform.step_size(state, now)


@pytest.fixture
def problem(rng):
    def make(n_columns, dtype):
        values = rng.normal(size=(M, n_columns)).astype(dtype)
        gradients = rng.normal(size=(N_STEPS, M, n_columns)).astype(dtype)
        number = np.arange(1.0, N_STEPS + 1)[:, None] + np.array([0, 10, 500])
        rates = rng.uniform(0.001, 0.1, (N_STEPS, M))
        return values, gradients, Steps(number, rates, rates / 0.1)

    return make


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def run(penalties, transforms, values, gradients, steps, n_weights, seeds=SEEDS, n_threads=1):
    grads = np.empty_like(values)
    states = [t.init(values) for t in transforms]
    stepped = update_step.UpdateStep(
        penalties, transforms, states, values, grads, n_weights, n_threads
    )
    stepped.plan(steps)
    streams = Streams(seeds)
    with np.errstate(invalid="ignore"):
        for number, gradient in enumerate(gradients):
            grads[...] = gradient
            stepped.take(number, streams)
    return values, states


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("fraction", [0.0, 0.6, 1.0], ids=["no weights", "some", "weights only"])
@pytest.mark.parametrize(
    ("block", "n_columns"),
    [(1 << 15, 50), (64, 50), (64, 64), (64, 65), (64, 300), (150, 50), (7, 50), (1, 5), (64, 1)],
)
@pytest.mark.parametrize("chain", CHAINS)
def test_blocks_change_nothing(chain, block, n_columns, fraction, dtype, problem, monkeypatch):
    monkeypatch.setattr(update_step, "BLOCK", block)
    values, gradients, steps = problem(n_columns, dtype)
    n_weights = int(fraction * n_columns)
    with np.errstate(invalid="ignore"):
        expected, states = unblocked(
            PENALTIES, CHAINS[chain], values.copy(), gradients, steps, n_weights
        )
    found, kept = run(PENALTIES, CHAINS[chain], values, gradients, steps, n_weights)
    assert np.array_equal(found, expected)
    for ours, theirs in zip(kept, states, strict=True):
        for name, array in theirs.items():
            assert np.array_equal(ours[name], array)


@pytest.mark.parametrize("n_threads", [2, 3, 8])
@pytest.mark.parametrize("n_columns", [1, 50, 64, 65, 300])
@pytest.mark.parametrize("chain", CHAINS)
def test_threads_share_out_the_blocks_with_the_same_bits(
    chain, n_columns, n_threads, problem, monkeypatch
):
    """Also where there are more threads than blocks."""
    monkeypatch.setattr(update_step, "SHARED_BLOCK", 64)
    values, gradients, steps = problem(n_columns, np.float32)
    n_weights = n_columns * 2 // 3
    expected, states = run(PENALTIES, CHAINS[chain], values.copy(), gradients, steps, n_weights)
    found, kept = run(
        PENALTIES, CHAINS[chain], values, gradients, steps, n_weights, n_threads=n_threads
    )
    assert np.array_equal(found, expected)
    for ours, theirs in zip(kept, states, strict=True):
        for name, array in theirs.items():
            assert np.array_equal(ours[name], array)


def test_what_overflows_in_another_thread_is_not_warned_of_either(problem, monkeypatch):
    monkeypatch.setattr(update_step, "SHARED_BLOCK", 64)
    values, gradients, steps = problem(200, np.float32)
    gradients *= np.float32(1e30)
    chain = CHAINS["adam"]
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        run((), chain, values.copy(), gradients, steps, 200)
    with np.errstate(all="ignore"):
        run((), chain, values, gradients, steps, 200, n_threads=4)


@pytest.mark.parametrize("n_columns", [70_000, 32_768, 32_769])
def test_matrices_larger_than_a_real_block(n_columns, problem):
    values, gradients, steps = problem(n_columns, np.float32)
    n_weights = n_columns - 100
    with np.errstate(invalid="ignore"):
        expected, _ = unblocked(
            PENALTIES, CHAINS["all"], values.copy(), gradients, steps, n_weights
        )
    found, _ = run(PENALTIES, CHAINS["all"], values, gradients, steps, n_weights)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block", [1 << 15, 64])
@pytest.mark.parametrize("chain", CHAINS)
def test_a_network_is_walked_as_if_alone(chain, block, dtype, problem, monkeypatch):
    """A single network's coefficients come without an axis; its bits are those in a stack."""
    monkeypatch.setattr(update_step, "BLOCK", block)
    values, gradients, steps = problem(150, dtype)
    start = values.copy()
    together, _ = run(PENALTIES, CHAINS[chain], values, gradients, steps, 100)
    assert np.all(np.any(together != start, axis=1))
    for row in range(M):
        at = np.array([row])
        penalties, transforms = take_numbers((PENALTIES, CHAINS[chain]), at)
        own = Steps(*(each[:, at] for each in steps))
        alone, _ = run(penalties, transforms, start[at], gradients[:, at], own, 100, [SEEDS[row]])
        assert np.array_equal(alone, together[at])


@pytest.mark.parametrize("ahead", [1, 2, 3, 256])
@pytest.mark.parametrize("chain", CHAINS)
def test_plans_may_be_cut_anywhere(chain, ahead, problem, monkeypatch):
    """Each plan counts its updates from 0; what the coefficients are does not depend on it.

    Nor on how many of a plan are worked out together.
    """
    values, gradients, steps = problem(50, np.float64)
    expected, _ = run(PENALTIES, CHAINS[chain], values.copy(), gradients, steps, 30)
    monkeypatch.setattr(update_step, "LOOK_AHEAD", ahead)
    start = values.copy()
    found, _ = run(PENALTIES, CHAINS[chain], values, gradients, steps, 30)
    assert np.array_equal(found, expected)
    values = start
    grads, streams = np.empty_like(values), Streams(SEEDS)
    states = [t.init(values) for t in CHAINS[chain]]
    stepped = update_step.UpdateStep(PENALTIES, CHAINS[chain], states, values, grads, 30)
    with np.errstate(invalid="ignore"):
        for first, stop in ((0, 1), (1, N_STEPS)):
            stepped.plan(Steps(*(each[first:stop] for each in steps)))
            for number in range(first, stop):
                grads[...] = gradients[number]
                stepped.take(number - first, streams)
    assert np.array_equal(values, expected)


@pytest.mark.parametrize("block", [1, 7, 50, 64, 1000])
@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (3, 50), (50, 3), (4, 64), (2, 1000)])
def test_blocks_are_a_partition(block, shape):
    visits = np.zeros(shape, int)
    for at in update_step._places(*shape, block):
        part = visits[at]
        part += 1
        assert part.size <= max(block, 1)
    assert np.all(visits == 1)


def test_values_are_walked_in_place(problem):
    """Also where they are the leading columns of a wider matrix, as in training."""
    values, gradients, steps = problem(20, np.float64)
    wider = np.concatenate([values, np.full((M, 3), 7.0)], axis=1)
    found, _ = run((), CHAINS["adam"], wider[:, :20], gradients, steps, 15)
    expected, _ = run((), CHAINS["adam"], values, gradients, steps, 15)
    assert np.array_equal(wider[:, :20], expected)
    assert found.base is wider
    assert np.all(wider[:, 20:] == 7)
