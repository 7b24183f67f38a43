"""Many fits, one training pass: scikit-learn's searches with all their networks side by side."""

from sknnreg.together.backend import TogetherBackend
from sknnreg.together.context import fit_together, one_pass
from sknnreg.together.meeting.current_task import current_label
from sknnreg.together.meeting.rendezvous import train_together

__all__ = ["TogetherBackend", "current_label", "fit_together", "one_pass", "train_together"]
