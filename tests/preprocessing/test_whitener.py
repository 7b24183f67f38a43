"""Whitener: W W' whitens, each W is the best in its own respect, rows can be added."""

import numpy as np
import pytest
from scipy.linalg import inv, sqrtm
from sklearn.base import clone
from sklearn.covariance import ledoit_wolf
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.decomposition import PCA

from sknnreg.preprocessing import Whitener
from sknnreg.preprocessing.moments import Moments

METHODS = ["zca", "zca_cor", "pca", "pca_cor", "cholesky"]
EACH = pytest.mark.parametrize("method", METHODS)


@pytest.fixture
def X():
    return load_wine().data


def covariance(Z, weights=None):
    return np.cov(Z.T, bias=True, aweights=weights)


def crosses(X):
    """Covariances and correlations of old and new columns, by method."""
    d = X - X.mean(axis=0)
    new = {method: Whitener(method).fit_transform(X) for method in METHODS}
    phi = {method: Z.T @ d / len(d) for method, Z in new.items()}
    return phi, {method: each / d.std(axis=0) for method, each in phi.items()}


@EACH
@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_the_new_covariance_is_the_identity(load, method):
    X = load().data
    Z = Whitener(method).fit_transform(X)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(covariance(Z), np.eye(X.shape[1]), atol=1e-6)


@EACH
@pytest.mark.parametrize("units", [1e-9, 1e12, 1e150])
def test_units_far_apart(X, method, units):
    X = X * np.where(np.arange(X.shape[1]) % 2, 1.0, units)
    np.testing.assert_allclose(covariance(Whitener(method).fit_transform(X)), np.eye(13), atol=1e-6)


@EACH
def test_ill_conditioned_columns(method):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 4))
    X[:, 3] = X[:, :3].sum(axis=1) + 3e-4 * X[:, 3]
    new = Whitener(method).fit(X)
    assert new.regularization_ == 0
    np.testing.assert_allclose(covariance(new.transform(X)), np.eye(4), atol=1e-6)


