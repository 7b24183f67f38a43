"""The optimizers: what a gradient becomes when its history counts."""

from dataclasses import dataclass

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork, power
from sknnreg.engine.places.update.base import BlockTransform, Coefficients, State, Steps, per_step


@dataclass(frozen=True)
class Momentum(BlockTransform):
    """v <- mu v - rate g; the step is v, with Nesterov's look-ahead mu v - rate g.

    Gradient descent for mu = 0 (Polyak, 1964; Nesterov, 1983, as in Sutskever et al., 2013).
    """

    momentum: PerNetwork
    nesterov: bool

    def init(self, values: Array) -> State:
        return {"velocity": np.zeros_like(values)}

    def constants(self) -> Coefficients:
        return (np.atleast_1d(self.momentum),)

    def coefficients(self, steps: Steps) -> Coefficients:
        """-rate, and what a gradient that lasts adds up to, rate / (1 - mu)."""
        momentum = per_step(self.momentum)
        rate = steps.learning_rate
        return -rate, rate / np.where(momentum < 1, 1 - momentum, 1)

    def step_size(self, state: State, coefficients: Coefficients) -> Array | None:
        return coefficients[2]

    def update(
        self, updates: Array, state: State, values: Array, coefficients: Coefficients, work: Array
    ) -> None:
        momentum, minus_rate, _ = coefficients
        velocity = state["velocity"]
        updates *= minus_rate
        velocity *= momentum
        velocity += updates
        if self.nesterov:
            updates += np.multiply(velocity, momentum, out=work)
        else:
            np.copyto(updates, velocity)


@dataclass(frozen=True)
class RMSprop(BlockTransform):
    """-rate g / (sqrt(v) + eps), v <- b2 v + (1 - b2) g**2 (Tieleman and Hinton, 2012).

    As in Adam below, v is kept as the plain sum v / (1 - b2).
    """

    beta_2: PerNetwork
    epsilon: PerNetwork

    def init(self, values: Array) -> State:
        return {"second": np.zeros_like(values)}

    def constants(self) -> Coefficients:
        """b2, and epsilon for the plain sum."""
        b2 = np.atleast_1d(self.beta_2)
        return b2, self.epsilon / np.sqrt(1 - b2)

    def coefficients(self, steps: Steps) -> Coefficients:
        """-rate and rate, for the plain sum."""
        lasting = steps.learning_rate / np.sqrt(1 - per_step(self.beta_2))
        return -lasting, lasting

    def step_size(self, state: State, coefficients: Coefficients) -> Array | None:
        """By weight: rate / (sqrt(v) + eps)."""
        return _by_weight(state["second"], coefficients[1], coefficients[3])

    def update(
        self, updates: Array, state: State, values: Array, coefficients: Coefficients, work: Array
    ) -> None:
        beta_2, epsilon, step, _ = coefficients
        second = state["second"]
        second *= beta_2
        second += np.square(updates, out=work)
        np.sqrt(second, out=work)
        work += epsilon
        updates /= work
        updates *= step


@dataclass(frozen=True)
class Adam(BlockTransform):
    """-rate sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps) (Kingma and Ba, 2015, section 2).

    The moments are kept as the plain sums m / (1 - b1) and v / (1 - b2), which spares two passes;
    the factors move into the coefficients.
    """

    beta_1: PerNetwork
    beta_2: PerNetwork
    epsilon: PerNetwork

    def init(self, values: Array) -> State:
        return {"first": np.zeros_like(values), "second": np.zeros_like(values)}

    def constants(self) -> Coefficients:
        """b1, b2, and epsilon for the plain sum."""
        return _decays(self.beta_1, self.beta_2, self.epsilon)

    def coefficients(self, steps: Steps) -> Coefficients:
        """The step, and the step of a gradient that lasts; for the plain sums."""
        return _corrected(self.beta_1, self.beta_2, steps)

    def step_size(self, state: State, coefficients: Coefficients) -> Array | None:
        """By weight: rate / (sqrt(v) + eps), bias-corrected."""
        return _by_weight(state["second"], coefficients[2], coefficients[4])

    def update(
        self, updates: Array, state: State, values: Array, coefficients: Coefficients, work: Array
    ) -> None:
        # All in one function, here and in AMSGrad: two calls more are 2 % of a small step.
        beta_1, beta_2, epsilon, step, _ = coefficients
        first, second = state["first"], state["second"]
        first *= beta_1
        first += updates
        second *= beta_2
        second += np.square(updates, out=updates)
        np.sqrt(second, out=updates)
        updates += epsilon
        np.divide(first, updates, out=updates)
        updates *= step


@dataclass(frozen=True)
class AMSGrad(BlockTransform):
    """Adam with the largest v so far in place of v (Reddi, Kale and Kumar, 2018).

    With Adam's bias corrections, which the source leaves out.
    """

    beta_1: PerNetwork
    beta_2: PerNetwork
    epsilon: PerNetwork

    def init(self, values: Array) -> State:
        """Both moments, and the largest of the second."""
        return {name: np.zeros_like(values) for name in ("first", "second", "largest")}

    def constants(self) -> Coefficients:
        return _decays(self.beta_1, self.beta_2, self.epsilon)

    def coefficients(self, steps: Steps) -> Coefficients:
        return _corrected(self.beta_1, self.beta_2, steps)

    def step_size(self, state: State, coefficients: Coefficients) -> Array | None:
        """By weight, of the largest v."""
        return _by_weight(state["largest"], coefficients[2], coefficients[4])

    def update(
        self, updates: Array, state: State, values: Array, coefficients: Coefficients, work: Array
    ) -> None:
        beta_1, beta_2, epsilon, step, _ = coefficients
        first, second, largest = state["first"], state["second"], state["largest"]
        first *= beta_1
        first += updates
        second *= beta_2
        second += np.square(updates, out=updates)
        np.maximum(largest, second, out=largest)
        np.sqrt(largest, out=updates)
        updates += epsilon
        np.divide(first, updates, out=updates)
        updates *= step


def _decays(beta_1: PerNetwork, beta_2: PerNetwork, epsilon: PerNetwork) -> Coefficients:
    """b1, b2, and epsilon for plain sums."""
    b1, b2 = np.atleast_1d(beta_1), np.atleast_1d(beta_2)
    return b1, b2, epsilon / np.sqrt(1 - b2)


def _corrected(beta_1: PerNetwork, beta_2: PerNetwork, steps: Steps) -> Coefficients:
    """The bias-corrected step, and that of a gradient that lasts, for plain sums."""
    b1, b2 = per_step(beta_1), per_step(beta_2)
    lasting = steps.learning_rate * np.sqrt((1 - power(b2, steps.number)) / (1 - b2))
    return lasting * (b1 - 1) / (1 - power(b1, steps.number)), lasting


def _by_weight(second: Array, epsilon: Array, lasting: Array) -> Array:
    """What a lasting gradient is multiplied by, weight by weight."""
    size: Array = np.sqrt(second)
    size += epsilon
    np.divide(lasting, size, out=size)
    return size
