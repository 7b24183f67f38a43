"""How many threads BLAS may use while networks train."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threadpoolctl import ThreadpoolController

# Multiplications in a step's largest product from which a second thread pays, as measured by
# docs/benchmarks/blas_threads.py.
WORTH_THREADS = 1 << 21

_lock = threading.Lock()
_limited = False
_controller: ThreadpoolController | None = None


def blas_threads(largest_product: int) -> AbstractContextManager[None]:
    """As many BLAS threads as products of up to so many multiplications are worth.

    One below a fixed size, so that results do not depend on how many there are; else whatever
    the process allows.
    """
    return _single_thread() if largest_product < WORTH_THREADS else nullcontext()


@contextmanager
def _single_thread() -> Iterator[None]:
    """One BLAS thread inside.

    The number is the whole process's, and threadpoolctl lets only the thread that lowered it raise
    it again. So of fits that overlap in several threads the first sets and restores it; the others
    go by what they find.
    """
    global _limited, _controller
    with _lock:
        first, _limited = not _limited, True
        # Looking the libraries up takes longer than a small fit: once a process.
        _controller = _controller or ThreadpoolController()
    if not first:
        yield
        return
    try:
        with _controller.limit(limits=1, user_api="blas"):
            yield
    finally:
        _limited = False
