"""Place 2, signal: the layers, each a pair of forward and backward once bound to its arrays."""

from sknnreg.engine.layers.activations import (
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
from sknnreg.engine.layers.base import Backward, Forward, Layer, Phase, Site
from sknnreg.engine.layers.batch_normalization import BatchNormalization
from sknnreg.engine.layers.dense import Dense
from sknnreg.engine.layers.dropout import Dropout

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "Backward",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "Forward",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Logistic",
    "Mish",
    "Phase",
    "ReLU",
    "SiLU",
    "Site",
    "Softplus",
    "Tanh",
]
