"""Which hyperparameters, each right by itself, do not go together."""

import numpy as np
from sklearn.base import is_classifier

from sknnreg.engine.places.update.schedules.cycles import Cycles
from sknnreg.engine.places.update.schedules.warm_up import WarmUp
from sknnreg.estimators.choices import INSTANCE
from sknnreg.estimators.hyperparameters import Hyperparameters
from sknnreg.estimators.settings.per_layer import (
    dropout_rates,
    hidden_sizes,
    uses_batch_statistics,
)


def check_compatible(estimator: Hyperparameters, n_rows: int) -> None:
    """Raise where two hyperparameters, each right by itself, do not go together."""
    if uses_batch_statistics(estimator) and (estimator.batch_size == 1 or n_rows == 1):
        raise ValueError(
            f"normalization={estimator.normalization!r} needs the spread of at least two rows, got "
            f"batch_size={estimator.batch_size!r} and n_samples={n_rows}. Use larger batches, or "
            "normalization='layer' or None."
        )
    if estimator.standardize == "y" and is_classifier(estimator):
        raise ValueError(
            "standardize='y' standardizes targets, and a classifier's are classes, which have no "
            "scale. Use standardize=False to have the inputs as they are, or True."
        )
    _check_rows_normalization(estimator)
    if estimator.batch_sampling is not None and not estimator.shuffle:
        raise ValueError(
            f"batch_sampling={estimator.batch_sampling!r} draws the rows of every epoch, and "
            "shuffle=False leaves them as they stand. Set shuffle=True or batch_sampling=None."
        )
    if estimator.dropout_scaling == "predict" and estimator.dropout_kind != "bernoulli":
        raise ValueError(
            f"dropout_scaling='predict' needs dropout_kind='bernoulli', got dropout_kind="
            f"{estimator.dropout_kind!r}, which keeps the mean of each unit while training. "
            "Use dropout_scaling='train'."
        )
    if estimator.solver == "lbfgs":
        _check_lbfgs(estimator)
    _check_refit(estimator)
    _check_temperature(estimator)


def check_precision(estimator: Hyperparameters, dtype: str) -> None:
    """Raise where a number that keeps a divisor from 0 is itself too small for the dtype."""
    smallest = float(np.finfo(dtype).smallest_normal)
    # What is added to a root, or is one, is as good as 0 where its square is; the variance is not.
    squared = ["epsilon"] if estimator.solver in ("adam", "amsgrad", "rmsprop") else []
    squared += ["max_norm", "max_weight_norm"] if estimator.weight_norm else []
    limits = dict.fromkeys(squared, smallest**0.5)
    if estimator.normalization not in (None, "mean_only_batch"):
        limits["normalization_epsilon"] = smallest
    for name, limit in limits.items():
        value = getattr(estimator, name)
        if value is None or value >= limit:
            continue
        stands_for = ", for which dtype='auto' stands here" if estimator.dtype == "auto" else ""
        more = " or dtype='float64'" if dtype == "float32" else ""
        raise ValueError(
            f"{name}={value!r} is as good as 0 in {dtype}{stands_for}, and must be greater. "
            f"Use at least {name}={limit * 1.01:.1e}{more}."
        )


def check_schedule(
    estimator: Hyperparameters, schedule: WarmUp, n_updates: int, *, goes_on: bool
) -> None:
    """Raise where the step sizes do not go together with what else is asked for.

    An epoch has ``n_updates``. Training that ``goes_on`` may last longer than ``max_iter``.
    """
    _check_step_sizes(estimator, schedule, n_updates)
    _check_momentum(estimator)
    _check_snapshots(estimator, schedule)
    if not goes_on:
        _check_length(estimator, schedule)


def _check_rows_normalization(estimator: Hyperparameters) -> None:
    n_groups = estimator.normalization_groups
    if estimator.normalization == INSTANCE:
        raise ValueError(
            "normalization='instance' normalizes each channel of a row by itself, and a channel of "
            "a table's row is one number: nothing but beta would be left of it. Use 'layer', or "
            "'group' with fewer groups than units."
        )
    if estimator.normalization == "layer" and 1 in hidden_sizes(estimator):
        raise ValueError(
            "normalization='layer' takes off the mean of a layer's units, and of a single unit "
            "leaves nothing: the network would be constant. Got hidden_layer_sizes="
            f"{estimator.hidden_layer_sizes!r}. Use layers of at least two units, or "
            "normalization='batch' or None."
        )
    if estimator.normalization != "group":
        return
    for size in hidden_sizes(estimator):
        if size % n_groups or size == n_groups:
            raise ValueError(
                f"normalization_groups={n_groups} must divide the number of units of every hidden "
                "layer into groups of at least two, of which one alone would leave nothing, got "
                f"hidden_layer_sizes={estimator.hidden_layer_sizes!r}. Use another number of "
                "groups; normalization='layer' is one group."
            )


def _check_step_sizes(estimator: Hyperparameters, schedule: WarmUp, n_updates: int) -> None:
    kind, largest = estimator.learning_rate, estimator.learning_rate_init
    if kind == "adaptive" and estimator.solver != "sgd":
        raise ValueError(
            f"learning_rate='adaptive' needs solver='sgd', got solver={estimator.solver!r}. "
            "Use solver='sgd', or another learning_rate, such as 'constant' or 'cosine'."
        )
    if hasattr(schedule.then, "floor") and estimator.learning_rate_min > largest:
        raise ValueError(
            f"learning_rate_min={estimator.learning_rate_min} is above "
            f"learning_rate_init={largest}, the largest step size of learning_rate={kind!r}. "
            "Increase learning_rate_init or decrease learning_rate_min."
        )
    stays = estimator.learning_rate_period_mult == 1
    if kind == "cyclic" and stays and estimator.learning_rate_period * n_updates == 1:
        raise ValueError(
            "learning_rate='cyclic' goes up and down again in learning_rate_period=1 epochs, which "
            f"have one update only with batch_size={estimator.batch_size!r}: its step size would "
            "always be learning_rate_min. Increase learning_rate_period or decrease batch_size."
        )


