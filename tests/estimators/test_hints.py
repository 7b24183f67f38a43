"""Names and values that others use are understood well enough to be corrected."""

import re
import subprocess
import sys

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.together.memory import memory_limit

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)
QUICK = {"hidden_layer_sizes": (4,), "max_iter": 2, "n_iter_no_change": np.inf, "random_state": 0}
NAMES = [
    ("alpha", r"Invalid parameter 'alpha' .*l2 = alpha / batch size.*Valid parameters are"),
    ("dropuot", r"Invalid parameter 'dropuot' .*Did you mean 'dropout'\?"),
    ("learning_rate_ini", r"Did you mean 'learning_rate_init'\?"),
    ("lr", "learning_rate_init"),
    ("epochs", "max_iter"),
]


@BOTH
@pytest.mark.parametrize(("name", "message"), NAMES)
def test_a_name_that_is_not_known_points_to_the_one_that_is(Estimator, name, message):
    est = Estimator(**QUICK)
    with pytest.raises(ValueError, match=rf"(?s){message}"):
        est.set_params(l1=7.0, **{name: 0.1})
    assert est.l1 == 0.0, "none is set if one is wrong"
    pipeline = make_pipeline(StandardScaler(), Estimator(**QUICK))
    step = Estimator.__name__.lower()
    with pytest.raises(ValueError, match=rf"(?s){message}"):
        pipeline.set_params(**{f"{step}__{name}": 0.1})
    for model, key in ((est, name), (pipeline, f"{step}__{name}")):
        with pytest.raises(ValueError, match=rf"(?s){message}"):
            GridSearchCV(model, {key: [0.1, 0.2]}, cv=2).fit(X, Y)


@BOTH
def test_a_name_that_is_like_no_other_gets_no_hint(Estimator):
    with pytest.raises(ValueError, match=r"Invalid parameter 'zzz' for estimator .*\)\. Valid"):
        Estimator().set_params(zzz=1)


VALUES = [
    ("solver", "adamw", "solver='adam' with a weight_decay"),
    ("solver", "AdamW", "solver='adam' with a weight_decay"),
    ("solver", "Adam", "Did you mean 'adam'?"),
    ("learning_rate", "cosin", "Did you mean 'cosine'?"),
    ("normalization", "layr", "Did you mean 'layer'?"),
    ("early_stopping_scoring", "roc_aucs", "Did you mean 'roc_auc'?"),
]


@BOTH
@pytest.mark.parametrize(("name", "value", "hint"), VALUES)
def test_a_value_that_is_not_known_points_to_one_that_is(Estimator, name, value, hint):
    est = Estimator(**{**QUICK, name: value})
    message = rf"'{name}' parameter of .* Got '{value}' instead\. .*{re.escape(hint)}"
    with pytest.raises(ValueError, match=message):
        est.fit(X, Y)
    with pytest.raises(ValueError, match=message):
        est.partial_fit(X, Y)


@BOTH
@pytest.mark.parametrize("name", ["hidden_layer_sizes", "activation", "dropout"])
@pytest.mark.parametrize(
    "value", [np.array(7), np.array("relu"), {7: 1}, {0.5}, np.array(0.5)], ids=repr
)
def test_what_has_no_order_is_no_list_of_layers(Estimator, name, value):
    with pytest.raises(ValueError, match=rf"{name} must be.*{re.escape(repr(value))}"):
        Estimator(**{**QUICK, name: value}).fit(X, Y)


@BOTH
def test_numbers_beyond_all_floats_are_named(Estimator):
    whole = [name for name in Estimator._declarations
             if name not in ("random_state", "hidden_layer_sizes", "dropout")
             and isinstance(getattr(Estimator(), name), int | float | type(None))]  # fmt: skip
    for name in whole:
        with pytest.raises(ValueError, match=f"'{name}' parameter of"):
            Estimator(**{**QUICK, name: 10**400}).fit(X, Y)
    for name in ("hidden_layer_sizes", "dropout"):
        with pytest.raises(ValueError, match=name):
            Estimator(**{**QUICK, name: [10**400]}).fit(X, Y)
        with pytest.raises(ValueError, match=name):
            Estimator(**{**QUICK, name: 10**400}).fit(X, Y)


