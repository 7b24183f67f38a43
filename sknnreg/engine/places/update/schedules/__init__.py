"""Place 5, update: the step size as a pure function of progress.

Here is what a schedule is; the schedules themselves are in the modules.
"""

from sknnreg.engine.places.update.schedules.base import Progress, Schedule

__all__ = ["Progress", "Schedule"]
