"""Patience goes on with a network that goes on, unless what is minimized is another.

Then the best so far has a value by another measure, and is compared with nothing.
"""

import inspect

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ESTIMATORS = {"classifier": MLPRegularizedClassifier, "regressor": MLPRegularizedRegressor}
ALL = {name for cls in ESTIMATORS.values() for name in inspect.signature(cls).parameters}
OWN = {"label_smoothing": "classifier", "class_weight": "classifier",
       "loss": "regressor", "huber_delta": "regressor",
       "clip_predictions": "regressor", "temperature": "classifier"}  # fmt: skip


def shifted(X, y, rng):
    return X + rng.normal(size=X.shape), y


def own_score(estimator, X, y):
    return -float(np.mean((estimator.predict(X) - y) ** 2))


DROPOUT, BATCH = {"dropout": 0.3}, {"normalization": "batch"}
# Every hyperparameter that changes what is minimized: settings before, and its value after.
CHANGES = {
    "input_noise": ({}, 0.3),
    "augmentation": ({}, shifted),
    "mixup": ({}, 1.0),
    "label_smoothing": ({}, 0.3),
    "adversarial": ({}, 0.5),
    "dropout": ({}, 0.6),
    "input_dropout": ({}, 0.3),
    "dropout_scaling": (DROPOUT, "predict"),
    "normalization_epsilon": (BATCH, 0.1),
    # It changes predictions only, but belongs to a layer: layers are compared as they are.
    "normalization_momentum": (BATCH, 0.5),
    "normalization_groups": ({"normalization": "group", "normalization_groups": 2}, 4),
    "drop_connect": ({}, 0.4),
    "weight_noise": ({}, 0.3),
    "l1": ({}, 0.1),
    "l2": ({}, 0.1),
    "class_weight": ({}, {0: 3.0}),
    "loss": ({}, "absolute_error"),
    "huber_delta": ({"loss": "huber"}, 0.1),
    # The weights it is minimized over.
    "max_norm": ({}, 0.5),
    "max_weight_norm": ({}, 1.0),
    # The training loss, a validation loss and a score are three measures.
    "early_stopping": ({}, True),
    "early_stopping_scoring": ({"early_stopping": True}, own_score),
}
# Every one that does not. Where a batch's statistics are part of the network, see below.
STAYS = {
    "standardize": ({}, False),  # the scales stay
    "batch_statistics": (BATCH, "population"),
    "drop_connect_inference": ({"drop_connect": 0.4}, "gaussian"),
    "solver": ({}, "sgd"),
    "learning_rate": ({}, "exponential"),
    "learning_rate_init": ({}, 0.01),
    "learning_rate_min": ({"learning_rate": "cosine"}, 1e-4),
    "learning_rate_period": ({"learning_rate": "cyclic"}, 4),
    "learning_rate_period_mult": ({"learning_rate": "cyclic"}, 2.0),
    "learning_rate_decay": ({"learning_rate": "exponential"}, 0.5),
    "learning_rate_warmup": ({}, 3),
    "power_t": ({"learning_rate": "invscaling"}, 0.2),
    "momentum": ({"solver": "sgd"}, 0.5),
    "momentum_min": ({"learning_rate": "one_cycle"}, 0.5),
    "nesterovs_momentum": ({"solver": "sgd"}, False),
    "beta_1": ({}, 0.5),
    "beta_2": ({}, 0.9),
    "epsilon": ({}, 1e-4),
    "max_fun": ({}, 100),
    "weight_decay": ({}, 0.1),
    "gradient_noise": ({}, 0.1),
    "gradient_noise_decay": ({"gradient_noise": 0.1}, 0.5),
    "clip_norm": ({}, 0.5),
    "batch_size": ({}, 20),
    "shuffle": ({}, False),
    "batch_sampling": ({}, "weighted"),
    "tol": ({}, 1e8),
    "validation_fraction": ({}, 0.3),
    "weight_averaging": ({}, "ema"),
    "averaging_decay": ({"weight_averaging": "ema"}, 0.5),
    "averaging_start": ({"weight_averaging": "swa"}, 0.1),
    "n_snapshots": ({"learning_rate": "cosine_restarts", "learning_rate_period": 1}, 2),
    "max_time": ({}, 1e6),
    "clip_predictions": ({}, True),
    "temperature": ({"early_stopping": True}, "validation"),
    "dtype": ({"dtype": "float64"}, "float32"),
    "random_state": ({}, 1),
    "verbose": ({}, True),
}
# Those a network that goes on cannot change, or that say themselves how it does.
CANNOT = {
    "hidden_layer_sizes", "activation", "normalization", "normalization_position", "weight_norm",
    "input_scale",
    "dropout_kind",    "early_stopping_refit", "warm_start", "max_iter", "n_iter_no_change",
}  # fmt: skip
# By so much nothing improves: of epochs that can be compared, the first alone counts.
PATIENT = {
    "hidden_layer_sizes": (8,),
    "max_iter": 4,
    "tol": 1e9,
    "n_iter_no_change": 6,
    "warm_start": True,
    "random_state": 0,
}


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 4))
    return X, (X[:, 0] + rng.normal(size=80) > 0).astype(int)


