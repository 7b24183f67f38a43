"""How well tables are predicted: tabular_classifier and -regressor beside trees and other networks.

    python docs/benchmarks/tabular_quality.py FOLDER
    python docs/benchmarks/tabular_quality.py FOLDER --contenders default HistGradientBoosting

A task is a file ``NAME.npz`` in FOLDER with ``X``, ``y`` and ``task``, "classification" or
"regression"; scikit-learn's breast_cancer and diabetes are always among them. Of each, a quarter of
the rows is for testing, and of the others at most 3,000 are for training: 6 splits of fewer than
1,000 rows, 2 of fewer than 6,000, else 1; the same ones for all contenders. The error is the share
of wrong classes, or the root mean squared error in standard deviations of y.

Contenders fit one after the other, each as it comes; linear models and MLPs stand behind
a StandardScaler. RealMLP and TabM (pytabkit), LightGBM and CatBoost: where installed. Over
all tables: the shifted geometric mean exp(mean(log(error + 0.01))), the mean log loss, mean
ranks, wins, and a picture of ranks whose differences are none to speak of (Demšar, 2006).
"""

import argparse
import importlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from _report import machine, table
from scipy.stats import rankdata, studentized_range
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.tabular import tabular_classifier, tabular_regressor

MOST_ROWS, SHIFT, LEAST_PROBABILITY = 3000, 0.01, 1e-7
TOYS = {"breast_cancer": True, "diabetes": False}


class Task(NamedTuple):
    name: str
    X: np.ndarray
    y: np.ndarray
    has_classes: bool


class Result(NamedTuple):
    error: float
    log_loss: float  # NaN of numbers
    seconds: float


def tasks(folder: Path | None) -> Iterator[Task]:
    for name, has_classes in TOYS.items():
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        yield Task(name, X.astype(np.float32), y, has_classes)
    for path in sorted(folder.glob("*.npz")) if folder else ():
        with np.load(path, allow_pickle=False) as file:
            yield Task(path.stem, file["X"], file["y"], str(file["task"]) == "classification")


def splits(task: Task) -> Iterator[tuple[int, list[np.ndarray]]]:
    """A seed, and X and y for training, X and y for testing."""
    n = len(task.X)
    for seed in range(6 if n < 1000 else 2 if n < 6000 else 1):
        X, X_new, y, y_new = train_test_split(
            task.X,
            task.y,
            test_size=0.25,
            random_state=seed,
            stratify=task.y if task.has_classes else None,
        )
        yield seed, [X[:MOST_ROWS], y[:MOST_ROWS], X_new, y_new]


def _pick(Classifier: Any, Regressor: Any, **settings: Any) -> Callable[[bool, int], Any]:
    """What makes the one or the other, with a seed."""
    return lambda has_classes, seed: (Classifier if has_classes else Regressor)(
        random_state=seed, **settings
    )


def _linear(has_classes: bool, _: int) -> Any:
    return make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=1000) if has_classes else Ridge()
    )


def _scaled_mlp(has_classes: bool, seed: int) -> Any:
    if has_classes:
        return make_pipeline(StandardScaler(), MLPClassifier(random_state=seed))
    scaled = make_pipeline(StandardScaler(), MLPRegressor(random_state=seed))
    return TransformedTargetRegressor(scaled, transformer=StandardScaler())


def _from(module: str, name: str, **settings: Any) -> Callable[[bool, int], Any]:
    """Of a package that need not be there; ``name`` has ``{}`` for the task."""

    def make(has_classes: bool, seed: int) -> Any:
        kind = "Classifier" if has_classes else "Regressor"
        Estimator = getattr(importlib.import_module(module), name.format(kind))
        return Estimator(random_state=seed, **settings)

    return make


PYTABKIT: dict[str, Any] = {"device": "cpu", "verbosity": 0}
CONTENDERS: dict[str, Callable[[bool, int], Any]] = {
    **{
        effort: _pick(tabular_classifier, tabular_regressor, effort=effort)
        for effort in ("fast", "default", "best")
    },
    "plain network": _pick(MLPRegularizedClassifier, MLPRegularizedRegressor),
    "HistGradientBoosting": _pick(HistGradientBoostingClassifier, HistGradientBoostingRegressor),
    "random forest": _pick(RandomForestClassifier, RandomForestRegressor, n_jobs=-1),
    "linear": _linear,
    "MLP": _scaled_mlp,
    "RealMLP": _from("pytabkit", "RealMLP_TD_{}", **PYTABKIT),
    "TabM": _from("pytabkit", "TabM_D_{}", **PYTABKIT),
    "LightGBM": _from("lightgbm", "LGBM{}", verbose=-1),
    "CatBoost": _from("catboost", "CatBoost{}", verbose=0, allow_writing_files=False),
}


def judged(model: Any, X: np.ndarray, y: np.ndarray, has_classes: bool) -> tuple[float, float]:
    """The error and the log loss."""
    if not has_classes:
        residual = np.ravel(model.predict(X)) - y
        return float(np.sqrt(np.mean(residual**2)) / y.std()), np.nan
    proba = model.predict_proba(X)
    wrong = float(np.mean(model.classes_[proba.argmax(axis=1)] != y))
    return wrong, log_loss(y, proba.clip(LEAST_PROBABILITY, 1), labels=model.classes_)


def result(make: Callable[[bool, int], Any], task: Task) -> Result:
    """Means over the splits; the seconds are those of fits alone."""
    found = []
    for seed, (X, y, X_new, y_new) in splits(task):
        model = make(task.has_classes, seed)
        begin = time.perf_counter()
        model.fit(X, y)
        seconds = time.perf_counter() - begin
        found.append([*judged(model, X_new, y_new, task.has_classes), seconds])
    return Result(*np.mean(found, axis=0))