def _check_momentum(estimator: Hyperparameters) -> None:
    lowest, kind = estimator.momentum_min, estimator.learning_rate
    if lowest is None:
        return
    name = {"sgd": "momentum", "adam": "beta_1", "amsgrad": "beta_1"}.get(estimator.solver)
    if name is None:
        raise ValueError(
            f"momentum_min={lowest} needs a momentum to fall, which solver={estimator.solver!r} "
            "has not. Use solver='adam', 'amsgrad' or 'sgd', or momentum_min=None."
        )
    if kind not in ("one_cycle", "cyclic"):
        raise ValueError(
            f"momentum_min={lowest} is where the momentum falls to as the step size rises, got "
            f"learning_rate={kind!r}. Use learning_rate='one_cycle' or 'cyclic', or "
            "momentum_min=None."
        )
    if lowest > getattr(estimator, name):
        raise ValueError(
            f"momentum_min={lowest} is above {name}={getattr(estimator, name)}, from which it is "
            f"to fall. Increase {name} or decrease momentum_min."
        )


def _check_snapshots(estimator: Hyperparameters, schedule: WarmUp) -> None:
    n_snapshots, kind = estimator.n_snapshots, estimator.learning_rate
    if n_snapshots == 1:
        return
    if not isinstance(schedule.then, Cycles):
        raise ValueError(
            f"n_snapshots={n_snapshots} are taken at the ends of cycles, which "
            f"learning_rate={kind!r} has not. Use learning_rate='cosine_restarts' or 'cyclic', or "
            "n_snapshots=1."
        )


def _check_temperature(estimator: Hyperparameters) -> None:
    given = getattr(estimator, "temperature", None)
    if given is not None and estimator.n_snapshots > 1:
        raise ValueError(
            f"temperature={given!r} divides the last layer of one network, and n_snapshots="
            f"{estimator.n_snapshots} average several. Set n_snapshots=1 or temperature=None."
        )


def _check_length(estimator: Hyperparameters, schedule: WarmUp) -> None:
    if estimator.learning_rate_warmup >= estimator.max_iter:
        raise ValueError(
            f"learning_rate_warmup={estimator.learning_rate_warmup} epochs leave none of "
            f"max_iter={estimator.max_iter} for the schedule behind them. Increase max_iter or "
            "decrease learning_rate_warmup."
        )
    if estimator.n_snapshots == 1 or not isinstance(schedule.then, Cycles):
        return
    n_epochs = float(estimator.max_iter - estimator.learning_rate_warmup)
    n_cycles = int(schedule.then.ended(np.array([n_epochs]))[0])
    if n_cycles < estimator.n_snapshots:
        raise ValueError(
            f"n_snapshots={estimator.n_snapshots} needs as many cycles, but with "
            f"learning_rate_period={estimator.learning_rate_period} only {n_cycles} end within "
            f"max_iter={estimator.max_iter} epochs. Increase max_iter, or decrease "
            "learning_rate_period or n_snapshots."
        )


def _check_refit(estimator: Hyperparameters) -> None:
    refit = estimator.early_stopping_refit
    if refit is None:
        return
    if not estimator.early_stopping:
        raise ValueError(
            f"early_stopping_refit={refit!r} trains on the rows that early stopping held out, got "
            "early_stopping=False. Set early_stopping=True or early_stopping_refit=None."
        )
    if estimator.warm_start:
        raise ValueError(
            f"early_stopping_refit={refit!r} trains on the validation rows in the end, so nothing "
            "could validate what warm_start=True goes on with. Set warm_start=False or "
            "early_stopping_refit=None."
        )
    if estimator.n_snapshots > 1:
        raise ValueError(
            f"early_stopping_refit={refit!r} repeats or goes on with the one best network, and "
            f"n_snapshots={estimator.n_snapshots} keeps several. Set n_snapshots=1 or "
            "early_stopping_refit=None."
        )
    if estimator.learning_rate == "adaptive":
        raise ValueError(
            f"early_stopping_refit={refit!r} cannot repeat the step sizes of "
            "learning_rate='adaptive', which listen to the validation rows. Use another "
            "learning_rate or early_stopping_refit=None."
        )


def _check_lbfgs(estimator: Hyperparameters) -> None:
    if estimator.n_snapshots > 1:
        raise ValueError(
            f"n_snapshots={estimator.n_snapshots} are taken at the ends of cycles of the step "
            "size, and solver='lbfgs' finds its own. Set n_snapshots=1 or use solver='adam' or "
            "'sgd' with learning_rate='cosine_restarts'."
        )
    for name, each in estimator._declarations.items():
        given = getattr(estimator, name)
        value = max(dropout_rates(estimator), default=0.0) if name == "dropout" else given
        if each.not_with_lbfgs is None or value is None or value == 0:
            continue
        off = None if None in each.allowed else type(value)(0)
        raise ValueError(
            f"{name}={given!r} {each.not_with_lbfgs.value}. "
            f"Set {name}={off} or use solver='adam' or 'sgd'."
        )
    if estimator.learning_rate != "constant":
        raise ValueError(
            f"learning_rate={estimator.learning_rate!r} has no effect with solver='lbfgs', which "
            "finds its own step sizes. Set learning_rate='constant' or use solver='adam' or 'sgd'."
        )
