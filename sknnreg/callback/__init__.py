"""Callbacks for ``set_callbacks`` that scikit-learn has not: checkpoints to go on from."""

from sknnreg.callback.checkpoint import Checkpoint
from sknnreg.callback.errors import CheckpointError

__all__ = ["Checkpoint", "CheckpointError"]
