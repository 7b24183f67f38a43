"""Momentum as an average is the classical form at another step size; where Adam does not converge.

The counter-examples are those of Reddi, Kale and Kumar (2018, "On the convergence of Adam and
beyond"): linear losses on [-1, 1], most of them small and falling, a few large and rising, which
outweigh them. The best point is -1. Dividing by what gradients were of late makes the large ones
count as little as the small ones; AMSGrad divides by the largest so far. Step sizes fall with
1 / sqrt(t), points are projected onto [-1, 1].
"""

import numpy as np
import pytest
from sklearn.datasets import make_regression

from sknnreg import MLPRegularizedRegressor
from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop.update_step import UpdateStep
from sknnreg.engine.places.update import Steps
from sknnreg.engine.places.update.optimizers import Adam, AMSGrad, Momentum, RMSprop

EPSILON = 1e-8


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def play(member, gradients, rates, start=0.0, bound=np.inf):
    """Where the steps lead: points ``(T + 1, P)`` from losses' gradients ``(T, P)``."""
    values = np.full((1, gradients.shape[1]), start)
    grads, streams = np.zeros_like(values), Streams([0])
    member = stack([member])
    update_step = UpdateStep((), [member], [member.init(values)], values, grads, values.shape[1])
    update_step.plan(Steps(np.arange(1.0, len(gradients) + 1)[:, None], rates[:, None]))
    path = np.empty((len(gradients) + 1, gradients.shape[1]))
    path[0] = values
    for t, gradient in enumerate(gradients):
        grads[...] = gradient
        update_step.take(t, streams)
        np.clip(values, -bound, bound, out=values)
        path[t + 1] = values
    return path


def averaged_steps(gradients, rates, b):
    """W <- w - rate m from 0, m <- b m + (1 - b) g."""
    w, m, path = 0.0, 0.0, [np.zeros_like(gradients[0])]
    for g, rate in zip(gradients, rates, strict=True):
        m = b * m + (1 - b) * g
        w = w - rate * m
        path.append(w)
    return np.array(path)


@pytest.mark.parametrize("b", [0.0, 0.5, 0.9, 0.99])
def test_momentum_as_an_average_takes_the_steps_of_the_classical_form(b, rng):
    """At step size r / (1 - b) for r; at the same one its steps are 1 - b times as long."""
    gradients, rates = rng.normal(size=(200, 5)), np.full(200, 0.03)
    classical = play(Momentum(b, False), gradients, rates)
    same = averaged_steps(gradients, rates / (1 - b), b)
    scale = np.abs(classical).max()
    np.testing.assert_allclose(classical, same, rtol=0, atol=1e-13 * scale)
    shorter = averaged_steps(gradients, rates, b)
    np.testing.assert_allclose((1 - b) * classical, shorter, rtol=0, atol=1e-13 * scale)


def test_where_step_sizes_change_the_classical_form_averages_steps_not_gradients(rng):
    """A velocity keeps the step sizes it was made with: rate x gradient is what is averaged."""
    gradients, rates = rng.normal(size=(200, 5)), rng.uniform(0.01, 0.1, 200)
    classical = play(Momentum(0.9, False), gradients, rates)
    steps = averaged_steps(rates[:, None] * gradients, np.full(200, 10.0), 0.9)
    np.testing.assert_allclose(classical, steps, rtol=0, atol=1e-12)
    assert np.abs(classical - averaged_steps(gradients, 10 * rates, 0.9)).max() > 0.1


def test_a_network_trains_alike_in_both_forms():
    """A linear model's 50 steps over all rows, biases by the same rule as weights."""
    X, y = make_regression(n_samples=40, n_features=4, noise=1.0, random_state=0)
    y = y / y.std()

    def trained(**parameters):
        return MLPRegularizedRegressor(
            (), solver="sgd", nesterovs_momentum=False, momentum=0.9, batch_size=40,
            n_iter_no_change=None, standardize=False, dtype="float64", random_state=0,
            **parameters,
        ).fit(X, y)  # fmt: skip

    start = trained(learning_rate_init=1e-300, max_iter=1)  # too short a step to be noticed
    w = np.concatenate([start.coefs_[0][:, 0], start.intercepts_[0]])
    rows, m = np.column_stack([X, np.ones(40)]), 0.0
    for _ in range(50):
        m = 0.9 * m + 0.1 * rows.T @ (rows @ w - y) / 40
        w = w - 0.02 / (1 - 0.9) * m
    network = trained(learning_rate_init=0.02, max_iter=50)
    found = np.concatenate([network.coefs_[0][:, 0], network.intercepts_[0]])
    np.testing.assert_allclose(found, w, rtol=0, atol=1e-13)


# The paper's theorem 1: C x at every third t, from t = 1 on, and else -x; C > 2, b1 = 0 and
# b2 = 1 / (1 + C²), rate below sqrt(1 - b2).
N_CYCLES = 2000
RATES = 0.5 / np.sqrt(np.arange(1.0, 3 * N_CYCLES + 1))
STARTS = pytest.mark.parametrize("start", [-1.0, 1.0], ids=["from the best", "from the worst"])


def theorem(large):
    """The gradients, and b2."""
    return np.tile([large, -1.0, -1.0], N_CYCLES), 1 / (1 + large**2)


