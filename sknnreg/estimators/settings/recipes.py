"""Hyperparameters -> what the engine trains with; members are named here and in ``choices``."""

from typing import NamedTuple

import numpy as np

from sknnreg.engine.places.data import Adversarial, Augmentation, InputNoise, LabelSmoothing, Mixup
from sknnreg.engine.places.objective.losses import Loss
from sknnreg.engine.places.objective.penalties import L1, L2, Penalty
from sknnreg.engine.places.signal.activations import ACTIVATIONS
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.network import Network
from sknnreg.engine.places.time.averaging import Averaging
from sknnreg.engine.places.time.monitors import (
    AdaptiveRate,
    Divergence,
    LossReached,
    Monitor,
    Plateau,
    TimeLimit,
)
from sknnreg.engine.places.update.base import Transform
from sknnreg.engine.places.update.gradients import ClipNorm, GradientNoise
from sknnreg.engine.places.update.schedules.custom import Custom
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
from sknnreg.engine.problem import LBFGS, Recipe
from sknnreg.estimators.choices import (
    AVERAGINGS,
    DROPOUTS,
    NORMALIZATIONS,
    OPTIMIZERS,
    SCHEDULES,
    Dropped,
)
from sknnreg.estimators.data.preparation import Prepared
from sknnreg.estimators.hyperparameters import Hyperparameters
from sknnreg.estimators.settings import automatic
from sknnreg.estimators.settings.compatibility import (
    check_compatible,
    check_precision,
    check_schedule,
)
from sknnreg.estimators.settings.per_layer import (
    activations,
    dropout_rates,
    hidden_sizes,
    uses_batch_statistics,
)
from sknnreg.estimators.settings.remembered import Remembered, fingerprint


class Surroundings(NamedTuple):
    """What a recipe depends on beside the hyperparameters."""

    n_rows: int
    n_inputs: int
    n_outputs: int
    exclusive: bool
    loss: Loss
    max_iter: int
    goes_on: bool
    dtype_so_far: str | None
    target_loss: float


_RECIPES: Remembered[Recipe] = Remembered()


def recipe(
    estimator: Hyperparameters,
    prepared: Prepared,
    *,
    max_iter: int,
    goes_on: bool = False,
    dtype_so_far: str | None = None,
    target_loss: float = -np.inf,
) -> Recipe:
    """How an estimator with these hyperparameters trains on these rows.

    It ``goes_on`` if this may not be the last call. ``dtype_so_far`` is what the network has been
    computed in before; below ``target_loss`` the validation loss ends training. Equal ones are one
    object: what is derived from it is derived once.
    """
    train, targets = prepared.train, prepared.targets
    around = Surroundings(
        len(train),
        train.x.width,
        targets.n_outputs,
        targets.exclusive,
        targets.loss,
        max_iter,
        goes_on,
        dtype_so_far,
        target_loss,
    )
    mark = fingerprint(estimator, without="random_state")
    return _RECIPES.find(mark and (mark, around), lambda: _recipe(estimator, around))


