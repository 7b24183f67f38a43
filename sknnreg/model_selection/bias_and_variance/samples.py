"""Training samples of one pool of rows, and the rows that are held out of it for the test."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import check_random_state

from sknnreg.estimators.data.labels import check_groups
from sknnreg.estimators.data.seeds import drawn_seed
from sknnreg.model_selection.fits.sample import Index

SAMPLINGS = ("bootstrap", "subsample")
# One row in as many is held out, where no test rows are given.
HELD_OUT = 4


class Rows:
    """The rows of a study, with what samples should keep: the classes' shares, whole groups."""

    def __init__(self, n_rows: int, classes: Any, groups: Any, random_state: Any) -> None:
        self.pool: Index = np.arange(n_rows)
        groups = check_groups(groups, self.pool)
        self._classes = classes
        self._groups = None if groups is None else np.unique(groups, return_inverse=True)[1]
        self._random = check_random_state(random_state)

    def hold_out(self) -> Index:
        """Take a quarter of the rows out of the pool."""
        if self._n_units() < HELD_OUT:
            raise ValueError(
                f"{self._n_units()} {self._unit()} are too few to hold some out for the test: pass "
                "X_test and y_test."
            )
        _, held_out = next(iter(self._folds(HELD_OUT)))
        rows: Index = self.pool[held_out]
        self.pool = np.delete(self.pool, held_out)
        return rows

    def samples(self, sampling: str, n_rounds: int) -> list[Index]:
        """The rows of each round: drawn with replacement, or parts that have no row in common."""
        if sampling == "bootstrap":
            return [self._bootstrap() for _ in range(n_rounds)]
        self._check_parts(n_rounds)
        return [self.pool[part] for _, part in self._folds(n_rounds)]

    def _bootstrap(self) -> Index:
        if self._groups is None:
            drawn: Index = self._random.choice(self.pool, len(self.pool))
            return drawn
        own = self._groups[self.pool]
        groups = np.unique(own)
        chosen = self._random.choice(groups, len(groups))
        return np.concatenate([self.pool[own == each] for each in chosen])

    def _folds(self, n_parts: int) -> Any:
        """Parts of the pool at random, which keep the shares of classes if all have enough rows."""
        classes = None if self._classes is None else self._classes[self.pool]
        groups = None if self._groups is None else self._groups[self.pool]
        stratified = (
            classes is not None and np.unique(classes, return_counts=True)[1].min() >= n_parts
        )
        kinds = {
            (False, False): KFold,
            (False, True): StratifiedKFold,
            (True, False): GroupKFold,
            (True, True): StratifiedGroupKFold,
        }
        kind = kinds[groups is not None, stratified]
        folds = kind(n_parts, shuffle=True, random_state=drawn_seed(self._random))
        if groups is None:
            return folds.split(self.pool, classes)
        return folds.split(self.pool, classes, groups)

    def _check_parts(self, n_rounds: int) -> None:
        n_units, where = self._n_units(), "sampling='subsample' divides the rows among the rounds"
        if n_units < n_rounds:
            raise ValueError(
                f"{where}: n_rounds={n_rounds} is too many for {n_units} {self._unit()}. Use "
                "fewer, or sampling='bootstrap'."
            )
        if self._classes is None:
            return
        fewest = int(np.unique(self._classes[self.pool], return_counts=True)[1].min())
        if fewest < n_rounds:
            raise ValueError(
                f"{where}: n_rounds={n_rounds} is too many for a class of {fewest} rows, which "
                f"each should have a part of. Use at most {fewest}, or sampling='bootstrap'."
            )

    def _n_units(self) -> int:
        return len(self.pool if self._groups is None else np.unique(self._groups[self.pool]))

    def _unit(self) -> str:
        return "rows" if self._groups is None else "groups"
