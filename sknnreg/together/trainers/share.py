"""A share of a search's tasks, as another process does it: run, and trained, in one pass there."""

from __future__ import annotations

import io
import sys
import time
import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import joblib
from threadpoolctl import ThreadpoolController

# A function, its arguments and keywords, as ``joblib.delayed`` makes them.
Item = tuple[Any, tuple[Any, ...], dict[str, Any]]


@dataclass
class ShareOutcome:
    """What the tasks came to, in their order, or the error that one of them raised.

    Beside it what they printed and warned of, and how many seconds they took together.
    """

    results: list[Any] | None = None
    error: BaseException | None = None
    printed: str = ""
    warned: list[warnings.WarningMessage] = field(default_factory=list)
    seconds: float = 0.0

    def tell(self) -> None:
        """Print and warn in this process, as if the tasks had done so here."""
        sys.stdout.write(self.printed)
        for each in self.warned:
            # Whether it is to be shown has been decided, by the filters of this process.
            warnings.showwarning(each.message, each.category, each.filename, each.lineno)
        self.printed, self.warned = "", []


@dataclass(frozen=True)
class Share:
    """Tasks to run within a block of their own, whose ``trainer`` this is.

    ``threads`` are those of each BLAS in the process that asks: transformers that use it round
    here as they do there.
    """

    items: list[Item]
    trainer: Any
    max_memory: float
    filters: list[Any]
    threads: int

    def run(self) -> ShareOutcome:
        """Run the tasks; what they raise is part of the outcome."""
        outcome, printed, began = ShareOutcome(), io.StringIO(), time.perf_counter()
        block = joblib.parallel_config(
            backend="together", trainer=self.trainer, max_memory=self.max_memory
        )
        blas = ThreadpoolController().limit(limits=self.threads, user_api="blas")
        with block, blas, redirect_stdout(printed), warnings.catch_warnings(record=True) as warned:
            warnings.filters[:] = self.filters  # type: ignore[index]  # typeshed: any sequence
            try:
                outcome.results = joblib.Parallel()(self.items)
            except Exception as error:
                outcome.error = error
        outcome.printed, outcome.warned = printed.getvalue(), warned
        outcome.seconds = time.perf_counter() - began
        return outcome
