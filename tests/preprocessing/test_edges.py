"""Where edges are, how many there may be, and that weights are repeated rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.preprocessing import KBinsDiscretizer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sknnreg.preprocessing import PiecewiseLinearEncoder

WEIGHTS = arrays(np.int64, 30, elements=st.integers(0, 5))


@pytest.fixture
def X():
    return np.random.default_rng(0).gamma(2, size=(200, 4))


def plain_quantiles(x, n_bins):
    """Edges in whole numbers of rows: i n / T of them below, or the mean of both neighbors."""
    x, n = np.sort(x), len(x)
    places = [divmod(i * n, n_bins) for i in range(1, n_bins)]
    inner = [x[rows] if rest else (x[rows - 1] + x[rows]) / 2 for rows, rest in places]
    return np.array([x[0], *inner, x[-1]])


class TestQuantiles:
    @pytest.mark.parametrize("n_bins", [1, 2, 3, 7, 16, 50, 99])
    @pytest.mark.parametrize("n", [200, 131])
    def test_as_counted(self, X, n_bins, n):
        encoder = PiecewiseLinearEncoder(n_bins, max_columns=None).fit(X[:n])
        for x, edges in zip(X[:n].T, encoder.bin_edges_, strict=True):
            assert (edges == plain_quantiles(x, n_bins)).all()

    # With 50 bins of 200 rows, NumPy takes 14 % of them for 28.000000000000004.
    @pytest.mark.parametrize("n_bins", [2, 3, 7, 16])
    @pytest.mark.parametrize("n", [200, 131])
    def test_as_scikit_learn_finds_them(self, X, n_bins, n):
        discretizer = KBinsDiscretizer(n_bins, encode="ordinal").fit(X[:n])
        encoder = PiecewiseLinearEncoder(n_bins).fit(X[:n])
        for ours, theirs in zip(encoder.bin_edges_, discretizer.bin_edges_, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-14)

    def test_as_scikit_learn_finds_them_with_weights(self, X):
        weights = np.random.default_rng(1).integers(0, 4, 200)
        discretizer = KBinsDiscretizer(5, encode="ordinal").fit(X, sample_weight=weights)
        encoder = PiecewiseLinearEncoder(5).fit(X, sample_weight=weights)
        for ours, theirs in zip(encoder.bin_edges_, discretizer.bin_edges_, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-14)

    def test_bins_weigh_the_same(self, X):
        weights = np.random.default_rng(1).exponential(size=200)
        encoder = PiecewiseLinearEncoder(8).fit(X, sample_weight=weights)
        for x, edges in zip(X.T, encoder.bin_edges_, strict=True):
            mass = np.histogram(x, edges, weights=weights)[0]
            assert len(mass) == 8
            assert np.abs(mass - weights.sum() / 8).max() <= weights.max()

    def test_equal_quantiles_are_one_edge(self):
        x = np.r_[np.zeros(90), np.arange(1, 31)]
        assert PiecewiseLinearEncoder(4).fit(x[:, None]).bin_edges_[0].tolist() == [0, 0.5, 30]


class TestTrees:
    @pytest.mark.parametrize("kind", ["regression", "classification"])
    def test_edges_are_where_a_tree_splits(self, X, kind):
        y = np.sin(2 * X[:, 0]) + 0.1 * X[:, 1]
        y = y if kind == "regression" else np.where(y > 0.3, "high", "low")
        Tree = DecisionTreeRegressor if kind == "regression" else DecisionTreeClassifier
        encoder = PiecewiseLinearEncoder(6, strategy="tree").fit(X, y)
        for x, edges in zip(X.T, encoder.bin_edges_, strict=True):
            tree = Tree(max_leaf_nodes=6, min_weight_fraction_leaf=0.01, random_state=0)
            tree.fit(x[:, None], y)
            inner = np.sort(tree.tree_.threshold[tree.tree_.feature >= 0])
            np.testing.assert_allclose(edges, [x.min(), *inner, x.max()], rtol=1e-6)

    def test_edges_are_where_the_target_changes(self, X):
        y = (X[:, 0] > 1.5) + 2.0 * (X[:, 0] > 3)
        edges = PiecewiseLinearEncoder(3, strategy="tree").fit(X[:, :1], y).bin_edges_[0]
        at = np.sort(X[:, 0])
        np.testing.assert_allclose(
            edges[1:-1], [at[at > step][0] / 2 + at[at <= step][-1] / 2 for step in (1.5, 3)]
        )

    @pytest.mark.parametrize(("shift", "unit"), [(0, 2.0**-40), (1e12, 1), (0, 2.0**900)])
    def test_neither_units_of_x_nor_of_y_matter(self, X, shift, unit):
        """Trees compute in float32, and stop at impurities of 2.2e-16."""
        x = np.round(X[:, :1] * 256) / 256
        y = np.round(np.sin(x[:, 0]) * 64) / 64
        encoder = PiecewiseLinearEncoder(5, strategy="tree", target_type="regression")
        plain, other = clone(encoder).fit(x, y), clone(encoder).fit(x + shift, shift + y * unit)
        edges = other.bin_edges_[0] - shift
        np.testing.assert_allclose(edges, plain.bin_edges_[0], atol=shift * 1e-15)

    def test_several_outputs_and_labels(self, X):
        encoder = PiecewiseLinearEncoder(4, strategy="tree")
        y = np.column_stack([X[:, 0] > 1, X[:, 0] > 3]).astype(int)
        for target in (y, y + 0.5, y.astype(str)):
            encoder.fit(X[:, :1], target)
            assert ((encoder.bin_edges_[0][1:-1] - 1) ** 2).min() < 0.01
            assert ((encoder.bin_edges_[0][1:-1] - 3) ** 2).min() < 0.1

    def test_target_type(self, X):
        """Counts are a regression's targets where that is said."""
        counts = np.random.default_rng(0).poisson(np.exp(X[:, 0]))
        auto, labels, numbers, real = (
            PiecewiseLinearEncoder(5, strategy="tree", target_type=kind).fit(X[:, :1], y)
            for kind, y in [("auto", counts), ("classification", counts),
                            ("regression", counts), ("auto", counts + 0.5)]
        )  # fmt: skip
        assert (auto.bin_edges_[0] == labels.bin_edges_[0]).all()
        assert (numbers.bin_edges_[0] == real.bin_edges_[0]).all()
        assert (numbers.bin_edges_[0] != labels.bin_edges_[0]).any()

    def test_leaves_have_their_share_of_the_weight(self, X):
        y = np.random.default_rng(0).standard_normal(200)
        encoder = PiecewiseLinearEncoder(9, strategy="tree", min_weight_fraction_leaf=0.1).fit(X, y)
        for x, edges in zip(X.T, encoder.bin_edges_, strict=True):
            assert np.histogram(x, edges)[0].min() >= 20


