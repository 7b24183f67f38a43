"""What the tests of exports share: fitted estimators of all settings, models run by onnxruntime."""

import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from sklearn.base import clone

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.estimators.base import training_plan

ROOT = Path(__file__).resolve().parents[1]
# One file has the table of all hyperparameters' values.
SPEC = importlib.util.spec_from_file_location(
    "random_configurations", ROOT / "estimators" / "test_random_configurations.py"
)
CONFIGURATIONS = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(CONFIGURATIONS)

QUICK = {"max_iter": 3, "n_iter_no_change": np.inf, "random_state": 0, "learning_rate_init": 0.02,
         "hidden_layer_sizes": (12, 8)}  # fmt: skip
VALUES = {
    **CONFIGURATIONS.DRAWS,
    "activation": [*CONFIGURATIONS.DRAWS["activation"], "silu", "mish", "softplus",
                   ["tanh", "relu"], ["identity", "identity"]],
    "n_snapshots": [2, 3],
    "learning_rate": [*CONFIGURATIONS.DRAWS["learning_rate"], "cyclic"],
    "learning_rate_period": [1],
}  # fmt: skip
# What changes how a fitted network predicts is drawn as often as all else together.
PREDICTING = ["hidden_layer_sizes", "activation", "standardize", "normalization",
              "normalization_position", "normalization_groups", "normalization_epsilon",
              "drop_connect", "drop_connect_inference", "n_snapshots", "clip_predictions", "loss",
              "weight_norm", "input_scale"]  # fmt: skip
NEEDED = {
    "n_snapshots": {"learning_rate": "cyclic", "learning_rate_period": 1},
    "drop_connect_inference": {"drop_connect": 0.2},
}


def rows(n=40, seed=0):
    """Columns of several scales, none far from where it is."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 4)) * [1.0, 5.0, 0.1, 1.0] + [0.0, 3.0, 0.0, 1.0]


def targets(Estimator):
    """By name, y of every kind that an estimator learns."""
    X = rows()
    signal = X[:, 0] + X[:, 1] / 5
    if Estimator is MLPRegularizedRegressor:
        return {"one": np.exp(signal), "column": np.exp(signal)[:, None],
                "several": np.exp(np.c_[signal, X[:, 3]])}  # fmt: skip
    several = np.digitize(signal, [0.0, 1.0])
    return {"texts": np.array(["no", "yes"])[(signal > 0).astype(int)], "numbers": several * 3 - 1,
            "booleans": signal > 0, "labels": (X[:, [0, 3]] > 0.5).astype(int),
            "objects": np.array(["a", "b", "c"], dtype=object)[several],
            "floats": several * 2.0}  # fmt: skip


@st.composite
def settings(draw, Estimator, y):
    """Hyperparameters of an estimator, one by one as far as they go together."""
    names = [name for name in Estimator._declarations if name in VALUES]
    predicting = [name for name in PREDICTING if name in names]
    wanted = [draw(st.sampled_from(predicting)) for _ in range(draw(st.integers(0, 4)))]
    wanted += [draw(st.sampled_from(names)) for _ in range(draw(st.integers(0, 4)))]
    est = Estimator(**QUICK)
    for name in dict.fromkeys(wanted):
        value = draw(st.sampled_from(VALUES[name]))
        if name == "early_stopping_scoring":
            value = "r2" if Estimator is MLPRegularizedRegressor else "accuracy"
        more = clone(est).set_params(**NEEDED.get(name, {}), **{name: value})
        try:
            training_plan(clone(more), rows(), y)
        except ValueError:
            continue
        est = more
    return est


@st.composite
def fitted_estimators(draw):
    """An estimator of any setting, fitted to y of any kind."""
    Estimator = draw(st.sampled_from([MLPRegularizedClassifier, MLPRegularizedRegressor]))
    y = draw(st.sampled_from(sorted(targets(Estimator).items())))[1]
    est = draw(settings(Estimator, y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return est.fit(rows(), y)


@pytest.fixture(scope="session")
def any_fitted():
    """A strategy: estimators of all settings, fitted to targets of all kinds."""
    return fitted_estimators()


@pytest.fixture(scope="session")
def make_rows():
    """``make_rows(n, seed)``, as those that ``any_fitted`` learned from."""
    return rows


@pytest.fixture(scope="session")
def make_targets():
    """``make_targets(Estimator)``: by name, y of every kind."""
    return targets


@pytest.fixture
def quick():
    """Settings with which a fit is over at once."""
    return dict(QUICK)


@pytest.fixture(scope="session")
def run_model():
    """``run_model(model, X)``: the outputs by name, as onnxruntime computes them."""
    runtime = pytest.importorskip("onnxruntime")
    runtime.set_default_logger_severity(3)

    def run(model, X):
        session = runtime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        given = X if isinstance(X, dict) else {"X": X}
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(None, given), strict=True))

    return run