def test_formulas(X):
    """Kessy, Lewin and Strimmer's table 1, by SciPy's matrix functions."""
    S = covariance(X)
    scale = np.sqrt(np.diag(S))
    P = S / np.outer(scale, scale)
    W = {method: Whitener(method).fit(X).whitening_ for method in METHODS}
    np.testing.assert_allclose(W["zca"], inv(sqrtm(S)), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(W["zca_cor"], inv(sqrtm(P)) / scale, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(W["cholesky"], np.linalg.cholesky(inv(S)).T, rtol=1e-6, atol=1e-9)
    values, U = np.linalg.eigh(S)
    pca = (U / np.sqrt(values)).T[::-1]
    np.testing.assert_allclose(np.abs(W["pca"]), np.abs(pca), rtol=1e-5, atol=1e-8)
    values, G = np.linalg.eigh(P)
    pca_cor = (G / np.sqrt(values)).T[::-1] / scale
    np.testing.assert_allclose(np.abs(W["pca_cor"]), np.abs(pca_cor), rtol=1e-6, atol=1e-9)


def test_pca_is_that_of_scikit_learn(X):
    expected = PCA(whiten=True).fit_transform(X) * np.sqrt(len(X) / (len(X) - 1))
    np.testing.assert_allclose(
        np.abs(Whitener("pca").fit_transform(X)), np.abs(expected), rtol=1e-6
    )


class TestEachIsTheBest:
    """In its own respect, among the five (Kessy, Lewin and Strimmer, section 3)."""

    def test_zca_is_nearest_to_the_data(self, X):
        phi, _ = crosses(X)
        nearness = {method: np.trace(each) for method, each in phi.items()}
        assert max(nearness, key=nearness.get) == "zca"
        d = X - X.mean(axis=0)
        distance = {m: np.square(Whitener(m).fit_transform(X) - d).sum() for m in METHODS}
        assert min(distance, key=distance.get) == "zca"

    def test_zca_cor_is_nearest_to_the_standardized_data(self, X):
        _, psi = crosses(X)
        nearness = {method: np.trace(each) for method, each in psi.items()}
        assert max(nearness, key=nearness.get) == "zca_cor"

    @pytest.mark.parametrize(("method", "which"), [("pca", 0), ("pca_cor", 1)])
    def test_pca_compresses_most(self, X, method, which):
        shares = {
            name: np.cumsum(np.square(each).sum(axis=1)) for name, each in crosses(X)[which].items()
        }
        for share in shares.values():
            assert (shares[method] >= share - 1e-8 * share[-1]).all()

    def test_cholesky_is_triangular(self, X):
        W = Whitener("cholesky").fit(X).whitening_
        assert (np.tril(W, -1) == 0).all()
        assert (np.diag(W) > 0).all()
        others = [Whitener(m).fit(X).whitening_ for m in METHODS if m != "cholesky"]
        assert all(np.abs(np.tril(each, -1)).max() > 0 for each in others)


class TestFewRows:
    @EACH
    def test_the_share_is_ledoit_and_wolfs(self, X, method):
        few = X[::20]
        assert len(few) < few.shape[1]
        scaled = few / few.std(axis=0) if method.endswith("_cor") else few
        new = Whitener(method).fit(few)
        expected = ledoit_wolf(scaled)
        assert 0 < new.regularization_ < 1
        np.testing.assert_allclose(new.regularization_, expected[1], rtol=1e-9)
        S = expected[0] * (np.outer(few.std(0), few.std(0)) if method.endswith("_cor") else 1)
        np.testing.assert_allclose(new.covariance_, S, rtol=1e-9)
        W = new.whitening_
        np.testing.assert_allclose(W @ S @ W.T, np.eye(13), atol=1e-6)

    def test_no_shrinking_is_an_error(self, X):
        with pytest.raises(ValueError, match=r"9 rows, regularization=0\.0 .* Pass a number"):
            Whitener(regularization=0.0).fit(X[::20])

    def test_a_column_twice(self, X):
        X = np.column_stack([X, X[:, 0]])
        assert Whitener().fit(X).regularization_ > 0
        with pytest.raises(ValueError, match="depend on others linearly"):
            Whitener(regularization=1e-16).fit(X)

    def test_a_share_of_1_only_scales(self, X):
        new = Whitener("zca_cor", regularization=1.0).fit(X)
        np.testing.assert_allclose(new.whitening_, np.diag(1 / X.std(axis=0)), rtol=1e-9)

    def test_two_rows(self):
        with pytest.raises(ValueError, match="shrinks it by 0"):
            Whitener().fit([[1.0, 2.0], [2.0, 5.0]])
        Whitener(regularization=0.1).fit([[1.0, 2.0], [2.0, 5.0]])


@EACH
def test_constant_columns_become_0(X, method):
    X = np.column_stack([X[:, :2], np.full(len(X), 7.1), X[:, 2:4]])
    new = Whitener(method).fit(X)
    Z = new.transform(X)
    assert (Z[:, 2] == 0).all()
    used = [0, 1, 3, 4]
    np.testing.assert_allclose(covariance(Z)[np.ix_(used, used)], np.eye(4), atol=1e-6)
    np.testing.assert_allclose(new.inverse_transform(Z), X, rtol=1e-9)
    assert (Whitener(method).fit_transform([[3.0, 4.0]]) == 0).all()


@EACH
def test_there_and_back(X, method):
    new = Whitener(method).fit(X)
    np.testing.assert_allclose(new.inverse_transform(new.transform(X)), X, rtol=1e-8)
    assert new.transform(X.astype(np.float32)).dtype == np.float32
    with pytest.raises(ValueError, match="fitted to 13"):
        new.inverse_transform(X[:, :3])


@EACH
@pytest.mark.parametrize("regularization", ["auto", "ledoit_wolf", 0.2])
def test_rows_added_are_rows_at_once(X, method, regularization):
    whole, parts = (Whitener(method, regularization=regularization) for _ in range(2))
    whole.fit(X)
    for rows in (slice(0, 40), slice(40, 43), slice(43, None)):
        parts.partial_fit(X[rows])
    assert parts.n_samples_seen_ == len(X)
    for name in ("mean_", "covariance_", "whitening_", "regularization_"):
        np.testing.assert_allclose(
            getattr(parts, name), getattr(whole, name), rtol=1e-6, atol=1e-10, err_msg=name
        )


def test_fit_forgets(X):
    new = Whitener().partial_fit(X[:50]).fit(X)
    np.testing.assert_array_equal(new.whitening_, Whitener().fit(X).whitening_)


@pytest.mark.parametrize("regularization", ["auto", "ledoit_wolf"])
def test_weights_are_repeated_rows(X, regularization):
    weights = np.random.default_rng(0).integers(0, 4, len(X))
    weighted = Whitener(regularization=regularization).fit(X, sample_weight=weights)
    repeated = Whitener(regularization=regularization).fit(np.repeat(X, weights, axis=0))
    np.testing.assert_allclose(weighted.whitening_, repeated.whitening_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(weighted.regularization_, repeated.regularization_, rtol=1e-9)


def test_names(X):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X[:, :3], columns=["a", "b", "c"])
    assert list(Whitener("cholesky").fit(frame).get_feature_names_out()) == ["a", "b", "c"]
    named = clone(Whitener("pca_cor")).set_output(transform="pandas").fit_transform(frame)
    assert list(named.columns) == ["pca0", "pca1", "pca2"]


@EACH
def test_variances_too_far_apart_are_named(X, method):
    """Their product is no float64, or one without its last digits."""
    for ratio in (1e-157, 1e-160, 1e-250):
        with pytest.raises(ValueError, match="variances so far apart that float64 cannot hold"):
            Whitener(method).fit(X * np.where(np.arange(13) == 4, ratio, 1.0))


@EACH
def test_nothing_varies(method):
    est = Whitener(method, regularization="ledoit_wolf").fit(np.ones((4, 3)))
    assert est.regularization_ == 0
    np.testing.assert_array_equal(est.transform(np.ones((4, 3))), 0)


@pytest.mark.parametrize("bad", ["shrink", -0.1, 1.5, None])
def test_what_is_no_regularization(X, bad):
    with pytest.raises(ValueError, match="'regularization' parameter of Whitener"):
        Whitener(regularization=bad).fit(X)


def test_moments_about_another_center():
    rng = np.random.default_rng(0)
    X, center = rng.standard_normal((9, 3)), rng.standard_normal(3)
    moved, d = Moments.of(X, None).about(center), X - center
    np.testing.assert_allclose(moved.second, d.T @ d)
    np.testing.assert_allclose(moved.third, np.square(d).T @ d)
    np.testing.assert_allclose(moved.fourth, np.square(d).T @ np.square(d))
