"""How often do intervals hold the error, and tests their level? A simulation.

    python docs/benchmarks/interval_coverage.py            # 1,000 data sets of each setting
    python docs/benchmarks/interval_coverage.py --data-sets 100

What is to be covered is the prediction error of the model trained on this very data set, at fresh
rows: known exactly for linear models, from 20,000 fresh rows for logistic ones. Columns are
independent and standard normal, the first four have the same coefficient. Linear models are
`LinearRegression`, judged by squared error, logistic ones `LogisticRegression`, by the error rate.
Thousands of fits per data set would take hours one by one: linear models without some rows follow
from the one of all rows, and logistic ones are solved together by Newton's method. Both are held
against `estimate_error` with scikit-learn's own estimators before the simulation starts.

For tests, two models see p columns each, all different, with the same coefficients: on average over
data sets they are equally good, so that a test at 5 % should find a difference in 5 % of them.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import joblib
import numpy as np
from _report import table
from scipy import stats
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold

from sknnreg.model_selection import estimate_error
from sknnreg.model_selection.comparison.paired_tests import corrected_t, f_of_five_by_two
from sknnreg.model_selection.error.nested_moments import nested_moments
from sknnreg.model_selection.fits.spread import t_interval

LEVEL, N_REPEATS, N_FRESH = 0.95, 20, 20_000
INTERVALS = (
    "naive, splits",
    "naive, rows",
    "naive, repeated",
    "corrected",
    "corrected, repeated",
    "nested CV",
)


@dataclass(frozen=True)
class Setting:
    """Rows, columns and coefficients of data sets, and how these are split."""

    model: str
    n: int
    p: int
    signal: float
    k: int

    @property
    def name(self) -> str:
        return f"{self.model}, n = {self.n}, p = {self.p}, {self.k} folds"


SETTINGS = (
    Setting("linear", 100, 5, 1.0, 5),
    Setting("linear", 100, 20, 1.0, 5),
    Setting("linear", 100, 20, 1.0, 10),
    Setting("linear", 50, 20, 1.0, 5),
    Setting("logistic", 100, 20, 0.5, 5),
    Setting("logistic", 50, 20, 0.5, 5),
)
NULL_SETTINGS = (
    Setting("linear", 100, 10, 0.5, 10),
    Setting("logistic", 200, 5, 1.0, 10),
    Setting("logistic", 500, 5, 1.0, 10),
    Setting("logistic", 1000, 5, 1.0, 10),
)


def with_ones(X: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(X)), X])


def linear_residuals(X: np.ndarray, y: np.ndarray, left_out: np.ndarray) -> Iterator[np.ndarray]:
    """y - f on rows left out (m, n), without a further fit: (I - H)^-1 r among these rows."""
    Z = with_ones(X)
    hat = Z @ np.linalg.pinv(Z)
    residuals = y - hat @ y
    for rows in left_out:
        among = np.eye(rows.sum()) - hat[np.ix_(rows, rows)]
        yield np.linalg.solve(among, residuals[rows])


def logistic_weights(X: np.ndarray, y: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """LogisticRegression's for each selection of rows (m, n), all by Newton's method together."""
    Z = with_ones(X)
    n, p = Z.shape
    penalty = np.diag(np.r_[0.0, np.ones(p - 1)])
    products = (Z[:, :, None] * Z[:, None, :]).reshape(n, -1)
    weights = np.zeros((len(taken), p))
    for _ in range(50):
        probability = 1 / (1 + np.exp(-weights @ Z.T))
        gradient = (taken * (probability - y)) @ Z + weights @ penalty
        curvature = (taken * probability * (1 - probability)) @ products
        step = np.linalg.solve(curvature.reshape(-1, p, p) + penalty, gradient[..., None])[..., 0]
        weights -= step
        if np.abs(step).max() < 1e-9:
            return weights
    raise RuntimeError("Newton's method has not converged.")


def losses_left_out(model: str, X: np.ndarray, y: np.ndarray, left_out: np.ndarray) -> np.ndarray:
    """Of rows left out (m, n); 0 elsewhere."""
    losses = np.zeros(left_out.shape)
    if model == "linear":
        for place, residuals in enumerate(linear_residuals(X, y, left_out)):
            losses[place, left_out[place]] = residuals**2
        return losses
    weights = logistic_weights(X, y, ~left_out)
    return ((weights @ with_ones(X).T > 0) != (y > 0.5)) * left_out


def nested_losses(model: str, X: np.ndarray, y: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """(R, k, n), as `estimate_error` keeps them."""
    k = folds.max() + 1
    plan = [(f,) for f in range(k)] + list(combinations(range(k), 2))
    left_out = np.array([np.isin(each, out) for each in folds for out in plan])
    found = losses_left_out(model, X, y, left_out).reshape(len(folds), len(plan), -1)
    losses = np.zeros((len(folds), k, len(y)))
    for place, out in enumerate(plan):
        for fold, other in {(out[0], out[-1]), (out[-1], out[0])}:
            here = folds == fold
            losses[:, other][here] = found[:, place][here]
    return losses


def drawn(setting: Setting, coefficients: np.ndarray, generator: np.random.Generator):
    """X and y of a data set."""
    X = generator.normal(size=(setting.n, len(coefficients)))
    signal = X @ coefficients
    if setting.model == "linear":
        return X, signal + generator.normal(size=setting.n)
    return X, (generator.uniform(size=setting.n) < 1 / (1 + np.exp(-signal))).astype(float)


def true_error(setting: Setting, X, y, coefficients, generator: np.random.Generator) -> float:
    """At fresh rows, of the model trained on these."""
    truth = np.r_[0.0, coefficients]
    if setting.model == "linear":
        return 1 + float(((np.linalg.pinv(with_ones(X)) @ y - truth) ** 2).sum())
    weights = logistic_weights(X, y, np.ones((1, len(y)), dtype=bool))[0]
    fresh = with_ones(generator.normal(size=(N_FRESH, setting.p)))
    probability = 1 / (1 + np.exp(-fresh @ truth))
    return float(np.where(fresh @ weights > 0, 1 - probability, probability).mean())


def folds_of(setting: Setting, y: np.ndarray, k: int, n_repeats: int, seed: int) -> np.ndarray:
    """Each row's fold (R, n), by the splitters that `estimate_error` takes by default."""
    kind = KFold if setting.model == "linear" else StratifiedKFold
    folds = np.zeros((n_repeats, setting.n), dtype=int)
    for repeat in range(n_repeats):
        splitter = kind(k, shuffle=True, random_state=1000 * seed + repeat)
        for fold, (_, test) in enumerate(splitter.split(y, y)):
            folds[repeat, test] = fold
    return folds


def intervals_of(losses: np.ndarray, folds: np.ndarray) -> list[tuple[float, float]]:
    """The bounds of each of INTERVALS."""
    n_repeats, k, n = losses.shape
    own = np.array(
        [[losses[r, f, folds[r] == f].mean() for f in range(k)] for r in range(n_repeats)]
    )
    rows = losses[0][folds[0], np.arange(n)]
    half = stats.norm.ppf((1 + LEVEL) / 2) * rows.std(ddof=1) / np.sqrt(n)
    ratio = 1 / (k - 1)
    made = [
        t_interval(own[0], 0.0, LEVEL),
        (rows.mean() - half, rows.mean() + half),
        t_interval(own.ravel(), 0.0, LEVEL),
        t_interval(own[0], ratio, LEVEL),
        t_interval(own.ravel(), ratio, LEVEL),
        nested_moments(losses, folds).interval(LEVEL),
    ]
    return [each if isinstance(each, tuple) else (each.low, each.high) for each in made]


def of_one_data_set(setting: Setting, seed: int) -> tuple[list[bool], list[float]]:
    """Which intervals hold the error, and how wide they are, in units of the error."""
    generator = np.random.default_rng([seed, setting.n, setting.p, setting.k])
    coefficients = np.r_[np.full(4, setting.signal), np.zeros(setting.p - 4)]
    X, y = drawn(setting, coefficients, generator)
    truth = true_error(setting, X, y, coefficients, generator)
    folds = folds_of(setting, y, setting.k, N_REPEATS, seed)
    made = intervals_of(nested_losses(setting.model, X, y, folds), folds)
    return [low <= truth <= high for low, high in made], [
        (high - low) / truth for low, high in made
    ]


def rejections_of_one(setting: Setting, seed: int) -> list[bool]:
    """Whether tests at 5 % find a difference between two models that are equally good."""
    generator = np.random.default_rng([seed, setting.n, setting.p])
    half = np.r_[np.full(2, setting.signal), np.zeros(setting.p - 2)]
    X, y = drawn(setting, np.r_[half, half], generator)

    def differences(k: int, n_repeats: int) -> np.ndarray:
        folds = folds_of(setting, y, k, n_repeats, seed)
        left_out = np.array([each == f for each in folds for f in range(k)])
        sizes = left_out.sum(axis=1)
        first, second = (
            losses_left_out(setting.model, columns, y, left_out).sum(axis=1) / sizes
            for columns in (X[:, : setting.p], X[:, setting.p :])
        )
        return first - second

    once, ratio = differences(setting.k, 1), 1 / (setting.k - 1)
    verdicts = [
        corrected_t(once, 0.0, LEVEL),
        corrected_t(once, ratio, LEVEL),
        corrected_t(differences(setting.k, 10), ratio, LEVEL),
        f_of_five_by_two(differences(2, 5).reshape(5, 2), LEVEL),
    ]
    return [verdict.p_value < 1 - LEVEL for verdict in verdicts]


TESTS = ("paired t", "corrected t", "corrected t, 10 repeats", "5x2cv F")


def check_shortcuts() -> None:
    """The shortcuts' errors are those of `estimate_error` with scikit-learn's estimators."""
    estimators = {
        "linear": LinearRegression(),
        "logistic": LogisticRegression(tol=1e-10, max_iter=1000),
    }
    for setting in (SETTINGS[3], SETTINGS[-1]):
        generator = np.random.default_rng(0)
        X, y = drawn(setting, np.r_[np.ones(4), np.zeros(setting.p - 4)], generator)
        result = estimate_error(
            estimators[setting.model], X, y, method="nested_cv", n_repeats=2, random_state=0
        )
        ours = nested_losses(setting.model, X, y, result.folds)
        np.testing.assert_allclose(ours, result.losses, rtol=1e-6, atol=1e-9)


def percent(values) -> list[str]:
    return [f"{100 * each:.1f}" for each in values]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-sets", type=int, default=1000, help="of each setting")
    parser.add_argument("--n-jobs", type=int, default=-1, help="processes")
    options = parser.parse_args()
    check_shortcuts()
    seeds = range(options.data_sets)
    coverage, widths, levels = [], [], []
    with joblib.parallel_config("loky", n_jobs=options.n_jobs, inner_max_num_threads=1):
        run = joblib.Parallel()
        for setting in SETTINGS:
            found = run(joblib.delayed(of_one_data_set)(setting, seed) for seed in seeds)
            held, width = (np.array(each, dtype=float) for each in zip(*found, strict=True))
            coverage.append([setting.name, *percent(held.mean(axis=0))])
            widths.append([setting.name, *(f"{each:.2f}" for each in width.mean(axis=0))])
        for setting in NULL_SETTINGS:
            found = run(joblib.delayed(rejections_of_one)(setting, seed) for seed in seeds)
            levels.append([setting.name, *percent(np.mean(found, axis=0))])
    print(f"Coverage of 95 % intervals, in % of {options.data_sets} data sets\n")
    print(table(["setting", *INTERVALS], coverage))
    print("\nMean width of the intervals, in units of the error\n")
    print(table(["setting", *INTERVALS], widths))
    print("\nDifferences found between equally good models at 5 %, in % of the data sets\n")
    print(table(["setting", *TESTS], levels))


if __name__ == "__main__":
    main()
