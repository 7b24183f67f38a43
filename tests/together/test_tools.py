"""Every tool of scikit-learn that fits many times finds the same, bit for bit, in one pass."""

import threading

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFECV, SequentialFeatureSelector
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.tree import DecisionTreeClassifier

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.together.trainers import local_trainer
from sknnreg.together.trainers.helper_process import HelperProcess

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 4, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.05}  # fmt: skip
GRID = {"l2": [0.0, 0.1], "dropout": [0.0, 0.3]}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
CLASSES = np.digitize(X[:, 0] + 0.3 * RNG.normal(size=60), (-0.5, 0.5))
BINARY = (X[:, 0] + 0.3 * RNG.normal(size=60) > 0).astype(int)
TARGET = X @ [1.0, -2.0, 0.5, 0.0] + 0.1 * RNG.normal(size=60)
TARGETS = np.stack([TARGET, X[:, 1] ** 2, TARGET - X[:, 3]], axis=1)


def classifier(**settings):
    return MLPRegularizedClassifier(**{**QUICK, **settings})


def regressor(**settings):
    return MLPRegularizedRegressor(**{**QUICK, **settings})


def untimed(results):
    return {name: value for name, value in results.items() if "time" not in name}


def search(tool, *args, **settings):
    found = tool(classifier(), *args, cv=3, **settings).fit(X, CLASSES)
    return {
        "cv_results": untimed(found.cv_results_),
        "best": found.best_params_,
        "proba": found.predict_proba(X),
        "network": found.best_estimator_,
    }


def ensemble(est, y):
    est.fit(X, y)
    kinds = ("predict", "predict_proba", "transform")
    found = {kind: getattr(est, kind)(X) for kind in kinds if hasattr(est, kind)}
    networks = [each for each in getattr(est, "estimators_", ()) if hasattr(each, "coefs_")]
    return {**found, "networks": networks}


def validated():
    scoring = ["accuracy", "neg_log_loss"]
    return untimed(
        cross_validate(
            classifier(), X, CLASSES, cv=4, scoring=scoring, return_train_score=True,
            return_estimator=True, return_indices=True,
        )
    )  # fmt: skip


def permuted():
    found = permutation_test_score(
        classifier(), X, BINARY, cv=3, n_permutations=4, random_state=3
    )  # fmt: skip
    return dict(zip(("score", "scores", "p"), found, strict=True))


def learned(**settings):
    found = learning_curve(
        classifier(), X, CLASSES, cv=3, train_sizes=[0.5, 1.0], shuffle=True, random_state=0,
        **settings,
    )  # fmt: skip
    return dict(zip(("sizes", "train", "test"), found, strict=True))


def selected(selector, y):
    selector.fit(X, y)
    found = {"support": selector.support_}
    return {**found, **untimed(getattr(selector, "cv_results_", {}))}


def mixed():
    members = [("ours", classifier()), ("lr", LogisticRegression()), ("wide", classifier(
        hidden_layer_sizes=(6,))), ("tree", DecisionTreeClassifier(random_state=0))]  # fmt: skip
    return ensemble(VotingClassifier(members, voting="soft"), CLASSES)


def importances():
    est = classifier().fit(X, CLASSES)
    return dict(permutation_importance(est, X, CLASSES, n_repeats=3, random_state=0))


def networks(kind, n=3):
    return [(str(seed), kind(random_state=seed)) for seed in range(n)]


