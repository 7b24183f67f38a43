"""With skrub and Optuna, where they are installed."""

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from sknnreg.tabular import search_space, tabular_classifier


@pytest.fixture
def table():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    X = pandas.DataFrame(
        {
            "length": np.where(rng.random(200) < 0.2, np.nan, rng.normal(size=200)),
            "kind": rng.choice(["a", "b", "c"], 200),
            "on": pandas.date_range("2020-01-01", periods=200).astype(str),
        }
    )
    return X, np.where(X["length"].fillna(0) + (X["kind"] == "a") > 0.3, "yes", "no")


def test_skrub_makes_the_columns(table):
    skrub = pytest.importorskip("skrub")
    X, y = table
    model = tabular_classifier("fast", columns=skrub.TableVectorizer(), random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution:UserWarning")
def test_optuna_draws_from_the_search_space(table):
    optuna = pytest.importorskip("optuna")
    X, y = table
    model = tabular_classifier("fast", random_state=0).fit(X, y)

    def objective(trial):
        settings = {
            name: trial.suggest_categorical(name, **how)
            if "choices" in how
            else trial.suggest_float(name, **how)
            for name, how in search_space(model, kind="optuna").items()
        }
        return cross_val_score(model.set_params(**settings), X, y, cv=3).mean()

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize")
    study.optimize(objective, n_trials=2)
    assert len(study.trials) == 2
    assert study.best_value > 0.5
