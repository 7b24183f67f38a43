"""What both estimators share: fit, partial_fit, the fitted attributes, the plain forward pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse
from sklearn import get_config
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.places.signal.activations import ActivationName
from sknnreg.estimators.data.checking import check_training_rows, check_validation_rows
from sknnreg.estimators.data.inputs import check_X
from sknnreg.estimators.data.preparation import Plan, prepare
from sknnreg.estimators.data.targets import Targets
from sknnreg.estimators.fitted.attributes import fitted_attributes
from sknnreg.estimators.fitted.ensembles import as_folded
from sknnreg.estimators.fitted.forward import Between, raw_outputs, to_dense
from sknnreg.estimators.fitted.held_out import check_validation
from sknnreg.estimators.fitted.noise import LayerNoise
from sknnreg.estimators.hyperparameters import Hyperparameters
from sknnreg.estimators.settings.recipes import recipe
from sknnreg.estimators.settings.validity import check_names, check_values
from sknnreg.estimators.training.all_or_nothing import all_or_nothing
from sknnreg.estimators.training.callbacks import listen
from sknnreg.estimators.training.continuing import Continuation
from sknnreg.estimators.training.outcome import outcome_warning, refit_warning, warn
from sknnreg.estimators.training.persisting import Persisting, before_going_on
from sknnreg.estimators.training.planned import Trained, train_as_planned
from sknnreg.estimators.training.refitting import refit
from sknnreg.estimators.training.reporting import curves, refit_curves
from sknnreg.sklearn_types import (
    BaseEstimator,
    CallbackSupportMixin,
    available_if,
    with_callbacks,
)


def takes_steps(estimator: Hyperparameters) -> bool:
    """Whether ``partial_fit`` is there: it takes single steps."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit takes single steps, which solver='lbfgs' does not. "
            "Use solver='adam' or 'sgd', or fit with warm_start=True."
        )
    if estimator.early_stopping_refit is not None:
        raise AttributeError(
            "early_stopping_refit trains anew once early stopping has found its epoch, and "
            "partial_fit does not know which call is the last. Set early_stopping_refit=None."
        )
    return True


def has_weights(estimator: BaseEstimator) -> bool:
    """Whether ``sparsify`` and ``densify`` are there: once there are weights."""
    check_is_fitted(estimator, "coefs_")
    return True


def training_plan(estimator: BaseMLPRegularized, X: Any, y: Any, sample_weight: Any = None) -> Plan:
    """What ``fit`` would train on and how, for those who look into it."""
    estimator._check_settings()
    return estimator._plan((X, y, sample_weight))


