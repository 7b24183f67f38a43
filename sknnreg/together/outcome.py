"""What training came to, for one network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sknnreg.engine.problem import Result


@dataclass(frozen=True)
class Outcome:
    """A result or an error, and the network's part of its stack's training time, in seconds.

    Neither where training was ended before it came to the network: nobody asks for it any longer.
    """

    result: Result | None
    error: BaseException | None = None
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether the task will see an error, or a network that cannot be used."""
        if self.result is None:
            return True
        return self.result.error is not None or self.result.diverged

    def unwrap(self) -> Result:
        """The result, or raise the error."""
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result


# Takes the numbers of some problems, and the outcome of each.
Deliver = Callable[[Sequence[int], Sequence[Outcome]], None]
