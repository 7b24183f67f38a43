"""Many fits, one training pass: scikit-learn's searches with all their networks side by side."""

from sknnreg.together.backend import TogetherBackend, fit_together
from sknnreg.together.rendezvous import train_together
from sknnreg.together.tasks import current_label

__all__ = ["TogetherBackend", "current_label", "fit_together", "train_together"]
