"""Fitted estimators out in the world: as scikit-learn's own, as ONNX, in files."""

from sknnreg.export.onnx_model import to_onnx
from sknnreg.export.persistence import trusted_types
from sknnreg.export.scikit_learn import to_sklearn
from sknnreg.export.skl2onnx_converters import register_skl2onnx

__all__ = ["register_skl2onnx", "to_onnx", "to_sklearn", "trusted_types"]
