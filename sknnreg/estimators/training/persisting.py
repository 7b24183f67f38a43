"""What a pickle of an estimator holds: what prediction needs, and no more unless it is to go on."""

from __future__ import annotations

import copy
from typing import Any, Self

from sknnreg.estimators.training.continuing import Continuation
from sknnreg.versions import Versioned


class Persisting(Versioned):
    """An estimator whose pickle is small, and whose copies are whole."""

    warm_start: bool
    _continuation: Continuation | None

    def __getstate__(self) -> dict[str, Any]:
        """Without moments, generators and further rows, unless more training is to come."""
        state = super().__getstate__()
        before = state.get("_continuation")
        if before is not None and not (self.warm_start or before.stepwise):
            state["_continuation"] = None
        return state

    def __copy__(self) -> Self:
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        other = object.__new__(type(self))
        memo[id(self)] = other
        vars(other).update(copy.deepcopy(vars(self), memo))
        return other


def before_going_on(estimator: Any) -> Any:
    """The ``Continuation`` that an earlier call left; None if there was none."""
    before = getattr(estimator, "_continuation", None)
    if before is None and "_continuation" in vars(estimator):
        raise ValueError(
            f"This {type(estimator).__name__} was pickled with warm_start=False, into a file or by "
            "another process. So it has what prediction needs, and not what going on with training "
            "does (moments, generators). Set warm_start=True before pickling; or start anew, by "
            "fit with warm_start=False."
        )
    return before
