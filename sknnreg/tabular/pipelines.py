"""tabular_classifier and tabular_regressor: pipelines from a raw table to a network or several."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from sklearn.pipeline import Pipeline

from sknnreg.ensemble import CrossFittedClassifier, CrossFittedRegressor
from sknnreg.estimators import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.preprocessing import PiecewiseLinearEncoder
from sknnreg.tabular.columns import table_to_numbers
from sknnreg.tabular.presets import PRESETS

Effort: TypeAlias = Literal["fast", "default", "best"]
_CLASSES: dict[str, tuple[Any, Any]] = {
    "classification": (MLPRegularizedClassifier, CrossFittedClassifier),
    "regression": (MLPRegularizedRegressor, CrossFittedRegressor),
}


def tabular_classifier(
    effort: Effort = "default", *, columns: Any = None, random_state: Any = None
) -> Pipeline:
    """A classifier for a raw table: a Pipeline, unfitted.

    Its steps turn any table into numbers ("columns"), and each number into piecewise-linear parts
    of which a network, or an ensemble of networks, learns ("model"). All of them are ordinary
    estimators: print the pipeline, look into it, set what you like, search over it.

    - Numbers, booleans and durations, with missing values among them, stay numbers.
    - Texts and categories become a column of 0 and 1 for each label, or one for two labels. Rare
      labels are one; so are, later, labels that are new. Missing is a label of its own.
    - Dates become days since 1970, year, month, weekday and hour.
    - A column of objects is judged by its values; one that has none is left out.

    Parameters
    ----------
    effort : {"fast", "default", "best"}, default="default"
        "fast": one network (three snapshots, averaged). "default": an ensemble of 4 networks that
        hold out another part of the rows each. "best": of 8.
    columns : transformer, default=None
        What turns the table into numbers, NaN where they are missing, in place of what is described
        above, such as skrub's ``TableVectorizer``.
    random_state : int, RandomState instance or None, default=None
        Of the network or the ensemble. An int gives the same model in every call.

    Returns
    -------
    pipeline : Pipeline
        Steps "columns", "encoder" and "model", a network, for ``effort="fast"``; else "columns" and
        "model", a ``CrossFittedClassifier`` of a pipeline of "encoder" and "network". So the
        dropout is ``model__dropout`` of the first and ``model__estimator__network__dropout`` of the
        others.

    Raises
    ------
    ValueError
        If ``effort`` is none of these.

    See Also
    --------
    PRESETS : The settings of all of them.
    search_space : What is worth a search.
    sklearn.ensemble.HistGradientBoostingClassifier : Trees, which take tables too.

    Notes
    -----
    ``fit(X, y, model__sample_weight=...)`` and ``model__groups`` reach the model.

    Text that is a date or a number has to be read as one first; as text it is a label. In a free
    text or an identifier all labels are rare, and nothing is learned from it.

    References
    ----------
    Y. Gorishniy, I. Rubachev and A. Babenko (2022). On embeddings for numerical features in tabular
    deep learning. NeurIPS 35.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.tabular import tabular_classifier
    >>> rng = np.random.default_rng(0)
    >>> size = rng.normal(size=100)
    >>> color = rng.choice(["red", "green", "blue"], 100)
    >>> X = np.column_stack([size.astype(object), color])
    >>> y = size > (color == "red")
    >>> model = tabular_classifier("fast", random_state=0).fit(X, y)
    >>> model["columns"].get_feature_names_out().tolist()[:3]
    ['numbers__x0', 'categories__x1_blue', 'categories__x1_green']
    >>> model.score(X, y) > 0.8
    True
    """
    return _pipeline("classification", effort, columns, random_state)


def tabular_regressor(
    effort: Effort = "default", *, columns: Any = None, random_state: Any = None
) -> Pipeline:
    """A regressor for a raw table: a Pipeline, unfitted.

    Its steps turn any table into numbers ("columns"), and each number into piecewise-linear parts
    of which a network, or an ensemble of networks, learns ("model"). All of them are ordinary
    estimators: print the pipeline, look into it, set what you like, search over it.

    - Numbers, booleans and durations, with missing values among them, stay numbers.
    - Texts and categories become a column of 0 and 1 for each label, or one for two labels. Rare
      labels are one; so are, later, labels that are new. Missing is a label of its own.
    - Dates become days since 1970, year, month, weekday and hour.
    - A column of objects is judged by its values; one that has none is left out.

    Parameters
    ----------
    effort : {"fast", "default", "best"}, default="default"
        "fast": one network (averaged weights, early stopping, and a refit on all rows).
        "default": an ensemble of 4 networks that hold out another part of the rows each.
        "best": of 8.
    columns : transformer, default=None
        What turns the table into numbers, NaN where they are missing, in place of what is described
        above, such as skrub's ``TableVectorizer``.
    random_state : int, RandomState instance or None, default=None
        Of the network or the ensemble. An int gives the same model in every call.

    Returns
    -------
    pipeline : Pipeline
        Steps "columns", "encoder" and "model", a network, for ``effort="fast"``; else "columns" and
        "model", a ``CrossFittedRegressor`` of a pipeline of "encoder" and "network". So the
        dropout is ``model__dropout`` of the first and ``model__estimator__network__dropout`` of the
        others.

    Raises
    ------
    ValueError
        If ``effort`` is none of these.

    See Also
    --------
    PRESETS : The settings of all of them.
    search_space : What is worth a search.
    sklearn.ensemble.HistGradientBoostingRegressor : Trees, which take tables too.

    Notes
    -----
    ``fit(X, y, model__sample_weight=...)`` and ``model__groups`` reach the model.

    Text that is a date or a number has to be read as one first; as text it is a label. In a free
    text or an identifier all labels are rare, and nothing is learned from it.

    References
    ----------
    Y. Gorishniy, I. Rubachev and A. Babenko (2022). On embeddings for numerical features in tabular
    deep learning. NeurIPS 35.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.tabular import tabular_regressor
    >>> rng = np.random.default_rng(0)
    >>> size = rng.normal(size=100)
    >>> color = rng.choice(["red", "green", "blue"], 100)
    >>> X = np.column_stack([size.astype(object), color])
    >>> y = size + 2.0 * (color == "red")
    >>> model = tabular_regressor("fast", random_state=0).fit(X, y)
    >>> model["columns"].get_feature_names_out().tolist()[:3]
    ['numbers__x0', 'categories__x1_blue', 'categories__x1_green']
    >>> model.score(X, y) > 0.8
    True
    """
    return _pipeline("regression", effort, columns, random_state)


def _pipeline(task: str, effort: Any, columns: Any, random_state: Any) -> Pipeline:
    efforts = [each for kind, each in PRESETS if kind == task]
    if effort not in efforts:
        raise ValueError(
            f"effort={effort!r} must be one of {', '.join(map(repr, efforts))}: one network, an "
            "ensemble, or a larger one."
        )
    preset = PRESETS[task, effort]
    Network, Ensemble = _CLASSES[task]
    if columns is None:
        columns = table_to_numbers(preset["categories"])
    encoder = PiecewiseLinearEncoder(**preset["encoder"])
    network = Network(**preset["network"])
    if "ensemble" not in preset:
        network.set_params(random_state=random_state)
        return Pipeline([("columns", columns), ("encoder", encoder), ("model", network)])
    member = Pipeline([("encoder", encoder), ("network", network)])
    model = Ensemble(member, **preset["ensemble"], random_state=random_state)
    return Pipeline([("columns", columns), ("model", model)])
