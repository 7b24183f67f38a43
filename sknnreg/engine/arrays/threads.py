"""How many threads BLAS may use while networks train, and as many for what is not BLAS'."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

Answer = TypeVar("Answer")

# Multiplications in a step's largest product from which several threads are let loose. Below, a
# second one would save up to half of a product, 100 microseconds (docs/benchmarks/blas_threads.py).
# One thread buys results that do not depend on how many there are, and stacks that train side by
# side; and BLAS' threads wait for one another in a busy loop: where another program has one of the
# cores, they take up to thirty times as long as one thread.
WORTH_THREADS = 3 << 22

# Numbers in an array from which its element-wise work pays in several threads: below, handing it
# out costs more than it saves.
WORTH_TEAM = 1 << 20

_lock = threading.RLock()
# The threads inside, by their numbers.
_holders: list[int] = []
_blas: ThreadpoolController | None = None
_limit: Any = None


def worth_threads(largest_product: int) -> bool:
    """Whether products of up to so many multiplications gain from several BLAS threads."""
    return largest_product >= WORTH_THREADS


def blas_threads(largest_product: int) -> AbstractContextManager[None]:
    """As many BLAS threads as products of up to so many multiplications are worth.

    One below a fixed size, so that results do not depend on how many there are; else whatever
    the process allows.
    """
    return nullcontext() if worth_threads(largest_product) else _single_thread()


def team_size(n_numbers: int) -> int:
    """How many threads should share out element-wise work on so many numbers: BLAS' own, or 1."""
    return 1 if n_numbers < WORTH_TEAM else _threads_now()


def usual_threads() -> int:
    """How many threads BLAS has in this process while no network limits them."""
    with _lock:
        return (_limit.get_original_num_threads()["blas"] or 1) if _holders else _threads_now()


def _threads_now() -> int:
    return max((each["num_threads"] for each in _libraries().info()), default=1)


def _libraries() -> ThreadpoolController:
    """Those of BLAS; looking them up takes longer than a small fit: once a process."""
    global _blas
    with _lock:
        _blas = _blas or ThreadpoolController().select(user_api="blas")
        return _blas


class Team:
    """Threads that work beside the one that calls; they end when this is forgotten."""

    def __init__(self, n_threads: int) -> None:
        # What overflows is not warned of in passing: here neither, which a thread must be told.
        self._others = ThreadPoolExecutor(
            n_threads - 1, "sknnreg update", initializer=partial(np.seterr, all="ignore")
        )

    def run(self, tasks: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """What all tasks answer, one each; the first is the caller's."""
        others = [self._others.submit(task) for task in tasks[1:]]
        try:
            first = tasks[0]()
        finally:
            wait(others)
        return [first, *(each.result() for each in others)]


@contextmanager
def _single_thread() -> Iterator[None]:
    """One BLAS thread for as long as some thread is inside; fits in several threads may overlap."""
    global _limit
    me = threading.get_ident()
    with _lock:
        if not _holders:
            _limit = _libraries().limit(limits=1)
            _release()
        _holders.append(me)
    try:
        yield
    finally:
        with _lock:
            _holders.remove(me)
            if not _holders:
                _restore()


def _restore() -> None:
    """As many threads as before."""
    _limit.restore_original_limits()
    _release()


def _release() -> None:
    """Let other threads set the number too: the last to leave may not be the first that came."""
    # Whoever limits none of the libraries gives up all of them on leaving.
    with _libraries().select(user_api="none of them").limit():
        pass


def _start_over_in_child() -> None:
    """Of the threads inside, only the one that forked is in the child."""
    global _lock
    _lock = threading.RLock()
    others = [holder for holder in _holders if holder != threading.get_ident()]
    for holder in others:
        _holders.remove(holder)
    if others and not _holders:
        _restore()


if hasattr(os, "register_at_fork"):
    # Taken in the midst of a change, the lock would never be released in the child.
    os.register_at_fork(
        before=lambda: _lock.acquire(),
        after_in_parent=lambda: _lock.release(),
        after_in_child=_start_over_in_child,
    )
