"""scikit-learn's checks, with networks that are quick and still learn."""

import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor

# One batch of all rows: weights are then repeated rows, as one of the checks wants it.
QUICK = {"batch_size": 500, "hidden_layer_sizes": (20,), "max_iter": 15, "n_iter_no_change": None,
         "learning_rate_init": 0.02}  # fmt: skip


def others(Ensemble, Network):
    return [
        Ensemble(Network(**QUICK), 2, validation=None),
        Ensemble(make_pipeline(StandardScaler(with_mean=False), Network(**QUICK)), 2),
    ]


@parametrize_with_checks(
    [
        CrossFittedClassifier(MLPRegularizedClassifier(**QUICK), 3),
        CrossFittedRegressor(MLPRegularizedRegressor(**QUICK), 3),
    ],
)
def test_every_check(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        *others(CrossFittedClassifier, MLPRegularizedClassifier),
        *others(CrossFittedRegressor, MLPRegularizedRegressor),
    ],
)
def test_every_check_in_more_settings(estimator, check):
    check(estimator)


@pytest.mark.parametrize("Ensemble", [CrossFittedClassifier, CrossFittedRegressor])
def test_shared_parameters_are_documented_alike(Ensemble):
    """But for the names of the estimators, and what is said of classes."""
    doc = Ensemble.__doc__
    other = CrossFittedClassifier.__doc__
    for name in ("n_candidates", "random_state", "validation"):
        start, end = (text.index(f"    {name} : ") for text in (doc, other))
        length = 150
        assert doc[start : start + length] == other[end : end + length]
