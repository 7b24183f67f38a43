"""search_space: what is worth a search in a pipeline with a network, and from where to where."""

from __future__ import annotations

from typing import Any, Literal

from scipy import stats

from sknnreg.estimators import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.preprocessing import PiecewiseLinearEncoder

# As the keywords of Optuna's suggest_categorical and suggest_float.
_NETWORK: dict[str, dict[str, Any]] = {
    "hidden_layer_sizes": {"choices": [(64, 64), (128, 128), (256, 256), (128, 128, 128)]},
    "dropout": {"low": 0.0, "high": 0.5},
    "learning_rate_init": {"low": 1e-3, "high": 1e-2, "log": True},
    "batch_size": {"choices": [32, 64, 128]},
    "weight_decay": {"low": 1e-3, "high": 1.0, "log": True},
}
_ENCODER: dict[str, dict[str, Any]] = {
    "n_bins": {"choices": [4, 8, 16, 32]},
    "strategy": {"choices": ["quantile", "tree"]},
}
_SEARCHED: dict[tuple[type, ...], dict[str, dict[str, Any]]] = {
    (PiecewiseLinearEncoder,): _ENCODER,
    (MLPRegularizedClassifier, MLPRegularizedRegressor): _NETWORK,
}


def search_space(estimator: Any, kind: Literal["sklearn", "optuna"] = "sklearn") -> dict[str, Any]:
    """What is worth a search: hyperparameters by their full names, and from where to where.

    Of each network in ``estimator``, layers, dropout, step size, batch size and weight decay; of
    each `PiecewiseLinearEncoder`, the number of bins and where they are.

    Parameters
    ----------
    estimator : estimator
        What `tabular_classifier` or `tabular_regressor` returns, or any network, or pipeline or
        ensemble with one in it.
    kind : {"sklearn", "optuna"}, default="sklearn"
        "sklearn": lists and distributions of SciPy, for ``RandomizedSearchCV``. "optuna": dicts of
        the keywords of ``suggest_categorical``, ``choices``, or of ``suggest_float``, ``low``,
        ``high`` and perhaps ``log``. Nothing here needs Optuna.

    Returns
    -------
    space : dict
        A value for each name. It is yours: drop or add what you like.

    Raises
    ------
    TypeError, ValueError
        If ``estimator`` is no estimator, or has neither network nor encoder in it.

    Examples
    --------
    >>> from sknnreg.tabular import search_space, tabular_regressor
    >>> space = search_space(tabular_regressor("fast"))
    >>> space["encoder__n_bins"]
    [4, 8, 16, 32]
    >>> space["model__dropout"].mean()
    np.float64(0.25)
    >>> search_space(tabular_regressor("fast"), kind="optuna")["model__weight_decay"]
    {'low': 0.001, 'high': 1.0, 'log': True}
    """
    if kind not in ("sklearn", "optuna"):
        raise ValueError(
            f"kind={kind!r} must be 'sklearn', for lists and SciPy's distributions, or 'optuna', "
            "for keywords of suggest_categorical and suggest_float."
        )
    if isinstance(estimator, type) or not hasattr(estimator, "get_params"):
        raise TypeError(
            f"estimator must be an estimator with parameters to search over, got {estimator!r}."
        )
    # Those that other estimators are made of, a pipeline's steps among them.
    parts = {"": estimator} | {f"{n}__": each for n, each in estimator.get_params().items()}
    space = {
        prefix + name: dict(how)
        for prefix, part in parts.items()
        for types, searched in _SEARCHED.items()
        if isinstance(part, types)
        for name, how in searched.items()
    }
    if not space:
        raise ValueError(
            f"There is neither a network of this package nor a PiecewiseLinearEncoder in "
            f"{estimator!r}. Pass what tabular_classifier or tabular_regressor returns, a network, "
            "or a pipeline or an ensemble with a network in it."
        )
    if kind == "optuna":
        return space
    return {name: _distribution(**how) for name, how in space.items()}


def _distribution(
    choices: list[Any] | None = None, low: float = 0.0, high: float = 1.0, log: bool = False
) -> Any:
    if choices is not None:
        return choices
    return stats.loguniform(low, high) if log else stats.uniform(low, high - low)
