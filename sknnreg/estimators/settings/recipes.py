"""Constructor parameters -> engine objects: the one file that names concrete members."""

from typing import Any

import numpy as np

from sknnreg.engine.places.data import Adversarial, Augmentation, InputNoise, LabelSmoothing, Mixup
from sknnreg.engine.places.objective.penalties import L1, L2, Penalty
from sknnreg.engine.places.signal import (
    ACTIVATIONS,
    AlphaDropout,
    BatchNormalization,
    Dense,
    Dropout,
    GaussianDropout,
    GroupNormalization,
    Layer,
    LayerNormalization,
    MeanOnlyBatchNormalization,
    VariationalDropout,
)
from sknnreg.engine.places.signal.network import Network
from sknnreg.engine.places.time.averaging import Averaging, EpochAverage, ExponentialAverage
from sknnreg.engine.places.time.monitors import (
    AdaptiveRate,
    Divergence,
    LossReached,
    Monitor,
    Plateau,
    TimeLimit,
)
from sknnreg.engine.places.update import (
    Adam,
    AMSGrad,
    ClipNorm,
    GradientNoise,
    Momentum,
    RMSprop,
    Transform,
    WeightDecay,
)
from sknnreg.engine.places.update.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Custom,
    Cyclic,
    Exponential,
    InverseScaling,
    OneCycle,
    Schedule,
    Step,
    WarmUp,
)
from sknnreg.engine.places.weights_at_rest import Constraint, MaxNorm, MaxWeightNorm
from sknnreg.engine.places.weights_in_use import (
    DropConnect,
    Reparametrization,
    WeightNoise,
    WeightNorm,
)
from sknnreg.engine.problem import LBFGS, Recipe
from sknnreg.estimators.data.preparation import Prepared
from sknnreg.estimators.data.targets import Targets
from sknnreg.estimators.settings.compatibility import check_compatible, check_schedule
from sknnreg.estimators.settings.parameters import (
    activations,
    dropout_rates,
    hidden_sizes,
    uses_batch_statistics,
)


