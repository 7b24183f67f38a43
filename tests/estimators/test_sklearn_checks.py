"""Every scikit-learn check, at the defaults and with every regularizer switched on."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

SAMPLE_WEIGHT_CHECKS = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)

# Small and quick, and still good enough for the checks that ask for a score.
QUICK = {
    "hidden_layer_sizes": (20,),
    "max_iter": 15,
    "n_iter_no_change": np.inf,
    "learning_rate_init": 0.02,
}
# From here on rounding grows by a factor of ten every few iterations: not what is checked.
LBFGS = {"solver": "lbfgs", "max_iter": 10}

SHARED = [
    {"dropout": 0.2, "max_iter": 25},
    {"dropout": 0.2, "dropout_scaling": "predict", "max_iter": 25},
    {"input_dropout": 0.1, "max_iter": 25},
    {"input_noise": 0.1},
    {"normalization": "batch"},
    {"normalization": "batch", "normalization_position": "after"},
    {"normalization": "batch", "batch_statistics": "population"},
    {"normalization": "mean_only_batch", "weight_norm": True},
    {"normalization": "layer"},
    {"normalization": "group", "normalization_groups": 4, "normalization_position": "after"},
    {"dropout": 0.2, "dropout_kind": "gaussian", "max_iter": 25},
    {"dropout": 0.2, "dropout_kind": "alpha", "activation": "selu", "max_iter": 25},
    {"dropout": 0.2, "dropout_kind": "variational", "max_iter": 25},
    {"weight_norm": True},
    {"drop_connect": 0.1, "max_iter": 25},
    {"drop_connect": 0.1, "drop_connect_inference": "gaussian", "max_iter": 25},
    {"mixup": 0.2, "max_iter": 25},
    {"adversarial": 0.05},
    {"max_weight_norm": 5.0},
    {"weight_noise": 0.01},
    {"l1": 1e-3, "l2": 1e-3},
    {"solver": "sgd", "weight_decay": 1e-3, "learning_rate_init": 0.1},
    {"gradient_noise": 0.01, "gradient_noise_decay": 0.55},
    {"clip_norm": 1.0, "max_norm": 3.0},
    {"early_stopping": True},
    {**LBFGS, "l2": 0.01},
    {**LBFGS, "l1": 0.01},
    {**LBFGS, "normalization": "batch", "l2": 0.1},
    {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1},
    {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.3, "max_iter": 100},
    {"activation": "tanh", "hidden_layer_sizes": (10, 5), "max_iter": 25},
    {"solver": "rmsprop"},
    {"solver": "amsgrad"},
    {"learning_rate": "exponential", "learning_rate_warmup": 3},
    {"learning_rate": "step", "learning_rate_period": 5, "learning_rate_decay": 0.5},
    {"learning_rate": "cosine", "learning_rate_min": 0.005},
    {"learning_rate": "cosine_restarts", "learning_rate_period_mult": 1.5},
    {"learning_rate": "cyclic", "learning_rate_period": 5, "learning_rate_min": 0.005},
    {"learning_rate": "one_cycle", "learning_rate_init": 0.05},
    {
        "learning_rate": "cosine_restarts",
        "n_snapshots": 2,
        "learning_rate_init": 0.1,
        "max_iter": 20,
    },
    {"weight_averaging": "ema", "averaging_decay": 0.5},
    # From the start: one check runs out of patience long before three quarters of its max_iter.
    {"weight_averaging": "swa", "averaging_start": 0.0, "normalization": "batch"},
    {"early_stopping": True, "early_stopping_refit": "scratch"},
    {"early_stopping": True, "early_stopping_refit": "continue"},
    {"dtype": "float32"},
    {"batch_sampling": "weighted"},
    {"standardize": False},
    {"hidden_layer_sizes": (), "learning_rate_init": 0.1, "max_iter": 30},
]
CLASSIFIERS = [
    *SHARED,
    {"early_stopping": True, "early_stopping_scoring": "accuracy"},
    {"class_weight": "balanced"},
    {"label_smoothing": 0.1},
    {**LBFGS, "label_smoothing": 0.1, "l2": 0.01},
]
REGRESSORS = [
    *SHARED,
    {"early_stopping": True, "early_stopping_scoring": "r2", "validation_fraction": 0.3},
    {"loss": "huber"},
    {"loss": "absolute_error"},
]


def why_weights_are_not_repeated_rows(estimator):
    """Why a row of weight 2 cannot equal two rows, where it cannot."""
    est = estimator
    if est.dropout or est.input_dropout or est.input_noise or est.mixup:
        return "draws per row: a repeated row is drawn for twice, a weighted one once"
    if estimator.batch_sampling:
        return "draws rows: one of twice the weight is drawn twice as often on average, not always"
    if estimator.early_stopping:
        return "splits rows: copies of a row may stand on both sides, a weighted row on one"
    if estimator.dtype == "float32":
        return "float32 rounds at 6e-8, and the check compares at 1e-7"
    if estimator.learning_rate == "invscaling":
        return "the step size falls with the rows seen, as MLPClassifier's does"
    return None


def expected_failures(estimator):
    """The checks that cannot hold by nature."""
    why = why_weights_are_not_repeated_rows(estimator)
    return {} if why is None else dict.fromkeys(SAMPLE_WEIGHT_CHECKS, why)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([MLPRegularizedClassifier(), MLPRegularizedRegressor()])
def test_defaults_pass_every_check(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [MLPRegularizedClassifier(**{**QUICK, **each}) for each in CLASSIFIERS],
    expected_failed_checks=expected_failures,
)
def test_configured_classifiers_pass_every_check(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [MLPRegularizedRegressor(**{**QUICK, **each}) for each in REGRESSORS],
    expected_failed_checks=expected_failures,
)
def test_configured_regressors_pass_every_check(estimator, check):
    check(estimator)
