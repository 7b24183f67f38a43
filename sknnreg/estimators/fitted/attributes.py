"""What a trained row becomes: the fitted attributes that prediction needs, and scorers' view."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.data.preparation import Plan
from sknnreg.estimators.fitted.folding import dropout_rates, fold
from sknnreg.estimators.fitted.forward import Folded
from sknnreg.estimators.settings.per_layer import activations


def fitted_attributes(estimator: Any, rows: Array, plan: Plan) -> dict[str, Any]:
    """The attributes of the last of some rows ``(n, P)``; of several, all as snapshots."""
    attributes = [_of_row(estimator, rows[[i]], plan) for i in range(len(rows))]
    snapshots = [_snapshot(estimator, each) for each in attributes] if len(rows) > 1 else None
    return {**attributes[-1], "snapshots_": snapshots}


def _of_row(estimator: Any, row: Array, plan: Plan) -> dict[str, Any]:
    prepared, network = plan.prepared, plan.recipe.network
    sampled = estimator.drop_connect_inference == "gaussian"
    with np.errstate(over="ignore", invalid="ignore"):
        folded = fold(network, row, prepared.inputs, prepared.seed if sampled else None)
        prepared.targets.unscale_outputs(folded.coefs, folded.intercepts)
    _check_finite(folded)
    return {
        "coefs_": folded.coefs,
        "intercepts_": folded.intercepts,
        "_between": folded.between,
        "_center": prepared.inputs.offset,
        "_noise": folded.noise if any(folded.noise) else None,
        "sparsity_": [(coef.size - np.count_nonzero(coef)) / coef.size for coef in folded.coefs],
        "dropout_rates_": dropout_rates(network, row),
        "n_layers_": len(folded.coefs) + 1,
        "n_outputs_": prepared.targets.n_outputs,
        "out_activation_": prepared.targets.link.name,
        "_activations": activations(estimator),
        **prepared.targets.attributes(),
    }


def _check_finite(folded: Folded) -> None:
    if not all(np.isfinite(each).all() for each in (*folded.coefs, *folded.intercepts)):
        raise ValueError(
            "what was learned cannot be written as coefs_ and intercepts_ in the units of X and y: "
            "numbers as small or as large as some column's overflow there. Rescale X and y."
        )


def _snapshot(estimator: Any, attributes: dict[str, Any]) -> Any:
    """One network as a fitted estimator by itself, without a memory of its training."""
    # Not by its constructor: that of a subclass may take other parameters.
    snapshot = object.__new__(type(estimator))
    own = (*estimator._declarations, *estimator._get_param_names())
    for name in (*own, "n_features_in_", "feature_names_in_"):
        if hasattr(estimator, name):
            setattr(snapshot, name, getattr(estimator, name))
    for name, value in {**attributes, "snapshots_": None, "n_snapshots": 1}.items():
        setattr(snapshot, name, value)
    return snapshot


def score_function(estimator: Any, plan: Plan) -> Callable[[Array], float] | None:
    """Judge a row of values by a scorer, on a fitted copy of the estimator; None if none is asked.

    More is better.
    """
    held_out, scoring = plan.prepared.held_out, estimator.early_stopping_scoring
    if not estimator.early_stopping or scoring == "loss" or held_out is None:
        return None
    scorer = check_scoring(estimator, scoring)
    weights = {} if held_out.weight is None else {"sample_weight": held_out.weight}
    if weights and not _takes_weights(scorer):
        raise ValueError(
            f"early_stopping_scoring={scoring!r} takes no sample_weight, but the validation rows "
            "have weights. Give it an argument sample_weight=None, or use "
            "sklearn.metrics.make_scorer."
        )

    def score(row: Array) -> float:
        fitted = copy.copy(estimator)
        vars(fitted).update(fitted_attributes(estimator, row, plan))
        # The validation rows are a plain array by now: no names to compare.
        vars(fitted).pop("feature_names_in_", None)
        try:
            return _as_number(scorer(fitted, held_out.X, held_out.y, **weights), scoring)
        except ValueError as error:
            if absent := plan.prepared.targets.absent(held_out.y):
                error.add_note(
                    f"The validation rows have none of the classes {absent[:10]}: of a class of "
                    "few rows all are needed for training. Use early_stopping_scoring='loss', or a "
                    f"scorer that can do without, in place of {scoring!r}, or pass X_val and y_val."
                )
            raise

    return score


def _as_number(score: Any, scoring: Any) -> float:
    try:
        if not isinstance(score, str | bytes):
            return float(score)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(
        f"early_stopping_scoring={scoring!r} must return a number, more being better, got "
        f"{score!r}."
    )


def _takes_weights(scorer: Any) -> bool:
    parameters = inspect.signature(scorer).parameters.values()
    return any(p.name == "sample_weight" or p.kind == p.VAR_KEYWORD for p in parameters)