def results(names: list[str], rows: list[Task]) -> dict[str, list[Result]]:
    """By contender, those of all tasks; without the contenders that are not installed."""
    found = {}
    for name in names:
        try:
            CONTENDERS[name](True, 0)
        except ImportError as error:
            print(f"{name} is left out: {error}")
            continue
        begin = time.perf_counter()
        found[name] = [result(CONTENDERS[name], task) for task in rows]
        print(f"{name}: {time.perf_counter() - begin:.0f} s", file=sys.stderr, flush=True)
    return found


def shifted_mean(errors: np.ndarray) -> float:
    return float(np.exp(np.log(errors + SHIFT).mean()))


def ranks(errors: np.ndarray) -> np.ndarray:
    """Of contenders ``(contenders, tasks)`` in each task, 1 for the least error."""
    return rankdata(errors, axis=0)


def by_task(found: dict[str, list[Result]], rows: list[Task], field: str, digits: int) -> str:
    lines = [
        [task.name, *(f"{getattr(each[place], field):.{digits}f}" for each in found.values())]
        for place, task in enumerate(rows)
    ]
    return table(["table", *found], lines)


def summary(found: dict[str, list[Result]]) -> str:
    values = np.array(list(found.values()))
    errors, losses, seconds = values[:, :, 0], values[:, :, 1], values[:, :, 2]
    placed, has_classes = ranks(errors), not np.isnan(losses).any()
    header = ["contender", "error", *(["log loss"] if has_classes else []), "mean rank", "wins"]
    lines = []
    for place, name in enumerate(found):
        wins = int((placed[place] == placed.min(axis=0)).sum())
        loss = [f"{losses[place].mean():.4f}"] if has_classes else []
        cells = [f"{shifted_mean(errors[place]):.4f}", *loss, f"{placed[place].mean():.2f}"]
        lines.append([name, *cells, str(wins), f"{seconds[place].sum():.1f}"])
    return table([*header, "seconds"], lines)


def critical_difference(n_contenders: int, n_tasks: int, level: float = 0.05) -> float:
    """Nemenyi's: mean ranks that are nearer than this are not to be told apart."""
    q = studentized_range.ppf(1 - level, n_contenders, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(n_contenders * (n_contenders + 1) / (6 * n_tasks)))


def cliques(places: np.ndarray, difference: float) -> list[tuple[float, float]]:
    """Where the longest stretches of mean ranks, in ascending order, begin and end."""
    ends = [places[places <= each + difference].max() for each in places]
    found = zip(places, ends, [-np.inf, *ends], strict=False)
    return [(begin, end) for begin, end, before in found if end > max(begin, before)]


def draw(found: dict[str, list[Result]], output: Path) -> None:
    """The picture of Demšar's: an axis of mean ranks, and bars over those of one clique."""
    errors = np.array([[each.error for each in results] for results in found.values()])
    n_contenders, n_tasks = errors.shape
    places, difference = ranks(errors).mean(axis=1), critical_difference(n_contenders, n_tasks)
    order = np.argsort(places, kind="stable")
    groups, half = cliques(places[order], difference), -(-n_contenders // 2)
    figure, axes = plt.subplots(figsize=(9, 1.3 + 0.27 * half + 0.16 * len(groups)))
    top = 0.6 * len(groups) + 0.5
    for row, (begin, end) in enumerate(groups):
        axes.plot([begin - 0.04, end + 0.04], 2 * [0.5 + 0.6 * row], color="#C44E00", linewidth=4)
    for row, each in enumerate(order):
        is_left = row < half
        height = top + 0.5 + (row if is_left else n_contenders - 1 - row)
        edge = 0.6 if is_left else n_contenders + 0.4
        axes.plot([places[each], places[each], edge], [0, height, height], color="0.3", lw=1)
        told = f"{list(found)[each]} {places[each]:.2f}"
        axes.text(edge, height, f" {told} ", ha="right" if is_left else "left", va="center")
    axes.plot([1, 1 + difference], [-1.4, -1.4], color="0.1", linewidth=2)
    axes.text(1, -1.6, f"critical difference {difference:.2f}", fontsize=9)
    axes.set(xlim=(1, n_contenders), ylim=(top + half + 0.3, -0.0), yticks=[])
    axes.set_xticks(range(1, n_contenders + 1))
    axes.xaxis.tick_top()
    for side in ("left", "right", "bottom"):
        axes.spines[side].set_visible(False)
    for artist in [*axes.lines, *axes.texts]:
        artist.set_clip_on(False)
    axes.set_title(f"mean rank by error, {n_tasks} tables", pad=58)
    figure.savefig(output, dpi=130, bbox_inches="tight")
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="with .npz files")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=[*CONTENDERS])
    parser.add_argument("--output", type=Path, default=Path("tabular_quality.png"))
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # of others' networks that have not converged
    print(machine())
    rows = list(tasks(given.folder))
    found = results(given.contenders, rows)
    for has_classes, what in ((True, "Classes"), (False, "Numbers")):
        picked = [place for place, task in enumerate(rows) if task.has_classes is has_classes]
        part = {name: [each[place] for place in picked] for name, each in found.items()}
        own = [rows[place] for place in picked]
        print(f"\n{what}\n\n{summary(part)}\n\nerror\n\n{by_task(part, own, 'error', 4)}")
        if has_classes:
            print(f"\nlog loss\n\n{by_task(part, own, 'log_loss', 4)}")
        print(f"\nseconds of a fit\n\n{by_task(part, own, 'seconds', 2)}")
    if len(found) > 1:
        draw(found, given.output)
        print(f"\nFigure: {given.output.resolve()}")


if __name__ == "__main__":
    main()
