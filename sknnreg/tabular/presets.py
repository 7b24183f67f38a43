"""The settings by task and effort; nothing else in this room has numbers to tune.

Measured on eleven public tables and two of scikit-learn's, of at most 3,000 training rows; the
figures are shifted geometric means of the error and, for classes, mean log losses. The table of
docs/benchmarks/README.md has the results of the presets as they stand here.

- The encoding, dropout, averaged weights and early stopping each matter: without the encoding .0600
  for .0571 (classes) and .378 for .361 (numbers), without dropout .0602, without snapshots .0594,
  without averaged weights .399, without early stopping .377 (one network each).
- Numbers: a scale for each input .328 for .341, most of it on one table of many columns, and steps
  that stay constant for half of training .325; silu and layer normalization instead of relu and
  none .341 for .358; 8 or 32 bins instead of 16 within .005.
- Classes: silu, layer instead of batch normalization, a scale for each input, 8 bins, averaged
  weights, dropout of .3, input noise, four folds instead of eight: none better than .0548 and .217,
  most a little worse. Dropout that fades to 0 would give .0539 and .216, about a noise's width.
- Drawing the settings of members and picking greedily: .337 for .340 of eight equal ones (numbers),
  nothing for classes, at five times the cost.
- Trained periodic embeddings instead of the encoding .0568 and .351 (for .0546 and .341), a smaller
  step size for biases nothing, orthogonalized momentum nothing at four times the cost.
- 256 units, three layers, label smoothing, mixup: nothing, or little at twice the cost.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_CATEGORIES: dict[str, Any] = {"min_frequency": 5, "max_categories": 40}
_ENCODER: dict[str, Any] = {"n_bins": 16, "max_columns": 300, "dtype": np.float32}
_NETWORK: dict[str, Any] = {
    "hidden_layer_sizes": (128, 128),
    "weight_decay": 0.1,
    "learning_rate_init": 0.005,
    # The number of epochs is what is wanted: no warning that they are over.
    "n_iter_no_change": None,
}

# Classes: dropout and batch normalization; one network is the mean of three snapshots.
_CLASSES = _NETWORK | {"dropout": 0.2, "normalization": "batch", "max_iter": 30}
_CLASSES_ONE = _CLASSES | {
    "dropout": 0.3,
    "learning_rate_init": 0.003,
    "learning_rate": "cosine_restarts",
    "learning_rate_period": 10,
    "n_snapshots": 3,
}
_CLASSES_MEMBER = _CLASSES | {"learning_rate": "cosine", "early_stopping": True}

# Numbers: averaged weights of many small steps, stopped where the average is best.
_NUMBERS_MEMBER = _NETWORK | {
    "activation": "silu",
    "normalization": "layer",
    "input_scale": 6.0,
    "learning_rate": "flat_cosine",
    "max_iter": 100,
    "weight_averaging": "ema",
    "averaging_decay": 0.99,
    "early_stopping": True,
}
_NUMBERS_ONE = _NUMBERS_MEMBER | {"early_stopping_refit": "scratch"}

_FOUR = {"n_members": 4, "cv": 8}
_EIGHT = {"n_members": 8}


def _preset(task: str, **parts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    # Whole numbers are labels to the encoder unless it is told.
    parts = {"categories": _CATEGORIES, "encoder": _ENCODER | {"target_type": task}} | parts
    return {name: dict(part) for name, part in parts.items()}


#: By task and effort, the arguments of OneHotEncoder ("categories"), PiecewiseLinearEncoder
#: ("encoder"), the network and the ensemble, where there is one.
PRESETS: dict[tuple[str, str], dict[str, dict[str, Any]]] = {
    ("classification", "fast"): _preset("classification", network=_CLASSES_ONE),
    ("classification", "default"): _preset(
        "classification", network=_CLASSES_MEMBER, ensemble=_FOUR
    ),
    ("classification", "best"): _preset("classification", network=_CLASSES_MEMBER, ensemble=_EIGHT),
    ("regression", "fast"): _preset("regression", network=_NUMBERS_ONE),
    ("regression", "default"): _preset("regression", network=_NUMBERS_MEMBER, ensemble=_FOUR),
    ("regression", "best"): _preset("regression", network=_NUMBERS_MEMBER, ensemble=_EIGHT),
}
