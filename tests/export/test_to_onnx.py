"""to_onnx: what onnxruntime computes is what predict returns."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, preprocessing
from sknnreg.engine.places.signal.activations import ACTIVATIONS
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor
from sknnreg.export import to_onnx
from sknnreg.export.graphs.transformers import TRANSFORMERS
from sknnreg.preprocessing import PiecewiseLinearEncoder, SmoothClipScaler, Whitener

onnx = pytest.importorskip("onnx")

SNAPSHOTS = {"learning_rate": "cyclic", "learning_rate_period": 1, "n_snapshots": 3,
             "batch_size": 8}  # fmt: skip
SAMPLED = {"drop_connect": 0.2, "drop_connect_inference": "gaussian"}
BOTH_DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])
# Of what is computed: to 1e-5 of the largest prediction, or as good as exact.
WITHIN = {"float32": 1e-5, "float64": 1e-12}


def within(est, dtype):
    """GELU's error function is in single precision in any case."""
    return 1e-6 if "gelu" in str(est) and dtype == "float64" else WITHIN[dtype]


@pytest.fixture(scope="session")
def assert_same(run_model):
    """Equal outputs for rows of a dtype, computed in the same, or in another."""

    def check(est, X, dtype="float64", **options):
        X = X.astype(dtype)
        model = to_onnx(est, input_dtype=dtype, **options)
        found = run_model(model, X)
        limit = within(est, options.get("computing_dtype", dtype) if dtype == "float64" else dtype)
        if not hasattr(est, "classes_"):
            (variable,) = found.values()
            expected = est.predict(X).reshape(variable.shape)
            np.testing.assert_allclose(variable, expected, 0, limit * np.abs(expected).max())
            assert variable.dtype == dtype
            return model
        proba = est.predict_proba(X)
        np.testing.assert_allclose(found["probabilities"], proba, rtol=0, atol=limit)
        assert found["probabilities"].dtype == dtype
        # Labels differ only where rounding decides.
        labels, differ = est.predict(X), 0
        near = np.sort(proba, axis=1)[:, -1] - np.sort(proba, axis=1)[:, -2:].min(axis=1) < 1e-4
        if labels.ndim == 2:
            near = (np.abs(proba - 0.5) < 1e-4).any(axis=1)
        if len(est.classes_) == 1:
            near = np.zeros(len(X), bool)
        assert found["label"].shape == labels.shape
        differ = found["label"][~near] != labels[~near]
        assert not differ.any()
        return model

    return check


def test_all_settings(any_fitted, make_rows, assert_same):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(any_fitted)
    def check(est):
        for dtype in ("float32", "float64"):
            assert_same(est, make_rows(20, 1), dtype)

    check()


@pytest.mark.soak
def test_more_settings(any_fitted, make_rows, assert_same):
    @settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
    @given(any_fitted)
    def check(est):
        for dtype in ("float32", "float64"):
            assert_same(est, make_rows(20, 1), dtype)
        assert_same(est, make_rows(1, 2), "float32", computing_dtype="float64")

    check()


@BOTH_DTYPES
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_near_zero_and_far_out(activation, dtype, quick, make_rows, assert_same):
    y = make_rows()[:, 0]
    est = MLPRegularizedRegressor(**quick, activation=activation).fit(make_rows(), y)
    # Further out, single precision has no digits left near 0.
    for scale in (1e-6, 1.0, 30.0, *([1e4] if dtype == "float64" else [])):
        assert_same(est, scale * make_rows(50, 1), dtype)


@BOTH_DTYPES
@pytest.mark.parametrize("target", ["texts", "numbers", "booleans", "labels", "objects", "floats"])
def test_classes_of_every_kind(target, dtype, quick, make_rows, make_targets, assert_same):
    y = make_targets(MLPRegularizedClassifier)[target]
    for more in ({}, SNAPSHOTS):
        est = MLPRegularizedClassifier(**quick, **more).fit(make_rows(), y)
        model = assert_same(est, make_rows(30, 1), dtype)
    texts = target in ("texts", "objects")
    label, proba = model.graph.output
    assert (label.name, proba.name) == ("label", "probabilities")
    assert label.type.tensor_type.elem_type == (
        onnx.TensorProto.STRING if texts else onnx.TensorProto.INT64
    )


@BOTH_DTYPES
def test_a_single_class_is_certain(dtype, quick, make_rows, run_model):
    est = MLPRegularizedClassifier(**quick).fit(make_rows(), np.full(40, "only"))
    found = run_model(to_onnx(est, input_dtype=dtype), make_rows(5).astype(dtype))
    assert found["label"].tolist() == ["only"] * 5
    np.testing.assert_array_equal(found["probabilities"], np.ones((5, 1)))


