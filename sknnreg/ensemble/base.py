"""What both ensembles share: fit, the rows held out, the mean over members."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.arrays.stack import Array
from sknnreg.ensemble.folds import Split, Strata, splits_of
from sknnreg.ensemble.members import (
    FittedMember,
    Place,
    fit_member,
    network_of,
    pass_on_warnings,
    with_seeds,
)
from sknnreg.ensemble.outputs import aligned, outputs
from sknnreg.ensemble.selection import drawn, greedy_counts
from sknnreg.ensemble.settings import (
    check_estimator_kind,
    check_network,
    check_settings,
    refuse_others,
)
from sknnreg.ensemble.table import Table, checked_X, n_rows
from sknnreg.estimators.data.checking import require_y
from sknnreg.estimators.data.inputs import check_weights
from sknnreg.estimators.data.labels import check_groups
from sknnreg.estimators.data.numbers import check_same_length
from sknnreg.estimators.data.seeds import drawn_seed
from sknnreg.estimators.training.all_or_nothing import all_or_nothing
from sknnreg.estimators.training.subtasks import telling_of_tasks
from sknnreg.sklearn_types import (
    BaseEstimator,
    CallbackSupportMixin,
    with_callbacks,
)
from sknnreg.together import one_pass
from sknnreg.versions import Versioned


class BaseCrossFitted(Versioned, CallbackSupportMixin, BaseEstimator, ABC):
    """An ensemble whose members hold out a fold each, and train in one pass."""

    # By this `fit_together` knows which searches have networks in them.
    _trains_together = True
    # As the splitters that groups are made for: who passes groups wants them used.
    __metadata_request__fit: ClassVar = {"groups": True}

    estimator: Any
    n_members: int
    cv: Any
    validation: str | None
    param_distributions: Any
    n_candidates: int
    random_state: Any

    # What fit sets.
    members_: list[Any]
    weights_: NDArray[np.float64]
    held_out_rows_: list[NDArray[np.intp]] | None
    candidates_: list[dict[str, Any]] | None
    candidate_losses_: NDArray[np.float64] | None
    oof_prediction_: NDArray[np.float64] | None
    oof_score_: float | None
    n_iter_: NDArray[np.intp]

    # The network's class, and its method that is averaged.
    _kind: ClassVar[type]
    _method: ClassVar[str]

    @abstractmethod
    def _check_y(self, y: Any) -> tuple[Any, Strata]:
        """The targets, and what folds should share out evenly; what they mean is noted."""

    @abstractmethod
    def _loss(self, prediction: Array, table: Table) -> float:
        """The loss by which candidates are selected."""

    @abstractmethod
    def _score(self, prediction: Array, table: Table) -> float:
        """What ``score`` would say of these predictions."""

    @property
    def _classes(self) -> Array | None:
        return getattr(self, "classes_", None)

    @all_or_nothing
    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        **others: Any,
    ) -> Self:
        """Fit all members, in one pass.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; for a pipeline whatever its first step takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as the networks take them.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of at least 0, not all 0, for the networks, their validation and ``oof_score_``.
            A weight of 0 is a row that is not there. A pipeline's transformers receive them where
            they ask for them by metadata routing.
        groups : array-like of shape (n_samples,), default=None
            Labels of groups, such as the patient that a row is of, which are held out as a whole.
            With metadata routing they come without a request.
        **others : dict
            Refused, ``X_val`` and ``y_val`` for one: the folds are the validation rows.

        Returns
        -------
        self : object
            The fitted ensemble.

        Raises
        ------
        ValueError
            For a parameter out of its range, unusable data, too few rows for the folds, or whatever
            the fit of a member raises. The ensemble is then as it was before.
        TypeError
            If ``estimator`` is no network of this package and ends in none, or for ``others``.
        """
        refuse_others([*others])
        check_settings(self)
        table, strata = self._table(X, y, sample_weight, groups)
        rng = check_random_state(self.random_state)
        fold_seed = drawn_seed(rng)
        splits: list[Any] = [None]
        if self.validation is not None:
            splits = splits_of(self.cv, int(self.n_members), table, strata, fold_seed)
        if self.param_distributions is None:
            self._fit_equals(table, splits, rng)
        else:
            self._fit_candidates(table, splits, rng)
        self._keep_noise(table)
        self.n_iter_ = np.array([network_of(each).n_iter_ for each in self.members_])
        return self

    def _fit_equals(self, table: Table, splits: list[Any], rng: np.random.RandomState) -> None:
        n_members = int(self.n_members)
        members = [with_seeds(self._estimator(), rng) for _ in range(n_members)]
        own = [splits[m % len(splits)] for m in range(n_members)]
        fitted = self._train(members, own, table)
        self.candidates_ = self.candidate_losses_ = None
        self._keep(fitted, own, np.full(n_members, 1 / n_members))
        if self.validation is None:
            self.oof_prediction_ = self.oof_score_ = None
        else:
            self._keep_oof(self._oof(fitted, len(table)), table)

    def _fit_candidates(
        self, table: Table, splits: list[Split], rng: np.random.RandomState
    ) -> None:
        """All candidates with all folds in one pass; those that are picked stay."""
        candidates, k = drawn(self.param_distributions, int(self.n_candidates), rng), len(splits)
        members = [with_seeds(self._estimator(), rng, **c) for c in candidates for _ in splits]
        fitted = self._train(members, splits * len(candidates), table)
        parts = [fitted[start : start + k] for start in range(0, len(fitted), k)]
        oof = np.stack([self._oof(part, len(table)) for part in parts])
        known = ~np.isnan(oof).any(axis=(0, 2)) & table.present
        judged = table.take(np.flatnonzero(known))
        counts, losses = greedy_counts(
            oof[:, known], int(self.n_members), lambda each: self._loss(each, judged)
        )
        picked = np.flatnonzero(counts)
        self.candidates_, self.candidate_losses_ = candidates, losses
        self._keep(
            [each for c in picked for each in parts[c]],
            splits * len(picked),
            np.repeat(counts[picked] / (counts.sum() * k), k),
        )
        self._keep_oof(np.tensordot(counts / counts.sum(), oof, 1), table)

    def _keep(self, fitted: list[FittedMember], splits: list[Any], weights: Array) -> None:
        self.members_, self.weights_ = [each.estimator for each in fitted], weights
        held_out = [split.held_out for split in splits if split is not None]
        self.held_out_rows_ = held_out or None

    def _keep_oof(self, prediction: Array, table: Table) -> None:
        known = np.flatnonzero(~np.isnan(prediction).any(axis=1) & table.present)
        self.oof_score_ = self._score(prediction[known], table.take(known))
        self.oof_prediction_ = self._as_given(prediction)

    def _keep_noise(self, table: Table) -> None:
        """What out-of-fold predictions tell of the noise in y, where it has a level."""
        return None

    def _as_given(self, prediction: Array) -> Array:
        """Predictions ``(n, K)`` in the shape that y came in."""
        return prediction

    def _estimator(self) -> Any:
        return self._kind() if self.estimator is None else self.estimator

    def _table(self, X: Any, y: Any, sample_weight: Any, groups: Any) -> tuple[Table, Strata]:
        estimator = self._estimator()
        check_estimator_kind(estimator, self._kind)
        require_y(self, y)
        X = checked_X(self, X, plain=estimator is network_of(estimator), reset=True)
        y, strata = self._check_y(y)
        check_same_length(X, y, "y")
        # As X may be anything, lengths are compared with those of y.
        weight, groups = check_weights(sample_weight, y), check_groups(groups, y)
        return Table(X, y, weight, groups), strata

    def _train(self, members: list[Any], splits: list[Any], table: Table) -> list[FittedMember]:
        for member in members:
            check_network(network_of(member), self.validation)
        told = telling_of_tasks(self, len(members), each="member", X=table.X, y=table.y)
        with told as listeners, one_pass():
            places = [Place(m, len(members), each) for m, each in enumerate(listeners)]
            fitted: list[FittedMember] = Parallel()(
                delayed(fit_member)(member, table, split, self._method, place)
                for member, split, place in zip(members, splits, places, strict=True)
            )
        # To the caller of fit, past its decorators.
        pass_on_warnings(fitted, stacklevel=6)
        return fitted

    def _oof(self, fitted: list[FittedMember], n: int) -> Array:
        """The mean over the members that have not learned from a row; NaN where all have."""
        count = np.zeros(n)
        total: Any = 0.0
        for member, rows, prediction, _ in fitted:
            assert prediction is not None
            own = aligned(prediction, member, self._method, self._classes)
            if np.ndim(total) == 0:
                total = np.zeros((n, own.shape[1]))
            total[rows] += own
            count[rows] += 1
        with np.errstate(invalid="ignore"):
            mean: Array = total / count[:, None]
        return mean

    def _predict_into(
        self,
        X: Any,
        function: Callable[[Array], Array],
        width: int,
        *,
        method: str | None = None,
    ) -> Array:
        """``function`` of the members' outputs ``(M, B, K)``, ``(n_samples, width)``."""
        n, found = self._outputs(X, method or self._method)
        values = np.empty((n, width))
        for at, each in found:
            values[at] = function(each)
        return values

    def _outputs(self, X: Any, method: str) -> tuple[int, Iterator[tuple[slice, Array]]]:
        """How many rows there are, and the members' outputs for them, part by part."""
        check_is_fitted(self, "members_")
        plain = self.members_[0] is network_of(self.members_[0])
        X = checked_X(self, X, plain=plain, reset=False)
        return n_rows(X), outputs(self.members_, X, method, self._classes)

    def _mean(self, given: Array) -> Array:
        """The weighted mean over members, ``(M, B, K) -> (B, K)``."""
        mean: Array = np.tensordot(self.weights_, given, 1)
        return mean

    def _with_tags_of_members(self, tags: Any) -> Any:
        """The tags, by what the members can take."""
        own = get_tags(self._estimator())
        tags.input_tags, tags.target_tags = own.input_tags, own.target_tags
        tags.classifier_tags, tags.regressor_tags = own.classifier_tags, own.regressor_tags
        return tags
