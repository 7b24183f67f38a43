"""Place 2, signal: the layers, each a pair of forward and backward once bound to its arrays.

Here is what a layer is; the layers themselves are in the modules.
"""

from sknnreg.engine.places.signal.base import Backward, Forward, Layer, Phase, Site

__all__ = ["Backward", "Forward", "Layer", "Phase", "Site"]
