"""The choices that have names, each a table: name -> what makes the member.

A type beside each table tells editors and type checkers its names. Adding a member here is all that
validation, its messages and the recipe need.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from sknnreg.engine.places.objective.losses import (
    AbsoluteError,
    Huber,
    Loss,
    Poisson,
    SquaredError,
)
from sknnreg.engine.places.signal.base import Layer
from sknnreg.engine.places.signal.batch_normalization import (
    BatchNormalization,
    MeanOnlyBatchNormalization,
)
from sknnreg.engine.places.signal.dropout import AlphaDropout, Dropout
from sknnreg.engine.places.signal.gaussian_dropout import GaussianDropout, VariationalDropout
from sknnreg.engine.places.signal.group_normalization import GroupNormalization, LayerNormalization
from sknnreg.engine.places.time.averaging import Averaging, EpochAverage, ExponentialAverage
from sknnreg.engine.places.update.base import Transform
from sknnreg.engine.places.update.optimizers import Adam, AMSGrad, Momentum, RMSprop
from sknnreg.engine.places.update.schedules.base import Schedule
from sknnreg.engine.places.update.schedules.cycles import CosineRestarts, Cyclic
from sknnreg.engine.places.update.schedules.decays import (
    Constant,
    Exponential,
    InverseScaling,
    Step,
)
from sknnreg.engine.places.update.schedules.spans import Cosine, FlatCosine, OneCycle

if TYPE_CHECKING:
    from sknnreg.estimators.hyperparameters import Hyperparameters


class Dropped(NamedTuple):
    """Which units are dropped, by the name of their layer, at which rate, over how many rows."""

    name: str
    n_units: int
    rate: float
    n_rows: int


DropoutKind: TypeAlias = Literal["bernoulli", "gaussian", "alpha", "variational"]
DROPOUTS: dict[DropoutKind, Callable[[Hyperparameters, Dropped], list[Layer]]] = {
    "bernoulli": lambda est, at: [
        Dropout(at.name, at.n_units, at.rate, bool(est.dropout_scaling == "train"))
    ],
    "gaussian": lambda est, at: [GaussianDropout(at.name, at.n_units, at.rate)],
    "alpha": lambda est, at: [AlphaDropout(at.name, at.n_units, at.rate)],
    # Its rates are trained: where they would start at 0, there are none.
    "variational": lambda est, at: [VariationalDropout(*at)] if at.rate > 0 else [],
}

NormalizationName: TypeAlias = Literal["batch", "mean_only_batch", "layer", "group"]
_Normalizations: TypeAlias = dict[NormalizationName, Callable[["Hyperparameters", int], Layer]]
OVER_THE_BATCH: _Normalizations = {
    "batch": lambda est, n_units: BatchNormalization(
        n_units, float(est.normalization_momentum), float(est.normalization_epsilon)
    ),
    "mean_only_batch": lambda est, n_units: MeanOnlyBatchNormalization(
        n_units, float(est.normalization_momentum)
    ),
}
WITHIN_ROWS: _Normalizations = {
    "layer": lambda est, n_units: LayerNormalization(n_units, float(est.normalization_epsilon)),
    "group": lambda est, n_units: GroupNormalization(
        n_units, float(est.normalization_epsilon), int(est.normalization_groups)
    ),
}
NORMALIZATIONS: _Normalizations = {**OVER_THE_BATCH, **WITHIN_ROWS}
# A name that is known only to be told why there is no such member.
INSTANCE: str = "instance"

LossName: TypeAlias = Literal["squared_error", "absolute_error", "huber", "poisson"]
# Of a regressor, given its huber_delta.
LOSSES: dict[LossName, Callable[[float], Loss]] = {
    "squared_error": lambda delta: SquaredError(),
    "absolute_error": lambda delta: AbsoluteError(),
    "huber": Huber,
    "poisson": lambda delta: Poisson(),
}

# Those of OPTIMIZERS take steps on mini-batches; "lbfgs" is a way of training of its own.
SolverName: TypeAlias = Literal["adam", "sgd", "rmsprop", "amsgrad", "lbfgs"]
OPTIMIZERS: dict[SolverName, Callable[[Hyperparameters], Transform]] = {
    "adam": lambda est: Adam(*_decays(est)),
    "sgd": lambda est: Momentum(
        float(est.momentum), bool(est.nesterovs_momentum), _lowest_momentum(est)
    ),
    "rmsprop": lambda est: RMSprop(float(est.beta_2), float(est.epsilon)),
    "amsgrad": lambda est: AMSGrad(*_decays(est)),
}

ScheduleName: TypeAlias = Literal[
    "constant",
    "invscaling",
    "adaptive",
    "exponential",
    "step",
    "cosine",
    "flat_cosine",
    "cosine_restarts",
    "cyclic",
    "one_cycle",
]
SCHEDULES: dict[ScheduleName, Callable[[Hyperparameters], Schedule]] = {
    "constant": lambda est: Constant(),
    "invscaling": lambda est: InverseScaling(float(est.power_t)),
    # Constant until a monitor says otherwise.
    "adaptive": lambda est: Constant(),
    "exponential": lambda est: Exponential(float(est.learning_rate_decay)),
    "step": lambda est: Step(float(est.learning_rate_decay), float(est.learning_rate_period)),
    "cosine": lambda est: Cosine(_floor(est), _n_epochs(est)),
    "flat_cosine": lambda est: FlatCosine(_floor(est), _n_epochs(est)),
    "cosine_restarts": lambda est: CosineRestarts(_floor(est), *_cycles(est)),
    "cyclic": lambda est: Cyclic(_floor(est), *_cycles(est), float(est.learning_rate_decay)),
    "one_cycle": lambda est: OneCycle(_floor(est), _n_epochs(est)),
}

AveragingName: TypeAlias = Literal["ema", "swa"]
AVERAGINGS: dict[AveragingName, Callable[[Hyperparameters], Averaging]] = {
    "ema": lambda est: ExponentialAverage(float(est.averaging_decay)),
    "swa": lambda est: EpochAverage(_start_of_average(est)),
}

# Choices without a table: each value has a branch of its own where it matters.
StandardizedAlone: TypeAlias = Literal["X", "y"]
DropoutScaling: TypeAlias = Literal["train", "predict"]
NormalizationPosition: TypeAlias = Literal["before", "after"]
BatchStatistics: TypeAlias = Literal["moving", "population"]
BatchSampling: TypeAlias = Literal["weighted"]
DropConnectInference: TypeAlias = Literal["mean", "gaussian"]
Refit: TypeAlias = Literal["scratch", "continue"]
Temperature: TypeAlias = Literal["validation"]
ComputingDtype: TypeAlias = Literal["auto", "float32", "float64"]


def _decays(est: Hyperparameters) -> tuple[float, float, float, float, bool]:
    cycles = est.momentum_min is not None
    return float(est.beta_1), float(est.beta_2), float(est.epsilon), _lowest_momentum(est), cycles


def _lowest_momentum(est: Hyperparameters) -> float:
    """1 where it does not fall at all."""
    return 1.0 if est.momentum_min is None else float(est.momentum_min)


def _floor(est: Hyperparameters) -> float:
    """The smallest factor on ``learning_rate_init``."""
    return float(est.learning_rate_min) / float(est.learning_rate_init)


def _n_epochs(est: Hyperparameters) -> float:
    """Behind the warm-up, of all epochs, however many a call trains for."""
    return float(max(1, est.max_iter - est.learning_rate_warmup))


def _start_of_average(est: Hyperparameters) -> float:
    """In epochs; with snapshots, of which each has an average of its own, a part of a cycle."""
    start = float(est.averaging_start)
    # Rounded, so that 0.58 of 50 epochs are 29 and not a little less.
    return start if est.n_snapshots > 1 else round(start * est.max_iter, 9)


def _cycles(est: Hyperparameters) -> tuple[float, float]:
    return float(est.learning_rate_period), float(est.learning_rate_period_mult)
