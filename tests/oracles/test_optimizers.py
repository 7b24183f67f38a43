"""Every solver takes the steps of its paper's algorithm, over 200 updates of a whole network.

The gradients come from a backpropagation written out here, of J = mean loss + (l2 / 2) ||W||²
with W all weights and no bias; decoupled decay takes rate x decay x w off every weight, w as it
was before the step. Both sides do the same arithmetic in another order: they differ by float64
rounding, which 200 steps of a smooth map carry on. 1e-13 of an array's largest entry leaves room
for that and for nothing else.
"""

import itertools

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

RTOL = 1e-13
N, N_UPDATES = 60, 200
# 60 rows in batches of 16 end with one of 12.
BATCH_SIZES = pytest.mark.parametrize("batch_size", [N, 16], ids=["full batch", "mini-batches"])
MU, BETA_1, BETA_2 = 0.9, 0.8, 0.95
# Large enough that its place in the formula shows.
EPSILON = 1e-4
# Steps of constant length jump about a minimum, and where they land is chaos, not arithmetic:
# those that are divided by the gradient's size are short enough to be on their way throughout.
LONG, SHORT = 0.02, 0.001


class Momentum:
    """Sutskever et al. (2013), equations 1 and 2, after Polyak (1964)."""

    def __init__(self, mu):
        self.mu, self.v = mu, 0.0

    def step(self, g, rate):
        self.v = self.mu * self.v - rate * g
        return self.v


class Nesterov:
    """The same paper's equations 3 and 4, where gradients are taken at phi = theta + mu v.

    Training holds phi: from theta' = theta + v' its step is phi' - phi = v' + mu v' - mu v.
    """

    def __init__(self):
        self.v = 0.0

    def step(self, g, rate):
        before, self.v = self.v, MU * self.v - rate * g
        return self.v + MU * self.v - MU * before


class RMSprop:
    """Tieleman and Hinton (2012), lecture 6e."""

    def __init__(self):
        self.v = 0.0

    def step(self, g, rate):
        self.v = BETA_2 * self.v + (1 - BETA_2) * g**2
        return -rate * g / (np.sqrt(self.v) + EPSILON)


class Adam:
    """Kingma and Ba (2015), algorithm 1 in the order of section 2's end: epsilon beside sqrt(v)."""

    def __init__(self):
        self.t, self.m, self.v = 0, 0.0, 0.0

    def step(self, g, rate):
        self.t += 1
        self.m = BETA_1 * self.m + (1 - BETA_1) * g
        self.v = BETA_2 * self.v + (1 - BETA_2) * g**2
        corrected = rate * np.sqrt(1 - BETA_2**self.t) / (1 - BETA_1**self.t)
        return -corrected * self.m / (np.sqrt(self.second()) + EPSILON)

    def second(self):
        return self.v


class AMSGrad(Adam):
    """Reddi, Kale and Kumar (2018), algorithm 2, with Adam's bias corrections."""

    largest = 0.0

    def second(self):
        self.largest = np.maximum(self.largest, self.v)
        return self.largest


SOLVERS = {
    "descent": ({"solver": "sgd", "momentum": 0.0}, LONG, lambda: Momentum(0.0)),
    "momentum": ({"solver": "sgd", "nesterovs_momentum": False}, LONG, lambda: Momentum(MU)),
    "nesterov": ({"solver": "sgd", "nesterovs_momentum": True}, LONG, Nesterov),
    "rmsprop": ({"solver": "rmsprop"}, SHORT, RMSprop),
    "adam": ({"solver": "adam"}, SHORT, Adam),
    "amsgrad": ({"solver": "amsgrad"}, SHORT, AMSGrad),
}
EACH_SOLVER = pytest.mark.parametrize("solver", SOLVERS)
DECAYS = {"no decay": {}, "l2": {"l2": 0.1}, "decoupled decay": {"weight_decay": 0.1}}
EACH_DECAY = pytest.mark.parametrize("decay", DECAYS)


