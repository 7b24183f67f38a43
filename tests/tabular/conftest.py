"""A raw table, as data frames and as an array."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

N_ROWS = 160


def raw_columns(n=N_ROWS):
    """Columns as lists; a fifth of each is None, except in the first two."""
    rng = np.random.default_rng(0)
    start = datetime.datetime(2020, 1, 1)
    columns = {
        "size": rng.normal(size=n).tolist(),
        "flag": (rng.random(n) < 0.5).tolist(),
        "income": rng.lognormal(8, 1, n).tolist(),
        "count": rng.integers(0, 9, n).tolist(),
        "member": (rng.random(n) < 0.5).tolist(),
        "city": rng.choice(["Bern", "Lima", "Oslo", "Rome"], n).tolist(),
        "color": rng.choice(["red", "green", "blue"], n).tolist(),
        "when": [start + datetime.timedelta(hours=int(h)) for h in rng.integers(0, 20_000, n)],
    }
    for name in list(columns)[2:]:
        is_missing = rng.random(n) < 0.2
        columns[name] = [None if m else v for v, m in zip(columns[name], is_missing, strict=True)]
    columns["nothing"] = [None] * n
    columns["constant"] = [1.0] * n
    return columns


def pandas_frame(columns):
    dtypes = {"count": "Int64", "member": "boolean", "color": "category", "nothing": "object"}
    return pd.DataFrame(columns).astype(dtypes)


def polars_frame(columns):
    return pl.DataFrame(columns, schema_overrides={"color": pl.Categorical})


def object_array(columns):
    table = np.empty((len(columns["size"]), len(columns)), dtype=object)
    for place, values in enumerate(columns.values()):
        table[:, place] = values
    return table


TABLES = {"pandas": pandas_frame, "polars": polars_frame, "array": object_array}


@pytest.fixture
def columns():
    return raw_columns()


@pytest.fixture
def tables():
    """Functions that make a table of columns."""
    return TABLES


@pytest.fixture(params=TABLES)
def as_table(request):
    """Each of these functions."""
    return TABLES[request.param]


@pytest.fixture
def targets(columns):
    """Of a regression: the number, the flag and the city all count."""
    size, flag = np.array(columns["size"]), np.array(columns["flag"])
    return 2 * size + flag + 2 * np.array([each == "Oslo" for each in columns["city"]])


@pytest.fixture
def labels(targets):
    return np.where(targets > 1, "many", "few")
