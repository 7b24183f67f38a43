"""The pictures on the page of benchmarks show what its tables say."""

import re

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def figures(benchmark_script):
    return benchmark_script("figures")


def pictures(page):
    return re.findall(r"!\[[^]]+]\(([^)]+)\)", page.read_text(encoding="utf-8"))


def test_numbers_of_a_table(benchmark_script, tmp_path):
    """Thousands, units, errors and signs; tables by section; rows by their ending."""
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n\n## One\n\ntext\n\n| a    | b, s |     c |\n| ---- | ---: | ----: |\n"
        "| x, first  | 1,200 s | +0.5 ± 1.5 |\n| x, second | 7 | -2 ± 0.25 |\n\n## Two\n\nnone\n"
    )
    found = benchmark_script("_tables").tables_in(page)
    assert found["Two"] == []
    (table,) = found["One"]
    assert table.header == ["a", "b, s", "c"]
    assert table.numbers("b, s") == [1200, 7]
    assert table.numbers(2) == [0.5, -2]
    assert table.errors("c") == [1.5, 0.25]
    assert table.of(", second").rows == [["x", "7", "-2 ± 0.25"]]


def test_the_page_names_pictures_that_exist_and_all_of_ours(figures):
    named = pictures(figures.PAGE)
    assert {f"figures/{name}.png" for name in figures.FIGURES} <= set(named)
    assert [name for name in named if not (figures.HERE / name).is_file()] == []


def test_pictures_are_as_old_as_their_tables(figures, benchmark_script):
    """Else: python docs/benchmarks/figures.py."""
    field = benchmark_script("_charts").DIGEST
    tables = figures.tables_in(figures.PAGE)
    old = []
    for name, chart in figures.FIGURES.items():
        with Image.open(figures.FOLDER / f"{name}.png") as picture:
            if picture.text[field] != chart(tables).digest():
                old.append(name)
    assert old == []


def test_another_number_in_a_table_is_another_digest(figures):
    tables = figures.tables_in(figures.PAGE)
    before = figures.prediction(tables).digest()
    assert figures.prediction(tables).digest() == before
    tables["Predictions"][0].rows[0][2] = "1.111 s"
    assert figures.prediction(tables).digest() != before


def test_the_script_draws_all(figures, run_main, tmp_path, monkeypatch):
    """Four kinds of charts: dots, bars, several dots a row, with errors."""
    kinds = ("fit_speed", "prediction", "tests_level", "out_of_fold")
    monkeypatch.setattr(figures, "FIGURES", {name: figures.FIGURES[name] for name in kinds})
    run_main(figures, "--output", tmp_path)
    for name in kinds:
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.width == 840
            assert np.asarray(picture.convert("L")).std() > 10  # not empty
