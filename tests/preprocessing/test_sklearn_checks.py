"""scikit-learn's checks of transformers, at the defaults and at settings that take other ways."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknnreg.preprocessing import PiecewiseLinearEncoder, SmoothClipScaler, Whitener

TRANSFORMERS = [
    SmoothClipScaler(),
    Whitener(),
    PiecewiseLinearEncoder(),
    PiecewiseLinearEncoder(keep_column=False, n_bins=3, max_columns=8),
    PiecewiseLinearEncoder(n_bins=4, strategy="tree"),
]
MORE = [
    Whitener("zca_cor", regularization="ledoit_wolf"),
    Whitener("cholesky", regularization=0.1),
    SmoothClipScaler(bound=None),
    SmoothClipScaler(bound=np.inf),
    PiecewiseLinearEncoder(n_bins=1, bound=None),
    PiecewiseLinearEncoder(max_columns=1),
    PiecewiseLinearEncoder(max_columns=None, dtype=np.float32),
    PiecewiseLinearEncoder(n_bins=4, strategy="tree", target_type="regression"),
    PiecewiseLinearEncoder(n_bins=4, strategy="tree", min_weight_fraction_leaf=0.0),
]


@parametrize_with_checks(TRANSFORMERS)
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(MORE)
def test_scikit_learn_in_more_settings(estimator, check):
    check(estimator)