def epochs_waited(kind, before, change):
    """Of a network that has waited 3 epochs and goes on under a change."""
    est = ESTIMATORS[kind](**{**PATIENT, **before}).fit(*data())
    assert est.n_iter_ == 4
    est.set_params(max_iter=50, **change).fit(*data())
    assert est.stop_reason_ == "no_improvement"
    return est.n_iter_ - 4


def cases(table):
    return [
        pytest.param(kind, name, *table[name], id=f"{kind}-{name}")
        for name in table
        for kind in ESTIMATORS
        if OWN.get(name, kind) == kind
    ]


def test_every_hyperparameter_is_in_one_of_the_tables():
    """A new one has to be put into one of them, and then shows there what it does."""
    assert CHANGES.keys() | STAYS.keys() | CANNOT == ALL
    assert len(ALL) == len(CHANGES) + len(STAYS) + len(CANNOT)


@pytest.mark.parametrize(("kind", "name", "before", "after"), cases(CHANGES))
def test_another_objective_is_waited_for_anew(kind, name, before, after):
    assert epochs_waited(kind, before, {name: after}) == 1 + 6


@pytest.mark.parametrize(("kind", "name", "before", "after"), cases(STAYS))
def test_the_same_objective_is_not(kind, name, before, after):
    assert epochs_waited(kind, before, {name: after}) == 6 - 3


@pytest.mark.parametrize("kind", ESTIMATORS)
class TestBesideTheHyperparameters:
    def test_nothing_changed(self, kind):
        assert epochs_waited(kind, {}, {}) == 6 - 3
        everything_on = {
            "dropout": 0.2, "mixup": 0.3, "l1": 0.01, "max_norm": 2.0, "normalization": "batch",
            "augmentation": shifted, "weight_noise": 0.1, "adversarial": 0.1,
        }  # fmt: skip
        assert epochs_waited(kind, everything_on, {}) == 6 - 3

    def test_what_is_switched_off_may_change(self, kind):
        assert epochs_waited(kind, {}, {"dropout_scaling": "predict"}) == 6 - 3

    @pytest.mark.parametrize("normalization", ["batch", "mean_only_batch", "layer"])
    def test_batches_are_part_of_what_is_minimized_where_their_statistics_are(
        self, kind, normalization
    ):
        over_batch = normalization != "layer"
        waited = epochs_waited(kind, {"normalization": normalization}, {"batch_size": 20})
        assert waited == (1 + 6 if over_batch else 6 - 3)

    @pytest.mark.parametrize("how", ["fewer rows", "weights"])
    def test_other_data(self, kind, how):
        X, y = data()
        est = ESTIMATORS[kind](**PATIENT).fit(X, y).set_params(max_iter=50)
        est.fit(*((X[:70], y[:70]) if how == "fewer rows" else (X, y, np.arange(1.0, 81.0))))
        assert est.n_iter_ == 4 + 1 + 6

    def test_with_early_stopping_the_validation_rows_decide(self, kind):
        """By the loss alone, whatever is minimized."""
        change = {"l2": 0.1, "dropout": 0.3, "mixup": 0.5}
        assert epochs_waited(kind, {"early_stopping": True}, change) == 6 - 3

    def test_a_function_is_itself_alone(self, kind):
        """Its own == is not asked."""

        class Shift:
            def __call__(self, X, y, rng):
                return X, y

            def __eq__(self, other):
                return np.array([True, False])

            __hash__ = None

        first = Shift()
        assert epochs_waited(kind, {"augmentation": first}, {"augmentation": first}) == 6 - 3
        assert epochs_waited(kind, {"augmentation": first}, {"augmentation": Shift()}) == 1 + 6

    @pytest.mark.parametrize(
        "change",
        [{"adversarial": 0.5}, {"weight_noise": 0.5}, {"dropout": 0.6}, {"l2": 0.3}],
        ids=str,
    )
    def test_it_trains_on_while_the_new_loss_falls(self, kind, change):
        """It once stopped after n_iter_no_change epochs, far above where it could get."""
        X, y = data()
        settings = {**PATIENT, "max_iter": 150, "n_iter_no_change": 5, "tol": 0.0}
        est = ESTIMATORS[kind](**settings, learning_rate_init=0.02).fit(X, y)
        seen = est.n_iter_
        est.set_params(**change, max_iter=60).fit(X, y)
        curve = est.loss_curve_[seen:]
        assert curve[0] > min(est.loss_curve_[:seen]), "otherwise nothing is shown"
        assert len(curve) > 5
        best = 1 + int(np.argmin(curve))
        assert est.best_iteration_ == seen + best
        assert len(curve) in (60, best + 5)
