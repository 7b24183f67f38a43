"""Numbers as networks learn best from them: scikit-learn transformers that need no network."""

from sknnreg.preprocessing.piecewise_linear_encoder import PiecewiseLinearEncoder
from sknnreg.preprocessing.smooth_clip_scaler import SmoothClipScaler
from sknnreg.preprocessing.whitener import Whitener

__all__ = ["PiecewiseLinearEncoder", "SmoothClipScaler", "Whitener"]
