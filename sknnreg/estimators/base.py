"""What both estimators share: fit, partial_fit, the fitted attributes, the plain forward pass."""

from __future__ import annotations

import copy
import inspect
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.metrics import check_scoring
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from sknnreg.engine.problem import Recipe, Result
from sknnreg.engine.stack import Array
from sknnreg.estimators.callbacks import EpochCallbacks, has_callbacks
from sknnreg.estimators.continuing import Memory, architecture, criterion
from sknnreg.estimators.endings import describe_ending
from sknnreg.estimators.folding import Folded, dropout_rates, fold, raw_outputs, to_dense
from sknnreg.estimators.history import curves, on_each_epoch
from sknnreg.estimators.inputs import check_mapped, check_weights, check_X, x_checks
from sknnreg.estimators.parameters import CONSTRAINTS, activations
from sknnreg.estimators.preparation import Labelled, Prepared, prepare
from sknnreg.estimators.recipes import recipe
from sknnreg.estimators.targets import Targets
from sknnreg.together import train_together


def takes_steps(estimator: Any) -> bool:
    """Whether ``partial_fit`` is there: it takes single steps."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit takes single steps, which solver='lbfgs' does not. "
            "Use solver='adam' or 'sgd', or fit with warm_start=True."
        )
    return True


def has_weights(estimator: Any) -> bool:
    """Whether ``sparsify`` and ``densify`` are there: once there are weights."""
    check_is_fitted(estimator, "coefs_")
    return True


def training_plan(
    estimator: BaseMLPRegularized, X: Any, y: Any, sample_weight: Any = None
) -> tuple[Prepared, Recipe]:
    """What ``fit`` would train on and how, for those who look into it."""
    return estimator._plan((X, y, sample_weight))


def _takes_weights(scorer: Any) -> bool:
    parameters = inspect.signature(scorer).parameters.values()
    return any(p.name == "sample_weight" or p.kind == p.VAR_KEYWORD for p in parameters)


class BaseMLPRegularized(CallbackSupportMixin, BaseEstimator, ABC):
    """A multilayer perceptron with regularisers, over the engine."""

    _parameter_constraints: dict[str, list[Any]] = CONSTRAINTS

    if TYPE_CHECKING:  # the hyperparameters and fitted attributes, set dynamically

        def __getattr__(self, name: str) -> Any: ...

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        # scikit-learn reads them off the signature, sixty of them, several times a fit.
        names: list[str] = super()._get_param_names()
        return names

    @abstractmethod
    def _plan_targets(self, y: Any, classes: Any, before: Any) -> Targets:
        """What the outputs should mean, from the first y; ``before`` is what they mean so far."""

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
    ) -> Any:
        """Fit the network to X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs of any numeric dtype. Sparse matrices are made dense a batch at a time; a
            ``np.memmap`` is read batch by batch and never copied whole.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels or an indicator matrix of labels; real numbers for a regressor.
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

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For a hyperparameter out of its range, two that do not go together, unusable data, or
            a loss that stopped being finite.
        """
        memory = self._memory if self.warm_start and hasattr(self, "_memory") else None
        return self._learn(
            (X, y, sample_weight), (X_val, y_val, sample_weight_val), memory, self.max_iter
        )

    def _learn(
        self,
        given: tuple[Any, Any, Any],
        validation: tuple[Any, Any, Any],
        memory: Memory | None,
        max_iter: int,
        *,
        classes: Any = None,
        partial: bool = False,
    ) -> Any:
        prepared, plan = self._plan(given, validation, memory, max_iter, classes)
        listeners = self._listeners(given, prepared, plan, partial)
        hook = on_each_epoch(self.verbose, listeners)
        score = self._score_function(prepared, plan)
        state = (
            None if memory is None else memory.state_for(plan, criterion(self, len(prepared.train)))
        )
        result = train_together(prepared.problem(plan, state, score, hook))
        if result.error is not None:
            raise result.error
        ending = describe_ending(self, result, prepared, partial=partial)
        if ending is not None:
            # To who called fit, behind scikit-learn's decorator, or partial_fit.
            warnings.warn(ending[1], ending[0], stacklevel=3 if partial else 4)
        self._remember(result, prepared, plan, memory)
        if listeners is not None:
            listeners.on_fit_end(result.values)
        return self

    def _plan(
        self,
        given: tuple[Any, Any, Any],
        validation: tuple[Any, Any, Any] = (None, None, None),
        memory: Memory | None = None,
        max_iter: int = 1,
        classes: Any = None,
    ) -> tuple[Prepared, Recipe]:
        """What to train on and how, all checked."""
        self._validate_params()
        labelled = self._check(*given, reset=memory is None)
        labelled_validation = self._check_validation(*validation)
        before = None if memory is None else memory.targets
        targets = self._plan_targets(labelled.y, classes, before)
        prepared = prepare(self, labelled, labelled_validation, targets, memory)
        plan = recipe(
            self,
            n_inputs=labelled.X.shape[1],
            n_rows=len(prepared.train),
            targets=targets,
            max_iter=max_iter,
            dtype_so_far=None if memory is None else memory.state.values.dtype.name,
        )
        return prepared, plan

    def _listeners(
        self, given: tuple[Any, Any, Any], prepared: Prepared, plan: Recipe, partial: bool
    ) -> EpochCallbacks | None:
        if partial or not has_callbacks(self):
            return None
        return EpochCallbacks(
            self, *given, plan.max_iter, lambda row: self._plain_attributes(row, prepared, plan)
        )

    def _score_function(self, prepared: Prepared, plan: Recipe) -> Any:
        """Judge a row of values by a scorer, on a fitted copy of this estimator."""
        held_out = prepared.held_out
        if not self.early_stopping or self.early_stopping_scoring == "loss" or held_out is None:
            return None
        scorer = check_scoring(self, self.early_stopping_scoring)
        weights = {} if held_out.weight is None else {"sample_weight": held_out.weight}
        if weights and not _takes_weights(scorer):
            raise ValueError(
                f"early_stopping_scoring={self.early_stopping_scoring!r} takes no sample_weight, "
                "but the validation rows have weights. Give it an argument sample_weight=None, or "
                "use sklearn.metrics.make_scorer."
            )

        def score(row: Array) -> float:
            fitted = copy.copy(self)
            fitted._store(self._plain_attributes(row, prepared, plan))
            # The validation rows are a plain array by now: no names to compare.
            fitted.__dict__.pop("feature_names_in_", None)
            return float(scorer(fitted, held_out.X, held_out.y, **weights))

        return score

    def _plain_attributes(self, row: Array, prepared: Prepared, plan: Recipe) -> dict[str, Any]:
        """The fitted attributes that prediction needs."""
        sampled = self.drop_connect_inference == "gaussian"
        folded = fold(plan.network, row, prepared.inputs, prepared.seed if sampled else None)
        prepared.targets.unscale_outputs(folded.coefs, folded.intercepts)
        return {
            "coefs_": folded.coefs,
            "intercepts_": folded.intercepts,
            "_between": folded.between,
            "sparsity_": [float(np.mean(coef == 0)) for coef in folded.coefs],
            "dropout_rates_": dropout_rates(plan.network, row),
            "n_layers_": len(folded.coefs) + 1,
            "n_outputs_": prepared.targets.n_outputs,
            "out_activation_": prepared.targets.out_activation,
            "_activations": activations(self),
            **prepared.targets.attributes(),
        }

    def _remember(
        self, result: Result, prepared: Prepared, plan: Recipe, memory: Memory | None
    ) -> None:
        """Set the fitted attributes; curves go on where an earlier call left them."""
        self._store(self._plain_attributes(result.values, prepared, plan))
        history = result.history
        if memory is not None:
            history = memory.history.extended(history)
        self._memory = Memory(
            prepared.seed,
            prepared.inputs,
            prepared.targets,
            result.state,
            history,
            criterion(self, len(prepared.train)),
            architecture(plan),
        )
        self._store(curves(history, result.state, early_stopping=self.early_stopping))

    def _check(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Labelled:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        X, y = validate_data(
            self, X, y, reset=reset, multi_output=True, **self._y_checks, **x_checks(X)
        )
        check_mapped(X, "X")
        return Labelled(X, y, check_weights(sample_weight, X))

    @property
    def _y_checks(self) -> dict[str, Any]:
        return {}

    def _check_validation(self, X: Any, y: Any, weight: Any) -> Labelled | None:
        if X is None and y is None and weight is None:
            return None
        if X is None or y is None:
            missing = "X_val" if X is None else "y_val"
            raise ValueError(f"{missing} is missing: pass X_val and y_val together, or neither.")
        X = check_X(self, X, reset=False, name="X_val")
        numeric = self._y_checks.get("y_numeric", False)
        y = check_array(
            y,
            accept_sparse="csr",
            ensure_2d=False,
            dtype="numeric" if numeric else None,
            input_name="y_val",
        )
        check_consistent_length(X, y)
        return Labelled(X, y, check_weights(weight, X, "sample_weight_val"))

    def _predict_into(
        self, X: Any, function: Callable[[Array], Array], width: int | None, dtype: Any = np.float64
    ) -> Array:
        """``function`` of the raw outputs, ``(n_samples, width)``, in bounded memory."""
        check_is_fitted(self, "coefs_")
        X = check_X(self, X, reset=False)
        shape = X.shape[:1] if width is None else (X.shape[0], width)
        values = np.empty(shape, dtype)
        folded = Folded(self.coefs_, self.intercepts_, self._between)
        for at, raw in raw_outputs(X, folded, self._activations):
            values[at] = function(raw)
        return values

    @available_if(has_weights)
    def sparsify(self) -> Any:
        """Turn ``coefs_`` into sparse matrices; predictions then skip their zeros.

        It saves memory and time where most weights are exactly zero (see ``sparsity_``), as ``l1``
        can make them; with less than half of them zero it costs both. Fitting anew, or going on,
        makes dense matrices again.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        self._store({"coefs_": [sparse.csr_array(coef) for coef in self.coefs_]})
        return self

    @available_if(has_weights)
    def densify(self) -> Any:
        """Turn ``coefs_`` into arrays, if ``sparsify`` made them sparse.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        dense = [to_dense(coef) for coef in self.coefs_]
        self._store({"coefs_": dense})
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
