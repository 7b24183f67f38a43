"""How training that nobody needs any longer is asked to end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Halt(threading.Event):
    """Asks training to end: our own loops look at it; an action ends what cannot look.

    In another process there is nobody to ask: sent there, it is one that nothing sets.
    """

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._actions: list[Callable[[], None]] = []

    def set(self) -> None:
        """Ask, and take the actions."""
        with self._guard:
            super().set()
            for action in self._actions:
                action()

    @contextmanager
    def ended_by(self, action: Callable[[], None]) -> Iterator[None]:
        """Take this action if the end is asked for during the body, or has been before."""
        with self._guard:
            self._actions.append(action)
            if self.is_set():
                action()
        try:
            yield
        finally:
            with self._guard:
                self._actions.remove(action)

    def __reduce__(self) -> tuple[type[Halt], tuple[()]]:
        return Halt, ()