@BOTH_DTYPES
@pytest.mark.parametrize(
    "more",
    [
        {"normalization": "layer"},
        {"normalization": "group", "normalization_groups": 2, "normalization_position": "after"},
        {"normalization": "group", "normalization_groups": 4, **SNAPSHOTS},
        SAMPLED,
        {**SAMPLED, **SNAPSHOTS, "normalization": "layer"},
        {"hidden_layer_sizes": (), **SNAPSHOTS},
        {"loss": "poisson", "clip_predictions": True, **SNAPSHOTS},
    ],
    ids=str,
)  # fmt: skip
def test_what_no_plain_network_is(more, dtype, quick, make_rows, make_targets, assert_same):
    for y in make_targets(MLPRegularizedRegressor).values():
        est = MLPRegularizedRegressor(**{**quick, **more}).fit(make_rows(), y)
        assert_same(est, 2 * make_rows(30, 1), dtype)


@BOTH_DTYPES
@pytest.mark.parametrize("more", [{}, SAMPLED, {"normalization": "layer"}], ids=str)
def test_large_numbers_keep_the_digits_that_differ(more, dtype, quick, assert_same):
    """In single precision too: what is standardized inside is centred before it is multiplied."""
    X = np.linspace(7e4, 7e4 + 20, 241)[:, None]
    est = MLPRegularizedRegressor(**quick, **more).fit(X, np.sin(X[:, 0]))
    exact = X.astype(np.float32).astype(np.float64)
    assert np.ptp(est.predict(exact)) > 1e-2
    assert_same(est, exact, dtype)


