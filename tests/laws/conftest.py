"""One table of members for each noun of the engine; the laws run over all of them.

A case is three configurations of one member that differ in their numbers alone, so that every law
meets a stack of three different networks. A test that names a noun (``layer``, ``loss``, ...) as an
argument runs once for each case in its table. A member that is missing from its table fails
``test_members.py``: add it here and all laws hold for it or fail.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sknnreg.engine.arrays.matrix import Layout
from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.data import Augmentation, InputNoise, LabelSmoothing, Mixup
from sknnreg.engine.places.objective import links, losses
from sknnreg.engine.places.objective.links import Link
from sknnreg.engine.places.objective.losses import Loss
from sknnreg.engine.places.objective.penalties import L1, L2, Penalty
from sknnreg.engine.places.signal import Layer, Phase, Site
from sknnreg.engine.places.signal import activations as layers
from sknnreg.engine.places.signal.activation import Activation
from sknnreg.engine.places.signal.batch_normalization import (
    BatchNormalization,
    MeanOnlyBatchNormalization,
)
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.dropout import AlphaDropout, Dropout
from sknnreg.engine.places.signal.gaussian_dropout import GaussianDropout, VariationalDropout
from sknnreg.engine.places.signal.group_normalization import GroupNormalization, LayerNormalization
from sknnreg.engine.places.signal.initializers import GlorotUniform, Initializer, LecunNormal
from sknnreg.engine.places.time.averaging import Averaging, EpochAverage, ExponentialAverage
from sknnreg.engine.places.time.monitors import (
    AdaptiveRate,
    Divergence,
    LossReached,
    Monitor,
    Plateau,
    TimeLimit,
)
from sknnreg.engine.places.update import Steps, Transform
from sknnreg.engine.places.update.gradients import ClipNorm, GradientNoise
from sknnreg.engine.places.update.optimizers import Adam, AMSGrad, Momentum, RMSprop
from sknnreg.engine.places.update.schedules import Schedule
from sknnreg.engine.places.update.schedules.custom import Custom
from sknnreg.engine.places.update.schedules.cycles import CosineRestarts, Cyclic
from sknnreg.engine.places.update.schedules.decays import (
    Constant,
    Exponential,
    InverseScaling,
    Step,
)
from sknnreg.engine.places.update.schedules.spans import Cosine, FlatCosine, OneCycle
from sknnreg.engine.places.update.schedules.warm_up import WarmUp
from sknnreg.engine.places.update.weight_decay import WeightDecay
from sknnreg.engine.places.weights_at_rest import Constraint, MaxNorm, MaxWeightNorm
from sknnreg.engine.places.weights_in_use import (
    DropConnect,
    InputScale,
    Reparametrization,
    WeightNoise,
    WeightNorm,
)

# Every layer in the table takes signals of so many units.
N_UNITS = 4


@dataclass(frozen=True)
class Case:
    """Three configurations of one member, and what a law has to know beside them.

    ``targets(rng, shape)`` makes y for a loss; ``smooth`` is false where no gradient is defined.
    """

    configs: tuple[Any, Any, Any]
    targets: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] | None = None
    smooth: bool = True

    @property
    def cls(self) -> type:
        return type(self.configs[0])

    @property
    def stacked(self) -> Any:
        """The configurations as one of three networks."""
        return stack(self.configs)

    @property
    def single(self) -> list[Any]:
        """Each configuration as a stack of one network."""
        return [stack([config]) for config in self.configs]

    @property
    def active(self) -> np.ndarray:
        """Which of the three networks the member changes at all."""
        return np.broadcast_to(getattr(self.stacked, "active", True), 3)


def case(first: Any, second: Any = None, third: Any = None, **more: Any) -> Case:
    """A case; what is left out repeats the first configuration."""
    return Case((first, second or first, third or first), **more)


def _falling(update: int) -> float:
    return 1 / (1 + update)


def _real(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(size=shape)


def _counts(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.poisson(2.0, shape).astype(float)


def _labels(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(0, 2, shape).astype(float)


def _shares(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.random(shape)


def _one_hot(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


def _simplex(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    y = rng.random(shape)
    return y / y.sum(axis=-1, keepdims=True)


MEMBERS: dict[str, tuple[type, list[Case]]] = {
    "activation": (
        Activation,
        [
            case(layers.Identity()),
            case(layers.ReLU()),
            case(layers.LeakyReLU()),
            case(layers.Logistic()),
            case(layers.Tanh()),
            case(layers.ELU()),
            case(layers.SELU()),
            case(layers.GELU()),
            case(layers.SiLU()),
            case(layers.Mish()),
            case(layers.Softplus()),
        ],
    ),
    "layer": (
        Layer,
        [
            case(Dense("0", N_UNITS, 3)),
            case(Dense("0", N_UNITS, 1)),
            case(Dense("0", N_UNITS, 3, initializer=LecunNormal())),
            case(Dense("0", N_UNITS, 5, bias=False, initializer=GlorotUniform(2.0))),
            case(
                *(
                    Dense("0", N_UNITS, 3, reparametrizations=(WeightNoise(std),))
                    for std in (0.3, 0.0, 1.5)
                )
            ),
            case(*(Dropout("dropout 0", N_UNITS, rate) for rate in (0.2, 0.0, 0.5))),
            case(*(Dropout("dropout 0", N_UNITS, rate, False) for rate in (0.7, 0.4, 0.0))),
            case(
                BatchNormalization(N_UNITS, 0.9, 1e-5),
                BatchNormalization(N_UNITS, 0.5, 1e-3),
                BatchNormalization(N_UNITS, 0.0, 1e-1),
            ),
            case(*(MeanOnlyBatchNormalization(N_UNITS, momentum) for momentum in (0.9, 0.5, 0.0))),
            case(*(LayerNormalization(N_UNITS, epsilon) for epsilon in (1e-5, 1e-3, 1e-1))),
            case(*(GroupNormalization(N_UNITS, epsilon, 2) for epsilon in (0.1, 0.3, 1.0))),
            case(*(AlphaDropout("dropout 0", N_UNITS, rate) for rate in (0.2, 0.0, 0.5))),
            case(*(GaussianDropout("dropout 0", N_UNITS, rate) for rate in (0.2, 0.0, 0.5))),
            case(*(VariationalDropout("dropout 0", N_UNITS, rate, 50) for rate in (0.2, 0.1, 0.5))),
            case(Dense("0", N_UNITS, 3, reparametrizations=(WeightNorm(),))),
            case(Dense("0", N_UNITS, 3, reparametrizations=(InputScale(3.0),))),
            case(
                *(
                    Dense("0", N_UNITS, 3, reparametrizations=(WeightNorm(), DropConnect(rate)))
                    for rate in (0.5, 0.0, 0.2)
                )
            ),
        ],
    ),
    "initializer": (
        Initializer,
        [case(GlorotUniform()), case(GlorotUniform(2.0)), case(LecunNormal())],
    ),
    "loss": (
        Loss,
        [
            case(losses.SquaredError(), targets=_real),
            case(losses.AbsoluteError(), targets=_real),
            case(losses.Huber(1.0), losses.Huber(0.3), losses.Huber(2.5), targets=_real),
            case(losses.Poisson(), targets=_counts),
            case(losses.BinaryCrossEntropy(), targets=_labels),
            case(losses.BinaryCrossEntropy(), targets=_shares),
            case(losses.CrossEntropy(), targets=_one_hot),
            case(losses.CrossEntropy(), targets=_simplex),
        ],
    ),
    "link": (
        Link,
        [case(links.Identity()), case(links.Exp()), case(links.Logistic()), case(links.Softmax())],
    ),
    "penalty": (
        Penalty,
        [
            case(L1(0.3), L1(0.0), L1(2.0), smooth=False),
            case(L2(0.3), L2(0.0), L2(2.0)),
        ],
    ),
    "constraint": (
        Constraint,
        [
            case(MaxNorm(1.0), MaxNorm(np.inf), MaxNorm(0.1)),
            case(MaxWeightNorm(1.0), MaxWeightNorm(np.inf), MaxWeightNorm(0.1)),
        ],
    ),
    "transform": (
        Transform,
        [
            case(Adam(0.9, 0.999, 1e-8), Adam(0.0, 0.9, 1e-3), Adam(0.5, 0.0, 1e-1)),
            case(AMSGrad(0.9, 0.999, 1e-8), AMSGrad(0.0, 0.9, 1e-3), AMSGrad(0.5, 0.0, 1e-1)),
            case(RMSprop(0.999, 1e-8), RMSprop(0.9, 1e-3), RMSprop(0.0, 1e-1)),
            case(Momentum(0.9, False), Momentum(0.0, False), Momentum(0.5, False)),
            case(Momentum(0.9, True), Momentum(0.0, True), Momentum(0.5, True)),
            case(Momentum(0.95, True, 0.85), Momentum(0.5, True, 0.0), Momentum(0.9, True)),
            case(
                Adam(0.95, 0.999, 1e-8, 0.85, True),
                Adam(0.5, 0.9, 1e-3, 0.0, True),
                Adam(0.9, 0.99, 1e-1, 1.0, True),
            ),
            case(
                AMSGrad(0.95, 0.999, 1e-8, 0.85, True),
                AMSGrad(0.5, 0.9, 1e-3, 0.0, True),
                AMSGrad(0.9, 0.99, 1e-1, 1.0, True),
            ),
            case(ClipNorm(1.0), ClipNorm(np.inf), ClipNorm(0.01)),
            case(GradientNoise(0.5, 0.55), GradientNoise(0.0, 0.55), GradientNoise(2.0, 0.0)),
            case(WeightDecay(0.1), WeightDecay(0.0), WeightDecay(3.0)),
        ],
    ),
    "schedule": (
        Schedule,
        [
            case(Constant()),
            case(InverseScaling(0.5), InverseScaling(0.0), InverseScaling(2.0)),
            case(Exponential(0.95), Exponential(1.0), Exponential(0.5)),
            case(Step(0.95, 10.0), Step(1.0, 1.0), Step(0.1, 3.0)),
            case(Cosine(0.0, 200.0), Cosine(0.1, 20.0), Cosine(1.0, 7.0)),
            case(FlatCosine(0.0, 200.0), FlatCosine(0.1, 20.0), FlatCosine(1.0, 7.0)),
            case(OneCycle(0.0, 200.0), OneCycle(0.1, 20.0), OneCycle(1.0, 7.0)),
            case(
                CosineRestarts(0.0, 10.0, 1.0),
                CosineRestarts(0.1, 1.0, 2.0),
                CosineRestarts(1.0, 3.0, 1.3),
            ),
            case(
                Cyclic(0.0, 10.0, 1.0, 0.95),
                Cyclic(0.1, 1.0, 2.0, 0.5),
                Cyclic(1.0, 3.0, 1.3, 1.0),
            ),
            case(Custom(_falling)),
            case(
                WarmUp(0.0, Exponential(0.95)),
                WarmUp(1.0, Exponential(0.5)),
                WarmUp(5.0, Exponential(1.0)),
            ),
        ],
    ),
    "monitor": (
        Monitor,
        [
            case(Divergence()),
            case(Plateau(0.0, 2.0), Plateau(0.125, 1.0), Plateau(1.0, np.inf)),
            case(*(AdaptiveRate(Plateau(tol, n)) for tol, n in ((0.0, 2.0), (0.125, 1.0), (0, 9)))),
            case(TimeLimit(5.0), TimeLimit(np.inf), TimeLimit(1e6)),
            case(LossReached(1.5), LossReached(-np.inf), LossReached(3.5)),
        ],
    ),
    "averaging": (
        Averaging,
        [
            case(*(ExponentialAverage(decay) for decay in (0.999, 0.0, 0.5))),
            case(*(EpochAverage(start) for start in (0.0, 2.0, 7.5))),
        ],
    ),
    "augmentation": (
        Augmentation,
        [
            case(InputNoise(0.5), InputNoise(0.0), InputNoise(2.0)),
            case(LabelSmoothing(0.1, 3), LabelSmoothing(0.0, 3), LabelSmoothing(0.5, 3)),
            case(Mixup(0.2), Mixup(0.0), Mixup(4.0)),
        ],
    ),
    "reparametrization": (
        Reparametrization,
        [
            case(WeightNoise(0.5), WeightNoise(0.0), WeightNoise(2.0)),
            case(DropConnect(0.5), DropConnect(0.0), DropConnect(0.2)),
            case(WeightNorm()),
            case(InputScale(6.0)),
        ],
    ),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that names nouns once for each case of their tables."""
    for noun, (_, cases) in MEMBERS.items():
        if noun in metafunc.fixturenames:
            ids = [f"{each.cls.__name__}-{number}" for number, each in enumerate(cases)]
            metafunc.parametrize(noun, cases, ids=ids)
    if "any_layer" in metafunc.fixturenames:
        cases = MEMBERS["layer"][1] + MEMBERS["activation"][1]
        ids = [f"{each.cls.__name__}-{number}" for number, each in enumerate(cases)]
        metafunc.parametrize("any_layer", cases, ids=ids)
    if "noun" in metafunc.fixturenames:
        metafunc.parametrize("noun", MEMBERS)


