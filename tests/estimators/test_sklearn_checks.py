"""scikit-learn's checks, at the defaults and with every regularizer switched on.

All of them at the defaults and at a dozen settings, of which each estimator takes every other one
by default and the rest as slow tests; at all others those that depend on training.
"""

from functools import cache

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

SAMPLE_WEIGHT_CHECKS = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)

# Small and quick, and still good enough for the checks that ask for a score.
QUICK = {
    "hidden_layer_sizes": (20,),
    "max_iter": 15,
    "n_iter_no_change": None,
    "learning_rate_init": 0.02,
}
# From here on rounding grows by a factor of ten every few iterations: not what is checked.
LBFGS = {"solver": "lbfgs", "max_iter": 10}

# What fits, keeps weights or predicts by code of its own: these meet every check.
EVERY_CHECK = [
    {"dropout": 0.2, "max_iter": 25},
    {"normalization": "batch"},
    {"normalization": "layer"},
    {"drop_connect": 0.1, "drop_connect_inference": "gaussian", "max_iter": 25},
    {"early_stopping": True},
    {"early_stopping": True, "early_stopping_refit": "scratch"},
    {**LBFGS, "l2": 0.01},
    {"solver": "sgd", "weight_decay": 1e-3, "learning_rate_init": 0.1},
    {
        "learning_rate": "cosine_restarts",
        "n_snapshots": 2,
        "learning_rate_init": 0.1,
        "max_iter": 20,
    },
    {"dtype": "float32"},
    {"standardize": False},
    {"hidden_layer_sizes": (), "learning_rate_init": 0.1, "max_iter": 30},
]
# These differ from one of the above in the training alone, and meet the checks that notice it. They
# do not know what kind of targets there are, so each is tried with one of the two estimators.
TRAINING = [
    {"dropout": 0.2, "dropout_scaling": "predict", "max_iter": 25},
    {"input_dropout": 0.1, "max_iter": 25},
    {"input_noise": 0.1},
    {"normalization": "batch", "normalization_position": "after"},
    {"normalization": "batch", "batch_statistics": "population"},
    {"normalization": "mean_only_batch", "weight_norm": True},
    {"normalization": "group", "normalization_groups": 4, "normalization_position": "after"},
    {"dropout": 0.2, "dropout_kind": "gaussian", "max_iter": 25},
    {"dropout": 0.2, "dropout_kind": "alpha", "activation": "selu", "max_iter": 25},
    {"dropout": 0.2, "dropout_kind": "variational", "max_iter": 25},
    {"weight_norm": True},
    {"input_scale": 6.0},
    {"drop_connect": 0.1, "max_iter": 25},
    {"max_weight_norm": 5.0},
    {"weight_noise": 0.01},
    {"l1": 1e-3, "l2": 1e-3},
    {"gradient_noise": 0.01, "gradient_noise_decay": 0.55},
    {"clip_norm": 1.0, "max_norm": 3.0},
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
    {"learning_rate": "flat_cosine"},
    {"learning_rate": "one_cycle", "learning_rate_init": 0.05},
    {"weight_averaging": "ema", "averaging_decay": 0.5},
    # From the start: one check runs out of patience long before three quarters of its max_iter.
    {"weight_averaging": "swa", "averaging_start": 0.0, "normalization": "batch"},
]
# These do: they change, draw or hold out rows with their targets, or end where the loss does.
TARGETS = [
    {"mixup": 0.2, "max_iter": 25},
    {"adversarial": 0.05},
    {**LBFGS, "l1": 0.01},
    {**LBFGS, "normalization": "batch", "l2": 0.1},
    {"early_stopping": True, "early_stopping_refit": "continue"},
    {"batch_sampling": "weighted"},
]
CLASSIFIERS = [
    *TRAINING[::2],
    *TARGETS,
    {"early_stopping": True, "early_stopping_scoring": "accuracy"},
    {"class_weight": "balanced"},
    {"label_smoothing": 0.1},
    {**LBFGS, "label_smoothing": 0.1, "l2": 0.01},
]
REGRESSORS = [
    *TRAINING[1::2],
    *TARGETS,
    {"early_stopping": True, "early_stopping_scoring": "r2", "validation_fraction": 0.3},
    {"loss": "huber"},
    {"loss": "absolute_error"},
]
# The checks whose outcome depends on how a network is trained. The others are about what is
# refused, how data may be handed in, names, tags and clones, which are the same code for all.
DEPEND_ON_TRAINING = {
    # it learns, whatever the numbers are stored as
    "check_classifiers_train",
    "check_regressors_train",
    "check_estimators_dtypes",
    # draws come from the seed alone, and a fit starts anew
    "check_fit_idempotent",
    # weights reach every term of the objective and every statistic
    SAMPLE_WEIGHT_CHECKS[0],
    "check_class_weight_classifiers",
    "check_classifiers_one_label_sample_weights",
    # the least there can be to train on
    "check_classifiers_one_label",
    "check_fit2d_1feature",
    "check_fit2d_1sample",
    # each kind of outputs
    "check_classifiers_multilabel_output_format_predict_proba",
    "check_classifier_multioutput",
    "check_regressor_multioutput",
    # data are read and not written to
    "check_readonly_memmap_input",
    # a row's prediction is its own, predicting changes nothing, and a copy predicts the same
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_decision_proba_consistency",
    "check_dict_unchanged",
    "check_estimators_pickle",
    # epochs are counted
    "check_non_transformer_estimators_n_iter",
}


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


