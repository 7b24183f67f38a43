"""The pictures of the page on benchmarks, drawn from the very tables that stand there.

    python docs/benchmarks/figures.py                 # into docs/benchmarks/figures
    python docs/benchmarks/figures.py --output FOLDER

There are no numbers in here: each picture names the section of README.md and the columns it shows,
or reads `which_regularizer.csv`. A picture holds a digest of what it shows, by which a test sees
that it is as old as its table. Run this after changing a table.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _charts import Chart, draw
from _regularizer_summary import BEST, CSV, ROWS, stored, summaries
from _tables import Table, tables_in

HERE = Path(__file__).parent
PAGE, FOLDER = HERE / "README.md", HERE / "figures"
Tables = dict[str, list[Table]]


def ratios(title: str, table: Table, columns: dict[str, str | int]) -> Chart:
    """Times of others over ours: further to the right is better for us."""
    series = {name: table.numbers(column) for name, column in columns.items()}
    return Chart(
        title,
        "times as long as sknnreg",
        table.texts(),
        series,
        marks=(1.0,),
        is_logarithmic=True,
    )


def fit_speed(tables: Tables) -> Chart:
    columns = {
        "MLPClassifier": "MLPClassifier / sknnreg",
        "PyTorch": "torch / sknnreg",
        "PyTorch, both with dropout": "torch dropout / sknnreg dropout",
    }
    return ratios("A fit: rows x columns, hidden layers", tables["Training time"][1], columns)


def memory(tables: Tables) -> Chart:
    table = tables["Memory"][0]
    names = ("fit total", "fit anonymous", "predict total", "predict anonymous")
    series = {name: table.numbers(name) for name in names}
    title = "Memory for a file of 4 GB"
    return Chart(title, "MB above the start (the file has 4,000)", table.texts(), series, bars=True)


def search_memory(tables: Tables) -> Chart:
    table = tables["Memory of a search"][0]
    series = {"peak above the start": table.numbers("peak MB above the start")}
    return Chart("2,000 fits, by max_memory", "MB", table.texts(), series, bars=True)


def blas_threads(tables: Tables) -> Chart:
    table = tables["Threads of BLAS"][0]
    rows = {
        dtype: [row for row in table.rows if row[2] == dtype] for dtype in ("float32", "float64")
    }
    series = {dtype: Table(table.header, some).numbers("gain") for dtype, some in rows.items()}
    labels = [row[0] for row in rows["float32"]]
    title = "A matrix product with two threads: rows x in x out"
    return Chart(title, "times as fast as with one", labels, series, marks=(1.0,))


def by_turn(title: str, table: Table, column: str) -> Chart:
    """A first time in a process, and a second."""
    first, second = table.of(", first"), table.of(", second")
    assert first.texts() == second.texts()
    series = {"first time": first.numbers(column), "second time": second.numbers(column)}
    axis = "times as long as sknnreg"
    return Chart(title, axis, first.texts(), series, marks=(1.0,), is_logarithmic=True)


def search_kinds(tables: Tables) -> Chart:
    title = "A search outside of fit_together(), n_jobs=-1, over inside"
    chart = by_turn(title, tables["Kinds of searches"][0], "outside / inside")
    chart.axis = "times as long as inside"
    return chart


def search_speed(tables: Tables) -> Chart:
    table = tables["Searches"][0]
    title = "Whole searches: MLPClassifier with n_jobs=-1"
    return ratios(title, table, {"first search": 3, "later ones": 6})


def studies(tables: Tables) -> Chart:
    table = tables["Studies of generalization"][0]
    return by_turn("Studies: MLPClassifier with n_jobs=-1", table, "MLPClassifier / sknnreg")


def regularizer_cost(tables: Tables) -> Chart:
    table = tables["What regularizers cost"][0]
    series: dict[str, list[float]] = {}
    for number, (place, _, value) in enumerate(table.rows):
        series.setdefault(place, [np.nan] * len(table.rows))[number] = float(value)
    labels = [name.replace(", input_dropout=0.2", ", ...") for name in table.texts("regularizer")]
    title = "An epoch with one regularizer"
    return Chart(title, "times as long as the plain network", labels, series, marks=(1.0,))


def ensembles(tables: Tables) -> Chart:
    table = tables["Ensembles"][0]
    columns = ("one pass", "n_jobs=-1", "one by one")
    series = {name: table.numbers(name) for name in columns}
    return Chart("Eight members of an ensemble", "seconds", table.texts(), series, bars=True)


def prediction(tables: Tables) -> Chart:
    table = tables["Predictions"][0]
    series = {name: table.numbers(name) for name in table.header[1:4]}
    labels = [f"{rows} rows" for rows in table.texts()]
    return Chart("Probabilities of classes", "seconds", labels, series, bars=True)


def defaults(tables: Tables) -> Chart:
    table = tables["Defaults"][0]
    series = {}
    for name in ("error", "seconds"):
        now, peer = (np.array(table.numbers(f"{name}: {who}")) for who in ("now", "MLP"))
        series[name] = [round(float(each), 3) for each in peer / now]
    title = "MLPClassifier and -Regressor, scaled, over our defaults"
    labels = table.texts()
    return Chart(title, "ratio", labels, series, marks=(1.0,), is_logarithmic=True)


def out_of_fold(tables: Tables) -> Chart:
    table = tables["Out-of-fold errors"][0]
    columns = {"a member's": 2, "the ensemble's": 3}
    series = {name: table.numbers(column) for name, column in columns.items()}
    errors = {name: table.errors(column) for name, column in columns.items()}
    title = "An out-of-fold error against the error on fresh rows"
    axis = "% too high (below 0: too low), with standard errors"
    return Chart(title, axis, table.texts(), series, errors, marks=(0.0,))


def coverage(tables: Tables) -> Chart:
    table = tables["Intervals and tests"][0]
    series = {name: table.numbers(name) for name in table.header[1:]}
    title = "How often a 95 % interval holds the error"
    return Chart(title, "% of 1,000 data sets", table.texts(), series, marks=(95.0,))


def tests_level(tables: Tables) -> Chart:
    table = tables["Intervals and tests"][2]
    series = {name: table.numbers(name) for name in table.header[1:]}
    title = "Differences found where there is none, at 5 %"
    return Chart(title, "% of the data sets", table.texts(), series, marks=(5.0,))


def mc_dropout(tables: Tables) -> Chart:
    table = tables["Monte Carlo dropout"][0]
    series = {f"for {name}": table.numbers(name) for name in ("50%", "90%", "95%")}
    title = "Monte Carlo dropout: fresh rows in intervals"
    return Chart(title, "% of the rows", table.texts(), series, marks=(50.0, 90.0, 95.0))


def which_regularizer(tables: Tables) -> Chart:
    """From the CSV, which the table is from, too."""
    lines = stored(CSV)
    found = {rows: summaries(lines, rows) for rows in ROWS}
    few = found[ROWS[0]]
    names = sorted(few, key=lambda name: few[name].change)
    names.append(names.pop(names.index(BEST)))
    series, errors, spread = {}, {}, {}
    for rows in ROWS:
        here = [found[rows][name] for name in names]
        series[f"{rows} rows"] = [round(1 + each.change / 100, 4) for each in here]
        errors[f"{rows} rows"] = [round(each.standard_error / 100, 4) for each in here]
        spread[f"{rows} rows"] = [np.round(1 + each.changes / 100, 4).tolist() for each in here]
    title = "Error with one regularizer against the plain network, on real tables"
    axis = "times the plain network's error (left is better)"
    return Chart(
        title,
        axis,
        names,
        series,
        errors,
        spread,
        marks=(1.0,),
        is_logarithmic=True,
        limits=(0.6, 2.2),
    )


FIGURES: dict[str, Callable[[Tables], Chart]] = {
    each.__name__: each
    for each in (
        fit_speed,
        memory,
        blas_threads,
        search_kinds,
        search_speed,
        search_memory,
        regularizer_cost,
        defaults,
        ensembles,
        out_of_fold,
        coverage,
        tests_level,
        mc_dropout,
        studies,
        prediction,
        which_regularizer,
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=FOLDER, help="a folder")
    folder = parser.parse_args().output
    tables = tables_in(PAGE)
    for name, chart in FIGURES.items():
        draw(chart(tables), folder / f"{name}.png")
    print(f"{len(FIGURES)} figures: {folder.resolve()}")


if __name__ == "__main__":
    main()
