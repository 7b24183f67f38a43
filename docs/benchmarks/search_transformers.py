"""Searches whose time goes into transformers: inside `fit_together` against outside, n_jobs=-1.

    python docs/benchmarks/search_transformers.py            # all of them, 5 repeats

Within the block a transformer's own calls of joblib run as they would outside of it, one task
after the other; networks train together. Each search runs in a fresh process, inside and outside
taking turns; imports and data are there before the clock starts, starting workers is part of it.
A second search in the same process finds them ready. The scores of both have to be the same.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import Any

import numpy as np
from _contenders import Worker, work_off
from _report import machine, table
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification
from sklearn.decomposition import KernelPCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectFromModel, SelectKBest, mutual_info_classif
from sklearn.impute import KNNImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, SplineTransformer, StandardScaler

from sknnreg import MLPRegularizedClassifier, fit_together

L2 = np.logspace(-4, 0, 10)
PLACES = ("outside", "inside")


def numbers(n: int) -> tuple[Any, np.ndarray]:
    return make_classification(n, 30, n_informative=10, random_state=0)


def with_gaps(n: int) -> tuple[Any, np.ndarray]:
    X, y = numbers(n)
    X[np.random.default_rng(0).random(X.shape) < 0.05] = np.nan
    return X, y


def texts(n: int) -> tuple[Any, np.ndarray]:
    """Documents of 60 words; those of a class have some words oftener."""
    rng = np.random.default_rng(0)
    words = np.array([f"word{number}" for number in range(2000)])
    y = rng.integers(0, 2, n)
    ranks = rng.zipf(1.3, (n, 60)) % 1000 + 30 * y[:, np.newaxis]
    return np.array([" ".join(words[row]) for row in ranks], dtype=object), y


def columns() -> ColumnTransformer:
    parts = [
        ("quantiles", QuantileTransformer(random_state=0, n_quantiles=100), slice(0, 15)),
        ("splines", SplineTransformer(), slice(15, 30)),
    ]
    return ColumnTransformer(parts, n_jobs=-1)


def selector() -> SelectFromModel:
    return SelectFromModel(RandomForestClassifier(50, random_state=0))


# What makes the transformer, the data, and for how many rows.
TRANSFORMERS: dict[str, tuple[Callable[[], Any], Callable[[int], Any], int]] = {
    "StandardScaler": (StandardScaler, numbers, 1500),
    "mutual information": (
        lambda: SelectKBest(partial(mutual_info_classif, random_state=0), k=15),
        numbers,
        1500,
    ),
    "KernelPCA": (lambda: KernelPCA(20, kernel="rbf", random_state=0), numbers, 1000),
    "TF-IDF": (lambda: TfidfVectorizer(max_features=300), texts, 2000),
    "ColumnTransformer, n_jobs=-1": (columns, numbers, 1500),
    "KNNImputer": (KNNImputer, with_gaps, 1000),
    "SelectFromModel(RandomForest)": (selector, numbers, 1500),
}


def timed_search(place: str, name: str) -> tuple[float, list[float]]:
    """Seconds of a search over 10 x 5 networks, and its scores."""
    transformer, load, n_rows = TRANSFORMERS[name]
    X, y = load(n_rows)
    network = MLPRegularizedClassifier(
        (50,),
        batch_size=32,
        max_iter=50,
        n_iter_no_change=float("inf"),
        random_state=0,
    )
    search = GridSearchCV(
        make_pipeline(transformer(), network),
        {"mlpregularizedclassifier__l2": L2},
        cv=5,
        refit=False,
        n_jobs=-1 if place == "outside" else None,
    )
    start = time.perf_counter()
    with fit_together() if place == "inside" else nullcontext():
        search.fit(X, y)
    seconds = time.perf_counter() - start
    return seconds, search.cv_results_["mean_test_score"].tolist()


def first_and_second(place: str, name: str) -> tuple[list[float], list[float]]:
    """Seconds of both searches, and the scores."""
    with ExitStack() as stack:
        worker = Worker(stack, __file__, place, [])
        (first, scores), (second, _) = worker.measure(name), worker.measure(name)
    return [first, second], scores


def report(repeats: int, names: list[str]) -> None:
    rows = []
    for name in names:
        seconds: dict[str, list[list[float]]] = {place: [] for place in PLACES}
        scores = {}
        for _ in range(repeats):
            for place in PLACES:
                took, scores[place] = first_and_second(place, name)
                seconds[place].append(took)
        # Products of several BLAS threads, as outside's workers do not have, may round differently.
        same = "yes" if scores["inside"] == scores["outside"] else "no"
        medians = {place: np.median(seconds[place], axis=0) for place in PLACES}
        for number, which in enumerate(("first", "second")):
            out, inside = (medians[place][number] for place in PLACES)
            cells = [f"{out:.2f}", f"{inside:.2f}", f"{out / inside:.2f}", same]
            rows.append([f"{name}, {which}", *cells])
        print(f"done: {name} {seconds}", file=sys.stderr, flush=True)
    print(f"\nSeconds, median of {repeats} processes\n")
    header = ["search", "outside, n_jobs=-1", "inside", "outside / inside", "same scores"]
    print(table(header, rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5, help="processes per place")
    parser.add_argument("--only", nargs="+", choices=TRANSFORMERS, default=list(TRANSFORMERS))
    parser.add_argument("--worker", nargs=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.worker:
        work_off(partial(timed_search, options.worker[0]))
        return
    print(machine(), flush=True)
    report(options.repeats, options.only)


if __name__ == "__main__":
    main()
