"""The backend of one ``joblib.Parallel`` within a block: its tasks meet, or run as outside."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import joblib
from joblib.parallel import ParallelBackendBase
from sklearn.base import BaseEstimator

from sknnreg.together.meeting.current_task import current_task
from sknnreg.together.meeting.rendezvous import Rendezvous
from sknnreg.together.meeting.tasks import Call, Cancelled, Parcel, Task
from sknnreg.together.meeting.waiting_fits import MAX_WAITING
from sknnreg.together.networks_in import hold_network
from sknnreg.together.outside import Outside
from sknnreg.together.trainers.process_pool import POOL

# What `Parallel` gave its backend, and its like outside is to have too.
_PASSED_ON = ("max_nbytes", "temp_folder", "mmap_mode", "prefer", "require")


class TaskResult:
    """What a task came to: results, or the error it raised."""

    def __init__(self, results: Any = None, error: BaseException | None = None) -> None:
        self.results, self.error = results, error


class ParallelCall(ParallelBackendBase):  # type: ignore[misc]  # joblib ships no types
    """Runs the tasks of one ``joblib.Parallel``.

    Tasks that hold a network go to the rendezvous. Those of a call in which none does, such as a
    transformer's own, have nothing to meet for: they run as they would outside of the block.
    """

    supports_retrieve_callback = True
    supports_sharedmem = True
    uses_threads = True

    def __init__(
        self,
        rendezvous: Rendezvous,
        outside: Outside,
        nested: Callable[[], ParallelBackendBase],
        nesting_level: int | None,
    ) -> None:
        super().__init__(nesting_level)
        self._rendezvous, self._outside, self._nested = rendezvous, outside, nested

    def configure(
        self, n_jobs: int | None = None, parallel: joblib.Parallel = None, **settings: Any
    ) -> int:
        """Take the settings of ``Parallel``; how many tasks it is to dispatch at a time."""
        self.parallel = parallel
        self._settings = {name: settings[name] for name in _PASSED_ON if name in settings}
        return self.effective_n_jobs(n_jobs)

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
        # Batches wait here until it is known whether they meet, or for being run as outside.
        self._held: list[tuple[Any, Callable[[TaskResult], Any]]] = []
        self._meets = False

    def submit(self, func: Any, callback: Callable[[TaskResult], Any]) -> TaskResult:
        """Queue a batch of tasks; the callback is given its result."""
        if self._meets:
            self._meet(func, callback)
        else:
            self._held.append((func, callback))
        return TaskResult()

    def retrieve_result_callback(self, out: TaskResult) -> Any:
        """The results, or raise the task's error."""
        if out.error is not None:
            raise out.error
        return out.results

    @contextmanager
    def retrieval_context(self) -> Iterator[None]:
        """Let the tasks run while their results are waited for."""
        self._meets = hold_network(task for batch, _ in self._held for task in batch.items)
        if not self._meets:
            self._run_as_outside()
            yield
            return
        held, self._held = self._held, []
        for batch, callback in held:
            self._meet(batch, callback)
        if self.parallel.return_generator or self.parallel.timeout is not None:
            with self._rendezvous.reading_results(self._call):
                yield
        else:
            self._rendezvous.wait_until_idle(self._call)
            if self._call.parent is None:
                POOL.tell_if_broken()
            yield

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """The results are no longer wanted."""
        self._held.clear()
        self._rendezvous.cancel(self._call)

    def stop_call(self) -> None:
        """The call is over."""
        self._rendezvous.join(self._call)
        for outcome in self._call.outcomes_elsewhere:
            outcome.tell()
        self._call.outcomes_elsewhere.clear()

    def get_nested_backend(self) -> tuple[ParallelBackendBase, None]:
        """Tasks of tasks meet the others."""
        return self._nested(), None

    def _meet(self, batch: Any, callback: Callable[[TaskResult], Any]) -> None:
        def work(task: Task) -> bool:
            result = _run_batch(batch, task)
            callback(result)
            return result.error is None

        def deliver(results: list[Any], error: BaseException | None) -> None:
            callback(TaskResult(results, error))

        # Asked for only where tasks are handed over: it goes through all of their settings.
        stays = partial(_tells_callbacks, batch.items)
        self._rendezvous.submit(self._call, work, Parcel(batch.items, deliver, stays))

    def _run_as_outside(self) -> None:
        while self._held:
            held, self._held = self._held, []
            tasks = [task for batch, _ in held for task in batch.items]
            results = iter(self._outcomes_outside(tasks))
            for batch, callback in held:
                # It may dispatch further batches.
                callback(TaskResult([*islice(results, len(batch))]))

    def _outcomes_outside(self, tasks: list[Any]) -> list[Any]:
        parallel, n_jobs = self.parallel, self.parallel.n_jobs
        if n_jobs is None and self._call.parent is not None:
            n_jobs = 1  # joblib's answer to a nested call that does not say
        with self._outside.restored():
            outcomes: list[Any] = joblib.Parallel(
                n_jobs,
                timeout=parallel.timeout,
                pre_dispatch=parallel.pre_dispatch,
                batch_size=parallel.batch_size,
                **self._settings,
            )(tasks)
        return outcomes


def _tells_callbacks(items: Sequence[Any]) -> bool:
    """Whether scikit-learn's callbacks, a progress bar for one, listen to these tasks."""
    given = [each for _, args, named in items for each in (*args, *named.values())]
    for each in given:
        if getattr(each, "_callbacks", None) or getattr(each, "_skl_callbacks", None):
            return True
        steps = each.get_params().values() if isinstance(each, BaseEstimator) else ()
        if any(getattr(step, "_skl_callbacks", None) for step in steps):
            return True
    return False


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
