"""A fit as planned: what was given, what the engine trains on, and how."""

from __future__ import annotations

from dataclasses import dataclass

from sknnreg.engine.problem import Recipe
from sknnreg.estimators.preparation import Labelled, Prepared


@dataclass(frozen=True)
class Plan:
    """Rows as ``fit`` received them, validated; the same prepared; the recipe."""

    given: Labelled
    given_validation: Labelled | None
    prepared: Prepared
    recipe: Recipe

    @property
    def all_rows(self) -> Labelled:
        """The rows to learn from and those given to validate on, in one."""
        if self.given_validation is None:
            return self.given
        return self.given.joined(self.given_validation)
