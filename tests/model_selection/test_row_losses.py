"""Losses of rows have the scorers' errors as their means."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_linnerud
from sklearn.linear_model import LinearRegression
from sklearn.metrics import fbeta_score, make_scorer
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from sknnreg.model_selection import estimate_error
from sknnreg.model_selection.error.row_losses import row_losses_of, users_losses
from sknnreg.model_selection.fits.measures import measure_of

CLASSES = ["accuracy", "neg_log_loss", "neg_brier_score"]
NUMBERS = ["neg_mean_squared_error", "neg_mean_absolute_error"]


@pytest.mark.parametrize(
    ("load", "model", "scorings"),
    [
        (load_iris, GaussianNB(), CLASSES),
        (load_breast_cancer, DecisionTreeClassifier(max_depth=3, random_state=0), CLASSES),
        (load_diabetes, LinearRegression(), NUMBERS),
        (load_linnerud, LinearRegression(), NUMBERS),
    ],
)
def test_their_mean_is_the_scorers_error(load, model, scorings):
    X, y = load(return_X_y=True)
    model.fit(X, y)
    for scoring in scorings:
        measure = measure_of(scoring, model)
        losses = row_losses_of(measure)(model, X, y)
        assert losses.shape == (len(y),)
        expected = measure.error(measure.scorer(model, X, y))
        np.testing.assert_allclose(losses.mean(), expected, rtol=1e-12)


def test_one_wrong_label_of_several_makes_a_row_wrong():
    X = np.arange(12.0)[:, None]
    y = np.column_stack([np.arange(12) % 2, np.arange(12) // 6])
    model = KNeighborsClassifier(3).fit(X, y)
    measure = measure_of("accuracy", model)
    losses = row_losses_of(measure)(model, X, y)
    np.testing.assert_allclose(losses.mean(), 1 - model.score(X, y))
    assert set(losses) == {0.0, 1.0}


@pytest.mark.parametrize(
    "scoring", ["roc_auc", "f1_macro", make_scorer(fbeta_score, beta=2), lambda m, X, y: 1.0]
)
def test_what_is_no_mean_over_rows_is_told_why(scoring):
    X, y = load_breast_cancer(return_X_y=True)
    with pytest.raises(ValueError, match="An AUC, for instance, compares rows with one another"):
        estimate_error(GaussianNB(), X, y, scoring=scoring, method="nested_cv")


@pytest.mark.parametrize("loss", [lambda y, p: 1.0, lambda y, p: np.full(len(y), np.nan)])
def test_a_loss_must_be_a_number_for_each_row(loss):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="must give a finite number for each row"):
        estimate_error(GaussianNB(), X, y, loss=loss)


def test_what_is_no_function_is_no_loss():
    with pytest.raises(TypeError, match="loss must be a function"):
        users_losses("squared")


def test_a_class_without_a_training_row_is_told():
    X, y = np.arange(9.0)[:, None], np.array(["a", "b", "c"]).repeat(3)
    folds = [(np.flatnonzero(y != name), np.flatnonzero(y == name)) for name in "abc"]
    with pytest.raises(ValueError, match=r"class .*'a'.* in no row of its training part"):
        estimate_error(
            GaussianNB(), X, y, cv=folds, scoring="neg_log_loss", method="nested_cv", n_repeats=1
        )
