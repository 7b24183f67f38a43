"""One fit and its file: what is read when it begins, and when it is written."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from sknnreg.callback.archives import read_archive, write_archive
from sknnreg.callback.contents import Words
from sknnreg.callback.errors import CheckpointError
from sknnreg.callback.fingerprints import differences
from sknnreg.callback.whole_files import remove_leftovers, uninterrupted, write_whole
from sknnreg.engine.problem import Report, Result, Underway


class FileKeeper:
    """Keeps the trainings of one fit in a file, and finds those that an earlier run left there."""

    def __init__(self, path: Path, every: int | timedelta, mark: Words, estimator: Any) -> None:
        self._path, self._every, self._mark = path, every, mark
        # The trainings that have ended; and the one under way, as it was at the latest epoch's end.
        self._ended: list[Result] = []
        self._latest: Underway | None = None
        self._found: Underway | None = None
        self._is_new = True
        self._open(estimator)
        self._written_at = time.monotonic()

    def found(self, training: int) -> Underway | Result | None:
        """What an earlier fit left of this training."""
        if training < len(self._ended):
            return self._ended[training]
        return self._found if training == len(self._ended) else None

    def on_epoch_end(self, training: int, report: Report) -> None:
        """Remember where training is, for an interrupt; write it if its time has come."""
        self._latest = report.underway()
        if self._is_due(report.epoch):
            self._write()

    def on_training_end(self, training: int, result: Result) -> None:
        """Write how it ended; of one that was interrupted where it can go on."""
        self._found = None
        if result.history.stop_reason == "interrupted":
            if self._latest is not None:
                self._write()
            return
        self._ended, self._latest = [*self._ended[:training], result], None
        self._write()

    def on_cut_off(self) -> None:
        """Write where training can go on; what ended it is what the user is told."""
        if self._latest is not None:
            with suppress(OSError):
                self._write()

    def _is_due(self, epoch: int) -> bool:
        if isinstance(self._every, timedelta):
            return time.monotonic() - self._written_at >= self._every.total_seconds()
        return epoch % self._every == 0

    def _open(self, estimator: Any) -> None:
        """Read what is there; if nothing is, write so, to find now whether writing works at all."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            remove_leftovers(self._path)
            there = self._path.exists()
        except OSError as error:
            raise self._with_words(error) from error
        if not there:
            self._write()
            return
        self._is_new = False
        before, trainings = read_archive(self._path)
        if found := differences(estimator, before, self._mark):
            raise CheckpointError(
                f"{self._path} is the checkpoint of another fit: {'; '.join(found)}. To train "
                "anew, delete it or give Checkpoint another path; for several networks give it a "
                "folder, in which each has a file of its own."
            )
        self._ended = [each for each in trainings if isinstance(each, Result)]
        self._found = next((each for each in trainings if isinstance(each, Underway)), None)
        if estimator.verbose:
            print(f"{self._path}: {self._tell()}")

    def _tell(self) -> str:
        if self._found is not None:
            return f"training goes on after epoch {int(self._found.state.epochs[0])}"
        return "training had ended" if self._ended else "training begins"

    def _write(self) -> None:
        trainings: list[Underway | Result] = [*self._ended]
        trainings += [] if self._latest is None else [self._latest]

        def write() -> None:
            write_whole(self._path, lambda file: write_archive(file, self._mark, trainings))

        try:
            uninterrupted(write)
        except OSError as error:
            # Training ends by it, and at the end it is not tried once more.
            self._latest = None
            raise self._with_words(error) from error
        self._latest, self._written_at, self._is_new = None, time.monotonic(), False

    def _with_words(self, error: OSError) -> OSError:
        """The same kind of error, which says what is left and what to do."""
        left = "The one before is whole, and fit goes on from it"
        return OSError(
            error.errno,
            f"the checkpoint could not be written ({error.strerror or error}). "
            f"{'Training has not begun' if self._is_new else left}. Make room or give the "
            "permission, or give Checkpoint another path",
            str(self._path),
        )
