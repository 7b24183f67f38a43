"""The optimizers: what a gradient becomes when its history counts."""

from dataclasses import dataclass

import numpy as np

from sknnreg.engine.arrays.stack import Array, PerNetwork, power
from sknnreg.engine.places.update.base import BlockTransform, Coefficients, State, Steps, per_step


@dataclass(frozen=True)
class Momentum(BlockTransform):
    """v <- mu v - rate g; the step is v, with Nesterov's look-ahead mu v - rate g.

    Gradient descent for mu = 0 (Polyak, 1964; Nesterov, 1983, as in Sutskever et al., 2013). If
    ``lowest`` is below it, mu falls to it as the step size rises to its largest (Smith, 2018).
    """

    momentum: PerNetwork
    nesterov: bool
    lowest: PerNetwork = 1.0

    def init(self, values: Array) -> State:
        return {"velocity": np.zeros_like(values)}

    def coefficients(self, steps: Steps) -> Coefficients:
        """mu, -rate, and what a gradient that lasts adds up to, rate / (1 - mu)."""
        momentum = steps.against_rate(self.momentum, self.lowest)
        rate = steps.learning_rate
        return momentum, -rate, rate / np.where(momentum < 1, 1 - momentum, 1)

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
        return _second_decay(self.beta_2, self.epsilon)

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
    the factors move into the coefficients. If it ``cycles``, b1 falls to ``lowest`` as the step
    size rises to its largest (Smith, 2018), and gradients count by 1 - b1 of their update.
    """

    beta_1: PerNetwork
    beta_2: PerNetwork
    epsilon: PerNetwork
    lowest: PerNetwork = 1.0
    cycles: bool = False

    def init(self, values: Array) -> State:
        return {"first": np.zeros_like(values), "second": np.zeros_like(values)}

    def constants(self) -> Coefficients:
        """b2, and epsilon for the plain sum."""
        return _second_decay(self.beta_2, self.epsilon)

    def coefficients(self, steps: Steps) -> Coefficients:
        """b1, a gradient's weight, the step, and that of a gradient that lasts."""
        return _corrected(self.beta_1, self.lowest, self.beta_2, steps)

    def step_size(self, state: State, coefficients: Coefficients) -> Array | None:
        """By weight: rate / (sqrt(v) + eps), bias-corrected."""
        return _by_weight(state["second"], coefficients[1], coefficients[5])

    def update(
        self, updates: Array, state: State, values: Array, coefficients: Coefficients, work: Array
    ) -> None:
        # All in one function, here and in AMSGrad: two calls more are 2 % of a small step.
        beta_2, epsilon, beta_1, weight, step, _ = coefficients
        first, second = state["first"], state["second"]
        first *= beta_1
        first += np.multiply(updates, weight, out=work) if self.cycles else updates
        second *= beta_2
        second += np.square(updates, out=updates)
        np.sqrt(second, out=updates)
        updates += epsilon
        np.divide(first, updates, out=updates)
        updates *= step


@dataclass(frozen=True)
class AMSGrad(BlockTransform):
    """Adam with the largest v so far in place of v (Reddi, Kale and Kumar, 2018).

    With Adam's bias corrections, which the source leaves out, and b1 as in Adam.
    """

    beta_1: PerNetwork
    beta_2: PerNetwork
    epsilon: PerNetwork
    lowest: PerNetwork = 1.0
    cycles: bool = False

    def init(self, values: Array) -> State:
        """Both moments, and the largest of the second."""
        return {name: np.zeros_like(values) for name in ("first", "second", "largest")}

    def constants(self) -> Coefficients:
        return _second_decay(self.beta_2, self.epsilon)

    def coefficients(self, steps: Steps) -> Coefficients:
        return _corrected(self.beta_1, self.lowest, self.beta_2, steps)

    def step_size(self, state: State, coefficients: Coefficients) -> Array | None:
        """By weight, of the largest v."""
        return _by_weight(state["largest"], coefficients[1], coefficients[5])

    def update(
        self, updates: Array, state: State, values: Array, coefficients: Coefficients, work: Array
    ) -> None:
        beta_2, epsilon, beta_1, weight, step, _ = coefficients
        first, second, largest = state["first"], state["second"], state["largest"]
        first *= beta_1
        first += np.multiply(updates, weight, out=work) if self.cycles else updates
        second *= beta_2
        second += np.square(updates, out=updates)
        np.maximum(largest, second, out=largest)
        np.sqrt(largest, out=updates)
        updates += epsilon
        np.divide(first, updates, out=updates)
        updates *= step


def _second_decay(beta_2: PerNetwork, epsilon: PerNetwork) -> Coefficients:
    """b2, and epsilon for the plain sum; RMSprop's and Adam's."""
    b2 = np.atleast_1d(beta_2)
    return b2, epsilon / np.sqrt(1 - b2)


def _corrected(
    beta_1: PerNetwork, lowest: PerNetwork, beta_2: PerNetwork, steps: Steps
) -> Coefficients:
    """b1, a gradient's weight in m / (1 - its highest), the bias-corrected step, the lasting one.

    For plain sums. A b1 that changes is corrected for as if it had always been what it is now, as
    everywhere: only the very first updates would tell.
    """
    highest, b2 = per_step(beta_1), per_step(beta_2)
    b1 = steps.against_rate(beta_1, lowest)
    lasting = steps.learning_rate * np.sqrt((1 - power(b2, steps.number)) / (1 - b2))
    step = lasting * (highest - 1) / (1 - power(b1, steps.number))
    return b1, (1 - b1) / (1 - highest), step, lasting


def _by_weight(second: Array, epsilon: Array, lasting: Array) -> Array:
    """What a lasting gradient is multiplied by, weight by weight."""
    size: Array = np.sqrt(second)
    size += epsilon
    np.divide(lasting, size, out=size)
    return size