def regret(path, gradients):
    """How much more the points have cost than -1 would have."""
    return float(gradients @ (path[:-1] + 1))


@STARTS
@pytest.mark.parametrize("large", [3.0, 10.0])
@pytest.mark.parametrize("kind", [Adam, RMSprop])
def test_adam_and_rmsprop_end_at_the_worst_point(kind, large, start):
    """Each cycle up by two steps and down by one that is shorter than both together: to +1.

    There the projection cuts the way up, and each cycle starts at +1 exactly. It then costs at
    least 2 (C - 2) more than -1 would: the average regret never falls below 2 (C - 2) / 3. Of
    all points in [-1, 1] +1 costs the most, 2 (C - 2) a cycle more than -1.
    """
    gradients, b2 = theorem(large)
    member = Adam(0.0, b2, EPSILON) if kind is Adam else RMSprop(b2, EPSILON)
    path = play(member, gradients[:, None], RATES, start, bound=1.0)[:, 0]
    arrived = int(np.argmax(path[::3] == 1))
    assert arrived < 50
    np.testing.assert_array_equal(path[3 * arrived :: 3], 1.0)
    late = regret(path[3 * arrived :], gradients[3 * arrived :])
    assert late >= 2 * (large - 2) * (N_CYCLES - arrived)
    # What single steps cost beside that fades with their size.
    assert regret(path, gradients) / len(gradients) == pytest.approx(2 * (large - 2) / 3, rel=0.01)


@STARTS
@pytest.mark.parametrize(
    ("large", "average_regret"), [(3.0, (0.0074, 0.0162)), (10.0, (0.0081, 0.0260))]
)
def test_amsgrad_goes_to_the_best_point(large, average_regret, start):
    """Its step sizes eta never grow, so that its regret is at most what gradient descent's is.

    Zinkevich (2003): 2² / (2 eta_T) + the sum of eta_t g_t² / 2, which grows with sqrt(T). In the
    end a cycle is a large step down to -1, where the projection cuts it, and two small ones up.
    """
    gradients, b2 = theorem(large)
    path = play(AMSGrad(0.0, b2, EPSILON), gradients[:, None], RATES, start, bound=1.0)[:, 0]
    v, largest, etas = 0.0, 0.0, []
    for t, (g, rate) in enumerate(zip(gradients, RATES, strict=True), 1):
        v = b2 * v + (1 - b2) * g**2
        largest = max(largest, v)
        etas.append(rate * np.sqrt(1 - b2**t) / (np.sqrt(largest) + EPSILON))
    etas = np.array(etas)
    assert np.all(np.diff(etas) < 0)
    assert path[-3] == -1
    assert path[-1] + 1 == pytest.approx(etas[-2:].sum(), rel=1e-9)
    found = regret(path, gradients)
    assert found <= 2 / etas[-1] + np.sum(etas * gradients**2) / 2
    average = average_regret[0] if start == -1 else average_regret[1]
    assert found / len(gradients) == pytest.approx(average, abs=1e-4)


MEMBERS = {
    "adam": Adam(0.9, 0.99, EPSILON),
    "rmsprop": RMSprop(0.99, EPSILON),
    "amsgrad": AMSGrad(0.9, 0.99, EPSILON),
}


@pytest.mark.parametrize(("name", "end"), [("adam", 0.86), ("rmsprop", 0.84), ("amsgrad", -0.90)])
def test_with_longer_memories_too_what_is_rare_is_forgotten(name, end):
    """The paper's first figure: 1010 x at every 101st t, else -10 x. The mean of 50 cycles."""
    gradients = np.tile([1010.0, *[-10.0] * 100], 200)
    rates = 6 / np.sqrt(np.arange(1.0, len(gradients) + 1))
    path = play(MEMBERS[name], gradients[:, None], rates, bound=1.0)
    assert path[-50 * 101 :].mean() == pytest.approx(end, abs=0.01)


@pytest.mark.parametrize(
    ("name", "end", "average_regret", "late_regret"),
    [("adam", 0.92, 18.4, 19.1), ("rmsprop", 0.92, 18.5, 19.1), ("amsgrad", -0.91, 3.0, 1.2)],
)
def test_large_gradients_that_come_by_chance(name, end, average_regret, late_regret, rng):
    """20000 x with probability 0.001, else -10 x: on average 10.01 x, and -1 is best.

    The paper's 1010 x with probability 0.01 needs millions of steps to tell. Means of 100 courses
    from 0; expected regret lies between 0 and 20.02, late regret is that of the last third.
    """
    n_steps, slope = 30_000, 20_000 * 0.001 - 10 * 0.999
    gradients = np.where(rng.random((n_steps, 100)) < 0.001, 20_000.0, -10.0)
    rates = 3 / np.sqrt(np.arange(1.0, n_steps + 1))
    path = play(MEMBERS[name], gradients, rates, bound=1.0).mean(axis=1)
    assert path[-1] == pytest.approx(end, abs=0.01)
    assert slope * (path.mean() + 1) == pytest.approx(average_regret, abs=0.1)
    assert slope * (path[-n_steps // 3 :].mean() + 1) == pytest.approx(late_regret, abs=0.1)
