"""The warning filters of the process, as each of several threads has set them."""

from __future__ import annotations

import warnings

# What ``warnings.catch_warnings`` saves and puts back, not knowing of threads.
_STATE = ("filters", "showwarning", "_showwarnmsg_impl")


class WarningFilters:
    """The process' warning filters as they are when this is made.

    ``warnings.catch_warnings`` belongs to the process: threads that enter and leave it in turn
    would leave one another's filters in place. So each thread takes its own along.
    """

    def __init__(self) -> None:
        self._state = {name: getattr(warnings, name) for name in _STATE}

    def restore(self) -> None:
        """Make them the process' again."""
        for name, value in self._state.items():
            setattr(warnings, name, value)
        _forget_what_was_shown()


def _forget_what_was_shown() -> None:
    """What was shown under other filters may be shown again, as after ``catch_warnings``."""
    mutated = getattr(warnings, "_filters_mutated", None)
    if mutated is not None:
        mutated()
        return
    with warnings.catch_warnings():  # from Python 3.14 on
        pass