@pytest.mark.parametrize("strategy", ["quantile", "tree"])
@given(weights=WEIGHTS, seed=st.integers(0, 99))
def test_weights_are_repeated_rows(strategy, weights, seed):
    weights[0] += 1
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.standard_normal(30), rng.integers(0, 9, 30)])
    X[rng.random(X.shape) < 0.2] = np.nan
    y = rng.integers(0, 50, 30) / 4
    encoder = PiecewiseLinearEncoder(4, strategy=strategy, target_type="regression")
    weighted = encoder.fit(X, y, sample_weight=weights).transform(X)
    names = encoder.get_feature_names_out().tolist()
    repeated = encoder.fit(X.repeat(weights, axis=0), y.repeat(weights)).transform(X)
    assert encoder.get_feature_names_out().tolist() == names
    np.testing.assert_allclose(weighted, repeated, rtol=1e-12, atol=1e-12)


class TestWidth:
    def test_all_bins_where_there_is_room(self, X):
        assert PiecewiseLinearEncoder(20, max_columns=84).fit(X).n_bins_.tolist() == [20] * 4

    @pytest.mark.parametrize("max_columns", [8, 9, 20, 83])
    def test_bins_are_lowered_alike(self, X, max_columns):
        encoder = PiecewiseLinearEncoder(20, max_columns=max_columns).fit(X)
        assert encoder.n_bins_.tolist() == [max_columns // 4 - 1] * 4
        assert encoder.transform(X).shape[1] <= max_columns

    @pytest.mark.parametrize("max_columns", [1, 4, 7])
    def test_columns_themselves_where_there_is_no_room(self, X, max_columns):
        for keep_column in (True, False) if max_columns < 4 else (True,):
            encoder = PiecewiseLinearEncoder(max_columns=max_columns, keep_column=keep_column)
            assert encoder.fit(X).get_feature_names_out().tolist() == ["x0", "x1", "x2", "x3"]

    def test_columns_of_few_values_leave_room(self, X):
        X[:, 0] = 1.0
        X[:, 1] = X[:, 1] > 1
        X[:, 2] = np.arange(200) % 3
        encoder = PiecewiseLinearEncoder(20, max_columns=12).fit(X)
        assert encoder.n_bins_.tolist() == [0, 0, 2, 8]

    @pytest.mark.parametrize("keep_column", [True, False])
    @pytest.mark.parametrize("max_columns", [5, 12, 40])
    def test_columns_without_parts_take_no_bins_from_others(self, X, max_columns, keep_column):
        two_values = (np.arange(200)[:, None] % np.arange(2, 60) == 0).astype(float)
        two_values[0] = np.nan
        encoder = PiecewiseLinearEncoder(max_columns=max_columns, keep_column=keep_column)
        alone = encoder.fit(X).n_bins_.tolist()
        assert encoder.fit(np.hstack([two_values, X])).n_bins_.tolist() == [0] * 58 + alone
        assert encoder.transform(np.hstack([two_values, X])).shape[1] == 58 * 2 + len(
            encoder.fit(X).get_feature_names_out()
        )

    def test_indicators_count(self, X):
        X[0, :2] = np.nan
        encoder = PiecewiseLinearEncoder(20, max_columns=14).fit(X)
        assert encoder.n_bins_.tolist() == [2] * 4
        assert encoder.transform(X).shape[1] == 14

    @given(
        most=st.lists(st.integers(1, 12), min_size=1, max_size=6),
        max_columns=st.integers(1, 60),
        n_bins=st.integers(1, 10),
        keep_column=st.booleans(),
    )
    def test_as_many_as_there_is_room_for(self, most, max_columns, n_bins, keep_column):
        """By trying every number of bins."""
        X = np.column_stack([np.arange(60) % (n + 1) for n in most]).astype(float)
        encoder = PiecewiseLinearEncoder(n_bins, max_columns=max_columns, keep_column=keep_column)
        width = encoder.fit(X).transform(X).shape[1]
        widths = [
            sum(1 if not bins else min(n, bins) + keep_column for n in most if n > 1)
            for bins in range(n_bins + 1)
        ]
        # Quantiles may be equal: a column can have fewer bins than it may have.
        within = max([each for each in widths if each <= max_columns], default=widths[0])
        assert width <= within + most.count(1)
        assert (encoder.n_bins_ > 0).any() == (max(most) > 1 and widths[1] <= max_columns)

    def test_without_cap(self, X):
        wide = np.tile(X, (1, 25))
        assert PiecewiseLinearEncoder(max_columns=None).fit(wide).n_bins_.tolist() == [16] * 100
        assert PiecewiseLinearEncoder().fit(wide).transform(wide).shape == (200, 300)