@pytest.fixture
def members() -> dict[str, tuple[type, list[Case]]]:
    """The tables: noun -> (abstract class, cases)."""
    return MEMBERS


@pytest.fixture
def rng() -> np.random.Generator:
    """The test's own random numbers."""
    return np.random.default_rng(0)


class BoundLayer:
    """A layer of M networks alone, over a matrix of its own, at starting values.

    As in a network, a single one's arrays reach the layer without the network axis; here all
    arrays have it.
    """

    def __init__(self, layer: Layer, seeds: list[int], dtype: Any = np.float64) -> None:
        self.layer = layer
        self.layout = Layout([layer.slots])
        self.values = np.zeros((len(seeds), self.layout.n_columns), dtype)
        self.grads = np.full((len(seeds), self.layout.n_trainable), np.nan, dtype)
        (self.p,), (self.g,) = self.layout.views(self.values), self.layout.views(self.grads)
        layer.initialize(self.p, Streams(seeds))

    def bind(
        self, n_rows: int, phase: Phase | None, need_input: bool = True
    ) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]:
        """The pair of forward and backward for batches of this size."""
        m, p, g = len(self.values), self.p, self.g
        if m == 1:
            p, g = (SimpleNamespace(**{n: a[0] for n, a in vars(v).items()}) for v in (p, g))
        if phase is not None:
            phase.weigh(phase.weight, phase.total)
        site = Site(p, g, m, n_rows, self.values.dtype, phase, need_input)
        forward, backward = self.layer.bind(site)
        if m == 1:
            return lambda x: forward(x[0])[None], lambda grad: backward(grad[0])[None]
        return forward, backward

    def forward(self, x: np.ndarray, phase: Phase | None) -> np.ndarray:
        """What one pass gives, in an array of its own."""
        return self.bind(x.shape[1], phase)[0](x).copy()


