"""MLPRegularizedRegressor: targets in, predictions out."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.base import BaseMLPRegularized, takes_steps
from sknnreg.estimators.data.targets import ResponseTargets, Targets, regression_loss
from sknnreg.estimators.documentation import documented
from sknnreg.estimators.settings.parameters import CONSTRAINTS


@documented
class MLPRegularizedRegressor(RegressorMixin, BaseMLPRegularized):
    """Multilayer perceptron regressor with the classical regularisers.

    A scikit-learn regressor for one or several real-valued targets, or counts.

    {the map}

    {objective}

    Parameters
    ----------
    {parameters, place 1}

    {parameters, from adversarial to place 3}

    {parameters, penalties}

    loss : {"squared_error", "absolute_error", "huber", "poisson"}, default="squared_error"
        Place 4. The loss L of a prediction with residual ``r = prediction - y``, in units of the
        standardized targets if ``standardize=True``. "squared_error": ``r ** 2 / 2``, for means.
        "absolute_error": ``|r|``, for medians. "huber": ``r ** 2 / 2`` if ``|r| <= huber_delta``,
        else ``huber_delta * (|r| - huber_delta / 2)`` (Huber, 1964). "poisson": half the Poisson
        deviance ``y log(y / mu) - y + mu`` of the prediction ``mu = exp(output)``, for counts and
        other targets that are at least 0.

    huber_delta : float, default=1.0
        Place 4. Where the loss "huber" turns from quadratic to linear; greater than 0.

    {parameters, places 5 to 7}

    Attributes
    ----------
    {attributes}

    out_activation_ : str
        "identity"; "exp" with ``loss="poisson"``.

    {inputs}

    Raises
    ------
    {errors}

    See Also
    --------
    MLPRegularizedClassifier : The same for class labels.
    sklearn.neural_network.MLPRegressor : scikit-learn's multilayer perceptron.

    Notes
    -----
    {notes}

    References
    ----------
    * Huber, P. J. (1964). Robust estimation of a location parameter. Annals of Mathematical
      Statistics 35.

    {references}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from sknnreg import MLPRegularizedRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = MLPRegularizedRegressor(
    ...     (20,), l2=0.01, early_stopping=True, max_iter=1000, random_state=0
    ... )
    >>> model.fit(X_train, y_train).stop_reason_
    'no_improvement'
    >>> model.score(X_test, y_test) > 0.2
    True

    Predictions are in the units of y, although the network learned from standardized targets:

    >>> bool(100 < model.predict(X_test).mean() < 200)
    True

    L-BFGS and an L1 penalty; many weights are exactly 0:

    >>> model = MLPRegularizedRegressor(
    ...     (20,), solver="lbfgs", l1=0.01, max_iter=2000, random_state=0
    ... )
    >>> model.fit(X_train, y_train).stop_reason_
    'converged'
    >>> bool((model.coefs_[0] == 0).mean() > 0.5)
    True
    """

    _parameter_constraints = {
        **CONSTRAINTS,
        "loss": [StrOptions({"squared_error", "absolute_error", "huber", "poisson"})],
        "huber_delta": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        *,
        activation: Any = "relu",
        standardize: bool = True,
        input_noise: float = 0.0,
        augmentation: Any = None,
        mixup: float = 0.0,
        adversarial: float = 0.0,
        dropout: Any = 0.0,
        input_dropout: float = 0.0,
        dropout_kind: str = "bernoulli",
        dropout_scaling: str = "train",
        normalization: str | None = None,
        normalization_position: str = "before",
        normalization_epsilon: float = 1e-5,
        normalization_momentum: float = 0.9,
        normalization_groups: int = 8,
        batch_statistics: str = "moving",
        weight_norm: bool = False,
        drop_connect: float = 0.0,
        drop_connect_inference: str = "mean",
        weight_noise: float = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,
        loss: str = "squared_error",
        huber_delta: float = 1.0,
        solver: str = "adam",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        learning_rate_min: float = 0.0,
        learning_rate_period: int = 10,
        learning_rate_period_mult: float = 1.0,
        learning_rate_decay: float = 0.95,
        learning_rate_warmup: int = 0,
        power_t: float = 0.5,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        max_fun: int = 15000,
        weight_decay: float = 0.0,
        gradient_noise: float = 0.0,
        gradient_noise_decay: float = 0.0,
        clip_norm: float | None = None,
        batch_size: int | str = "auto",
        shuffle: bool = True,
        max_norm: float | None = None,
        max_weight_norm: float | None = None,
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        early_stopping_scoring: Any = "loss",
        early_stopping_refit: str | None = None,
        weight_averaging: str | None = None,
        averaging_decay: float = 0.999,
        averaging_start: float = 0.75,
        n_snapshots: int = 1,
        max_time: float | None = None,
        warm_start: bool = False,
        dtype: str = "auto",
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self._store(locals())

    def _plan_targets(self, y: Any, classes: Any, before: Any) -> Targets:
        loss = regression_loss(self.loss, float(self.huber_delta))
        if before is not None:
            return before.with_loss(loss)
        return ResponseTargets(1 if y.ndim == 1 else y.shape[1], y.ndim == 1, loss)

    @property
    def _y_checks(self) -> dict[str, Any]:
        return {"y_numeric": True}

    @available_if(takes_steps)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPRegularizedRegressor:
        """Train one epoch on what is given, going on where the last call ended.

        The first call fixes the scales of inputs and targets.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        X_val, y_val, sample_weight_val : array-like, default=None
            Validation rows, as in ``fit``.

        Returns
        -------
        self : object
            The estimator, one epoch further.
        """
        memory = getattr(self, "_memory", None)
        validation = (X_val, y_val, sample_weight_val)
        return self._learn((X, y, sample_weight), validation, memory, 1, partial=True)

    def predict(self, X: Any) -> Array:
        """Predicted targets.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; any number of rows in bounded memory.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the units of the training targets.
        """
        check_is_fitted(self, "coefs_")
        link = np.exp if self.out_activation_ == "exp" else np.asarray
        if self._targets.one_dimensional:
            return self._predict_into(X, lambda raw: link(raw[:, 0]), None)
        return self._predict_into(X, link, self.n_outputs_)