NO_SCORES = [None, "a", object(), 1j, [1.0, 2.0], 10**400]


@BOTH
@pytest.mark.parametrize("returned", NO_SCORES, ids=lambda each: repr(each)[:12])
def test_a_scorer_that_returns_no_number_is_named(Estimator, returned):
    def scorer(estimator, X, y):
        return returned

    est = Estimator(**QUICK, early_stopping=True, early_stopping_scoring=scorer)
    with pytest.raises(ValueError, match=r"early_stopping_scoring=.*scorer.* must return a number"):
        est.fit(X, Y)


@BOTH
@pytest.mark.parametrize("returned", [0.5, np.float32(0.5), np.array(0.5), True])
def test_a_scorer_may_return_any_number(Estimator, returned):
    est = Estimator(**QUICK, early_stopping=True, early_stopping_scoring=lambda *_: returned)
    assert est.fit(X, Y).best_validation_score_ == float(returned)


@BOTH
def test_a_scorer_that_returns_nan_alone_is_named(Estimator):
    est = Estimator(**QUICK, early_stopping=True, early_stopping_scoring=lambda *_: np.nan)
    with pytest.warns(UserWarning, match="early_stopping_scoring=.*gave no finite value"):
        est.fit(X, Y)


@BOTH
@pytest.mark.parametrize("which", ["X", "y"])
@pytest.mark.parametrize(
    "value", [None, "a", np.nan, np.inf, object(), 1j, np.datetime64("2020-01-01")],
    ids=lambda each: repr(each)[:8],
)  # fmt: skip
def test_an_augmentation_that_returns_no_numbers_is_named(Estimator, which, value):
    def augment(X, y, rng):
        return (np.full(X.shape, value), y) if which == "X" else (X, np.full(y.shape, value))

    with pytest.raises(ValueError, match=rf"augmentation=.*augment.* (as|an|a) {which}\b"):
        Estimator(**QUICK, augmentation=augment).fit(X, Y)


@BOTH
def test_an_augmentation_that_returns_ragged_lists_is_named(Estimator):
    with pytest.raises(ValueError, match=r"augmentation=.* returned as X: .*inhomogeneous"):
        Estimator(**QUICK, augmentation=lambda X, y, rng: ([[1.0], [1.0, 2.0]], y)).fit(X, Y)


MESSAGES = """
from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
for Estimator in (MLPRegularizedClassifier, MLPRegularizedRegressor):
    for name in Estimator._declarations:
        est = Estimator(max_iter=1).set_params(**{name: "no such"})
        try:
            est.fit([[0.0], [1.0]] * 9, [0, 1] * 9)
        except ValueError as error:
            print(error)
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_options_are_told_in_the_same_order_every_time(capsys):
    """Under two seeds of Python's hashes, and the one that this process happens to have."""
    told = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", MESSAGES], env={"PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1")
    }  # fmt: skip
    exec(MESSAGES, {})
    told.add(capsys.readouterr().out)
    assert len(told) == 1
    assert len(told.pop().splitlines()) > 100


@pytest.mark.parametrize(
    ("given", "expected"),
    [("1GB", 1e9), ("500 MB", 5e8), ("1.5 GiB", 1.5 * 2**30), ("64kib", 2**16), ("2TB", 2e12),
     ("100 B", 100.0), (2e9, 2e9), (10**9, 1e9), (np.inf, sys.float_info.max)],
)  # fmt: skip
def test_a_memory_may_be_told_in_words(given, expected):
    assert memory_limit(given) == expected


@pytest.mark.parametrize(
    "given", ["much", "1", "GB", "-1 GB", "0 GB", "1 GBit", 0, -1, np.nan, [1]]
)
def test_what_is_no_memory_is_named(given):
    with pytest.raises(ValueError, match=rf"max_memory={re.escape(repr(given))} must be"):
        memory_limit(given)