def softmax(raw):
    return np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)


def classes():
    X, y = make_classification(
        n_samples=N, n_features=6, n_informative=4, n_classes=3, random_state=0
    )
    return MLPRegularizedClassifier, X, y, np.eye(3)[y], softmax


def responses():
    X, y = make_regression(n_samples=N, n_features=6, n_targets=2, noise=1.0, random_state=1)
    return MLPRegularizedRegressor, X, y / y.std(), y / y.std(), lambda raw: raw


TASKS = pytest.mark.parametrize("task", [classes, responses], ids=lambda task: task.__name__)


def gradient(weights, biases, X, target, link):
    """Of the rows' mean cross-entropy behind a softmax, or of half their mean squared distance."""
    signals = [X]
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        signals.append(np.tanh(signals[-1] @ W + b))
    delta = (link(signals[-1] @ weights[-1] + biases[-1]) - target) / len(X)
    by_weight, by_bias = [], []
    for W, signal in zip(reversed(weights), reversed(signals), strict=True):
        by_weight.insert(0, signal.T @ delta)
        by_bias.insert(0, delta.sum(axis=0))
        delta = delta @ W.T * (1 - signal**2)
    return in_one_vector(by_weight + by_bias)


def in_one_vector(arrays):
    return np.concatenate([array.ravel() for array in arrays])


def in_parts(vector, like):
    """Views of the vector in the shapes of some arrays."""
    ends = np.cumsum([array.size for array in like])
    parts = zip(np.split(vector, ends[:-1]), like, strict=True)
    return [part.reshape(array.shape) for part, array in parts]


def reference(start, task, make, rates, batch_size, l2=0.0, weight_decay=0.0):
    """All weights, then all biases, after each epoch; ``rates`` are each update's step size."""
    _, X, _, target, link = task()
    n_layers = len(start) // 2
    theta, optimizer, path, rates = in_one_vector(start), make(), [], iter(rates)
    arrays = in_parts(theta, start)
    weights, biases = arrays[:n_layers], arrays[n_layers:]
    is_weight = np.arange(len(theta)) < sum(W.size for W in weights)
    for _ in range(n_epochs(batch_size)):
        for first in range(0, N, batch_size):
            rows, rate = slice(first, first + batch_size), next(rates)
            g = gradient(weights, biases, X[rows], target[rows], link) + l2 * is_weight * theta
            theta += optimizer.step(g, rate) - rate * weight_decay * is_weight * theta
        path.append(in_parts(theta.copy(), start))
    return path


def n_epochs(batch_size):
    return N_UPDATES // -(-N // batch_size)


def ours(task, hidden=(4, 3), **parameters):
    settings = {
        "activation": "tanh",
        "standardize": False,
        "dtype": "float64",
        "shuffle": False,
        "momentum": MU,
        "beta_1": BETA_1,
        "beta_2": BETA_2,
        "epsilon": EPSILON,
        "n_iter_no_change": None,
        "random_state": 3,
    }
    return task()[0](hidden, **{**settings, **parameters})


def start_of(model, X, y):
    """A step too short for any weight to notice leaves them as they started."""
    still = {"solver": "sgd", "learning_rate": "constant", "learning_rate_warmup": 0}
    still |= {"learning_rate_init": 1e-300, "learning_rate_min": 0.0, "max_iter": 1}
    model = clone(model).set_params(**still).fit(X, y)
    return [*model.coefs_, *model.intercepts_]


def compare(model, expected):
    for array, other in zip([*model.coefs_, *model.intercepts_], expected, strict=True):
        np.testing.assert_allclose(array, other, rtol=0, atol=RTOL * np.abs(other).max())


