"""Place 2, signal: the layers, each a pair of forward and backward once bound to its arrays."""

from sknnreg.engine.places.signal.activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    SELU,
    Activation,
    Identity,
    LeakyReLU,
    Logistic,
    Mish,
    ReLU,
    SiLU,
    Softplus,
    Tanh,
)
from sknnreg.engine.places.signal.base import Backward, Forward, Layer, Phase, Site
from sknnreg.engine.places.signal.batch_normalization import (
    BatchNormalization,
    MeanOnlyBatchNormalization,
)
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.dropout import AlphaDropout, Dropout
from sknnreg.engine.places.signal.gaussian_dropout import GaussianDropout, VariationalDropout
from sknnreg.engine.places.signal.group_normalization import (
    GroupNormalization,
    LayerNormalization,
    RowNormalization,
)

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "AlphaDropout",
    "Backward",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Forward",
    "GaussianDropout",
    "GroupNormalization",
    "Identity",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Logistic",
    "MeanOnlyBatchNormalization",
    "Mish",
    "Phase",
    "ReLU",
    "RowNormalization",
    "SiLU",
    "Site",
    "Softplus",
    "Tanh",
    "VariationalDropout",
]