def _recipe(est: Hyperparameters, around: Surroundings) -> Recipe:
    schedule, n_rows, lbfgs = _schedule(est), around.n_rows, est.solver == "lbfgs"
    size = automatic.batch_size(est, n_rows)
    dtype = automatic.dtype(est, n_rows, around.dtype_so_far)
    check_compatible(est, n_rows)
    check_schedule(est, schedule, -(-n_rows // size), goes_on=around.goes_on)
    check_precision(est, dtype)
    return Recipe(
        network=network(est, around.n_inputs, around.n_outputs, n_rows),
        loss=around.loss,
        augmentations=_augmentations(est, around),
        adversarial=(Adversarial(float(est.adversarial)),),
        penalties=_penalties(est),
        transforms=() if lbfgs else _transforms(est),
        schedule=schedule,
        constraints=() if lbfgs else _constraints(est),
        monitors=(*_monitors(est), LossReached(around.target_loss)),
        averaging=_averaging(est),
        learning_rate=float(est.learning_rate_init),
        batch_size=size,
        shuffle=bool(est.shuffle),
        max_iter=float(around.max_iter),
        keep_best=bool(est.early_stopping),
        n_snapshots=int(est.n_snapshots),
        batch_statistics=uses_batch_statistics(est),
        population_statistics=_population(est),
        dtype=dtype,
        lbfgs=LBFGS(int(est.max_fun), automatic.tol(est)) if lbfgs else None,
        draws_by_weight=est.batch_sampling == "weighted",
    )


def network(est: Hyperparameters, n_inputs: int, n_outputs: int, n_rows: int) -> Network:
    """Per hidden layer: dense, normalization before or after the activation, dropout."""
    drop = DROPOUTS[est.dropout_kind]
    built = drop(est, Dropped("input_dropout", n_inputs, float(est.input_dropout), n_rows))
    names, rates = activations(est), dropout_rates(est)
    normalize = None if est.normalization is None else NORMALIZATIONS[est.normalization]
    is_before = est.normalization_position == "before"
    before, after = (normalize, None) if is_before else (None, normalize)
    over_batch = uses_batch_statistics(est)
    width = n_inputs
    first = (InputScale(float(est.input_scale)),) if est.input_scale else ()
    for number, (size, name, rate) in enumerate(zip(hidden_sizes(est), names, rates, strict=True)):
        activation = ACTIVATIONS[name]
        built.append(
            # The shift of a batch normalization in between plays the bias's part; within a row it
            # does not, where the bias is part of what is normalized.
            Dense(
                str(number),
                width,
                size,
                before is None or not over_batch,
                activation.initializer,
                first + _reparametrizations(est),
            )
        )
        first = ()
        built += [before(est, size)] if before else []
        built.append(activation)
        built += [after(est, size)] if after else []
        built += drop(est, Dropped(f"dropout {number}", size, rate, n_rows))
        width = size
    start = ACTIVATIONS[names[-1] if names else "identity"].initializer
    members = first + _reparametrizations(est)
    built.append(Dense(str(len(names)), width, n_outputs, True, start, members))
    return Network(tuple(built))


def _reparametrizations(est: Hyperparameters) -> tuple[Reparametrization, ...]:
    noise = (WeightNoise(float(est.weight_noise)), DropConnect(float(est.drop_connect)))
    return (WeightNorm(), *noise) if est.weight_norm else noise


def _augmentations(est: Hyperparameters, around: Surroundings) -> tuple[Augmentation, ...]:
    smoothing = float(getattr(est, "label_smoothing", 0.0))
    n_classes = max(around.n_outputs, 2) if around.exclusive else 2
    return (
        LabelSmoothing(smoothing, n_classes),
        Mixup(float(est.mixup)),
        InputNoise(float(est.input_noise)),
    )


def _penalties(est: Hyperparameters) -> tuple[Penalty, ...]:
    return (L1(float(est.l1)), L2(float(est.l2)))


def _transforms(est: Hyperparameters) -> tuple[Transform, ...]:
    return (
        ClipNorm(_or_infinite(est.clip_norm)),
        # Behind the clipping, which would cut it: its standard deviation is what was asked for.
        GradientNoise(float(est.gradient_noise), float(est.gradient_noise_decay)),
        OPTIMIZERS[est.solver](est),
        WeightDecay(float(est.weight_decay)),
    )


def _schedule(est: Hyperparameters) -> WarmUp:
    """The step size over time, as a factor on ``learning_rate_init``."""
    kind = est.learning_rate
    return WarmUp(
        float(est.learning_rate_warmup), Custom(kind) if callable(kind) else SCHEDULES[kind](est)
    )


def _averaging(est: Hyperparameters) -> tuple[Averaging, ...]:
    return () if est.weight_averaging is None else (AVERAGINGS[est.weight_averaging](est),)


def _constraints(est: Hyperparameters) -> tuple[Constraint, ...]:
    return (MaxNorm(_or_infinite(est.max_norm)), MaxWeightNorm(_or_infinite(est.max_weight_norm)))


def _monitors(est: Hyperparameters) -> tuple[Monitor, ...]:
    plateau = Plateau(automatic.tol(est), _or_infinite(est.n_iter_no_change))
    monitors: list[Monitor] = [Divergence()]
    if est.learning_rate == "adaptive":
        monitors.append(AdaptiveRate(plateau))
    elif est.solver != "lbfgs" or est.early_stopping:
        monitors.append(plateau)
    return (*monitors, TimeLimit(_or_infinite(est.max_time)))


def _population(est: Hyperparameters) -> bool:
    return (
        uses_batch_statistics(est)
        and est.solver != "lbfgs"
        and est.batch_statistics == "population"
    )


def _or_infinite(value: float | None) -> float:
    return np.inf if value is None else float(value)
