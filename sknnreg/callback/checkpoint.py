"""Checkpoint: a training that is cut off goes on where it was when ``fit`` is called again."""

from __future__ import annotations

import os
from datetime import timedelta
from numbers import Integral
from pathlib import Path
from typing import Any

from sknnreg.callback.errors import CheckpointError
from sknnreg.callback.fingerprints import fingerprint, short_name
from sknnreg.callback.keeper import FileKeeper
from sknnreg.engine.state import TrainingState
from sknnreg.estimators.data.preparation import Plan

SUFFIX = ".npz"


class Checkpoint:
    """Keep training on disk; the same ``fit``, called again, goes on from there.

    A callback of scikit-learn for ``set_callbacks``. A ``fit`` that was killed, interrupted or
    lost with its machine is simply run once more: it goes on after the last epoch that was written
    and ends with the same weights, curves and predictions as one that was never cut off, to the
    last bit. What has ended is not trained again: a second ``fit`` returns the same network at
    once, so that a search that is run again only trains what it had not come to.

    Parameters
    ----------
    path : str or path-like
        A name that ends in ``.npz`` is the file of one network. Any other is a folder, which is
        made if it is not there: each network that is fitted has a file of its own in it, named
        after its settings and data, so the same network finds it in any order and any process.
    every : int or datetime.timedelta, default=timedelta(seconds=30)
        How often to write while training: after so many epochs, or at the first epoch's end after
        so much time. An interrupt (Ctrl-C) and the end of training are written in any case.

    Raises
    ------
    CheckpointError
        By ``fit``, if ``path`` is the file of a fit with other settings or data, of another format
        or no checkpoint at all; if ``random_state`` is not an integer; and for ``solver="lbfgs"``,
        whose state SciPy keeps to itself.
    OSError
        By ``fit``, if a checkpoint cannot be written, as where the disk is full. The one before is
        whole then.

    See Also
    --------
    sknnreg.fit_together : Trains the networks of a search side by side.

    Notes
    -----
    A file holds the whole state of training: weights, moments, averages, the best epoch, snapshots,
    curves and random generators; three to five times the network, in NumPy's format and JSON
    without a pickle, and as much memory while training. It is written beside, synchronized and
    renamed, and so is whole or not there.
    The same versions of Python's packages and the same kind of machine give the same bits.

    In a meta-estimator's fit it is set on the outermost, such as a search or a pipeline, and passed
    on to the networks inside. ``partial_fit`` tells no callbacks.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.callback import Checkpoint
    >>> X, y = load_iris(return_X_y=True)
    >>> folder = tempfile.TemporaryDirectory()
    >>> network = MLPRegularizedClassifier((8,), n_iter_no_change=None, random_state=0)
    >>> network.set_callbacks(Checkpoint(f"{folder.name}/iris.npz", every=20)).fit(X, y).n_iter_
    200
    >>> network.fit(X, y).score(X, y) > 0.9  # from the file, without training
    True
    >>> folder.cleanup()
    """

    def __init__(
        self, path: str | os.PathLike[str], every: int | timedelta = timedelta(seconds=30)
    ) -> None:
        self.path, self.every = path, every
        _check_every(every)
        if not isinstance(path, str | os.PathLike) or not os.fspath(path):
            raise ValueError(
                f"path={path!r} must be the name of a folder, or of a file that ends in '{SUFFIX}'."
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({os.fspath(self.path)!r}, every={self.every!r})"

    @property
    def max_propagation_depth(self) -> None:
        """However deep in a meta-estimator a network is, it is kept."""

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing: a file is opened when its network's fit begins."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing: no file stays open."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Nothing: networks tell of their state by ``keeper``."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Nothing: networks tell of their state by ``keeper``."""

    def keeper(self, estimator: Any, plan: Plan, state: TrainingState | None) -> FileKeeper:
        """What keeps the fit that is about to begin, or to go on from ``state``.

        Parameters
        ----------
        estimator : object
            The network, which calls this by itself.
        plan : object
            What it trains on, and how.
        state : object or None
            What ``warm_start`` goes on from.

        Returns
        -------
        keeper : object
            Is told of epochs, and how training ended.
        """
        _check_can_be_kept(estimator)
        mark = fingerprint(estimator, plan, state)
        return FileKeeper(self._file_for(estimator, mark), _plain(self.every), mark, estimator)

    def _file_for(self, estimator: Any, mark: dict[str, Any]) -> Path:
        path = Path(self.path).expanduser()
        if path.suffix == SUFFIX:
            if path.is_dir():
                raise CheckpointError(
                    f"path={os.fspath(self.path)!r} ends in '{SUFFIX}', as a file does, and is a "
                    "folder. Give Checkpoint another path."
                )
            return path
        if path.exists() and not path.is_dir():
            raise CheckpointError(
                f"path={os.fspath(self.path)!r} is a file, but no name of a checkpoint, which ends "
                f"in '{SUFFIX}'. Give Checkpoint a folder, or a file of such a name."
            )
        return path / f"{short_name(estimator, mark)}{SUFFIX}"


def _plain(every: int | timedelta) -> int | timedelta:
    return every if isinstance(every, timedelta) else int(every)


def _check_every(every: Any) -> None:
    is_count = isinstance(every, Integral) and not isinstance(every, bool) and int(every) >= 1
    is_time = isinstance(every, timedelta) and every > timedelta(0)
    if not (is_count or is_time):
        raise ValueError(
            f"every={every!r} must be a number of epochs, an integer of at least 1, or a "
            "datetime.timedelta above 0, such as timedelta(minutes=5)."
        )


def _check_can_be_kept(estimator: Any) -> None:
    """Raise where a fit that is run again could not be known, or not go on."""
    seed = estimator.random_state
    if not isinstance(seed, Integral):
        raise CheckpointError(
            f"Checkpoint needs an integer random_state, got {seed!r}: with another seed every time "
            "a fit that is run again is another fit. Set random_state=0, or any number."
        )
    if estimator.solver == "lbfgs":
        raise CheckpointError(
            "Checkpoint cannot keep a training with solver='lbfgs', whose state SciPy keeps to "
            "itself. Use solver='adam' or 'sgd', or fit without it: set_callbacks()."
        )
