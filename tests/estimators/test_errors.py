"""Wrong hyperparameters and wrong combinations are named, with what would be right."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])

WRONG = {
    "activation": ["RELU", None, 3, ("relu", "relu"), ("swish",), (None,)],
    "standardize": ["yes", "x", None, 2],
    "input_noise": [-0.1, "a", None],
    "augmentation": ["flip", 3],
    "mixup": [-0.1, "a", None],
    "adversarial": [-0.1, "a", None],
    "dropout": [-0.1, 1.0, 1.5, "a", None, (0.5, 0.5), (1.0,), ("a",), (None,)],
    "input_dropout": [-0.1, 1.0, None],
    "dropout_kind": ["Gaussian", None],
    "dropout_scaling": ["inverted", None],
    "normalization": ["Batch", True],
    "normalization_position": ["behind", None],
    "normalization_epsilon": [0.0, -1e-5, None],
    "normalization_momentum": [-0.1, 1.0, None],
    "normalization_groups": [0, 2.5, None],
    "batch_statistics": ["running", None],
    "weight_norm": ["yes", None],
    "drop_connect": [-0.1, 1.0, None],
    "drop_connect_inference": ["Mean", None],
    "weight_noise": [-1.0, None],
    "l1": [-1.0, None, "a"],
    "l2": [-1.0, None, "a"],
    "solver": ["SGD", "newton", None],
    "learning_rate": ["linear", None, 0.1],
    "learning_rate_init": [0.0, -1.0, None],
    "learning_rate_min": [-1e-3, "a", None],
    "learning_rate_period": [0, -1, 2.5, None],
    "learning_rate_period_mult": [0.9, 0, "a", None],
    "learning_rate_decay": [0.0, -0.5, 1.1, None],
    "learning_rate_warmup": [-1, 2.5, "a", None],
    "power_t": [-1.0, None],
    "momentum": [-0.1, 1.1, None],
    "momentum_min": [-0.1, 1.0, "a"],
    "nesterovs_momentum": ["yes", None],
    "beta_1": [-0.1, 1.0, None],
    "beta_2": [-0.1, 1.0, None],
    "epsilon": [0.0, -1.0, None],
    "max_fun": [0, 1.5, None],
    "weight_decay": [-1.0, None],
    "gradient_noise": [-1.0, None],
    "gradient_noise_decay": [-1.0, None],
    "clip_norm": [0.0, -1.0, "a"],
    "batch_size": [0, -3, 1.5, "all", None],
    "shuffle": ["yes", None],
    "batch_sampling": ["Weighted", "shuffle", True],
    "max_norm": [0.0, -1.0, "a"],
    "max_weight_norm": [0.0, -1.0, "a"],
    "max_iter": [0, -1, 1.5, None],
    "tol": [-1.0, None],
    "n_iter_no_change": [0, -1, 1.5, "all"],
    "early_stopping": ["yes", None],
    "validation_fraction": [0.0, 1.0, -0.1, None],
    "early_stopping_scoring": ["lossy", None, 3],
    "early_stopping_refit": ["Scratch", "best", True],
    "weight_averaging": ["EMA", "polyak", True],
    "averaging_decay": [-0.1, 1.0, "a", None],
    "averaging_start": [-0.1, 1.0, 5, None],
    "n_snapshots": [0, -1, 2.5, None],
    "max_time": [0.0, -1.0, "a"],
    "warm_start": ["yes", None],
    "dtype": ["float16", None, np.float32],
    "random_state": ["a", -1, 1.5],
    "verbose": ["yes", -1, None],
    "hidden_layer_sizes": [0, -1, (0,), (5, -1), (2.5,), "a", None, (5, "a")],
}
ONLY = {
    MLPRegularizedClassifier: {
        "class_weight": ["equal", 3],
        "label_smoothing": [-0.1, 1.0, None],
        "temperature": ["train", 1.5, True],
    },
    MLPRegularizedRegressor: {
        "loss": ["mse", None],
        "huber_delta": [0.0, -1.0, None],
        "clip_predictions": ["yes", None, 2],
    },
}
# All values that learning_rate may have, but for functions.
KINDS = sorted(MLPRegularizedClassifier._parameter_constraints["learning_rate"][0].options)
NOT_NUMBERS = {
    name: [np.nan]
    for name in ("input_noise", "dropout", "l1", "l2", "learning_rate_init", "momentum", "tol",
                 "weight_noise", "clip_norm", "max_norm", "weight_decay", "n_iter_no_change",
                 "max_time", "epsilon", "normalization_epsilon", "learning_rate_min",
                 "learning_rate_period_mult", "learning_rate_decay", "averaging_decay",
                 "averaging_start")
}  # fmt: skip


def data(n=20):
    X = np.random.default_rng(0).normal(size=(n, 3))
    return X, np.arange(n) % 2


def cases(table):
    return [(name, value) for name, values in table.items() for value in values]


@BOTH
@pytest.mark.parametrize(("name", "value"), cases(WRONG) + cases(NOT_NUMBERS))
def test_a_wrong_value_is_named_with_its_parameter(Estimator, name, value):
    est = Estimator(hidden_layer_sizes=(5,)).set_params(**{name: value})
    with pytest.raises(ValueError, match=name) as caught:
        est.fit(*data())
    held = value if not isinstance(value, tuple) else value[-1]
    shown = repr(held), str(held), repr(value)
    assert any(each in str(caught.value) for each in shown), str(caught.value)


@pytest.mark.parametrize(
    ("Estimator", "name", "value"),
    [(cls, name, value) for cls, table in ONLY.items() for name, value in cases(table)],
)
def test_a_wrong_value_of_ones_own_is_named_too(Estimator, name, value):
    with pytest.raises(ValueError, match=rf"(?s){name}.*{re.escape(repr(value))}"):
        Estimator(**{name: value}).fit(*data())


@BOTH
@pytest.mark.parametrize("value", [np.array([0.5, 0.5]), pd.NA], ids=["array", "NA"])
def test_what_is_neither_true_nor_false_is_named_too(Estimator, value):
    est = Estimator((5,), max_iter=2, n_iter_no_change=None).fit(*data())
    with pytest.raises(ValueError, match="'warm_start' parameter"):
        est.set_params(warm_start=value).fit(*data())


LOOP = []
LOOP.append(LOOP)


@BOTH
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_layer_sizes", [[3], [4, 5]]),
        ("activation", [["relu"], ["relu", "tanh"]]),
        ("dropout", [[0.1], [0.1, 0.2]]),
        *((name, LOOP) for name in ("hidden_layer_sizes", "activation", "dropout")),
        ("l2", np.void(b"oak")),
    ],
)
def test_lists_in_lists_and_other_structures_are_named(Estimator, name, value):
    est = Estimator(**{"hidden_layer_sizes": (5,) * (1 if value is LOOP else 2), name: value})
    with pytest.raises(ValueError, match=name):
        est.fit(*data())


@BOTH
def test_partial_fit_checks_as_fit_does(Estimator):
    with pytest.raises(ValueError, match=r"dropout.*1\.5"):
        Estimator(dropout=1.5).partial_fit(*data())


@BOTH
def test_nothing_is_checked_or_copied_before_fit(Estimator):
    sizes, rates = [5, 3], np.array([0.1, 2.0])
    est = Estimator(sizes, dropout=rates, l2="nonsense")
    assert est.hidden_layer_sizes is sizes
    assert est.dropout is rates
    assert est.set_params(l2=-7).l2 == -7


@BOTH
@pytest.mark.parametrize("solver", ["adam", "amsgrad", "rmsprop", "lbfgs"])
def test_an_adaptive_rate_needs_sgd(Estimator, solver):
    est = Estimator(learning_rate="adaptive", solver=solver)
    with pytest.raises(ValueError, match=rf"learning_rate='adaptive'.*solver='{solver}'.*'sgd'"):
        est.fit(*data())


@BOTH
@pytest.mark.parametrize(
    ("name", "value"),
    [("input_noise", 0.1), ("dropout", 0.5), ("dropout", (0.0, 0.5)), ("input_dropout", 0.5),
     ("mixup", 0.2), ("adversarial", 0.1), ("drop_connect", 0.2), ("max_weight_norm", 1.0),
     ("weight_noise", 0.1), ("gradient_noise", 0.1), ("weight_decay", 0.1), ("clip_norm", 1.0),
     ("max_norm", 1.0), ("augmentation", len), ("learning_rate_warmup", 2),
     ("weight_averaging", "ema"), ("weight_averaging", "swa"), ("learning_rate", math.exp),
     ("batch_sampling", "weighted"),
     *[("learning_rate", kind) for kind in KINDS if kind != "constant"]],
)  # fmt: skip
def test_lbfgs_names_what_it_cannot_do(Estimator, name, value):
    est = Estimator((5, 5), solver="lbfgs", **{name: value})
    message = rf"{name}={re.escape(repr(value))}.*solver='lbfgs'.*Set {name}="
    with pytest.raises(ValueError, match=message):
        est.fit(*data())


@BOTH
def test_rows_cannot_be_drawn_and_left_as_they_stand(Estimator):
    est = Estimator((5,), batch_sampling="weighted", shuffle=False)
    message = r"batch_sampling='weighted'.*shuffle=False.*Set shuffle=True or batch_sampling=None"
    with pytest.raises(ValueError, match=message):
        est.fit(*data())


@BOTH
def test_lbfgs_takes_what_is_deterministic(Estimator):
    est = Estimator(
        (5,), solver="lbfgs", l1=0.01, l2=0.01, normalization="batch", early_stopping=True,
        max_iter=3, n_iter_no_change=None, dropout=(0.0,), batch_statistics="population",
        weight_norm=True,
    )  # fmt: skip
    assert np.isfinite(est.fit(*data()).predict(data()[0])).all()


@BOTH
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"normalization": "instance"}, "normalization='instance'.*one number.*'layer'"),
        ({"normalization": "group"}, r"normalization_groups=8 must divide.*\(5, 8\)"),
        (
            {"normalization": "group", "normalization_groups": 5, "hidden_layer_sizes": (5,)},
            r"normalization_groups=5 must divide.*at least two.*\(5,\)",
        ),
        (
            {"dropout_kind": "gaussian", "dropout_scaling": "predict"},
            "dropout_scaling='predict'.*dropout_kind='gaussian'.*dropout_scaling='train'",
        ),
        *(
            (
                {"normalization": kind, "batch_size": 1},
                rf"normalization='{kind}'.*batch_size=1.*larger batches.*normalization='layer'",
            )
            for kind in ("batch", "mean_only_batch")
        ),
    ],
)
def test_kinds_that_do_not_fit_are_explained(Estimator, settings, message):
    with pytest.raises(ValueError, match=message):
        Estimator(**{"hidden_layer_sizes": (5, 8), **settings}).fit(*data())


CYCLES = ("cosine_restarts", "cyclic")
RESTARTS = {"learning_rate": "cosine_restarts", "learning_rate_period": 5}
# Settings that are each right by themselves; both names with their values; a way out.
TOGETHER_WRONG = [
    *(
        (
            {"learning_rate": kind, "learning_rate_init": 0.01, "learning_rate_min": 0.02},
            ["learning_rate_min=0.02", "learning_rate_init=0.01", f"learning_rate='{kind}'"],
            "Increase learning_rate_init or decrease learning_rate_min",
        )
        for kind in ("cosine", "flat_cosine", "cosine_restarts", "cyclic", "one_cycle")
    ),
    *(
        (
            {"learning_rate": kind, "learning_rate_warmup": n, "max_iter": 7},
            [f"learning_rate_warmup={n}", "max_iter=7"],
            "Increase max_iter or decrease learning_rate_warmup",
        )
        for kind, n in (("constant", 7), ("cosine", 7), ("exponential", 8))
    ),
    *(
        (
            {"learning_rate": kind, "n_snapshots": 2, **more},
            ["n_snapshots=2", f"learning_rate={kind!r}"],
            "Use learning_rate='cosine_restarts' or 'cyclic', or n_snapshots=1",
        )
        for kind, more in [
            *((kind, {}) for kind in KINDS if kind not in ("adaptive", *CYCLES)),
            ("adaptive", {"solver": "sgd"}),
            (math.exp, {}),
        ]
    ),
    (
        {"solver": "lbfgs", "n_snapshots": 2},
        ["n_snapshots=2", "solver='lbfgs'"],
        "Set n_snapshots=1 or use solver='adam' or 'sgd' with learning_rate='cosine_restarts'",
    ),
    (
        {"learning_rate": "cyclic", "learning_rate_period": 1, "batch_size": 1000},
        ["learning_rate='cyclic'", "learning_rate_period=1", "batch_size=1000"],
        "Increase learning_rate_period or decrease batch_size",
    ),
    *(
        (
            {**RESTARTS, "n_snapshots": 2, "early_stopping": True, "early_stopping_refit": refit},
            ["n_snapshots=2", f"early_stopping_refit={refit!r}"],
            "Set n_snapshots=1 or early_stopping_refit=None",
        )
        for refit in ("scratch", "continue")
    ),
    *(
        (
            {**RESTARTS, "n_snapshots": 3, "max_iter": 14, **more},
            ["n_snapshots=3", "learning_rate_period=5", "max_iter=14", f"only {n} end"],
            "Increase max_iter, or decrease learning_rate_period or n_snapshots",
        )
        for n, more in (
            (2, {}),
            (2, {"learning_rate": "cyclic"}),
            # 5 + 5, and behind 5 epochs of warm-up
            (1, {"learning_rate_warmup": 5}),
            # 5 and 5 + 10
            (1, {"learning_rate_period_mult": 2.0}),
        )
    ),
    *(
        (
            {"early_stopping_refit": refit},
            [f"early_stopping_refit='{refit}'", "early_stopping=False"],
            "Set early_stopping=True or early_stopping_refit=None",
        )
        for refit in ("scratch", "continue")
    ),
    *(
        (
            {"early_stopping_refit": refit, "early_stopping": True, "warm_start": True},
            [f"early_stopping_refit='{refit}'", "warm_start=True"],
            "Set warm_start=False or early_stopping_refit=None",
        )
        for refit in ("scratch", "continue")
    ),
    *(
        (
            {"early_stopping_refit": refit, "early_stopping": True, "solver": "sgd",
             "learning_rate": "adaptive"},
            [f"early_stopping_refit='{refit}'", "learning_rate='adaptive'"],
            "Use another learning_rate or early_stopping_refit=None",
        )
        for refit in ("scratch", "continue")
    ),
    *(
        (
            {"normalization": "layer", "hidden_layer_sizes": sizes},
            ["normalization='layer'", f"hidden_layer_sizes={sizes!r}"],
            "Use layers of at least two units, or normalization='batch' or None",
        )
        for sizes in (1, (1,), [5, 1], (1, 5))
    ),
    *(
        (
            {"momentum_min": 0.8, "learning_rate": "one_cycle", **more},
            ["momentum_min=0.8", *names],
            way_out,
        )
        for more, names, way_out in (
            ({"solver": "rmsprop"}, ["solver='rmsprop'"], "Use solver='adam', 'amsgrad' or 'sgd'"),
            ({"learning_rate": "cosine"}, ["learning_rate='cosine'"], "'one_cycle' or 'cyclic'"),
            ({"beta_1": 0.7}, ["beta_1=0.7"], "Increase beta_1 or decrease momentum_min"),
            (
                {"solver": "sgd", "momentum": 0.7}, ["momentum=0.7"],
                "Increase momentum or decrease momentum_min",
            ),
        )
    ),
    (
        {"momentum_min": 0.8, "solver": "lbfgs"},
        ["momentum_min=0.8", "solver='lbfgs'"],
        "Use solver='adam', 'amsgrad' or 'sgd', or momentum_min=None",
    ),
]  # fmt: skip


@BOTH
@pytest.mark.parametrize(("settings", "names", "way_out"), TOGETHER_WRONG)
def test_what_does_not_go_together_is_named_with_a_way_out(Estimator, settings, names, way_out):
    with pytest.raises(ValueError, match=re.escape(way_out)) as caught:
        Estimator(**{"hidden_layer_sizes": (5,), **settings}).fit(*data())
    for name in names:
        assert name in str(caught.value), str(caught.value)


@BOTH
@pytest.mark.parametrize(
    "settings",
    [
        # the smallest step size is the largest one
        {"learning_rate": "cosine", "learning_rate_init": 0.01, "learning_rate_min": 0.01},
        # nobody asks for a floor
        {"learning_rate": "exponential", "learning_rate_init": 0.01, "learning_rate_min": 0.02},
        {"learning_rate_warmup": 6, "max_iter": 7},
        {**RESTARTS, "n_snapshots": 3, "max_iter": 15},
        {**RESTARTS, "n_snapshots": 2, "learning_rate_warmup": 5, "max_iter": 15},
        {**RESTARTS, "n_snapshots": 2, "learning_rate_period_mult": 2.0, "max_iter": 15},
        # one is what there is without snapshots
        {"n_snapshots": 1, "early_stopping": True, "weight_averaging": "ema"},
        # more calls may follow
        {"learning_rate_warmup": 7, "max_iter": 7, "warm_start": True},
        {"learning_rate": "cyclic", "learning_rate_period": 1, "batch_size": 10},
        {"early_stopping_refit": "scratch", "early_stopping": True, "weight_averaging": "ema",
         "learning_rate": "one_cycle"},
        {"early_stopping_refit": "scratch", "early_stopping": True, "solver": "lbfgs",
         "max_iter": 3},
        {"normalization": "batch", "batch_size": 1, "hidden_layer_sizes": ()},
        {"normalization": "layer", "batch_size": 1},
        *(
            {"normalization": kind, "hidden_layer_sizes": (1, 2)}
            for kind in ("batch", "mean_only_batch")
        ),
        {"normalization": "layer", "hidden_layer_sizes": (2,)},
    ],
    ids=str,
)  # fmt: skip
def test_at_the_edge_things_go_together(Estimator, settings):
    """Each differs by little from one that does not."""
    params = {"hidden_layer_sizes": (5,), "max_iter": 8, "n_iter_no_change": None, **settings}
    assert np.isfinite(Estimator(**params).fit(*data()).predict(data()[0])).all()


@BOTH
@pytest.mark.parametrize(("settings", "names", "way_out"), TOGETHER_WRONG[:4])
def test_partial_fit_names_them_too(Estimator, settings, names, way_out):
    with pytest.raises(ValueError, match=re.escape(way_out)) as caught:
        Estimator((5,), **settings).partial_fit(*data())
    for name in names:
        assert name in str(caught.value), str(caught.value)


@BOTH
@pytest.mark.parametrize("name", ["activation", "dropout"])
def test_lists_need_an_entry_for_each_hidden_layer(Estimator, name):
    value = ["relu"] * 3 if name == "activation" else [0.1] * 3
    with pytest.raises(ValueError, match=rf"{name}=.*3 values for 2 hidden layers"):
        Estimator((5, 5), **{name: value}).fit(*data())
    with pytest.raises(ValueError, match=rf"{name}=.*3 values for 0 hidden layers"):
        Estimator((), **{name: value}).fit(*data())


@BOTH
@pytest.mark.parametrize("sizes", [7, (7,), [7], np.array([7]), np.int64(7), range(7, 8)])
def test_sizes_may_be_a_number_or_any_sequence(Estimator, sizes):
    est = Estimator(sizes, max_iter=1, n_iter_no_change=None).fit(*data())
    assert [each.shape for each in est.coefs_] == [(3, 7), (7, 1)]
    assert est.n_layers_ == 3


@BOTH
@pytest.mark.parametrize(
    "params",
    [
        {"hidden_layer_sizes": np.array([4, 4]), "dropout": np.array([0.1, 0.2])},
        {"hidden_layer_sizes": [4, 4], "activation": ["tanh", "relu"], "l2": np.float32(0.1)},
        {"batch_size": np.int64(5), "max_iter": np.int32(2), "l1": 0, "momentum": 1},
        {"dropout": 0, "standardize": np.bool_(True), "clip_norm": 1, "max_time": 1000},
        {"batch_size": 10**6},
    ],
    ids=str,
)
def test_numpy_numbers_and_whole_numbers_will_do(Estimator, params):
    params = {"max_iter": 2, "n_iter_no_change": None, **params}
    assert np.isfinite(Estimator(**params).fit(*data()).predict(data()[0])).all()


@BOTH
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("batch_size", [20, 5])
def test_divergence_names_epoch_step_size_and_the_largest_numbers(Estimator, solver, batch_size):
    X, y = data()
    X = X.copy()
    X[4, 1] = -123.0
    est = Estimator(
        (5,), solver=solver, learning_rate_init=1e250, batch_size=batch_size, standardize=False,
        random_state=0,
    )  # fmt: skip
    with pytest.raises(ValueError, match="diverged") as caught:
        est.fit(X, y)
    message = str(caught.value)
    assert re.search(r"after \d+ epochs? at step size 1e\+250", message)
    assert "largest input is 123 " in message
    assert "largest target 1," in message
    for advice in ("learning_rate_init", "clip_norm", "standardize=True"):
        assert advice in message


def test_divergence_names_the_epoch_it_happened_in():
    X, y = data()
    est = MLPRegularizedRegressor(
        (), solver="sgd", learning_rate_init=1e60, momentum=0.0, standardize=False
    )
    # Linear: an epoch makes the residual 1e60 times larger; the fourth sees it at 1e180, squared.
    with pytest.raises(ValueError, match="after 4 epochs"):
        est.fit(X, y)


@BOTH
def test_divergence_in_partial_fit_keeps_the_network_before_it(Estimator):
    X, y = data()
    params = {"solver": "sgd", "learning_rate_init": 0.001, "batch_size": 5, "random_state": 0}
    est = Estimator((5,), **params).partial_fit(X, y)
    before, loss_curve = est.predict(X), list(est.loss_curve_)
    with pytest.raises(ValueError, match="diverged"):
        est.set_params(learning_rate_init=1e300).partial_fit(X, y)
    np.testing.assert_array_equal(est.predict(X), before)
    assert est.loss_curve_ == loss_curve
    est.set_params(learning_rate_init=0.001).partial_fit(X, y)
    whole = Estimator((5,), **params)
    whole.partial_fit(X, y).partial_fit(X, y)
    np.testing.assert_array_equal(est.predict(X), whole.predict(X))


def test_lbfgs_from_a_start_that_is_not_finite_says_so():
    X, y = data()
    est = MLPRegularizedRegressor((5,), solver="lbfgs", standardize=False)
    with pytest.raises(ValueError, match="diverged"):
        est.fit(1e200 * X, 1e200 * (y - 0.5))


@pytest.mark.parametrize("columns", [0, [0], [0, 1], [0, 1, 2, 2]])
def test_validation_labels_have_a_column_for_each_label(columns):
    X = data()[0]
    y = (X[:, :3] > 0).astype(int)
    est = MLPRegularizedClassifier((5,), early_stopping=True)
    with pytest.raises(ValueError, match="y_val must be an indicator matrix of 3 labels"):
        est.fit(X, y, X_val=X, y_val=y[:, columns])


def test_a_split_that_leaves_no_row_to_validate_on():
    """Each class keeps a row for training."""
    X, est = data()[0][:4], MLPRegularizedClassifier((5,), early_stopping=True)
    with pytest.raises(ValueError, match=r"no row to validate on: validation_fraction=0\.1.*X_val"):
        est.fit(X, [0, 1, 2, 3])
