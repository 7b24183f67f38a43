"""The joblib backend "together": dispatches the tasks of ``joblib.Parallel`` to a rendezvous."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from joblib import register_parallel_backend
from joblib.parallel import ParallelBackendBase

from sknnreg.together.meeting.current_task import current_task
from sknnreg.together.meeting.rendezvous import Rendezvous, Trainer
from sknnreg.together.meeting.tasks import Call, Cancelled, Task
from sknnreg.together.meeting.waiting_fits import MAX_WAITING
from sknnreg.together.memory import memory_limit
from sknnreg.together.trainers.local_trainer import LocalTrainer


class TaskResult:
    """What a task came to: results, or the error it raised."""

    def __init__(self, results: Any = None, error: BaseException | None = None) -> None:
        self.results, self.error = results, error


class TogetherBackend(ParallelBackendBase):  # type: ignore[misc]  # joblib ships no types
    """Runs the tasks of ``joblib.Parallel`` so that their networks train together."""

    # "All": n_jobs is not what limits a search here.
    default_n_jobs = -1
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
        within: Rendezvous | None = None,
    ) -> None:
        super().__init__(nesting_level, inner_max_num_threads)
        self._rendezvous = within or Rendezvous(trainer or LocalTrainer(), memory_limit(max_memory))

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """How many tasks to take at a time; 1 stays one after the other, outside of all this."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        # joblib dispatches twice as many before it waits.
        return 1 if n_jobs == 1 else MAX_WAITING // 2

    def start_call(self) -> None:
        """A call begins to dispatch."""
        task = current_task()
        if task is not None:
            task.raise_if_cancelled()
        self._call = Call(self._rendezvous, task)

    def submit(self, func: Callable[[], Any], callback: Callable[[TaskResult], Any]) -> TaskResult:
        """Queue a batch of tasks; the callback is given its result."""

        def work(task: Task) -> bool:
            result = _run_batch(func, task)
            callback(result)
            return result.error is None

        self._rendezvous.submit(self._call, work)
        return TaskResult()

    def retrieve_result_callback(self, out: TaskResult) -> Any:
        """The results, or raise the task's error."""
        if out.error is not None:
            raise out.error
        return out.results

    @contextmanager
    def retrieval_context(self) -> Iterator[None]:
        """Let the tasks run while their results are waited for."""
        if self.parallel.return_generator or self.parallel.timeout is not None:
            with self._rendezvous.reading_results(self._call):
                yield
        else:
            self._rendezvous.wait_until_idle(self._call)
            yield

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """The results are no longer wanted."""
        self._rendezvous.cancel(self._call)

    def stop_call(self) -> None:
        """The call is over."""
        self._rendezvous.join(self._call)

    def get_nested_backend(self) -> tuple[TogetherBackend, None]:
        """Tasks of tasks meet the others."""
        level = (self.nesting_level or 0) + 1
        return TogetherBackend(nesting_level=level, within=self._rendezvous), None


def _run_batch(func: Callable[[], Any], task: Task) -> TaskResult:
    """Run a batch of tasks, and correct their ``fit_time`` by what the clock got wrong.

    The time that the task waited does not count; its part of its stacks' training time does.
    """
    try:
        results = func()
    except Cancelled:
        raise
    except BaseException as error:
        if not hasattr(error, "__notes__"):
            # joblib drops the traceback on its way to the caller.
            error.add_note("".join(traceback.format_exception(error)))
        return TaskResult(error=error)
    for result in results:
        if isinstance(result, dict) and "fit_time" in result:
            result["fit_time"] = max(0.0, result["fit_time"] + task.time_correction())
    return TaskResult(results)


register_parallel_backend("together", TogetherBackend)