def recipe(
    estimator: Any,
    prepared: Prepared,
    *,
    max_iter: int,
    goes_on: bool = False,
    dtype_so_far: str | None = None,
    target_loss: float = -np.inf,
) -> Recipe:
    """How an estimator with these hyperparameters trains on these rows.

    It ``goes_on`` if this may not be the last call. ``dtype_so_far`` is what the network has been
    computed in before; below ``target_loss`` the validation loss ends training.
    """
    est, schedule = estimator, _schedule(estimator)
    n_rows, targets = len(prepared.train), prepared.targets
    check_compatible(est, n_rows)
    check_schedule(est, schedule, -(-n_rows // _batch_size(est, n_rows)), goes_on=goes_on)
    lbfgs = est.solver == "lbfgs"
    return Recipe(
        network=network(est, prepared.train.x.width, targets.n_outputs, n_rows),
        loss=targets.loss,
        augmentations=_augmentations(est, targets),
        adversarial=(Adversarial(float(est.adversarial)),),
        penalties=_penalties(est),
        transforms=() if lbfgs else _transforms(est),
        schedule=schedule,
        constraints=() if lbfgs else _constraints(est),
        monitors=(*_monitors(est), LossReached(target_loss)),
        averaging=_averaging(est),
        learning_rate=float(est.learning_rate_init),
        batch_size=_batch_size(est, n_rows),
        shuffle=bool(est.shuffle),
        max_iter=float(max_iter),
        keep_best=bool(est.early_stopping),
        n_snapshots=int(est.n_snapshots),
        batch_statistics=uses_batch_statistics(est),
        population_statistics=_population(est),
        dtype=_dtype(est, n_rows, dtype_so_far),
        lbfgs=LBFGS(int(est.max_fun), float(est.tol)) if lbfgs else None,
    )


def network(est: Any, n_inputs: int, n_outputs: int, n_rows: int) -> Network:
    """Per hidden layer: dense, normalization before or after the activation, dropout."""
    built = _dropout(est, "input_dropout", n_inputs, float(est.input_dropout), n_rows)
    names, rates = activations(est), dropout_rates(est)
    before = est.normalization is not None and est.normalization_position == "before"
    after = est.normalization is not None and not before
    over_batch = uses_batch_statistics(est)
    width = n_inputs
    for number, (size, name, rate) in enumerate(zip(hidden_sizes(est), names, rates, strict=True)):
        activation = ACTIVATIONS[name]
        built.append(
            # The shift of a batch normalization in between plays the bias's part; within a row it
            # does not, where the bias is part of what is normalized.
            Dense(
                str(number),
                width,
                size,
                not (before and over_batch),
                activation.gain,
                _reparametrizations(est),
            )
        )
        built += [_normalization(est, size)] if before else []
        built.append(activation)
        built += [_normalization(est, size)] if after else []
        built += _dropout(est, f"dropout {number}", size, rate, n_rows)
        width = size
    gain = ACTIVATIONS[names[-1]].gain if names else 6.0
    built.append(Dense(str(len(names)), width, n_outputs, True, gain, _reparametrizations(est)))
    return Network(tuple(built))


def _dtype(est: Any, n_rows: int, so_far: str | None) -> str:
    """The computing dtype; what "auto" stands for.

    Where every step sees all rows, the result is a function of the data that neither the order of
    the rows nor writing weights as repeated rows should change: float64 holds that. Mini-batches
    are noisy anyway, and large enough for float32 to pay.
    """
    if est.dtype != "auto":
        return str(est.dtype)
    if est.solver == "lbfgs":
        return "float64"
    if so_far is not None:
        return so_far
    return "float64" if _batch_size(est, n_rows) >= n_rows else "float32"


def _dropout(est: Any, name: str, n_units: int, rate: float, n_rows: int) -> list[Layer]:
    if est.dropout_kind == "gaussian":
        return [GaussianDropout(name, n_units, rate)]
    if est.dropout_kind == "alpha":
        return [AlphaDropout(name, n_units, rate)]
    if est.dropout_kind == "variational":
        # Its rates are trained: where they would start at 0, there are none.
        return [VariationalDropout(name, n_units, rate, n_rows)] if rate > 0 else []
    return [Dropout(name, n_units, rate, bool(est.dropout_scaling == "train"))]


def _normalization(est: Any, n_units: int) -> Layer:
    momentum, epsilon = float(est.normalization_momentum), float(est.normalization_epsilon)
    if est.normalization == "mean_only_batch":
        return MeanOnlyBatchNormalization(n_units, momentum)
    if est.normalization == "layer":
        return LayerNormalization(n_units, epsilon)
    if est.normalization == "group":
        return GroupNormalization(n_units, epsilon, int(est.normalization_groups))
    return BatchNormalization(n_units, momentum, epsilon)


def _reparametrizations(est: Any) -> tuple[Reparametrization, ...]:
    noise = (WeightNoise(float(est.weight_noise)), DropConnect(float(est.drop_connect)))
    return (WeightNorm(), *noise) if est.weight_norm else noise


def _augmentations(est: Any, targets: Targets) -> tuple[Augmentation, ...]:
    smoothing = float(getattr(est, "label_smoothing", 0.0))
    n_classes = max(targets.n_outputs, 2) if targets.exclusive else 2
    return (
        LabelSmoothing(smoothing, n_classes),
        Mixup(float(est.mixup)),
        InputNoise(float(est.input_noise)),
    )


def _penalties(est: Any) -> tuple[Penalty, ...]:
    return (L1(float(est.l1)), L2(float(est.l2)))


def _transforms(est: Any) -> tuple[Transform, ...]:
    return (
        GradientNoise(float(est.gradient_noise), float(est.gradient_noise_decay)),
        ClipNorm(_or_infinite(est.clip_norm)),
        _optimiser(est),
        WeightDecay(float(est.weight_decay)),
    )


def _optimiser(est: Any) -> Transform:
    b1, b2, epsilon = float(est.beta_1), float(est.beta_2), float(est.epsilon)
    if est.solver == "sgd":
        return Momentum(float(est.momentum), bool(est.nesterovs_momentum))
    if est.solver == "rmsprop":
        return RMSprop(b2, epsilon)
    return AMSGrad(b1, b2, epsilon) if est.solver == "amsgrad" else Adam(b1, b2, epsilon)


def _schedule(est: Any) -> Schedule:
    """The step size over time, as a factor on ``learning_rate_init``."""
    warm_up = float(est.learning_rate_warmup)
    # Of all epochs, however many this call trains for.
    epochs = float(max(1, est.max_iter - est.learning_rate_warmup))
    floor = float(est.learning_rate_min) / float(est.learning_rate_init)
    decay, period = float(est.learning_rate_decay), float(est.learning_rate_period)
    mult = float(est.learning_rate_period_mult)
    if callable(est.learning_rate):
        return WarmUp(warm_up, Custom(est.learning_rate))
    kinds: dict[str, Schedule] = {
        "invscaling": InverseScaling(float(est.power_t)),
        "exponential": Exponential(decay),
        "step": Step(decay, period),
        "cosine": Cosine(floor, epochs),
        "cosine_restarts": CosineRestarts(floor, period, mult),
        "cyclic": Cyclic(floor, period, mult, decay),
        "one_cycle": OneCycle(floor, epochs),
    }
    # "adaptive" is constant until a monitor says otherwise.
    return WarmUp(warm_up, kinds.get(est.learning_rate, Constant()))


def _averaging(est: Any) -> tuple[Averaging, ...]:
    if est.weight_averaging == "ema":
        return (ExponentialAverage(float(est.averaging_decay)),)
    if est.weight_averaging == "swa":
        # Rounded, so that 0.58 of 50 epochs are 29 and not a little less.
        return (EpochAverage(round(float(est.averaging_start) * est.max_iter, 9)),)
    return ()


def _constraints(est: Any) -> tuple[Constraint, ...]:
    return (MaxNorm(_or_infinite(est.max_norm)), MaxWeightNorm(_or_infinite(est.max_weight_norm)))


def _monitors(est: Any) -> tuple[Monitor, ...]:
    plateau = Plateau(float(est.tol), float(est.n_iter_no_change))
    monitors: list[Monitor] = [Divergence()]
    if est.learning_rate == "adaptive":
        monitors.append(AdaptiveRate(plateau))
    elif est.solver != "lbfgs" or est.early_stopping:
        monitors.append(plateau)
    return (*monitors, TimeLimit(_or_infinite(est.max_time)))


def _batch_size(est: Any, n_rows: int) -> int:
    if est.solver == "lbfgs":
        # All rows count in every evaluation; without batch statistics they may come in parts.
        return n_rows if uses_batch_statistics(est) else min(n_rows, 4096)
    if est.batch_size == "auto":
        return min(200, n_rows)
    return int(min(est.batch_size, n_rows))


def _population(est: Any) -> bool:
    return (
        uses_batch_statistics(est)
        and est.solver != "lbfgs"
        and est.batch_statistics == "population"
    )


def _or_infinite(value: float | None) -> float:
    return np.inf if value is None else float(value)
