"""Every scikit-learn check, of settings drawn at random over all hyperparameters there are."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.estimators.base import training_plan


def jitter(X, y, rng):
    return X + 0.01 * rng.normal(size=X.shape), y


def shrink(update):
    return 1.0 / (1.0 + 0.01 * update)


class Classifier(MLPRegularizedClassifier):
    """What it learns in so few epochs, with so much noise, is not what is checked."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags


class Regressor(MLPRegularizedRegressor):
    """The same for numbers."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags


# The same for all: these say how long and from where, and a check counts on its own random_state.
FIXED = {"max_iter": 15, "n_iter_no_change": np.inf, "random_state": 0, "max_time": None,
         "verbose": False, "tol": 1e-4, "max_fun": 15000}  # fmt: skip
# Beside the default; drawn with the probability below.
DRAWS = {
    "hidden_layer_sizes": [(), (8,), (20,), (12, 8), np.array([8, 8])],
    "activation": ["identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu"],
    "standardize": [False, "X", "y"],
    "input_noise": [0.05],
    "augmentation": [jitter],
    "mixup": [0.2],
    "adversarial": [0.02],
    "dropout": [0.1, 0.3],
    "input_dropout": [0.1],
    "dropout_kind": ["gaussian", "alpha", "variational"],
    "dropout_scaling": ["predict"],
    "normalization": ["batch", "mean_only_batch", "layer", "group"],
    "normalization_position": ["after"],
    "normalization_epsilon": [1e-3],
    "normalization_momentum": [0.5],
    "normalization_groups": [2, 4],
    "batch_statistics": ["population"],
    "weight_norm": [True],
    "input_scale": [6.0],
    "drop_connect": [0.1],
    "drop_connect_inference": ["gaussian"],
    "weight_noise": [0.01],
    "l1": [1e-4],
    "l2": [1e-3],
    "solver": ["sgd", "rmsprop", "amsgrad", "lbfgs"],
    "learning_rate": ["invscaling", "adaptive", "exponential", "step", "cosine", "cosine_restarts",
                      "cyclic", "one_cycle", "flat_cosine", shrink],
    "learning_rate_init": [0.003, 0.01],
    "learning_rate_min": [1e-4],
    "learning_rate_period": [3, 5],
    "learning_rate_period_mult": [1.5],
    "learning_rate_decay": [0.8],
    "learning_rate_warmup": [2],
    "power_t": [0.3],
    "momentum": [0.0, 0.5],
    "momentum_min": [0.3],
    "nesterovs_momentum": [False],
    "beta_1": [0.5],
    "beta_2": [0.9],
    "epsilon": [1e-4],
    "weight_decay": [1e-3],
    "gradient_noise": [0.01],
    "gradient_noise_decay": [0.55],
    "clip_norm": [1.0],
    "batch_size": [4, 64],
    "shuffle": [False],
    "batch_sampling": ["weighted"],
    "max_norm": [3.0],
    "max_weight_norm": [10.0],
    "early_stopping": [True],
    "validation_fraction": [0.3],
    "early_stopping_scoring": ["score"],  # of the estimator's kind
    "early_stopping_refit": ["scratch", "continue"],
    "weight_averaging": ["ema", "swa"],
    "averaging_decay": [0.5],
    "averaging_start": [0.0],
    "n_snapshots": [2],
    "warm_start": [True],
    "dtype": ["float32", "float64"],
    "class_weight": ["balanced"],  # each check has names of its own
    "label_smoothing": [0.1],
    "temperature": ["validation"],
    "loss": ["absolute_error", "huber", "poisson"],
    "huber_delta": [0.5],
    "clip_predictions": [True],
}  # fmt: skip
DRAWN, N_DRAWN = 0.15, 44
SCORE = {Classifier: "accuracy", Regressor: "r2"}
BOTH = pytest.mark.parametrize("Estimator", list(SCORE))

WEIGHTS_AS_ROWS = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)
FITTED_TWICE = (
    "check_supervised_y_2d",
    "check_classifiers_multilabel_representation_invariance",
)
# Drawn for each row or for each batch of rows, so that a row of weight 2 is drawn for once, and two
# rows twice; or computed from parts of the rows.
ROWS_MATTER = (
    "input_noise",
    "augmentation",
    "mixup",
    "dropout",
    "input_dropout",
    "batch_sampling",
    "early_stopping",
)


def drawn(Estimator, number):
    """The estimator of that number; what does not go together is drawn anew."""
    rng = np.random.default_rng([number, Estimator is Regressor])
    names = [name for name in Estimator._declarations if name in DRAWS]
    # One in turn, so that what goes together with little is not left out.
    leader = names[number::N_DRAWN][-1]
    X, y = np.arange(80.0).reshape(40, 2) % 7, np.arange(40) % 2
    while True:
        chosen = [name for name in names if name == leader or rng.random() < DRAWN]
        settings = {name: DRAWS[name][rng.integers(len(DRAWS[name]))] for name in chosen}
        if "early_stopping_scoring" in settings:
            settings["early_stopping_scoring"] = SCORE[Estimator]
        est = Estimator(**{**FIXED, "learning_rate_init": 0.02, **settings})
        try:
            training_plan(clone(est), X, y)
        except ValueError:
            continue
        return est


def expected_failures(est):
    """The checks that cannot hold by nature, with the reason."""
    drawing = [name for name in ROWS_MATTER if getattr(est, name)]
    if est.batch_size != "auto":
        drawing.append("batch_size")
    if est.learning_rate == "invscaling":
        drawing.append("learning_rate='invscaling'")
    if est.dtype == "float32":
        drawing.append("dtype='float32'")
    why = f"weights are not repeated rows with {', '.join(drawing)}"
    expected = dict.fromkeys(WEIGHTS_AS_ROWS, why) if drawing else {}
    if est.warm_start:
        expected |= dict.fromkeys(FITTED_TWICE, "warm_start=True goes on where another fit begins")
    if getattr(est, "loss", None) == "poisson":
        expected["check_regressor_multioutput"] = "its y goes below 0, whatever the tags say"
    elif est.solver == "sgd" and est.standardize in (False, "X") and hasattr(est, "loss"):
        # As scikit-learn's MLPRegressor does: squared errors of hundreds are too steep as they are.
        expected["check_regressor_multioutput"] = "plain steps diverge on its y, up to 500"
    return expected


def check(Estimator, number):
    est = drawn(Estimator, number)
    results = check_estimator(
        est, expected_failed_checks=expected_failures(est), on_skip=None, on_fail=None
    )
    failed = [(each["check_name"], each["exception"]) for each in results
              if each["status"] == "failed"]  # fmt: skip
    assert not failed, (est, failed)


@BOTH
def test_every_hyperparameter_is_drawn_or_fixed(Estimator):
    assert set(Estimator._declarations) <= {*DRAWS, *FIXED}
    declared = {*Classifier._declarations, *Regressor._declarations}
    assert {*DRAWS, *FIXED} <= declared
    settings = [drawn(Estimator, number).get_params() for number in range(N_DRAWN)]
    defaults = Estimator().get_params()
    never = [
        name for name in Estimator._declarations
        if name in DRAWS and all(repr(each[name]) == repr(defaults[name]) for each in settings)
    ]  # fmt: skip
    assert not never


@BOTH
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_some_drawn_settings_pass_every_check(Estimator, number):
    check(Estimator, number)


@BOTH
@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", range(2, N_DRAWN))
def test_all_drawn_settings_pass_every_check(Estimator, number):
    check(Estimator, number)