class BaseMLPRegularized(Hyperparameters, Persisting, CallbackSupportMixin, BaseEstimator, ABC):
    """A multilayer perceptron with regularizers, over the engine."""

    # By this `fit_together` knows which searches have networks in them.
    _trains_together = True
    # As the splitters that groups are made for: who passes groups wants them used.
    __metadata_request__fit: ClassVar = {"groups": True}
    __metadata_request__partial_fit: ClassVar = {"groups": True}

    # What fit sets.
    coefs_: list[NDArray[np.float64]]
    intercepts_: list[NDArray[np.float64]]
    loss_: float
    best_loss_: float | None
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    learning_rate_curve_: list[float]
    best_iteration_: int
    stop_reason_: str
    refit_loss_curve_: list[float] | None
    refit_learning_rate_curve_: list[float] | None
    refit_validation_loss_curve_: list[float] | None
    refit_stop_reason_: str | None
    snapshots_: list[Self] | None
    n_iter_: int
    t_: int
    sparsity_: list[float]
    dropout_rates_: list[NDArray[np.float64]] | None
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    _targets: Targets
    _activations: tuple[ActivationName, ...]
    _between: list[Between]
    # Where the inputs were in training, for those who compute in single precision.
    _center: Array | None
    _noise: list[LayerNoise | None] | None

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        # scikit-learn reads them off the signature, sixty of them, several times a fit.
        names: list[str] = super()._get_param_names()
        return names

    def set_params(self, **params: Any) -> Self:
        """Set hyperparameters by name.

        Parameters
        ----------
        **params : dict
            Hyperparameters and their values, which ``fit`` checks.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such hyperparameter; none is set then.
        """
        check_names(self, params)
        super().set_params(**params)
        return self

    def _validate_params(self) -> None:
        check_values(self)

    def _check_settings(self) -> None:
        """Each by itself, before any is looked at."""
        if not get_config()["skip_parameter_validation"]:
            self._validate_params()

    @abstractmethod
    def _plan_targets(self, y: Any, classes: Any, before: Any) -> Targets:
        """What the outputs should mean, from the first y; ``before`` is what they mean so far."""

    @abstractmethod
    def _calibrated(
        self, attributes: dict[str, Any], judged: dict[str, Any], plan: Plan
    ) -> dict[str, Any]:
        """Fitted attributes, and what validation rows tell of the network ``judged``."""

    @abstractmethod
    def _check_y(self, y: Any, name: str) -> Any:
        """The y of any call, or y_val, as an array; errors speak of ``name``."""

    @all_or_nothing
    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        groups: Any = None,
    ) -> Self:
        """Fit the network to X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs of any numeric dtype. Sparse matrices are made dense a batch at a time; a
            ``np.memmap`` is read batch by batch and never copied whole, except by
            ``early_stopping_refit`` if there is ``X_val``.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, all numbers or all texts, or an indicator matrix of labels, of 0 and 1;
            real numbers for a regressor.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of at least 0, not all 0. A weight of 0 is a row that is not there, a weight
            of 2 one that is there twice. Multiplying all by a constant changes nothing except
            the running variance of batch normalization, which counts rows by their weights.
        X_val, y_val : array-like, default=None
            Rows to validate on after every epoch. With ``early_stopping=True`` they decide, and
            nothing is split off X; without it they only fill ``validation_loss_curve_``. In a
            pipeline, ``Pipeline(..., transform_input=["X_val"])`` transforms them too.
        sample_weight_val : array-like, default=None
            Weights of the validation rows.
        groups : array-like of shape (n_samples,), default=None
            Labels of groups, such as the patient that a row is of. Where early stopping splits
            validation rows off X, it holds out whole groups, so that no group is on both sides.
            Not used otherwise: with ``early_stopping=False`` or with ``X_val``. With metadata
            routing they come without a request (``set_fit_request(groups=False)`` says no).

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For a hyperparameter out of its range, two that do not go together, unusable data, or
            a loss that stopped being finite. The estimator is then as it was before, as after any
            other error.
        """
        validation = (X_val, y_val, sample_weight_val)
        return self._learn((X, y, sample_weight, groups), validation, self.max_iter)

    def _learn(
        self,
        given: tuple[Any, ...],
        validation: tuple[Any, Any, Any],
        max_iter: int,
        *,
        classes: Any = None,
        partial: bool = False,
    ) -> Self:
        """Plan, train, refit if asked for, and keep what came of it."""
        self._check_settings()
        goes_on = partial or bool(self.warm_start)
        before: Continuation | None = before_going_on(self) if goes_on else None
        plan = self._plan(given, validation, before, max_iter, classes, goes_on=goes_on)
        state = None if before is None else before.state_for(self, plan)
        listeners = None if partial else listen(self, given[:3], plan, state)
        first = train_as_planned(self, plan, state, listeners)
        # To the caller of fit, past its decorators, or of partial_fit.
        stacklevel = 5 if partial else 6
        warn(outcome_warning(self, first, plan.prepared, planned=partial), stacklevel)
        history = first.history if before is None else before.history.extended(first.history)
        attributes = curves(history, first.state, early_stopping=self.early_stopping)
        trained, final = refit(self, Trained(plan, first, history), listeners)
        if final is not None:
            warn(refit_warning(self, final, first), stacklevel)
            attributes |= refit_curves(final.history)
        refitted = final is not None or (before is not None and before.refitted)
        self._continuation = Continuation.of(self, trained, refitted=refitted, stepwise=partial)
        fitted = fitted_attributes(self, trained.result.values, trained.plan)
        # By the network that has not learned from the validation rows, which a refit's has.
        refitted_now = trained.result is not first
        judged = fitted_attributes(self, first.values, plan) if refitted_now else fitted
        self._store(self._calibrated(fitted, judged, plan))
        self._store(attributes)
        if listeners is not None:
            listeners.on_fit_end(trained.result.values, trained.plan)
        return self

    def _plan(
        self,
        given: tuple[Any, ...],
        validation: tuple[Any, Any, Any] = (None, None, None),
        before: Continuation | None = None,
        max_iter: int = 1,
        classes: Any = None,
        *,
        goes_on: bool = False,
    ) -> Plan:
        """What to train on and how; the data are checked, the settings already were."""
        labelled = check_training_rows(self, *given, reset=before is None)
        labelled_validation = check_validation_rows(self, *validation)
        targets = self._plan_targets(labelled.y, classes, before and before.targets)
        scales = None if before is None else before.scales
        prepared = prepare(self, labelled, labelled_validation, targets, scales)
        check_validation(self, prepared)
        so_far = None if before is None else before.state.values.dtype.name
        how = recipe(self, prepared, max_iter=max_iter, goes_on=goes_on, dtype_so_far=so_far)
        return Plan(labelled, labelled_validation, prepared, how)

    def _predict_into(
        self,
        X: Any,
        function: Callable[[Array], Array],
        width: int | None,
        dtype: DTypeLike = np.float64,
    ) -> Array:
        """``function`` of the raw outputs, ``(n_samples, width)``, in bounded memory."""
        check_is_fitted(self, "coefs_")
        return self._of_rows(check_X(self, X, reset=False), function, width, dtype)

    def _of_rows(
        self,
        X: Any,
        function: Callable[[Array], Array],
        width: int | None,
        dtype: DTypeLike = np.float64,
    ) -> Array:
        """The same of rows that were checked."""
        shape = X.shape[:1] if width is None else (X.shape[0], width)
        values = np.empty(shape, dtype)
        folded = as_folded(self.snapshots_ or [self])
        for at, raw in raw_outputs(X, folded, self._activations):
            mean = raw if raw.ndim == 2 else self._targets.link.mean(raw)
            values[at] = function(mean)
        return values

    def _in_units(self, raw: Array, method: str) -> Array:
        """Raw outputs ``(..., K)`` as the predictions that this method makes of them."""
        return self._targets.link.inverse(raw)

    @available_if(has_weights)
    def sparsify(self) -> Self:
        """Turn ``coefs_`` into sparse matrices; predictions then skip their zeros.

        It saves memory and time where most weights are exactly zero (see ``sparsity_``), as ``l1``
        can make them; with less than half of them zero it costs both. Snapshots become sparse too,
        which saves memory only. Fitting anew, or going on,
        makes dense matrices again.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        for network in (*(self.snapshots_ or ()), self):
            coefs: Any = [sparse.csr_array(coef) for coef in network.coefs_]
            network.coefs_ = coefs
        return self

    @available_if(has_weights)
    def densify(self) -> Self:
        """Turn ``coefs_`` into arrays, if ``sparsify`` made them sparse.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        for network in (*(self.snapshots_ or ()), self):
            network.coefs_ = [to_dense(coef) for coef in network.coefs_]
        return self

    def _store(self, attributes: dict[str, Any]) -> None:
        """Set attributes by name; a constructor hands in its ``locals()``."""
        for name, value in attributes.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    def __sklearn_tags__(self) -> Any:
        """Sparse X is welcome, several outputs too."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags
