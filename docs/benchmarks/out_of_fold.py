"""What an ensemble's out-of-fold error says of its error on fresh rows.

    python docs/benchmarks/out_of_fold.py            # some minutes
    python docs/benchmarks/out_of_fold.py 20         # repetitions, for a look

For 200 data sets of each kind and size, an ensemble of 4 networks is fitted on 4 folds, with and
without early stopping by the rows held out. Its out-of-fold error (mean squares, or log loss) is
set beside the mean error of its members and that of the ensemble itself, each on 5,000 fresh rows.
Shown is by how many percent the out-of-fold error is off on average, with its standard error.
"""

import argparse
from typing import Any

import joblib
import numpy as np
from _report import table
from sklearn.datasets import make_friedman1
from sklearn.metrics import log_loss

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor

N_FRESH, SIZES = 5_000, (150, 400, 1_000)
NETWORK: dict[str, Any] = {"hidden_layer_sizes": (32,), "n_iter_no_change": None, "dropout": 0.1}


def drawn(task: str, n_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    X, y = make_friedman1(n_rows, noise=2.0, random_state=seed)
    return X, (y > 14).astype(int) if task == "classification" else y


def network(task: str, stopped: bool) -> Any:
    """Enough epochs for early stopping to matter, or about as many as it finds."""
    kind = MLPRegularizedClassifier if task == "classification" else MLPRegularizedRegressor
    epochs = 150 if stopped else 40
    return kind(**NETWORK, learning_rate_init=0.01, max_iter=epochs, early_stopping=stopped)


def loss(task: str, y: np.ndarray, predicted: np.ndarray) -> float:
    if task == "classification":
        return log_loss(y, predicted)
    return float(np.square(predicted - y).mean())


def predicted(task: str, model: Any, X: np.ndarray) -> np.ndarray:
    return model.predict_proba(X) if task == "classification" else model.predict(X)


def errors(task: str, n_rows: int, stopped: bool, seed: int) -> tuple[float, float, float]:
    """Out of fold, of the members, of the ensemble."""
    X, y = drawn(task, n_rows, seed)
    fresh, y_fresh = drawn(task, N_FRESH, 100_000 + seed)
    kind = CrossFittedClassifier if task == "classification" else CrossFittedRegressor
    model = kind(network(task, stopped), 4, random_state=seed).fit(X, y)
    members = [loss(task, y_fresh, predicted(task, each, fresh)) for each in model.members_]
    ensemble = loss(task, y_fresh, predicted(task, model, fresh))
    return loss(task, y, model.oof_prediction_), float(np.mean(members)), ensemble


def off(found: np.ndarray, true: np.ndarray) -> str:
    """By how many percent the first is off, with the standard error."""
    share = 100 * (found - true) / true.mean()
    return f"{share.mean():+.1f} ± {share.std(ddof=1) / len(share) ** 0.5:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("repetitions", nargs="?", type=int, default=200)
    repetitions = parser.parse_args().repetitions
    rows = []
    for task in ("regression", "classification"):
        for stopped in (False, True):
            for n_rows in SIZES:
                with fit_together():
                    found = joblib.Parallel()(
                        joblib.delayed(errors)(task, n_rows, stopped, seed)
                        for seed in range(repetitions)
                    )
                own, members, ensemble = np.array(found).T
                rows.append(
                    [
                        f"{task}, {n_rows} rows, {'early stopping' if stopped else '40 epochs'}",
                        f"{own.mean():.4f}",
                        off(own, members),
                        off(own, ensemble),
                    ]
                )
                print(*rows[-1], flush=True)
    header = ["", "out of fold", "against a member, %", "against the ensemble, %"]
    print(f"\n{repetitions} repetitions\n\n{table(header, rows)}")


if __name__ == "__main__":
    main()
