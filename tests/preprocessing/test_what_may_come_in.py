"""Missing values, names, data frames, and what is refused."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline

from sknnreg.preprocessing import PiecewiseLinearEncoder, SmoothClipScaler

BOTH = pytest.mark.parametrize("Transformer", [PiecewiseLinearEncoder, SmoothClipScaler])


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"age": rng.integers(20, 60, 50).astype(float), "pay": rng.random(50)})
    table.loc[::5, "pay"] = np.nan
    return table


class TestMissing:
    def test_own_indicator_and_no_bin(self, table):
        encoder = PiecewiseLinearEncoder(3).set_output(transform="pandas").fit(table)
        out = encoder.transform(table)
        assert encoder.has_missing_.tolist() == [False, True]
        assert (out["pay_missing"] == table["pay"].isna()).all()
        missing = out[table["pay"].isna()]
        assert (missing.filter(regex="pay(_bin.)?$") == 0).all(axis=None)
        back = encoder.inverse_transform(out)
        np.testing.assert_allclose(back, table, rtol=1e-12)

    def test_of_a_column_that_had_none_it_is_the_median(self, table):
        encoder = PiecewiseLinearEncoder().fit(table)
        new = pd.DataFrame({"age": [np.nan, encoder.center_[0]], "pay": [0.5, 0.5]})
        out = encoder.transform(new)
        assert (out[0] == out[1]).all()
        assert out[0].any()

    @pytest.mark.parametrize("strategy", ["quantile", "tree"])
    def test_they_do_not_move_edges(self, table, strategy):
        y, known = np.arange(50) % 7 + 0.5, table["pay"].notna()
        encoder = PiecewiseLinearEncoder(4, strategy=strategy)
        with_gaps = encoder.fit(table[["pay"]], y).bin_edges_[0]
        without = encoder.fit(table.loc[known, ["pay"]], y[known]).bin_edges_[0]
        assert (with_gaps == without).all()

    def test_nothing_but_missing(self):
        X = np.array([[np.nan, 1.0], [np.nan, 2.0], [np.nan, 3.0]])
        encoder = PiecewiseLinearEncoder(2).fit(X, sample_weight=[1, 2, 1])
        names = ["x0", "x0_missing", "x1", "x1_bin1", "x1_bin2"]
        assert encoder.get_feature_names_out().tolist() == names
        assert encoder.transform([[np.nan, 2.0], [9.0, 2.0]])[:, :2].tolist() == [[0, 1], [0, 0]]

    def test_of_rows_that_count_for_nothing(self):
        X = np.array([[np.nan], [1.0], [2.0], [3.0]])
        encoder = PiecewiseLinearEncoder().fit(X, sample_weight=[0, 1, 1, 1])
        assert not encoder.has_missing_.any()


class TestNames:
    def test_of_the_encoder(self, table):
        names = PiecewiseLinearEncoder(2).fit(table).get_feature_names_out().tolist()
        assert names == [
            *("age", "age_bin1", "age_bin2"),
            *("pay", "pay_bin1", "pay_bin2", "pay_missing"),
        ]

    def test_no_two_are_equal(self, table):
        table["age_bin1"] = table["age_bin1_"] = table["age"]
        names = PiecewiseLinearEncoder(2).fit(table).get_feature_names_out().tolist()
        assert len(set(names)) == len(names) == 13
        assert {"age_bin1", "age_bin1_", "age_bin1__"} < set(names)

    def test_of_the_scaler(self, table):
        assert SmoothClipScaler().fit(table).get_feature_names_out().tolist() == ["age", "pay"]

    @BOTH
    @pytest.mark.parametrize("kind", ["pandas", "polars"])
    def test_set_output(self, table, Transformer, kind):
        frame = table if kind == "pandas" else pl.from_pandas(table, nan_to_null=True)
        transformer = Transformer().fit(frame)
        plain = transformer.transform(frame)
        out = transformer.set_output(transform=kind).transform(frame)
        assert isinstance(out, pd.DataFrame if kind == "pandas" else pl.DataFrame)
        assert list(out.columns) == transformer.get_feature_names_out().tolist()
        np.testing.assert_array_equal(out.to_numpy(), plain)


def test_weights_by_routing(table):
    """Through a pipeline and a column transformer."""
    weights = np.arange(50.0)
    with config_context(enable_metadata_routing=True):
        encoder = PiecewiseLinearEncoder(3).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(make_column_transformer((encoder, ["age", "pay"])))
        routed = pipeline.fit(table, sample_weight=weights).transform(table)
    alone = PiecewiseLinearEncoder(3).fit(table, sample_weight=weights).transform(table)
    assert (routed == alone).all()


class TestRefused:
    @BOTH
    def test_infinity(self, table, Transformer):
        good = Transformer().fit(table)
        table.loc[3, "pay"] = -np.inf
        for method in (Transformer().fit, good.transform):
            with pytest.raises(ValueError, match=r"contains infinity .* in column 'pay'"):
                method(table)
        with pytest.raises(ValueError, match="in column 1"):
            Transformer().fit(table.to_numpy())

    @BOTH
    def test_sparse(self, Transformer):
        with pytest.raises(TypeError, match="dense"):
            Transformer().fit(sparse.csr_array(np.eye(3)))

    @BOTH
    def test_text(self, Transformer):
        with pytest.raises(ValueError, match=r"could not convert .* 'red'.* Encode categories"):
            Transformer().fit(pd.DataFrame({"color": ["red", "blue"]}))

    @BOTH
    def test_dates(self, Transformer):
        days = np.array([["2020-01-01"], ["2021-01-01"]], dtype="datetime64[ns]")
        for X in (days, pd.DataFrame(days), pl.DataFrame(days), days - days[0]):
            with pytest.raises(ValueError, match="days since some day"):
                Transformer().fit(X)

    @BOTH
    def test_endless_spread(self, table, Transformer):
        table.loc[:1, "pay"] = [1.5e308, -1.5e308]
        with pytest.raises(ValueError, match=r"'pay' of X spans more than .* power of ten"):
            Transformer().fit(table)

    @BOTH
    @pytest.mark.parametrize("weights", [[1, -1, 1], [0, 0, 0], [1, 1], [1, np.nan, 1]])
    def test_weights(self, Transformer, weights):
        with pytest.raises(ValueError, match=r"[Ww]eight"):
            Transformer().fit(np.eye(3), sample_weight=weights)

    def test_no_target_for_a_tree(self, table):
        with pytest.raises(ValueError, match=r'strategy="tree" requires y .*"quantile"'):
            PiecewiseLinearEncoder(strategy="tree").fit(table)

    @pytest.mark.parametrize("y", [[np.nan] * 50, np.arange(49.0)])
    def test_bad_targets(self, table, y):
        with pytest.raises(ValueError, match=r"y contains NaN|inconsistent numbers of samples"):
            PiecewiseLinearEncoder(strategy="tree").fit(table, y)

    def test_labels_as_numbers(self, table):
        encoder = PiecewiseLinearEncoder(strategy="tree", target_type="regression")
        with pytest.raises(ValueError, match=r"y must hold numbers: .*'a'"):
            encoder.fit(table, ["a", "b"] * 25)

    def test_labels_of_several_kinds(self, table):
        with pytest.raises(ValueError, match=r"Labels in y must be of one kind.* Leave out rows"):
            PiecewiseLinearEncoder(strategy="tree").fit(table, [None, "b"] * 25)

    @pytest.mark.parametrize(
        "parameters",
        [
            {"n_bins": 0}, {"n_bins": 2.5}, {"strategy": "uniform"}, {"max_columns": 0},
            {"keep_column": "yes"}, {"bound": 0}, {"bound": np.nan},
            {"min_weight_fraction_leaf": 0.6}, {"target_type": "counts"}, {"dtype": "float16"},
        ],
    )  # fmt: skip
    def test_parameters(self, table, parameters):
        (name,) = parameters
        with pytest.raises(ValueError, match=f"The '{name}' parameter of PiecewiseLinearEncoder"):
            PiecewiseLinearEncoder(**parameters).fit(table)

    def test_parameters_of_the_scaler(self, table):
        with pytest.raises(ValueError, match="The 'bound' parameter of SmoothClipScaler"):
            SmoothClipScaler(bound=-1.0).fit(table)
