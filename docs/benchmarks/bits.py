"""Whether two states of the package give the same weights, curves and predictions, bit for bit.

    python docs/benchmarks/bits.py store FILE      # train, and write down digests of what came out
    python docs/benchmarks/bits.py compare FILE    # train again, and print what differs from FILE

For changes that should change no result, such as moving code: store before the change, compare
after it. The configurations (`_configurations.py`) take each hyperparameter in each of its kinds,
in float32 and in float64; all but `max_time`, whose results depend on the machine's speed. What one
call of `fit` trains is cross-validated too, and some grids are searched, outside and inside of
`fit_together()`: both must be equal.

`compare` ends with exit status 1 if anything differs. Both commands do if inside and outside are
not equal, and `store` then writes nothing. Bits belong to a machine and to versions of libraries:
`compare` says where these are not those of FILE, since results may then differ for that reason
alone. `bits.json` holds the digests of one machine. The package is the one that Python finds, which
may be another checkout's (`PYTHONPATH`); the scripts use nothing of it but what it exports.
"""

import argparse
import hashlib
import json
import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from _bits_data import REGRESSION, data, once
from _configurations import GRIDS, TABLE, Configuration
from _report import blas, cpu, shown
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_validate

import sknnreg
from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together

DTYPES = ("float32", "float64")
# Few epochs, on batches of which the last is smaller.
SETTINGS: dict[str, Any] = {
    "hidden_layer_sizes": (16, 12),
    "normalization_groups": 4,
    "batch_size": 32,
    "learning_rate_init": 0.01,
    "max_iter": 6,
    "n_iter_no_change": float("inf"),
    "random_state": 0,
}
PARTS = ("weights", "curves", "predictions")
WEIGHTS = ("coefs_", "intercepts_")
CURVES = (
    "loss_curve_",
    "validation_loss_curve_",
    "validation_scores_",
    "learning_rate_curve_",
    "refit_loss_curve_",
    "refit_validation_loss_curve_",
    "refit_learning_rate_curve_",
    "refit_stop_reason_",
    "loss_",
    "best_loss_",
    "best_validation_score_",
    "best_iteration_",
    "n_iter_",
    "t_",
    "stop_reason_",
)

# 16 characters for each part.
Digests = dict[str, str]


# ------------------------------------------------------------------ digests


def digest(values: Iterable[Any]) -> str:
    """Of numbers and arrays with their shapes and dtypes, of strings and None."""
    found = hashlib.sha256()
    for value in values:
        array = np.asarray(value)
        found.update(f"{array.dtype} {array.shape} ".encode())
        # The bytes of objects are addresses.
        plain = not array.dtype.hasobject
        found.update(array.tobytes() if plain else repr(array.tolist()).encode())
    return found.hexdigest()[:16]


def weights(model: Any) -> Iterator[Any]:
    for network in (model, *(model.snapshots_ or ())):
        for name in WEIGHTS:
            yield from getattr(network, name)
    yield from model.dropout_rates_ or ()


def predictions(model: Any, X: Any) -> Iterator[Any]:
    """Of all rows, and of so few that BLAS goes another way."""
    for name in ("predict", "predict_proba", "predict_log_proba"):
        if hasattr(model, name):
            for rows in (X, X[:1], X[3:10]):
                yield getattr(model, name)(rows)


def digests(models: Sequence[Any], X: Any, scores: Sequence[Any] = ()) -> Digests:
    return {
        "weights": digest(each for model in models for each in weights(model)),
        "curves": digest(getattr(model, name) for model in models for name in CURVES),
        "predictions": digest([*scores, *(p for model in models for p in predictions(model, X))]),
    }


# ------------------------------------------------------------------ training


def estimator(name: str, settings: dict[str, Any]) -> Any:
    kind = MLPRegularizedRegressor if name in REGRESSION else MLPRegularizedClassifier
    return kind(**{**SETTINGS, **settings})


def fitted(each: Configuration, dtype: str) -> Digests:
    given = {name: data(each.data)[name] for name in ("X", "y", *each.given)}
    model = estimator(each.data, {"dtype": dtype, **each.settings})
    each.train(model, given)
    return digests([model], given["X"])


def cross_validated(each: Configuration, dtype: str) -> Digests:
    X, y = data(each.data)["X"], data(each.data)["y"]
    found = cross_validate(
        estimator(each.data, {"dtype": dtype, **each.settings}),
        X,
        y,
        cv=3,
        params={name: data(each.data)[name] for name in each.given},
        return_estimator=True,
        error_score="raise",
    )
    return digests(found["estimator"], X, found["test_score"])


def as_numbers(model: Any, X: Any, y: Any) -> dict[str, float]:
    """A scorer: the score, and digests short enough for a float, of every network of a search."""
    found = digests([model], X)
    return {"score": model.score(X, y), **{part: int(found[part][:12], 16) for part in PARTS}}


