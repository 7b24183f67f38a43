"""The joblib backend "together", and ``fit_together``, which puts it in place."""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from joblib import parallel_config, register_parallel_backend
from joblib.parallel import ParallelBackendBase

from sknnreg.together.crew import Crew
from sknnreg.together.rendezvous import MAX_WAITING, Rendezvous, Trainer
from sknnreg.together.shares import Shares
from sknnreg.together.tasks import Call, Cancelled, Task, current_task

# Where the machine does not tell how much memory it has.
UNKNOWN_MEMORY = 8 << 30


class Done:
    """What a task came to: results, or the error it raised."""

    def __init__(self, results: Any = None, error: BaseException | None = None) -> None:
        self.results, self.error = results, error


class TogetherBackend(ParallelBackendBase):
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
        max_memory: float | None = None,
        trainer: Trainer | None = None,
        within: Rendezvous | None = None,
    ) -> None:
        super().__init__(nesting_level, inner_max_num_threads)
        self._rendezvous = within or Rendezvous(trainer or Crew(), _memory(max_memory))

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
            task.go_on()
        self._call = Call(self._rendezvous, task)

    def submit(self, func: Callable[[], Any], callback: Callable[[Done], Any]) -> Done:
        """Queue a batch of tasks; the callback learns what came of it."""

        def work(task: Task) -> bool:
            done = _do(func, task)
            callback(done)
            return done.error is None

        self._rendezvous.submit(self._call, work)
        return Done()

    def retrieve_result_callback(self, out: Done) -> Any:
        """The results, or raise the task's error."""
        if out.error is not None:
            raise out.error
        return out.results

    @contextmanager
    def retrieval_context(self) -> Iterator[None]:
        """Let the tasks run while their results are waited for."""
        results_wanted_early = self.parallel.return_generator or self.parallel.timeout is not None
        with self._rendezvous.waiting_for(self._call, until_idle=not results_wanted_early):
            yield

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Nobody wants the results any more."""
        self._rendezvous.cancel(self._call)

    def stop_call(self) -> None:
        """The call is over."""
        self._rendezvous.part(self._call)

    def get_nested_backend(self) -> tuple[TogetherBackend, None]:
        """Tasks of tasks meet the others."""
        level = (self.nesting_level or 0) + 1
        return TogetherBackend(nesting_level=level, within=self._rendezvous), None


def _do(func: Callable[[], Any], task: Task) -> Done:
    """Run a batch of tasks; times they took exclude what they waited, and include their share."""
    try:
        results = func()
    except Cancelled:
        raise
    except BaseException as error:
        if not hasattr(error, "__notes__"):
            # joblib drops the traceback on its way to whoever waits.
            error.add_note("".join(traceback.format_exception(error)))
        return Done(error=error)
    for result in results:
        if isinstance(result, dict) and "fit_time" in result:
            result["fit_time"] = max(0.0, result["fit_time"] + task.correction())
    return Done(results)


def _memory(max_memory: float | None) -> float:
    if max_memory is None:
        return _machine_memory() / 4
    if not max_memory > 0:
        raise ValueError(
            f"max_memory={max_memory!r} must be a number of bytes above 0, such as 2e9, or None "
            "for a quarter of the machine's memory."
        )
    return float(max_memory)


def _check_n_jobs(n_jobs: int | None) -> int | None:
    if n_jobs is None or n_jobs == -1:
        return None
    if n_jobs < 1:
        raise ValueError(
            f"n_jobs={n_jobs!r} must be the number of cores or workers, at least 1, or None or -1 "
            "for all of them."
        )
    return n_jobs


def _machine_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return UNKNOWN_MEMORY


class fit_together:
    """Train all networks of a search side by side, in one pass.

    Within this context, scikit-learn's tools that call ``joblib.Parallel`` (cross-validation,
    searches, ensembles, nested ones too) start all their tasks; each runs up to the ``fit`` of an
    ``MLPRegularizedClassifier`` or ``MLPRegularizedRegressor`` and waits there; when nobody is left
    to run, the networks of equal structure train as one stack, and each task goes on with its own.
    Results are those of one fit after the other, bit for bit. ``fit_time`` in ``cv_results_`` is
    what each fit took of its stack's time. Outside, nothing changes, and a single ``fit`` within
    trains alone. ``joblib.parallel_config(backend="together")`` does the same.

    A tool given ``n_jobs=1`` is left out: it fits one after the other. Any other ``n_jobs`` of a
    tool is disregarded. Networks with large layers, which stacking would not speed up, train one
    by one with all threads of the BLAS.

    Parameters
    ----------
    max_memory : float, default=None
        Bytes, above 0, that waiting networks and their data may hold; where a search needs more, it
        runs in waves. None stands for a quarter of the machine's memory.
    backend : str, default=None
        A joblib backend, such as ``"loky"``, ``"dask"`` or ``"ray"``, to whose workers the networks
        are dealt in shares; each worker trains its share in one pass. None trains on this
        machine, in this process and one helper process for each further core. A helper is kept
        for the next search and ends after a minute without work.
    n_jobs : int, default=None
        The number of cores, or of the backend's workers; None and -1 for all of them. "dask" takes
        all workers of its client whatever is asked for.
    **backend_params : dict
        Further parameters of the backend, as ``joblib.parallel_config`` takes them.

    Raises
    ------
    ValueError
        If ``max_memory`` is not above 0, ``n_jobs`` is 0 or below -1, or joblib does not know the
        backend; on entering.

    See Also
    --------
    joblib.parallel_config : Sets the backend for everything that joblib runs.

    Notes
    -----
    Tasks run one at a time, in the order of their dispatch, and need not be safe against threads.
    A task that keeps others waiting for longer than two seconds no longer does.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sknnreg import MLPRegularizedClassifier, fit_together
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"l2": [0.0, 0.01, 0.1], "dropout": [0.0, 0.5]}
    >>> model = MLPRegularizedClassifier((20,), learning_rate_init=0.01, max_iter=50,
    ...                                  n_iter_no_change=float("inf"),
    ...                                  random_state=0)
    >>> with fit_together():
    ...     search = GridSearchCV(model, grid, cv=5).fit(X, y)
    >>> search.cv_results_["mean_test_score"].shape
    (6,)
    """

    def __init__(
        self,
        *,
        max_memory: float | None = None,
        backend: str | None = None,
        n_jobs: int | None = None,
        **backend_params: Any,
    ) -> None:
        self._max_memory = max_memory
        self._backend = backend
        self._n_jobs = n_jobs
        self._backend_params = backend_params
        self._entered = threading.local()

    def __enter__(self) -> None:
        trainer: Trainer
        if self._backend is None:
            trainer = Crew(_check_n_jobs(self._n_jobs))
        else:
            trainer = Shares(self._backend, _check_n_jobs(self._n_jobs), self._backend_params)
        backend = TogetherBackend(max_memory=self._max_memory, trainer=trainer)
        # A list for each thread: an object may be entered again, and within itself.
        stack = self._entered.__dict__.setdefault("stack", [])
        stack.append(parallel_config(backend))

    def __exit__(self, *_: object) -> None:
        self._entered.stack.pop().unregister()


register_parallel_backend("together", TogetherBackend)