@BOTH_DTYPES
class TestEnsembles:
    @pytest.mark.parametrize("more", [{}, SNAPSHOTS, {"normalization": "layer"}], ids=str)
    def test_of_networks(self, more, dtype, quick, make_rows, make_targets, assert_same):
        for Estimator, Ensemble, names in (
            (MLPRegularizedClassifier, CrossFittedClassifier, ["texts", "labels"]),
            (MLPRegularizedRegressor, CrossFittedRegressor, ["one", "column", "several"]),
        ):
            for name in names:
                est = Ensemble(Estimator(**quick, **more), 2, random_state=0)
                est.fit(make_rows(), make_targets(Estimator)[name])
                est.weights_ = np.array([0.3, 0.7])
                assert_same(est, make_rows(30, 1), dtype)

    def test_of_pipelines(self, dtype, quick, make_rows, make_targets, assert_same):
        network = make_pipeline(PiecewiseLinearEncoder(3), MLPRegularizedClassifier(**quick))
        est = CrossFittedClassifier(network, 3, random_state=0)
        est.fit(make_rows(), make_targets(MLPRegularizedClassifier)["objects"])
        assert_same(est, make_rows(30, 1), dtype)

    def test_of_pipelines_in_pipelines(self, dtype, quick, make_rows, make_targets, assert_same):
        network = make_pipeline(SmoothClipScaler(), MLPRegularizedRegressor(**quick))
        est = make_pipeline("passthrough", make_pipeline(PiecewiseLinearEncoder(3)), network)
        est.fit(make_rows(), make_targets(MLPRegularizedRegressor)["several"])
        assert_same(est, make_rows(30, 1), dtype)

    def test_of_members_that_have_not_seen_all_classes(self, dtype, quick, make_rows, assert_same):
        y = np.array(["a", "b", "c", "d"])[np.arange(40) // 10]
        est = CrossFittedClassifier(
            MLPRegularizedClassifier(**quick), 4, cv=[(np.arange(15), np.arange(30, 40)),
            (np.arange(10, 40), np.arange(10)), (np.arange(8), np.arange(15, 40)),
            (np.arange(30), np.arange(30, 40))], random_state=0,
        ).fit(make_rows(), y)  # fmt: skip
        assert {len(member.classes_) for member in est.members_} == {1, 2, 3}
        est.weights_ = np.array([0.1, 0.2, 0.3, 0.4])
        assert_same(est, make_rows(30, 1), dtype)


@BOTH_DTYPES
@pytest.mark.parametrize("method", ["zca", "pca_cor", "cholesky"])
def test_whitening(method, dtype, quick, make_rows, run_model, assert_same):
    X, other = make_rows(), make_rows(30, 1).astype(dtype)
    whitener = Whitener(method).fit(X)
    found = run_model(to_onnx(whitener, input_dtype=dtype), other)["variable"]
    assert found.dtype == dtype
    np.testing.assert_allclose(found, whitener.transform(other), rtol=1e-5, atol=1e-6)
    est = make_pipeline(Whitener(method), MLPRegularizedRegressor(**quick)).fit(X, X[:, 0])
    assert_same(est, other, dtype)


@BOTH_DTYPES
@pytest.mark.parametrize("bound", [3.0, None, np.inf])
def test_transformers(bound, dtype, make_rows, run_model):
    X = make_rows(60)
    X[:, 2] = 7.0
    X[:, 3] = 0.0
    X[::30, 3] = 1.0
    X[::7, 0] = np.nan
    other = 5 * make_rows(50, 1).astype(dtype)
    other[::5] = np.nan
    for transformer in (
        SmoothClipScaler(bound),
        PiecewiseLinearEncoder(3, bound=bound),
        PiecewiseLinearEncoder(3, keep_column=False, bound=bound, dtype=np.float32),
        make_pipeline(
            "passthrough",
            PiecewiseLinearEncoder(2, bound=bound, dtype=np.float32),
            make_pipeline("passthrough", SmoothClipScaler()),
        ),
    ):
        transformer.fit(X)
        expected = transformer.transform(other)
        found = run_model(to_onnx(transformer, input_dtype=dtype), other)["variable"]
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_every_transformer_has_a_graph():
    assert {each.__name__ for each in TRANSFORMERS} == set(preprocessing.__all__)


def test_one_row_and_none_and_many(quick, make_rows, make_targets, run_model):
    y = make_targets(MLPRegularizedClassifier)["texts"]
    est = MLPRegularizedClassifier(**quick, normalization="group", normalization_groups=2)
    model = to_onnx(est.fit(make_rows(), y))
    for n in (0, 1, 100_000):
        X = make_rows(n, 1).astype(np.float32)
        found = run_model(model, X)
        assert found["label"].shape == (n,)
        expected = est.predict_proba(X) if n else np.empty((0, 2))
        np.testing.assert_allclose(found["probabilities"], expected, rtol=0, atol=1e-5)


def test_millions_of_weights(quick, make_rows, assert_same):
    """As bytes, each once: no lists of numbers."""
    est = MLPRegularizedRegressor(**{**quick, "hidden_layer_sizes": (800, 800), "max_iter": 1})
    est.fit(make_rows(), make_rows()[:, 0])
    model = assert_same(est, make_rows(5, 1), "float32")
    assert len(model.SerializeToString()) < 4 * 646_000 + 10_000


@pytest.mark.parametrize("opset", [13, 15, 17, 18, 20])
def test_operators_of_every_version(opset, quick, make_rows, assert_same):
    more = {**SAMPLED, **SNAPSHOTS, "normalization": "layer"}
    est = MLPRegularizedRegressor(**quick, **more).fit(make_rows(), make_rows()[:, 0])
    model = assert_same(est, make_rows(9, 1), "float32", target_opset=opset)
    assert [each.version for each in model.opset_import] == [opset]


def test_precisions_of_inputs_and_inside(quick, make_rows, assert_same):
    est = MLPRegularizedRegressor(**quick).fit(make_rows(), make_rows()[:, 0])
    sizes = []
    for inside in ("float32", "float64"):
        for outside in ("float32", "float64"):
            model = assert_same(est, make_rows(9, 1), outside, computing_dtype=inside)
            (taken,) = model.graph.input
            assert taken.name == "X"
            expected = {"float32": onnx.TensorProto.FLOAT, "float64": onnx.TensorProto.DOUBLE}
            assert taken.type.tensor_type.elem_type == expected[outside]
        sizes.append(sum(len(each.raw_data) for each in model.graph.initializer))
    assert sizes[1] > 1.8 * sizes[0]


class TestErrors:
    def fitted(self, quick, make_rows):
        return MLPRegularizedRegressor(**quick).fit(make_rows(), make_rows()[:, 0])

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"input_dtype": "float16"}, "input_dtype='float16' must be one of 'float32', 'float"),
            ({"computing_dtype": "double"}, "computing_dtype='double' must be one of"),
            ({"target_opset": 12}, "target_opset=12 must be a whole number from 13 to"),
            ({"target_opset": 10**6}, "target_opset=1000000 must be"),
            ({"target_opset": "newest"}, "target_opset='newest' must be"),
        ],
    )
    def test_of_arguments(self, options, told, quick, make_rows):
        with pytest.raises(ValueError, match=told):
            to_onnx(self.fitted(quick, make_rows), **options)

    def test_of_what_is_not_fitted_or_not_ours(self, quick, make_rows):
        for est in (MLPRegularizedClassifier(), CrossFittedRegressor(), SmoothClipScaler()):
            with pytest.raises(NotFittedError):
                to_onnx(est)
        with pytest.raises(TypeError, match="got LinearRegression"):
            to_onnx(LinearRegression())
        est = make_pipeline(StandardScaler(), MLPRegularizedRegressor(**quick))
        est.fit(make_rows(), make_rows()[:, 0])
        with pytest.raises(TypeError, match=r"'standardscaler' is StandardScaler.*register_skl2on"):
            to_onnx(est)

    def test_of_weights_beyond_single_precision(self, quick, make_rows, assert_same):
        X = make_rows() * 1e-45
        est = MLPRegularizedRegressor(**quick).fit(X, make_rows()[:, 0])
        with pytest.raises(ValueError, match=r"beyond float32.*computing_dtype='float64'"):
            to_onnx(est)
        assert_same(est, X, "float64")

    def test_of_classes_that_onnx_has_no_type_for(self, quick, make_rows):
        days = np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[D]")
        est = MLPRegularizedClassifier(**quick).fit(make_rows(), np.resize(days, 40))
        with pytest.raises(ValueError, match=r"datetime64\[D\] have no type in ONNX.*astype\(str"):
            to_onnx(est)
