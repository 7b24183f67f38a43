"""What validation rows tell of a fitted network: how far targets scatter, how sure it may be."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize

from sknnreg.engine.arrays.batches import DataSet
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.places.objective.losses import Loss
from sknnreg.estimators.data.inputs import CHUNK, Standardization, chunks
from sknnreg.estimators.data.preparation import Plan, Prepared
from sknnreg.estimators.fitted.ensembles import as_folded
from sknnreg.estimators.fitted.forward import raw_outputs
from sknnreg.estimators.fitted.samples import drawn_outputs, draws_noise, networks_of

# Draws, and rows they are made for: a share of the squared error is found well enough by few.
N_DRAWS, N_ROWS = 32, 128
# The part of the squared error that is noise at the least, however far draws are apart.
LEAST_NOISE = 0.1
# Where the temperature is looked for.
COLDEST, HOTTEST = 1e-3, 1e3


class Judged(NamedTuple):
    """Raw outputs ``(n, K)`` for the validation rows, their y as the loss takes it, weights."""

    raw: Array
    y: Array
    weight: Array


def noise_std(estimator: Any, attributes: dict[str, Any], plan: Plan) -> Array | None:
    """The standard deviation ``(K,)`` of y around what is predicted, beside that of the draws.

    By ``noise_level`` over the validation rows; None without such rows, or where noise has no one
    level (a log link).
    """
    data = plan.prepared.validation
    if data is None or plan.recipe.loss.link.name != "identity":
        return None
    network = _as_fitted(estimator, attributes)
    # Of huge numbers, which training may not have met, nothing can be told: infinite, or nan.
    with np.errstate(all="ignore"):
        judged = _judged(network, data)
        error = np.average(np.square(judged.raw - judged.y), axis=0, weights=judged.weight)
        return noise_level(error, _drawn_variance(network, data))


def noise_level(error: Array, variance: Array) -> Array:
    """s of s**2 = E (y - f)**2 - E v, v the variance among networks; at least a tenth of the first.

    E (y - f)**2 is ``error (K,)``, of rows that were not learned from, and E v ``variance (K,)``.
    """
    level: Array = np.sqrt(np.maximum(error - variance, LEAST_NOISE * error))
    return level


def temperature(estimator: Any, attributes: dict[str, Any], plan: Plan) -> float:
    """The T > 0 by which raw outputs are divided to make the validation loss least.

    Guo et al. (2017). 1 where no T does: where every row is right, the loss falls as T goes to 0,
    and the rows do not tell how sure the network may be.
    """
    data = plan.prepared.validation
    assert data is not None
    with np.errstate(all="ignore"):
        judged, loss = _judged(_as_fitted(estimator, attributes), data), plan.recipe.loss

    def slope(log_factor: float) -> float:
        return _slope(judged, loss, np.exp(log_factor))

    coldest, hottest = -np.log(COLDEST), -np.log(HOTTEST)
    with np.errstate(all="ignore"):
        if not slope(coldest) > 0:
            return 1.0
        if slope(hottest) >= 0:
            return HOTTEST
        return float(np.exp(-optimize.brentq(slope, hottest, coldest, xtol=1e-12)))


def cooled(attributes: dict[str, Any], by: float) -> dict[str, Any]:
    """The attributes of the network whose raw outputs are divided by a temperature."""
    *coefs, coef = attributes["coefs_"]
    *intercepts, intercept = attributes["intercepts_"]
    changed = {"coefs_": [*coefs, coef / by], "intercepts_": [*intercepts, intercept / by]}
    return {**attributes, **changed, "temperature_": by}


def check_validation(estimator: Any, prepared: Prepared) -> None:
    """Raise where a temperature is asked for, and there are no rows to find it by."""
    if getattr(estimator, "temperature", None) is not None and prepared.validation is None:
        raise ValueError(
            f"temperature={estimator.temperature!r} is found on rows that are not learned from, "
            "and there are none. Set early_stopping=True, pass X_val and y_val to fit, or set "
            "temperature=None."
        )


def _slope(judged: Judged, loss: Loss, factor: float) -> float:
    """d/db of the loss of b raw, for b = ``factor``; it only rises, since the loss is convex."""
    weight = (judged.weight / judged.weight.sum())[:, None]
    _, gradient = loss.bind(judged.raw.shape, np.float64)(judged.raw * factor, judged.y, weight)
    return float(np.sum(gradient * judged.raw))


def _as_fitted(estimator: Any, attributes: dict[str, Any]) -> Any:
    """A copy with these fitted attributes."""
    fitted = copy.copy(estimator)
    vars(fitted).update(attributes)
    return fitted


def _judged(network: Any, data: DataSet) -> Judged:
    parts = [_raw(network, X) for X in _inputs(data, np.arange(len(data)))]
    n = len(data)
    y = Standardization().apply(data.y).read(slice(0, n), np.empty((n, data.y.width)))
    return Judged(np.concatenate(parts), y, np.ones(n) if data.weight is None else data.weight)


def _raw(network: Any, X: Array) -> Array:
    link = network._targets.link
    found = raw_outputs(X, as_folded(networks_of(network)), network._activations)
    return np.concatenate([raw if raw.ndim == 2 else link.mean(raw) for _, raw in found])


def _inputs(data: DataSet, rows: Array) -> Iterator[Array]:
    """The inputs as they came, some rows at a time."""
    as_given = Standardization().apply(data.x)
    for at in chunks((len(rows), data.x.width)):
        yield as_given.read(rows[at], np.empty((at.stop - at.start, data.x.width)))


def _drawn_variance(network: Any, data: DataSet) -> Array:
    """The mean variance ``(K,)`` of draws, or snapshots, over some of the rows."""
    n_draws = N_DRAWS if draws_noise(network) else len(networks_of(network))
    if n_draws == 1:
        return np.zeros(network.n_outputs_)
    n = len(data)
    # Of wide rows, which are made dense here, fewer.
    n_rows = max(1, min(N_ROWS, CHUNK // max(1, data.x.width)))
    some = np.arange(n)[:: -(-n // n_rows)]
    weight = None if data.weight is None else data.weight[some]
    X = np.concatenate(list(_inputs(data, some)))
    drawn = np.empty((n_draws, len(some), network.n_outputs_))
    for samples, rows, raw in drawn_outputs(network, X, n_draws, seed=0):
        drawn[samples, rows] = raw
    if weight is not None and not weight.any():
        weight = None
    variance: Array = np.average(drawn.var(axis=0), axis=0, weights=weight)
    return variance
