"""SmoothClipScaler: columns robustly scaled, and bounded without a kink."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_array, check_is_fitted

from sknnreg.preprocessing.checking import (
    Floats,
    check_columns,
    check_spread,
    check_weights,
    column_name,
    row_blocks,
)
from sknnreg.preprocessing.distinct import Distinct
from sknnreg.preprocessing.smooth_clipping import smooth_clip, smooth_unclip
from sknnreg.sklearn_types import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
)
from sknnreg.versions import Versioned

if TYPE_CHECKING:
    from typing import Self


class SmoothClipScaler(Versioned, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Scale columns by median and interquartile range, and clip them smoothly.

    A column x becomes

    .. math:: \frac{z}{\sqrt{1 + (z / b)^2}}, \qquad z = \frac{x - \text{median}}{s}

    with b the bound and s the interquartile range. Where that is 0, s is half the range; where
    that is 0 too, and where the column varies by rounding alone, the column becomes 0. Near the
    median this is the identity on z; values far out approach -b and b, in their order. So outliers
    neither set the scale of all others, nor reach a network as numbers it has hardly seen.

    Parameters
    ----------
    bound : float or None, default=3.0
        The bound b > 0 that no value exceeds. None or infinity: z is not clipped.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,)
        The median of each column, NaN left out; 0 where there is nothing else.
    scale_ : ndarray of shape (n_features,)
        s; 0 for the columns that become 0.
    n_features_in_ : int
        Number of columns seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where all are strings.

    See Also
    --------
    PiecewiseLinearEncoder : Each column as several, with this one among them.
    sklearn.preprocessing.RobustScaler : z alone.

    Notes
    -----
    NaN passes through and counts for nothing in ``fit``. Infinity is refused.

    A quantile is a value of the column, or the mean of two neighbors where exactly that share of
    the weight is below (Hyndman and Fan's second definition, NumPy's "averaged_inverted_cdf"). So a
    weight of 2 equals a row written twice, and one of 0 a row left out.

    References
    ----------
    D. Holzmüller, L. Grinsztajn and I. Steinwart (2024). Better by default: strong pre-tuned MLPs
    and boosted trees on tabular data. NeurIPS 37.

    Examples
    --------
    >>> from sknnreg.preprocessing import SmoothClipScaler
    >>> X = [[0.0], [1.0], [2.0], [3.0], [4.0], [1000.0]]
    >>> SmoothClipScaler().fit_transform(X).round(2).ravel()
    array([-0.8 , -0.49, -0.17,  0.17,  0.49,  3.  ])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "bound": [Interval(Real, 0, None, closed="right"), None]
    }

    def __init__(self, bound: float | None = 3.0) -> None:
        self.bound = bound

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Find each column's median and scale.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN stands for missing ones.
        y : None
            Not used.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, 0 or larger, for the quantiles. None: all weigh the same.

        Returns
        -------
        self : SmoothClipScaler
            The fitted scaler.
        """
        self._validate_params()
        X = check_columns(self, X, reset=True)
        weights = check_weights(sample_weight, X)
        if weights is not None:
            X, weights = X[weights > 0], weights[weights > 0]
        columns = [Distinct.of(column, weights) for column in X.T]
        check_spread(
            self,
            np.array([each.low for each in columns]),
            np.array([each.high for each in columns]),
        )
        found = np.array([each.center_and_scale() for each in columns])
        self.center_, self.scale_ = found[:, 0].copy(), found[:, 1].copy()
        return self

    def transform(self, X: Any) -> Any:
        """Scale and clip.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN passes through.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features)
            The columns within [-bound, bound], of dtype float32 if X is, else float64.
        """
        check_is_fitted(self)
        X = check_columns(self, X, reset=False)
        out, largest = np.empty(X.shape, X.dtype), float(np.finfo(X.dtype).max)
        span, becomes_0 = np.where(self.scale_ > 0, self.scale_, 1), self.scale_ == 0
        with np.errstate(over="ignore"):
            for rows in row_blocks(*X.shape):
                z = (X[rows] - self.center_) / span
                z[:, becomes_0] = np.where(np.isnan(z[:, becomes_0]), np.nan, 0)
                out[rows] = smooth_clip(z, self.bound).clip(-largest, largest)
        return out

    def inverse_transform(self, X: Any) -> Any:
        """Undo ``transform``: z = v / sqrt(1 - (v / bound)²), then median + scale z.

        It is there only for values strictly between -bound and bound. ``transform`` itself returns
        the bound for what is so far out that it cannot be told from it: some 10⁸ scales in float64,
        and 10⁴ in float32. Columns that became 0 come back as their median.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Scaled and clipped numbers; NaN passes through.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            The columns in their own units.

        Raises
        ------
        ValueError
            If a value is at the bound or beyond.
        """
        check_is_fitted(self)
        X = check_array(X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan")
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} columns, but the scaler was fitted to {self.n_features_in_}."
            )
        self._refuse_bound(X)
        largest = float(np.finfo(X.dtype).max)
        with np.errstate(over="ignore"):
            columns = self.center_ + self.scale_ * smooth_unclip(X.astype(np.float64), self.bound)
        return columns.clip(-largest, largest).astype(X.dtype)

    def _refuse_bound(self, X: Floats) -> None:
        if self.bound is None:
            return
        beyond = np.abs(X) >= self.bound
        if beyond.any():
            row, column = np.argwhere(beyond)[0]
            raise ValueError(
                f"inverse_transform is there for values strictly between {-self.bound:g} and "
                f"{self.bound:g}, got {X[row, column]!s} in column "
                f"{column_name(self, int(column))!r}. Values so far out have no inverse, or one "
                "that is lost by rounding: leave these rows out, or fit with a larger bound."
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
