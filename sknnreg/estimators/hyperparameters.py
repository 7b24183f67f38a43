"""What the user sets: each hyperparameter with its type, its place, and what is allowed."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from numbers import Integral, Real
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import Interval, Options, StrOptions

from sknnreg.engine.places.signal.activations import ACTIVATIONS, ActivationName
from sknnreg.estimators.choices import (
    AVERAGINGS,
    DROPOUTS,
    INSTANCE,
    NORMALIZATIONS,
    OPTIMIZERS,
    SCHEDULES,
    AveragingName,
    BatchSampling,
    BatchStatistics,
    ComputingDtype,
    DropConnectInference,
    DropoutKind,
    DropoutScaling,
    NormalizationName,
    NormalizationPosition,
    Refit,
    ScheduleName,
    SolverName,
    StandardizedAlone,
)


class Place(Enum):
    """Where a hyperparameter acts: at one of the seven places, or elsewhere."""

    NETWORK = "(the network)"
    DATA = "1 data"
    SIGNAL = "2 signal"
    WEIGHTS_IN_USE = "3 weights in use"
    OBJECTIVE = "4 objective"
    UPDATE = "5 update"
    WEIGHTS_AT_REST = "6 weights at rest"
    TIME = "7 time"
    OTHER = "(other)"


(NETWORK, DATA, SIGNAL, WEIGHTS_IN_USE, OBJECTIVE, UPDATE, WEIGHTS_AT_REST, TIME, OTHER) = Place


class NotWithLBFGS(Enum):
    """Why ``solver="lbfgs"`` refuses a hyperparameter unless it is off: None, or else 0."""

    DRAWS = "draws random numbers, and solver='lbfgs' needs a deterministic loss"
    STEPWISE = "acts on single steps, which solver='lbfgs' does not take"
    JUMPS = "moves rows by the sign of a gradient, whose jumps solver='lbfgs' cannot follow"


DRAWS, STEPWISE, JUMPS = NotWithLBFGS

# What is allowed, in the terms of scikit-learn's validation.
from_zero = Interval(Real, 0, None, closed="left")
positive = Interval(Real, 0, None, closed="neither")
probability = Interval(Real, 0, 1, closed="left")
count = Interval(Integral, 1, None, closed="left")


def one_of(names: Iterable[str]) -> StrOptions:
    """One of these names; messages tell them in this order, which a set has not."""
    return StrOptions(dict.fromkeys(names).keys())


Sizes: TypeAlias = int | Sequence[int] | NDArray[np.integer[Any]]
Rates: TypeAlias = float | Sequence[float] | NDArray[np.floating[Any]]
ActivationNames: TypeAlias = ActivationName | Sequence[ActivationName]
# (X, y, rng) -> (X, y), a batch as ``fit`` received it
Augmentation: TypeAlias = Callable[[Any, Any, np.random.Generator], tuple[Any, Any]]


class Declaration(NamedTuple):
    """What is declared of a hyperparameter beside its type."""

    place: Place
    allowed: tuple[Any, ...]
    not_with_lbfgs: NotWithLBFGS | None


class Hyperparameters:
    """Those that both estimators share, in the order of the places.

    Behind the type stand the place, what is allowed, and why lbfgs refuses it, if it does. A
    subclass declares its own in the same way.
    """

    hidden_layer_sizes: Annotated[Sizes, NETWORK, "array-like", count]
    activation: Annotated[ActivationNames, NETWORK, one_of(ACTIVATIONS), "array-like"]

    standardize: Annotated[
        bool | StandardizedAlone, DATA, "boolean", one_of(get_args(StandardizedAlone))
    ]
    input_noise: Annotated[float, DATA, from_zero, DRAWS]
    augmentation: Annotated[Augmentation | None, DATA, callable, None, DRAWS]
    mixup: Annotated[float, DATA, from_zero, DRAWS]
    adversarial: Annotated[float, DATA, from_zero, JUMPS]

    dropout: Annotated[Rates, SIGNAL, probability, "array-like", DRAWS]
    input_dropout: Annotated[float, SIGNAL, probability, DRAWS]
    dropout_kind: Annotated[DropoutKind, SIGNAL, one_of(DROPOUTS)]
    dropout_scaling: Annotated[DropoutScaling, SIGNAL, one_of(get_args(DropoutScaling))]
    normalization: Annotated[
        NormalizationName | None, SIGNAL, one_of((*NORMALIZATIONS, INSTANCE)), None
    ]
    normalization_position: Annotated[
        NormalizationPosition, SIGNAL, one_of(get_args(NormalizationPosition))
    ]
    normalization_epsilon: Annotated[float, SIGNAL, positive]
    normalization_momentum: Annotated[float, SIGNAL, probability]
    normalization_groups: Annotated[int, SIGNAL, count]
    batch_statistics: Annotated[BatchStatistics, SIGNAL, one_of(get_args(BatchStatistics))]

    weight_norm: Annotated[bool, WEIGHTS_IN_USE, "boolean"]
    input_scale: Annotated[float, WEIGHTS_IN_USE, from_zero]
    drop_connect: Annotated[float, WEIGHTS_IN_USE, probability, DRAWS]
    drop_connect_inference: Annotated[
        DropConnectInference, WEIGHTS_IN_USE, one_of(get_args(DropConnectInference))
    ]
    weight_noise: Annotated[float, WEIGHTS_IN_USE, from_zero, DRAWS]

    l1: Annotated[float, OBJECTIVE, from_zero]
    l2: Annotated[float, OBJECTIVE, from_zero]

    solver: Annotated[SolverName, UPDATE, one_of((*OPTIMIZERS, "lbfgs"))]
    learning_rate: Annotated[
        ScheduleName | Callable[[int], float], UPDATE, one_of(SCHEDULES), callable
    ]
    learning_rate_init: Annotated[float, UPDATE, positive]
    learning_rate_min: Annotated[float, UPDATE, from_zero]
    learning_rate_period: Annotated[int, UPDATE, count]
    learning_rate_period_mult: Annotated[float, UPDATE, Interval(Real, 1, None, closed="left")]
    learning_rate_decay: Annotated[float, UPDATE, Interval(Real, 0, 1, closed="right")]
    learning_rate_warmup: Annotated[
        int, UPDATE, Interval(Integral, 0, None, closed="left"), STEPWISE
    ]
    power_t: Annotated[float, UPDATE, from_zero]
    momentum: Annotated[float, UPDATE, Interval(Real, 0, 1, closed="both")]
    momentum_min: Annotated[float | None, UPDATE, probability, None]
    nesterovs_momentum: Annotated[bool, UPDATE, "boolean"]
    beta_1: Annotated[float, UPDATE, probability]
    beta_2: Annotated[float, UPDATE, probability]
    epsilon: Annotated[float, UPDATE, positive]
    max_fun: Annotated[int, UPDATE, count]
    weight_decay: Annotated[float, UPDATE, from_zero, STEPWISE]
    gradient_noise: Annotated[float, UPDATE, from_zero, DRAWS]
    gradient_noise_decay: Annotated[float, UPDATE, from_zero]
    clip_norm: Annotated[float | None, UPDATE, positive, None, STEPWISE]
    batch_size: Annotated[int | Literal["auto"], UPDATE, one_of(("auto",)), count]
    shuffle: Annotated[bool, UPDATE, "boolean"]
    batch_sampling: Annotated[
        BatchSampling | None, UPDATE, one_of(get_args(BatchSampling)), None, DRAWS
    ]

    max_norm: Annotated[float | None, WEIGHTS_AT_REST, positive, None, STEPWISE]
    max_weight_norm: Annotated[float | None, WEIGHTS_AT_REST, positive, None, STEPWISE]

    max_iter: Annotated[int, TIME, count]
    tol: Annotated[float | Literal["auto"], TIME, one_of(("auto",)), from_zero]
    n_iter_no_change: Annotated[float | None, TIME, count, Options(Real, {np.inf}), None]
    early_stopping: Annotated[bool, TIME, "boolean"]
    validation_fraction: Annotated[float, TIME, Interval(Real, 0, 1, closed="neither")]
    early_stopping_scoring: Annotated[
        str | Callable[..., float], TIME, one_of(("loss", *get_scorer_names())), callable
    ]
    early_stopping_refit: Annotated[Refit | None, TIME, one_of(get_args(Refit)), None]
    weight_averaging: Annotated[AveragingName | None, TIME, one_of(AVERAGINGS), None, STEPWISE]
    averaging_decay: Annotated[float, TIME, probability]
    averaging_start: Annotated[float, TIME, probability]
    n_snapshots: Annotated[int, TIME, count]
    max_time: Annotated[float | None, TIME, positive, None]

    warm_start: Annotated[bool, OTHER, "boolean"]
    dtype: Annotated[ComputingDtype, OTHER, one_of(get_args(ComputingDtype))]
    random_state: Annotated[int | np.random.RandomState | None, OTHER, "random_state"]
    verbose: Annotated[bool | int, OTHER, "verbose"]

    # Every declaration of the class, and what is allowed for scikit-learn to validate.
    _declarations: ClassVar[dict[str, Declaration]] = {}
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = _declared_in(cls)
        if not cls._declarations:
            own = _declared_in(Hyperparameters) | own
        cls._declarations = cls._declarations | own
        allowed = {name: list(each.allowed) for name, each in own.items()}
        cls._parameter_constraints = cls._parameter_constraints | allowed


def _declared_in(cls: type) -> dict[str, Declaration]:
    """The hyperparameters that this very class declares."""
    try:
        annotations = inspect.get_annotations(cls)
    except NameError:  # of a class outside of this package, with names for type checkers alone
        return {}
    return {
        name: _declaration(annotation.__metadata__)
        for name, annotation in annotations.items()
        if isinstance(getattr(annotation, "__metadata__", (None,))[0], Place)
    }


def _declaration(said: tuple[Any, ...]) -> Declaration:
    place, *allowed = said
    reason = allowed.pop() if isinstance(allowed[-1], NotWithLBFGS) else None
    return Declaration(place, tuple(allowed), reason)
