"""Looking into networks and their training."""

from sknnreg.inspection.gradients import check_gradients

__all__ = ["check_gradients"]