TOOLS = {
    "cross_val_score": lambda: {"scores": cross_val_score(classifier(), X, CLASSES, cv=5)},
    "cross_validate": validated,
    "cross_val_predict": lambda: {
        "proba": cross_val_predict(classifier(), X, CLASSES, cv=5, method="predict_proba")
    },
    "GridSearchCV": lambda: search(GridSearchCV, GRID, return_train_score=True),
    "RandomizedSearchCV": lambda: search(
        RandomizedSearchCV, {"l2": loguniform(1e-3, 1)}, n_iter=4, random_state=1
    ),
    "HalvingGridSearchCV": lambda: search(HalvingGridSearchCV, GRID, random_state=0),
    "HalvingRandomSearchCV": lambda: search(
        HalvingRandomSearchCV, {"l2": loguniform(1e-3, 1)}, n_candidates=5, random_state=0
    ),
    "learning_curve": learned,
    "learning_curve, incremental": lambda: learned(exploit_incremental_learning=True),
    "validation_curve": lambda: dict(
        enumerate(
            validation_curve(
                regressor(), X, TARGET, cv=3, param_name="l2", param_range=[0.0, 0.1, 1.0]
            )
        )
    ),
    "permutation_test_score": permuted,
    "permutation_importance": importances,
    "BaggingClassifier": lambda: ensemble(
        BaggingClassifier(classifier(), 7, max_features=0.75, random_state=0), CLASSES
    ),
    "BaggingRegressor": lambda: ensemble(
        BaggingRegressor(regressor(), 5, max_samples=0.6, random_state=0), TARGET
    ),
    "VotingClassifier": lambda: ensemble(VotingClassifier(networks(classifier)), CLASSES),
    "VotingClassifier, mixed": mixed,
    "VotingRegressor": lambda: ensemble(VotingRegressor(networks(regressor)), TARGET),
    "StackingRegressor": lambda: ensemble(
        StackingRegressor([*networks(regressor), ("ridge", Ridge())], cv=3), TARGET
    ),
    "StackingClassifier": lambda: ensemble(
        StackingClassifier(networks(classifier), final_estimator=classifier(), cv=3), CLASSES
    ),
    "OneVsRestClassifier": lambda: ensemble(OneVsRestClassifier(classifier()), CLASSES),
    "OneVsOneClassifier": lambda: ensemble(OneVsOneClassifier(classifier()), CLASSES),
    "MultiOutputRegressor": lambda: ensemble(MultiOutputRegressor(regressor()), TARGETS),
    "MultiOutputClassifier": lambda: ensemble(
        MultiOutputClassifier(classifier()), np.stack([CLASSES, BINARY], axis=1)
    ),
    "TransformedTargetRegressor": lambda: ensemble(
        TransformedTargetRegressor(regressor(), func=np.sinh, inverse_func=np.arcsinh), TARGET
    ),
    "CalibratedClassifierCV": lambda: ensemble(CalibratedClassifierCV(classifier(), cv=3), CLASSES),
    "CalibratedClassifierCV, one": lambda: ensemble(
        CalibratedClassifierCV(classifier(), cv=3, ensemble=False), CLASSES
    ),
    "TunedThresholdClassifierCV": lambda: ensemble(
        TunedThresholdClassifierCV(classifier(), cv=3, random_state=0), BINARY
    ),
    "RFECV": lambda: selected(
        RFECV(classifier(), cv=3, importance_getter=lambda est: np.abs(est.coefs_[0]).sum(axis=1)),
        CLASSES,
    ),
    "SequentialFeatureSelector": lambda: selected(
        SequentialFeatureSelector(classifier(), n_features_to_select=2, cv=3), CLASSES
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TOOLS)
def test_results_are_those_of_one_fit_after_the_other(name, together, same, passes):
    expected = TOOLS[name]()
    assert not passes
    with together():
        found = TOOLS[name]()
    same(found, expected)
    if name not in ("permutation_importance", "TransformedTargetRegressor"):  # few fits or none
        assert max(passes) > 1, "otherwise nothing has met"


def test_the_table_above_does_compare_what_processes_have_trained(monkeypatch, same):
    sent, answered = [], threading.Event()
    here, there = local_trainer.train, HelperProcess.train

    def train_here(problems, halt):
        assert answered.wait(60), "no process trains"
        return here(problems, halt)

    def train_there(self, problems):
        sent.append(len(problems))
        try:
            return there(self, problems)
        finally:
            answered.set()

    expected = TOOLS["GridSearchCV"]()
    monkeypatch.setattr(local_trainer, "train", train_here)
    monkeypatch.setattr(HelperProcess, "train", train_there)
    monkeypatch.setattr(local_trainer, "WORTH_A_CORE", 1e-9)
    with fit_together(n_jobs=2):
        same(TOOLS["GridSearchCV"](), expected)
    # Two stacks of 6; the process takes the second one too if it is done first.
    assert sent in ([6], [6, 6])
