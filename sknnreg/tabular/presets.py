"""The settings by task and effort; nothing else in this room has numbers to tune.

Measured on the shared tables by docs/benchmarks/tabular_quality.py (at most 3,000 training rows;
shifted geometric mean of the error, and for classes the mean log loss).

- Without the encoding: .0600 for .0571 (classes), .378 for .361 (numbers).
- Without dropout .0602; without snapshots .0594; without averaged weights .399; with large batches
  .402; without early stopping .377.
- Label smoothing, mixup, selu, mish, beta_2 of .95, 256 units and three layers gained nothing.
- Members of an ensemble: most of the gain is there at 4.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_CATEGORIES: dict[str, Any] = {"min_frequency": 5, "max_categories": 40}
_ENCODER: dict[str, Any] = {"n_bins": 16, "max_columns": 300, "dtype": np.float32}
_NETWORK: dict[str, Any] = {
    "hidden_layer_sizes": (128, 128),
    "learning_rate_init": 0.003,
    "batch_size": 64,
    "max_iter": 30,
    # The number of epochs is what is wanted: no warning that they are over.
    "n_iter_no_change": None,
}

# Classes: dropout and batch normalization.
_CLASSES = _NETWORK | {"dropout": 0.2, "normalization": "batch"}
_CLASSES_ONE = _CLASSES | {
    "learning_rate": "cosine_restarts",
    "learning_rate_period": 10,
    "n_snapshots": 3,
}
_CLASSES_MEMBER = _CLASSES | {
    "learning_rate": "cosine",
    "weight_decay": 0.1,
    "early_stopping": True,
}

# Numbers: averaged weights of many small steps, stopped where the average is best.
_NUMBERS = _NETWORK | {
    "batch_size": 32,
    "weight_averaging": "ema",
    "averaging_decay": 0.99,
    "early_stopping": True,
}
_NUMBERS_ONE = _NUMBERS | {"early_stopping_refit": "scratch"}
_NUMBERS_MEMBER = _NUMBERS | {"weight_decay": 0.1}

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