def configured(Estimator, settings):
    return [Estimator(**{**QUICK, **each}) for each in settings]


def checks(estimators, chosen=lambda check: True):
    """As scikit-learn parametrizes a test; those that cannot hold are marked."""
    mark = parametrize_with_checks(estimators, expected_failed_checks=expected_failures)
    names, cases = mark.args
    cases = [case for case in cases if chosen(getattr(case, "values", case)[1])]
    # An estimator's name takes long to write, and stands in that of each of its checks.
    named = {id(each): cache(mark.kwargs["ids"]) for each in estimators}
    return pytest.mark.parametrize(
        names, cases, ids=lambda each: named.get(id(each), mark.kwargs["ids"])(each)
    )


def checks_that_depend_on_training(estimators):
    """Those among them; of a check's variants, which differ in how data are stored, the plain."""
    return checks(estimators, depends_on_training)


def depends_on_training(check):
    return check.func.__name__ in DEPEND_ON_TRAINING and not check.keywords


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@checks([MLPRegularizedClassifier(), MLPRegularizedRegressor()])
def test_defaults_pass_every_check(estimator, check):
    check(estimator)


def others(settings, number):
    """All settings but every fourth, which the default run has."""
    return [each for k, each in enumerate(settings) if k % 4 != number]


@checks(
    configured(MLPRegularizedClassifier, EVERY_CHECK[::4])
    + configured(MLPRegularizedRegressor, EVERY_CHECK[1::4])
)
def test_every_check(estimator, check):
    check(estimator)


@pytest.mark.slow
@checks(
    configured(MLPRegularizedClassifier, others(EVERY_CHECK, 0))
    + configured(MLPRegularizedRegressor, others(EVERY_CHECK, 1))
)
def test_every_check_in_more_settings(estimator, check):
    check(estimator)


@pytest.mark.slow
@checks_that_depend_on_training(
    configured(MLPRegularizedClassifier, CLASSIFIERS[1::2])
    + configured(MLPRegularizedRegressor, REGRESSORS[1::2])
)
def test_others_pass_the_checks_that_depend_on_training(estimator, check):
    check(estimator)


@checks_that_depend_on_training(configured(MLPRegularizedClassifier, CLASSIFIERS[::2]))
def test_classifiers_pass_the_checks_that_depend_on_training(estimator, check):
    check(estimator)


@checks_that_depend_on_training(configured(MLPRegularizedRegressor, REGRESSORS[::2]))
def test_regressors_pass_the_checks_that_depend_on_training(estimator, check):
    check(estimator)


# Sparse rows are read by code that knows no training: `test_every_check` sees them too.
@pytest.mark.slow
@checks(
    configured(MLPRegularizedClassifier, CLASSIFIERS)
    + configured(MLPRegularizedRegressor, REGRESSORS),
    lambda check: check.func.__name__ == SAMPLE_WEIGHT_CHECKS[1],
)
def test_weights_of_sparse_rows(estimator, check):
    check(estimator)


def test_no_check_is_chosen_by_a_name_that_is_no_more():
    estimators = MLPRegularizedClassifier(), MLPRegularizedRegressor()
    found = [check for each in estimators for _, check in estimator_checks_generator(each)]
    chosen = {check.func.__name__ for check in found if depends_on_training(check)}
    assert chosen == DEPEND_ON_TRAINING
