"""``fit_together``: the context in which the networks of a search train side by side."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from joblib import parallel_config
from joblib.parallel import get_active_backend

from sknnreg.together.backend import TogetherBackend
from sknnreg.together.meeting.rendezvous import Trainer
from sknnreg.together.trainers.joblib_trainer import JoblibTrainer
from sknnreg.together.trainers.local_trainer import LocalTrainer


class fit_together:
    """Train all networks of a search side by side, in one pass.

    Within this context, scikit-learn's tools that call ``joblib.Parallel`` (cross-validation,
    searches, ensembles, nested ones too) start all their tasks; each runs up to the ``fit`` of an
    ``MLPRegularizedClassifier`` or ``MLPRegularizedRegressor`` and waits there; when all of them
    wait, the networks of equal structure train as one stack, and each task goes on with its own.
    Results are those of one fit after the other, bit for bit. ``fit_time`` in ``cv_results_`` is
    what each fit took of its stack's time. Outside, nothing changes, and a single ``fit`` within
    trains alone. ``joblib.parallel_config(backend="together")`` does the same.

    A tool given ``n_jobs=1`` is left out: it fits one after the other. Any other ``n_jobs`` of a
    tool with networks is disregarded. What holds no network, such as a transformer's own loop, runs
    as outside, with its own ``n_jobs``. Networks with large layers, which stacking would not speed
    up, train one by one with all threads of the BLAS.

    Parameters
    ----------
    max_memory : float or str, default=None
        Bytes, above 0, that waiting networks and their data may hold, as a number or as a text such
        as ``"2 GB"`` (2 times 1000**3) or ``"500 MiB"`` (500 times 1024**2); where a search needs
        more, it runs in waves. None stands for a quarter of the machine's memory.
    backend : str, default=None
        A joblib backend, such as ``"loky"``, ``"dask"`` or ``"ray"``, among whose workers the
        networks are divided; each worker trains its portion in one pass. None trains on this
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
    RuntimeError
        If a block is left in another thread than the one that entered it, or before one that was
        entered within it, as asyncio tasks may do that wait within a block.

    See Also
    --------
    joblib.parallel_config : Sets the backend for everything that joblib runs.

    Notes
    -----
    Tasks run one at a time, in the order of their dispatch, and need not be safe against threads. A
    task that keeps others waiting for longer than two seconds no longer does. Where tasks take long
    beside their training, and can be pickled, helper processes run some of them whole. The block
    belongs to its thread: other threads, and processes forked off within it, know nothing of its
    tasks.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sknnreg import MLPRegularizedClassifier, fit_together
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"l2": [0.0, 0.01, 0.1], "dropout": [0.0, 0.5]}
    >>> model = MLPRegularizedClassifier((20,), learning_rate_init=0.01, max_iter=50,
    ...                                  n_iter_no_change=None,
    ...                                  random_state=0)
    >>> with fit_together():
    ...     search = GridSearchCV(model, grid, cv=5).fit(X, y)
    >>> search.cv_results_["mean_test_score"].shape
    (6,)
    """

    def __init__(
        self,
        *,
        max_memory: float | str | None = None,
        backend: str | None = None,
        n_jobs: int | None = None,
        **backend_params: Any,
    ) -> None:
        self._max_memory = max_memory
        self._backend = backend
        self._n_jobs = n_jobs
        self._backend_params = backend_params

    def __enter__(self) -> None:
        trainer: Trainer
        if self._backend is None:
            trainer = LocalTrainer(_n_workers(self._n_jobs))
        else:
            n_workers = _n_workers(self._n_jobs)
            trainer = JoblibTrainer(self._backend, n_workers, self._backend_params)
        backend = TogetherBackend(max_memory=self._max_memory, trainer=trainer)
        _open.blocks.append(_Block(self, parallel_config(backend)))

    def __exit__(self, *_: object) -> None:
        blocks = _open.blocks
        own = [block for block in blocks if block.context is self and not block.left]
        if not own:
            raise RuntimeError(
                "This thread leaves a fit_together() that it has not entered. A block belongs to "
                "its thread: enter and leave it there, by `with fit_together():`."
            )
        own[-1].left = True
        is_innermost = own[-1] is blocks[-1]
        while blocks and blocks[-1].left:
            blocks.pop().config.unregister()
        if not is_innermost:
            raise RuntimeError(
                "A fit_together() was left while another one, entered later in the same thread, "
                "was not; the later one stays in force until it is left. In asyncio, do not await "
                "anything within a block: put the block into a function and await "
                "asyncio.to_thread(function)."
            )


def one_pass() -> AbstractContextManager[Any]:
    """A block in which networks train together, unless one is entered already.

    Where joblib runs this in a worker of its own, other cores have work of theirs.
    """
    backend, _ = get_active_backend()
    if isinstance(backend, TogetherBackend):
        return nullcontext()
    return fit_together(n_jobs=1 if backend.nesting_level else None)


@dataclass(eq=False)
class _Block:
    """A context that was entered, and what stands in joblib's configuration for it."""

    context: fit_together
    config: parallel_config
    left: bool = False


class _Open(threading.local):
    """The blocks of a thread, the innermost last; a context may be among them more than once."""

    def __init__(self) -> None:
        self.blocks: list[_Block] = []


_open = _Open()


def _n_workers(n_jobs: int | None) -> int | None:
    """The number of cores or workers, None for all; raise if there can be no such number."""
    if n_jobs is None or n_jobs == -1:
        return None
    if n_jobs < 1:
        raise ValueError(
            f"n_jobs={n_jobs!r} must be the number of cores or workers, at least 1, or None or -1 "
            "for all of them."
        )
    return n_jobs
