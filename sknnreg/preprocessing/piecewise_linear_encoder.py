"""PiecewiseLinearEncoder: each number as several, each of which tells of its own stretch."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_array,
    check_consistent_length,
    check_is_fitted,
)

from sknnreg.preprocessing.checking import (
    Floats,
    check_columns,
    check_spread,
    check_weights,
    row_blocks,
)
from sknnreg.preprocessing.distinct import Distinct
from sknnreg.preprocessing.edges import bins_within, most_bins, quantile_edges, tree_edges
from sknnreg.preprocessing.layout import Layout
from sknnreg.preprocessing.tree_target import check_target, tree_target
from sknnreg.sklearn_types import BaseEstimator, TransformerMixin
from sknnreg.versions import Versioned

if TYPE_CHECKING:
    from typing import Self


class PiecewiseLinearEncoder(Versioned, TransformerMixin, BaseEstimator):
    r"""Encode each column by piecewise-linear parts, which a network learns from more easily.

    A column x with the edges b_0 < ... < b_T becomes itself, scaled as by `SmoothClipScaler`, and
    T parts

    .. math:: \text{part}_t = \text{clip}\Big(\frac{x - b_{t-1}}{b_t - b_{t-1}}, 0, 1\Big),
        \qquad t = 1, ..., T

    Part t is 0 below its bin, 1 above it and rises along a straight line within it. So a weight per
    part makes any continuous function that is linear between the edges: steep here and flat there,
    which a network of raw numbers takes long to learn.

    - A column of at most ``n_bins + 1`` distinct values has its edges at the values: each gets a
      level of its own. One of two values, or one, is only scaled.
    - A column with missing values (NaN) in ``fit`` gets one more, its indicator, which is 1 where
      they are; the column itself and its parts are 0 there. NaN that only comes after ``fit``, in a
      column that had none, is read as the column's median.
    - ``max_columns`` caps the width of what columns of more than two values become.

    Parameters
    ----------
    n_bins : int, default=16
        The most bins T of a column, at least 1. Equal quantiles are one edge, so a column whose
        values repeat often can have fewer.
    strategy : {"quantile", "tree"}, default="quantile"
        Where the edges are. "quantile": equal shares of the rows' weight between them. "tree":
        where a decision tree of this one column splits, to predict y, between the smallest and the
        largest value; it needs y.
    max_columns : int or None, default=300
        The most columns of output, at least 1, that all columns of more than two values become
        together: themselves, their parts and their indicators. Where ``n_bins`` leads to more, all
        have at most so many bins that it holds; what columns of few values leave, others take. If
        there is no room for one bin each, no column has any: the output is the columns themselves
        with their indicators, even if these are more than ``max_columns``, as none is dropped.
        Columns of two values, or one, come on top: they have no parts to save on, and many of
        them, as from a ``OneHotEncoder``, take no bins from the others. None: no cap.
    keep_column : bool, default=True
        Whether the column itself stands beside its parts. A column without parts is there in
        any case.
    bound : float or None, default=3.0
        The bound of the column itself; see `SmoothClipScaler`.
    min_weight_fraction_leaf : float, default=0.01
        With ``strategy="tree"``, the least share of the weight in a leaf, from 0 to 0.5.
    target_type : {"auto", "classification", "regression"}, default="auto"
        With ``strategy="tree"``, what y is. "auto": as scikit-learn reads targets, floats are a
        regression's if any has a fraction; whole numbers and all else are labels. So counts, and
        prices without cents, need "regression".
    dtype : {numpy.float32, numpy.float64} or None, default=None
        Of the output. None: float32 if X is, else float64.

    Attributes
    ----------
    bin_edges_ : list of ndarray
        The edges b_0, ..., b_T of each column; empty for columns without parts.
    n_bins_ : ndarray of shape (n_features,)
        T, the number of parts of each column.
    has_missing_ : ndarray of bool of shape (n_features,)
        Which columns had missing values, and have an indicator.
    center_, scale_ : ndarray of shape (n_features,)
        What the columns themselves are scaled by; see `SmoothClipScaler`.
    data_min_, data_max_ : ndarray of shape (n_features,)
        The smallest and the largest value of each column.
    n_features_in_ : int
        Number of columns seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where all are strings.

    See Also
    --------
    SmoothClipScaler : The scaled columns alone.
    sklearn.preprocessing.KBinsDiscretizer : Bins without the line within them.
    sklearn.preprocessing.SplineTransformer : Smooth pieces.

    Notes
    -----
    Sample weights count as repeated rows, and a weight of 0 as a row left out. A sparse X is
    refused: its zeros would not stay zeros.

    References
    ----------
    Y. Gorishniy, I. Rubachev and A. Babenko (2022). On embeddings for numerical features in tabular
    deep learning. NeurIPS 35.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.preprocessing import PiecewiseLinearEncoder
    >>> X = np.array([[0.0], [1.0], [2.0], [4.0], [8.0], [np.nan]])
    >>> encoder = PiecewiseLinearEncoder(n_bins=2, bound=None).fit(X)
    >>> encoder.bin_edges_[0]
    array([0., 2., 8.])
    >>> encoder.get_feature_names_out(["age"])
    array(['age', 'age_bin1', 'age_bin2', 'age_missing'], dtype=object)
    >>> encoder.transform([[1.0], [5.0], [np.nan]]).round(2)
    array([[-0.33,  0.5 ,  0.  ,  0.  ],
           [ 1.  ,  1.  ,  0.5 ,  0.  ],
           [ 0.  ,  0.  ,  0.  ,  1.  ]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "strategy": [StrOptions({"quantile", "tree"})],
        "max_columns": [Interval(Integral, 1, None, closed="left"), None],
        "keep_column": ["boolean"],
        "bound": [Interval(Real, 0, None, closed="right"), None],
        "min_weight_fraction_leaf": [Interval(Real, 0, 0.5, closed="both")],
        "target_type": [StrOptions({"auto", "classification", "regression"})],
        "dtype": [Options(type, {np.float32, np.float64}), None],
    }

    def __init__(
        self,
        n_bins: int = 16,
        *,
        strategy: str = "quantile",
        max_columns: int | None = 300,
        keep_column: bool = True,
        bound: float | None = 3.0,
        min_weight_fraction_leaf: float = 0.01,
        target_type: str = "auto",
        dtype: Any = None,
    ) -> None:
        self.n_bins = n_bins
        self.strategy = strategy
        self.max_columns = max_columns
        self.keep_column = keep_column
        self.bound = bound
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.target_type = target_type
        self.dtype = dtype

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Find each column's edges, center and scale.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN stands for missing ones.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets or labels for ``strategy="tree"``; not used otherwise.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, 0 or larger. None: all weigh the same.

        Returns
        -------
        self : PiecewiseLinearEncoder
            The fitted encoder.
        """
        self._validate_params()
        X = check_columns(self, X, reset=True)
        weights = check_weights(sample_weight, X)
        y = self._checked_target(X, y)
        if weights is not None:
            counted = weights > 0
            X, weights = X[counted], weights[counted]
            y = None if y is None else y[counted]
        columns = [Distinct.of(column, weights) for column in X.T]
        self.data_min_ = np.array([each.low for each in columns])
        self.data_max_ = np.array([each.high for each in columns])
        check_spread(self, self.data_min_, self.data_max_)
        found = np.array([each.center_and_scale() for each in columns])
        self.center_, self.scale_ = found[:, 0].copy(), found[:, 1].copy()
        self.has_missing_ = np.isnan(X).any(axis=0)
        self.bin_edges_ = self._edges(X, columns, y, weights)
        self.n_bins_ = np.array([max(0, len(edges) - 1) for edges in self.bin_edges_])
        self._layout = Layout.of(
            self.bin_edges_,
            (self.n_bins_ == 0) | self.keep_column,
            self.has_missing_,
            self.center_,
            self.scale_,
        )
        return self

    def transform(self, X: Any) -> Any:
        """Encode the columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN stands for missing ones.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features_out)
            Of each column in turn: itself, its parts, its indicator.
        """
        check_is_fitted(self)
        X = check_columns(self, X, reset=False)
        dtype = X.dtype if self.dtype is None else self.dtype
        out, largest = np.empty((len(X), self._layout.width), dtype), float(np.finfo(dtype).max)
        with np.errstate(over="ignore"):
            for rows in row_blocks(*out.shape):
                encoded = self._layout.encode(X[rows].astype(np.float64), self.bound)
                unbounded = (self.bound or np.inf) > largest
                out[rows] = encoded.clip(-largest, largest) if unbounded else encoded
        return out

    def inverse_transform(self, X: Any) -> Any:
        """Numbers as they were, but within the range of their column in ``fit``.

        b_0 + Σ (b_t - b_{t-1}) part_t for columns with parts; those without are scaled back. NaN
        comes back where there is an indicator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            Encoded rows.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            The columns in their own units, clipped to [``data_min_``, ``data_max_``].
        """
        check_is_fitted(self)
        X = check_array(X, dtype=[np.float64, np.float32])
        if X.shape[1] != self._layout.width:
            raise ValueError(
                f"X has {X.shape[1]} columns, but the encoder's output has {self._layout.width}."
            )
        out = np.empty((len(X), self.n_features_in_), X.dtype)
        for rows in row_blocks(*X.shape):
            block = X[rows].astype(np.float64)
            out[rows] = self._layout.decode(block, self.data_min_, self.data_max_, self.bound)
        return out

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The names of the columns of the output.

        ``age`` for the column itself, ``age_bin1``, ``age_bin2``, ... for its parts and
        ``age_missing`` for its indicator. Where two would be equal, as with another column
        called ``age_bin1``, the later one gets an underscore.

        Parameters
        ----------
        input_features : array-like of str, default=None
            The names of the columns of X. None: those seen in ``fit``, or x0, x1, ...

        Returns
        -------
        names : ndarray of str
            A name for each column.
        """
        check_is_fitted(self)
        columns = _check_feature_names_in(self, input_features)
        return np.array(self._layout.names(columns), dtype=object)

    def _checked_target(self, X: Floats, y: Any) -> NDArray[Any] | None:
        if self.strategy != "tree":
            return None
        if y is None:
            raise ValueError(
                'PiecewiseLinearEncoder with strategy="tree" requires y to be passed, but the '
                'target y is None. Call fit(X, y), or choose strategy="quantile".'
            )
        check_consistent_length(X, y)
        return check_target(y)

    def _edges(
        self,
        X: Floats,
        columns: Sequence[Distinct],
        y: NDArray[Any] | None,
        weights: Floats | None,
    ) -> list[Floats]:
        target = None if y is None else tree_target(y, self.target_type)
        most = np.array([most_bins(each, self.n_bins) for each in columns])
        if self.max_columns is not None:
            # Columns that can have no parts have no say.
            can = most > 0
            kept = int(can.sum()) if self.keep_column else 0
            room = self.max_columns - kept - int(self.has_missing_[can].sum())
            most = np.minimum(most, bins_within(room, most))
        edges: list[Floats] = [np.empty(0)] * len(most)
        for j in most.nonzero()[0].tolist():
            if target is None:
                edges[j] = quantile_edges(columns[j], most[j])
            else:
                share = self.min_weight_fraction_leaf
                edges[j] = tree_edges(
                    columns[j], most[j], X[:, j], target, weights, min_weight_fraction_leaf=share
                )
        return edges

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = self.strategy == "tree"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"] if self.dtype is None else []
        return tags
