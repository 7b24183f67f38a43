"""joblib's configuration as it was before a block of ours was entered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from joblib import parallel_config
from joblib.parallel import get_active_backend


class Outside:
    """The configuration that stands where this is made; any thread may go back to it."""

    def __init__(self) -> None:
        # Its `unregister` puts back what stood before, in whichever thread.
        self._config = parallel_config()
        self._config.unregister()

    @contextmanager
    def restored(self) -> Iterator[None]:
        """During the body, this thread's configuration is that of outside."""
        inside = parallel_config()
        self._config.unregister()
        try:
            yield
        finally:
            inside.unregister()

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """What outside ``joblib.effective_n_jobs`` answers."""
        with self.restored():
            backend, _ = get_active_backend()
            answer: int = backend.effective_n_jobs(n_jobs)
            return answer
