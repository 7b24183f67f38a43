"""Thirteen kinds of searches: inside `fit_together` against outside, by n_jobs=-1.

    python docs/benchmarks/search_kinds.py            # all of them, 5 repeats

The same search of the same networks in both places: with transformers that are nothing to it or all
of it, with four fits and with hundreds, with tiny networks and large ones. Each search runs in a
fresh process, inside and outside taking turns; imports and data are there before the clock starts,
starting workers is part of it. A second search in the same process finds them ready. The scores of
both have to be the same.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from _contenders import Worker, work_off
from _report import machine, table
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification
from sklearn.decomposition import KernelPCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectFromModel, SelectKBest, mutual_info_classif
from sklearn.impute import KNNImputer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
)

from sknnreg import MLPRegularizedClassifier, fit_together

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


def frames(n: int) -> tuple[Any, np.ndarray]:
    """A data frame with columns of numbers and of names."""
    X, y = numbers(n)
    frame = pd.DataFrame(X[:, :10], columns=[f"x{number}" for number in range(10)])
    return frame.assign(kind=np.digitize(X[:, 10], [-1, 0, 1]).astype(str)), y


def encoder() -> ColumnTransformer:
    parts = [("numbers", StandardScaler(), [f"x{number}" for number in range(10)])]
    return ColumnTransformer([*parts, ("kinds", OneHotEncoder(), ["kind"])])


def mutual_information() -> SelectKBest:
    return SelectKBest(partial(mutual_info_classif, random_state=0), k=15)


@dataclass(frozen=True)
class Kind:
    """A search over some strengths of L2 in so many folds; nested, once more in so many."""

    transformer: Callable[[], Any] = StandardScaler
    load: Callable[[int], Any] = numbers
    n_rows: int = 1500
    settings: dict[str, Any] = field(default_factory=dict)
    n_strengths: int = 10
    n_folds: int = 5
    nested: bool = False

    def run(self, X: Any, y: Any, n_jobs: int | None) -> list[float]:
        """The scores."""
        settings = {"hidden_layer_sizes": (50,), "batch_size": 32, "max_iter": 50}
        settings |= {"n_iter_no_change": None, "random_state": 0}
        network = MLPRegularizedClassifier(**{**settings, **self.settings})
        search = GridSearchCV(
            make_pipeline(self.transformer(), network),
            {"mlpregularizedclassifier__l2": np.logspace(-4, 0, self.n_strengths)},
            cv=self.n_folds,
            refit=self.nested,
            n_jobs=None if self.nested else n_jobs,
        )
        if self.nested:
            scores: list[float] = cross_val_score(search, X, y, cv=5, n_jobs=n_jobs).tolist()
        else:
            scores = search.fit(X, y).cv_results_["mean_test_score"].tolist()
        return scores


KINDS = {
    "4 fits, tiny networks": Kind(
        n_rows=300, settings={"hidden_layer_sizes": (4,)}, n_strengths=2, n_folds=2
    ),
    "4 fits of 512 units": Kind(
        n_rows=3000,
        settings={"hidden_layer_sizes": (512, 512), "batch_size": 128, "max_iter": 10},
        n_strengths=2,
        n_folds=2,
    ),
    "50 fits, StandardScaler": Kind(),
    "500 fits, tiny networks": Kind(
        n_rows=300, settings={"hidden_layer_sizes": (8,)}, n_strengths=100
    ),
    "early stopping": Kind(settings={"early_stopping": True, "n_iter_no_change": 5}),
    "nested, 250 fits": Kind(n_rows=500, nested=True),
    "data frames, ColumnTransformer": Kind(encoder, frames),
    "ColumnTransformer, n_jobs=-1": Kind(columns),
    "text, TF-IDF": Kind(lambda: TfidfVectorizer(max_features=300), texts, 2000),
    "mutual information": Kind(mutual_information),
    "KernelPCA": Kind(lambda: KernelPCA(20, kernel="rbf", random_state=0), n_rows=1000),
    "KNNImputer": Kind(KNNImputer, with_gaps, 1000),
    "SelectFromModel(RandomForest)": Kind(selector),
}


def timed_search(place: str, name: str) -> tuple[float, list[float]]:
    """Seconds of a search, and its scores."""
    kind = KINDS[name]
    X, y = kind.load(kind.n_rows)
    start = time.perf_counter()
    with fit_together() if place == "inside" else nullcontext():
        scores = kind.run(X, y, -1 if place == "outside" else None)
    return time.perf_counter() - start, scores


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
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS))
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
