"""Converters for skl2onnx: whole pipelines, as onnxruntime computes them."""

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import StackingClassifier, VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor
from sknnreg.export import register_skl2onnx
from sknnreg.preprocessing import PiecewiseLinearEncoder, SmoothClipScaler

skl2onnx = pytest.importorskip("skl2onnx")
types = pytest.importorskip("skl2onnx.common.data_types")
pd = pytest.importorskip("pandas")

BOTH_DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
WITHIN = {"float32": 1e-5, "float64": 1e-12}


@pytest.fixture(autouse=True)
def registered():
    register_skl2onnx()


def table(n=60, seed=0):
    """Numbers, some of them missing, a year, and categories."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "weight": rng.normal(70, 10, size=n),
            "year": rng.uniform(2000, 2020, size=n),
            "city": rng.choice(["Bonn", "Kyoto", "Lima"], n),
        }
    )
    frame.loc[::9, "size"] = np.nan
    return frame


def front(dtype):
    """Columns by our transformers and by scikit-learn's."""
    # onnxruntime has no imputer for double precision.
    imputers = [SimpleImputer()] if dtype == "float32" else []
    return make_column_transformer(
        (PiecewiseLinearEncoder(3), ["size"]),
        (make_pipeline(*imputers, SmoothClipScaler()), ["weight"]),
        (StandardScaler(), ["year"]),
        (OneHotEncoder(sparse_output=False), ["city"]),
    )


def columns(frame, dtype):
    """What the model takes: a tensor for each column."""
    number = types.FloatTensorType if dtype == "float32" else types.DoubleTensorType
    kinds = {name: number([None, 1]) for name in frame}
    kinds["city"] = types.StringTensorType([None, 1])
    given = {name: frame[[name]].to_numpy() for name in frame}
    given = {name: each.astype(object if name == "city" else dtype) for name, each in given.items()}
    return list(kinds.items()), given


def last_steps(quick, dtype):
    network = MLPRegularizedClassifier(**quick, normalization="layer")
    return {
        "classifier": make_pipeline(front(dtype), network),
        "regressor": make_pipeline(front(dtype), MLPRegularizedRegressor(**quick)),
        "ensemble": make_pipeline(front(dtype), CrossFittedClassifier(network, 2, random_state=0)),
        "ensemble of pipelines": CrossFittedRegressor(
            make_pipeline(front(dtype), MLPRegularizedRegressor(**quick)), 2, random_state=0
        ),
    }


@BOTH_DTYPES
@pytest.mark.parametrize("name", ["classifier", "regressor", "ensemble", "ensemble of pipelines"])
def test_pipelines_with_a_column_transformer(name, dtype, quick, run_model):
    frame = table()
    est = last_steps(quick, dtype)[name]
    label = np.where(frame["city"] == "Lima", "far", "near")
    est.fit(frame, label if hasattr(est, "predict_proba") else frame["weight"])
    other = table(30, 1).astype({each: dtype for each in ("size", "weight", "year")})
    kinds, given = columns(other, dtype)
    if hasattr(est, "classes_"):
        model = skl2onnx.convert_sklearn(
            est, initial_types=kinds, options={id(est): {"zipmap": False}}
        )
        found = run_model(model, given)
        proba = est.predict_proba(other)
        np.testing.assert_allclose(found["probabilities"], proba, rtol=0, atol=WITHIN[dtype])
        np.testing.assert_array_equal(found["label"], est.predict(other))
    else:
        found = run_model(skl2onnx.convert_sklearn(est, initial_types=kinds), given)
        np.testing.assert_allclose(found["variable"].ravel(), est.predict(other), WITHIN[dtype])


@pytest.mark.parametrize("target", ["texts", "numbers", "booleans", "labels", "objects", "floats"])
@pytest.mark.parametrize("opset", [15, None])
def test_classes_of_every_kind(target, opset, quick, make_rows, make_targets, run_model):
    y = make_targets(MLPRegularizedClassifier)[target]
    est = MLPRegularizedClassifier(**quick, normalization="layer").fit(make_rows(), y)
    X = make_rows(20, 1).astype(np.float32)
    plain = {id(est): {"zipmap": False}}
    found = run_model(skl2onnx.to_onnx(est, X, options=plain, target_opset=opset), X)
    np.testing.assert_array_equal(found["label"], est.predict(X))
    np.testing.assert_allclose(found["probabilities"], est.predict_proba(X), rtol=0, atol=1e-5)
    found = run_model(skl2onnx.to_onnx(est, X, target_opset=opset), X)
    np.testing.assert_array_equal(found["output_label"], est.predict(X))
    names = {int(each) if y.dtype.kind in "bif" else str(each) for each in est.classes_}
    assert set(found["output_probability"][0]) == names
    numbered = {id(est): {"zipmap": False, "nocl": True}}
    found = run_model(skl2onnx.to_onnx(est, X, options=numbered, target_opset=opset), X)
    if target != "labels":
        np.testing.assert_array_equal(est.classes_[found["label"]], est.predict(X))


def test_in_ensembles_of_scikit_learn(quick, make_rows, make_targets, run_model):
    X, y = make_rows().astype(np.float32), make_targets(MLPRegularizedRegressor)["one"]
    members = [
        (name, MLPRegularizedRegressor(**quick, activation=name)) for name in ("relu", "elu")
    ]
    est = VotingRegressor(members).fit(X, y)
    found = run_model(skl2onnx.to_onnx(est, X), X)["variable"].ravel()
    np.testing.assert_allclose(found, est.predict(X), 1e-5)
    y = make_targets(MLPRegularizedClassifier)["texts"]
    est = StackingClassifier([("network", MLPRegularizedClassifier(**quick))]).fit(X, y)
    options = {id(est): {"zipmap": False}}
    found = run_model(skl2onnx.to_onnx(est, X, options=options), X)["probabilities"]
    np.testing.assert_allclose(found, est.predict_proba(X), rtol=0, atol=1e-5)


class Own(MLPRegularizedRegressor):
    """A user's."""


def test_subclasses(quick, make_rows, run_model):
    X = make_rows().astype(np.float32)
    est = Own(**quick).fit(X, X[:, 0])
    register_skl2onnx(Own)
    found = run_model(skl2onnx.to_onnx(est, X), X)["variable"].ravel()
    np.testing.assert_allclose(found, est.predict(X), rtol=0, atol=1e-5)
    for each in (StandardScaler, est):
        with pytest.raises(TypeError, match="derived from this package's, got"):
            register_skl2onnx(each)


def test_whole_numbers_as_inputs(quick, run_model):
    X = np.arange(80).reshape(40, 2) % 7 + 2000
    est = MLPRegularizedRegressor(**quick).fit(X, X[:, 0])
    found = run_model(skl2onnx.to_onnx(est, X), X)["variable"].ravel()
    np.testing.assert_allclose(found, est.predict(X), 1e-5)