def searched(name: str, settings: dict[str, Any], grid: dict[str, Any], dtype: str) -> Digests:
    X, y = data(name)["X"], data(name)["y"]
    search = GridSearchCV(
        estimator(name, {"dtype": dtype, **settings}),
        grid,
        scoring=as_numbers,
        refit="score",
        cv=3,
        error_score="raise",
    ).fit(X, y)
    best, results = digests([search.best_estimator_], X), search.cv_results_
    every = {part: [results[f"split{i}_test_{part}"] for i in range(3)] for part in PARTS}
    return {part: digest([*every[part], best[part]]) for part in PARTS}


def jobs() -> Iterator[tuple[str, Callable[..., Digests], tuple[Any, ...], bool]]:
    """Name, function, its arguments, and whether it is something for ``fit_together()``."""
    for each in TABLE:
        own = each.settings.get("dtype")
        for dtype in [own] if own else DTYPES:
            name = str(each) if own else f"{each}, {dtype}"
            yield name, fitted, (each, dtype), False
            # scikit-learn splits no sparse y.
            if each.train is once and not issparse(data(each.data)["y"]):
                yield f"cross_validate: {name}", cross_validated, (each, dtype), True
    for name, settings, grid in GRIDS:
        for dtype in DTYPES:
            label = ", ".join(filter(None, [name, shown(settings), *grid, dtype]))
            yield f"GridSearchCV: {label}", searched, (name, settings, grid, dtype), True


def parts_that_differ(one: Digests, other: Digests) -> str:
    return ", ".join(part for part in PARTS if one[part] != other[part])


def train_all() -> tuple[dict[str, Digests], list[list[str]]]:
    """Digests by name, and what is another inside of ``fit_together()`` than outside."""
    found, wrong = {}, []
    for name, function, arguments, together in jobs():
        if name in found:
            raise RuntimeError(f"two configurations are called {name!r}")
        try:
            found[name] = function(*arguments)
            if together:
                with fit_together():
                    inside = function(*arguments)
                if parts := parts_that_differ(found[name], inside):
                    wrong.append([name, parts])
        except Exception as error:
            error.add_note(f"in the configuration {name!r}")
            raise
    return found, wrong


# ------------------------------------------------------------------ store and compare


def header() -> dict[str, str]:
    """On what bits depend, beside the package."""
    vectors = np.show_config(mode="dicts")["SIMD Extensions"]
    return {
        "CPU": cpu(),
        "cores": str(joblib.cpu_count()),
        "vector instructions": " ".join([*vectors.get("baseline", []), *vectors.get("found", [])]),
        "C library": " ".join(platform.libc_ver()),
        "BLAS": blas(),
        "Python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "scikit-learn")},
    }


def store(path: Path, found: dict[str, Digests]) -> None:
    lines = {name: " ".join(each[part] for part in PARTS) for name, each in found.items()}
    content = {"header": header(), "digests": lines}
    path.write_text(json.dumps(content, indent=1) + "\n")


def load(path: Path) -> tuple[dict[str, str], dict[str, Digests]]:
    content = json.loads(path.read_text())
    lines = content["digests"].items()
    found = {name: dict(zip(PARTS, line.split(), strict=True)) for name, line in lines}
    return content["header"], found


def show(rows: Sequence[Sequence[str]]) -> None:
    """What differs, in a column, and the long names behind it."""
    for name, what in rows:
        print(f"{what:<{len(', '.join(PARTS))}}  {name}")


def compare(path: Path, found: dict[str, Digests]) -> bool:
    """Print what differs; whether nothing does."""
    before, stored = load(path)
    here = header()
    for key in sorted(before.keys() | here.keys()):
        if before.get(key) != here.get(key):
            print(f"{key}: {before.get(key)} in {path.name}, {here.get(key)} here;")
            print("    results may differ for this reason alone")
    missing = [[name, "no longer trained"] for name in stored.keys() - found.keys()]
    new = [[name, f"not in {path.name}"] for name in found.keys() - stored.keys()]
    both = [name for name in found if name in stored]
    changed = [[name, parts_that_differ(stored[name], found[name])] for name in both]
    rows = [*(row for row in changed if row[1]), *sorted(missing), *sorted(new)]
    show(rows)
    print(f"{len(rows)} of {len(found.keys() | stored.keys())} differ from {path.name}")
    return not rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("command", choices=("store", "compare"))
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    start = time.perf_counter()
    found, wrong = train_all()
    seconds = time.perf_counter() - start
    print(f"{Path(sknnreg.__file__).parent}: {len(TABLE)} configurations and {len(GRIDS)} grids,")
    print(f"trained and cross-validated in {len(found)} ways, {seconds:.0f} seconds")
    if wrong:
        print("Inside of fit_together() other than outside:")
        show(wrong)
    same = True
    if options.command == "compare":
        same = compare(options.file, found)
    elif not wrong:
        store(options.file, found)
    sys.exit(0 if same and not wrong else 1)


if __name__ == "__main__":
    main()