@pytest.fixture
def bound_layer() -> type[BoundLayer]:
    """Binds a layer alone."""
    return BoundLayer


def beside(member: Reparametrization, weight: np.ndarray, seed: int = 0) -> SimpleNamespace:
    """Weights ``(M, n_in, n_out)``, and generic numbers for what a member keeps beside them."""
    rng = np.random.default_rng(seed)
    slots = member.slots(*weight.shape[1:])
    arrays = {s.name: rng.uniform(0.5, 2.0, (len(weight), *s.shape)) for s in slots}
    return SimpleNamespace(
        weight=weight, **{name: a.astype(weight.dtype) for name, a in arrays.items()}
    )


@pytest.fixture
def with_slots() -> Callable[..., SimpleNamespace]:
    """Makes the arrays that a reparametrization is bound to."""
    return beside


@pytest.fixture
def per_update() -> Callable[[Transform, Steps, Any], list[tuple[np.ndarray, ...]]]:
    """A transform's constants and coefficients at each update, ``(M, 1)`` each."""

    def columns(member: Transform, steps: Steps, dtype: Any) -> list[tuple[np.ndarray, ...]]:
        numbers = [
            np.broadcast_to(each, steps.number.shape).astype(dtype)[..., None]
            for each in (*member.constants(), *member.coefficients(steps))
        ]
        return [tuple(each[update] for each in numbers) for update in range(len(steps.number))]

    return columns
