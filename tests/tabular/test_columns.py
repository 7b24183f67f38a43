"""What becomes of each column of a raw table."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone

from sknnreg.tabular.columns import table_to_numbers

DAY, NOON = datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 12, 30)
# A Thursday, 19782 days after 1970-01-01.
DAY_PARTS, NOON_PARTS = [19782, 2024, 2, 3, 0], [19782 + 12.5 / 24, 2024, 2, 3, 12]


def column(values, **settings):
    return pd.DataFrame({"a": pd.Series(values, **settings)})


def fitted(X, **categories):
    return table_to_numbers(categories).fit(X)


def numbers(X, **categories):
    return fitted(X, **categories).transform(X).tolist()


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (column([1.5, None]), [1.5, None]),
        (column([1, None], dtype="Int64"), [1, None]),
        (column([True, None], dtype="boolean"), [1, None]),
        (column([True, False]), [1, 0]),
        (column([True, None], dtype=object), [1, None]),
        (column([2, pd.NA], dtype=object), [2, None]),
        (column([np.nan, np.nan]), [None, None]),
        (column([1, Decimal("1.5"), None], dtype=object), [1, 1.5, None]),
        (column(pd.to_timedelta([2, None], unit="min")), [120, None]),
        (column([datetime.time(1, 0, 2), None], dtype=object), [3602, None]),
        (pl.DataFrame({"a": [1, None]}), [1, None]),
        (pl.DataFrame({"a": [True, None]}), [1, None]),
        (pl.DataFrame({"a": [datetime.timedelta(minutes=2), None]}), [120, None]),
        ([[3], [None]], [3, None]),
        (np.array([[3], [4]], dtype=np.int8), [3, 4]),
        (np.array([[2], ["NaT"]], dtype="timedelta64[m]"), [120, None]),
    ],
)
def test_numbers_stay_and_missing_ones_are_nan(X, expected):
    known = [[np.nan if each is None else each] for each in expected]
    np.testing.assert_array_equal(numbers(X), known)


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (column([NOON, pd.NaT]), NOON_PARTS),
        (column([NOON, None], dtype=object), NOON_PARTS),
        (column([DAY, None]), DAY_PARTS),
        (column(pd.DatetimeIndex([NOON, pd.NaT], tz="Asia/Tokyo")), NOON_PARTS),
        (column([pd.Timestamp(NOON, tz="Asia/Tokyo"), None], dtype=object), NOON_PARTS),
        (pl.DataFrame({"a": [NOON, None]}), NOON_PARTS),
        (pl.DataFrame({"a": [DAY, None]}), DAY_PARTS),
        (
            pl.DataFrame({"a": pl.Series([NOON, None]).dt.replace_time_zone("Asia/Tokyo")}),
            NOON_PARTS,
        ),
        (column(pd.PeriodIndex(["2024-02-29", None], freq="D")), DAY_PARTS),
        (column(pd.PeriodIndex(["2024-02", None], freq="M")), [19754, 2024, 2, 3, 0]),
        (np.array([["2024-02-29"], ["NaT"]], dtype="datetime64[D]"), DAY_PARTS),
        ([[np.datetime64(NOON)], [None]], NOON_PARTS),
    ],
)
def test_dates_become_parts(X, expected):
    found = numbers(X)
    np.testing.assert_allclose(found[0], expected, rtol=1e-15)
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("year", [1600, 1899, 1969, 1970, 2000, 2100])
@pytest.mark.parametrize(("month", "day"), [(1, 1), (2, 28), (12, 31)])
def test_parts_of_dates_are_those_of_the_calendar(year, month, day):
    when = datetime.datetime(year, month, day, 23, 59, 59)
    found = numbers(column([when], dtype=object))[0]
    assert found[1:] == [year, month, when.weekday(), 23]
    assert int(np.floor(found[0])) == (when.date() - datetime.date(1970, 1, 1)).days


@pytest.mark.parametrize(
    "X",
    [
        column(["u", "v", "w", None]),
        column(["u", "v", "w", None], dtype=object),
        column(["u", "v", "w", None], dtype="category"),
        pl.DataFrame({"a": ["u", "v", "w", None]}),
        pl.DataFrame({"a": pl.Series(["u", "v", "w", None], dtype=pl.Categorical)}),
        pl.DataFrame({"a": pl.Series(["u", "v", "w", None], dtype=pl.Enum(["w", "v", "u"]))}),
        [["u"], ["v"], ["w"], [np.nan]],
    ],
)
def test_each_label_has_a_column_and_missing_is_one(X):
    columns = fitted(X)
    names = [each.rpartition("_")[2] for each in columns.get_feature_names_out()]
    assert names == ["missing", "u", "v", "w"]
    assert columns.transform(X).tolist() == np.eye(4)[[1, 2, 3, 0]].tolist()


def test_two_labels_are_one_column_where_a_new_one_is_missing():
    columns = fitted(column(["no", "yes", "no"]))
    new = column(["yes", "no", "perhaps", None])
    np.testing.assert_array_equal(columns.transform(new), [[1], [0], [np.nan], [np.nan]])


def test_rare_labels_are_one_and_so_is_a_new_one():
    columns = fitted(column(["u"] * 3 + ["v"] * 3 + ["w", "x"]), min_frequency=2)
    found = columns.transform(column(["u", "w", "x", "new", None]))
    assert found.tolist() == [[1, 0, 0]] + 4 * [[0, 0, 1]]


def test_a_new_label_without_rare_ones_is_none_of_them():
    columns = fitted(column(["u", "v", "w"]))
    assert columns.transform(column(["new"])).tolist() == [[0, 0, 0]]


def test_categories_that_are_numbers_are_categories():
    """In a table with a missing one, they come as fractions."""
    columns = fitted(column([10, 20, 30], dtype="category"))
    new = column([10, None, 30], dtype="category")
    assert columns.transform(new).tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]


def test_mixed_objects_are_labels():
    X = column([1, "a", 2.5, 1.0], dtype=object)
    assert fitted(X).get_feature_names_out().tolist() == [
        "categories__a_1", "categories__a_2.5", "categories__a_a",
    ]  # fmt: skip


def test_a_column_without_a_kind_is_left_out():
    X = pd.DataFrame({"nothing": [None, None], "a": [1, 2]}, dtype=object)
    columns = fitted(X)
    assert columns.get_feature_names_out().tolist() == ["numbers__a"]
    X["nothing"] = ["now", "text"]
    assert columns.transform(X).tolist() == [[1], [2]]


def test_columns_are_found_by_name():
    X = pd.DataFrame({"a": [1, 2], "b": ["u", "v"]})
    columns = fitted(X)
    assert columns.transform(X[["b", "a"]]).tolist() == columns.transform(X).tolist()


def test_a_plain_array_is_as_it_was():
    X = np.random.default_rng(0).normal(size=(5, 3))
    X[1, 1] = np.nan
    np.testing.assert_array_equal(numbers(X), X)


def test_frames_and_arrays_agree(columns, tables):
    expected = numbers(tables["pandas"](columns))
    for make in tables.values():
        np.testing.assert_array_equal(numbers(make(columns)), expected)


@pytest.mark.parametrize(("kind", "Frame"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
@pytest.mark.parametrize("given", ["pandas", "polars"])
def test_set_output(columns, tables, given, kind, Frame):
    X = tables[given](columns)
    transformer = table_to_numbers({}).set_output(transform=kind)
    frame = transformer.fit_transform(X)
    assert isinstance(frame, Frame)
    assert list(frame.columns) == transformer.get_feature_names_out().tolist()
    np.testing.assert_array_equal(frame.to_numpy(), numbers(X))


def test_clones_keep_the_settings():
    assert (
        clone(table_to_numbers({"max_categories": 7})).get_params()[
            "categories__encoder__max_categories"
        ]
        == 7
    )


class TestWhatCannotBe:
    @pytest.mark.parametrize(
        "X",
        [
            column([[1], [2]]),
            column([{}, {}]),
            column([(1, 2), None]),
            column([1j, 2]),
            column([1j, None], dtype=object),
            pl.DataFrame({"a": [[1], [2]]}),
            pl.DataFrame({"a": [{"u": 1}, {"u": 2}]}),
        ],
    )
    def test_nested_and_complex_columns(self, X):
        with pytest.raises(ValueError, match=r"Column 'a' holds .*Split what is nested"):
            fitted(X)

    def test_sparse(self):
        with pytest.raises(ValueError, match=r"X is sparse.*toarray"):
            fitted(sparse.eye(3).tocsr())

    def test_masks_are_not_read_past(self):
        with pytest.raises(ValueError, match=r"X is a masked array.*filled"):
            fitted(np.ma.masked_greater(np.arange(6.0).reshape(3, 2), 3))

    @pytest.mark.parametrize("shape", [(4,), (2, 2, 2)])
    def test_not_a_table(self, shape):
        with pytest.raises(ValueError, match="must be a table"):
            fitted(np.zeros(shape))

    def test_infinity_is_told_with_its_column(self):
        with pytest.raises(ValueError, match=r"Column 'b' holds infinity .* in 2 rows"):
            fitted(pd.DataFrame({"a": [1, 2, 3], "b": [np.inf, 1, -np.inf]}))

    def test_so_is_an_int_that_is_too_large(self):
        with pytest.raises(ValueError, match=r"Column 'b' holds .* too large .* in 1 rows"):
            fitted(pd.DataFrame({"a": [1, 2], "b": [10**400, 1]}))

    @pytest.mark.parametrize(
        ("first", "then", "what"),
        [
            ([1, 2], ["3", "many"], "numbers"),
            ([DAY, DAY], ["2024-02-29", "2024-03-01"], "dates"),
            ([DAY, DAY], [1, 2], "dates"),
            (["u", "v"], [["u"], "v"], "labels"),
        ],
    )
    def test_a_column_that_has_become_something_else(self, first, then, what):
        columns = fitted(column(first))
        with pytest.raises(ValueError, match=f"Column 'a' held {what} when .* now holds"):
            columns.transform(column(then))
