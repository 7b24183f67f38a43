"""The joblib backend "together": what stands in joblib's configuration during a block."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any

import joblib
from joblib import register_parallel_backend
from joblib.parallel import FallbackToBackend, ParallelBackendBase

from sknnreg.together.meeting.rendezvous import Rendezvous, Trainer
from sknnreg.together.meeting.waiting_fits import MAX_WAITING
from sknnreg.together.memory import memory_limit
from sknnreg.together.networks_in import hold_network, is_network
from sknnreg.together.outside import Outside
from sknnreg.together.parallel_call import ParallelCall
from sknnreg.together.trainers.local_trainer import LocalTrainer

# What joblib is told that n_jobs=None stands for. `Parallel` does not say otherwise whether it was
# given a number; so far below 0, joblib itself would take it for 1.
UNSET = -1_000_000


class TogetherBackend(ParallelBackendBase):  # type: ignore[misc]  # joblib ships no types
    """Gives each ``joblib.Parallel`` a backend of its own; to who asks, it answers as outside."""

    default_n_jobs = UNSET
    supports_retrieve_callback = True
    supports_sharedmem = True
    uses_threads = True

    def __init__(
        self,
        nesting_level: int | None = None,
        inner_max_num_threads: int | None = None,
        *,
        max_memory: float | str | None = None,
        trainer: Trainer | None = None,
        within: tuple[Rendezvous, Outside] | None = None,
    ) -> None:
        super().__init__(nesting_level, inner_max_num_threads)
        if within is None:
            rendezvous = Rendezvous(trainer or LocalTrainer(), memory_limit(max_memory))
            within = rendezvous, Outside()
        self._rendezvous, self._outside = within

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """As outside: by this, transformers divide their work, and round accordingly.

        An ensemble or selector of networks is told of the many tasks that it may dispatch.
        """
        if n_jobs not in (0, 1) and _asked_for_networks(sys._getframe(1)):
            return MAX_WAITING // 2
        return self._outside.effective_n_jobs(n_jobs)

    def configure(
        self, n_jobs: int | None = None, parallel: joblib.Parallel = None, **settings: Any
    ) -> int:
        """Hand over to a backend for this ``Parallel`` alone; ``n_jobs=1`` needs none."""
        if n_jobs == 1:
            return 1
        if n_jobs == UNSET:
            parallel.n_jobs = None
        if self._rendezvous.pid != os.getpid():
            # A fork: the tasks and the locks in it are the other process'.
            self._rendezvous = self._rendezvous.anew()
        level, within = self.nesting_level, (self._rendezvous, self._outside)
        # The level stays: tasks run one after the other here, as if there were one job.
        raise FallbackToBackend(
            ParallelCall(*within, lambda: TogetherBackend(level, within=within), level)
        )


def _asked_for_networks(frame: FrameType | None) -> bool:
    """Whether an estimator with networks in it asks, itself or by functions of scikit-learn.

    A network asks for itself: there is nothing in it that could meet.
    """
    while frame is not None:
        asking = frame.f_locals.get("self")
        if asking is not None:
            return not is_network(asking) and hold_network([asking])
        if frame.f_globals.get("__name__", "").partition(".")[0] not in ("joblib", "sklearn"):
            return False
        frame = frame.f_back
    return False


register_parallel_backend("together", TogetherBackend)