@pytest.mark.slow
@TASKS
@BATCH_SIZES
@EACH_DECAY
@EACH_SOLVER
def test_training_follows_the_paper_update_for_update(solver, decay, batch_size, task):
    """Compared after the first epochs and the last, by going on from one to the next."""
    (settings, rate, make), (_, X, y, *_) = SOLVERS[solver], task()
    model = ours(task, batch_size=batch_size, learning_rate_init=rate, **settings, **DECAYS[decay])
    start = start_of(model, X, y)
    path = reference(start, task, make, [rate] * N_UPDATES, batch_size, **DECAYS[decay])
    model.set_params(warm_start=True)
    done = 0
    for epoch in (1, 2, 10, n_epochs(batch_size)):
        model.set_params(max_iter=epoch - done).fit(X, y)
        done = model.n_iter_
        assert done == epoch
        compare(model, path[epoch - 1])


@EACH_SOLVER
@pytest.mark.parametrize("hidden", [(), (5,)], ids=["linear", "one layer"])
def test_other_depths_follow_the_paper_too(solver, hidden):
    (settings, rate, make), (_, X, y, *_) = SOLVERS[solver], classes()
    model = ours(classes, hidden, batch_size=16, learning_rate_init=rate, max_iter=50, **settings)
    path = reference(start_of(model, X, y), classes, make, [rate] * N_UPDATES, 16)
    compare(model.fit(X, y), path[-1])


def cosine(update, rate, floor, n_updates):
    """From ``rate`` along half a cosine, so that update n_updates would have ``floor``."""
    return floor + (rate - floor) * (1 + np.cos(np.pi * update / n_updates)) / 2


@pytest.mark.parametrize(("batch_size", "warm_up"), [(N, 0), (16, 0), (16, 3)])
@EACH_SOLVER
def test_each_update_has_the_step_size_of_the_formula(solver, batch_size, warm_up):
    """Cosine over all updates, behind a linear rise: rate (t + 1) / n at the first n updates.

    Velocities keep the step sizes they were made with; decay goes with the present one.
    """
    (settings, rate, make), (_, X, y, *_) = SOLVERS[solver], classes()
    epochs, floor, decay = n_epochs(batch_size), rate / 10, DECAYS["decoupled decay"]
    rising = warm_up * N_UPDATES // epochs
    rates = [rate * (t + 1) / rising for t in range(rising)]
    rates += [cosine(t, rate, floor, N_UPDATES - rising) for t in range(N_UPDATES - rising)]
    model = ours(
        classes, batch_size=batch_size, learning_rate_init=rate, learning_rate="cosine",
        learning_rate_min=floor, learning_rate_warmup=warm_up, max_iter=epochs,
        **settings, **decay,
    )  # fmt: skip
    path = reference(start_of(model, X, y), classes, make, rates, batch_size, **decay)
    for expected in path[:10]:
        compare(model.partial_fit(X, y), expected)
    model.fit(X, y)
    compare(model, path[-1])
    last = rates[N_UPDATES // epochs - 1 :: N_UPDATES // epochs]
    np.testing.assert_allclose(model.learning_rate_curve_, last, rtol=1e-12)


def test_the_comparison_would_tell_all_of_them_apart():
    """No solver passes for another, nor one decay for the other, nor a step size that is 1e-7 off.

    But for descent without momentum, where l2 and decoupled decay are one thing.
    """
    _, X, y, *_ = classes()
    start = start_of(ours(classes), X, y)

    def last(solver, decay, longer=1.0):
        _, rate, make = SOLVERS[solver]
        rates = [longer * rate] * N_UPDATES
        return reference(start, classes, make, rates, N, **DECAYS[decay])[-1][0]

    def gap(one, other):
        return float(np.abs(one - other).max() / np.abs(one).max())

    found = {each: last(*each) for each in itertools.product(SOLVERS, DECAYS)}
    for one, other in itertools.combinations(found, 2):
        same = one == ("descent", "l2") and other == ("descent", "decoupled decay")
        assert (gap(found[one], found[other]) < RTOL) is same, (one, other)
        assert same or gap(found[one], found[other]) > 1e-3, (one, other)
    for each, path_end in found.items():
        assert gap(path_end, last(*each, longer=1 + 1e-7)) > 10_000 * RTOL
