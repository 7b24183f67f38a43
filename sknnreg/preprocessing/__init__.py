"""Numbers as networks learn best from them: scikit-learn transformers that need no network."""

from sknnreg.preprocessing.piecewise_linear_encoder import PiecewiseLinearEncoder
from sknnreg.preprocessing.smooth_clip_scaler import SmoothClipScaler

__all__ = ["PiecewiseLinearEncoder", "SmoothClipScaler"]
