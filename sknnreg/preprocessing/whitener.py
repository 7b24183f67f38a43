"""Whitener: columns of mean 0 and variance 1 that do not correlate."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_is_fitted,
    validate_data,
)

from sknnreg.preprocessing.checking import Floats, check_proportions, check_spread
from sknnreg.preprocessing.moments import Moments
from sknnreg.preprocessing.whitening import (
    WHITENINGS,
    Correlations,
    shrink_towards_sphere,
)
from sknnreg.sklearn_types import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
)
from sknnreg.versions import Versioned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from numpy.typing import NDArray

# Below this share of the largest, an eigenvalue of the correlations is rounding or nearly so: the
# new columns' covariance would no longer be the identity to six digits.
SMALLEST_SHARE = 1e-10


class Whitener(Versioned, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Center columns and turn them into ones of variance 1 that do not correlate.

    .. math:: z = W (x - \bar{x}), \qquad W^\top W = \Sigma^{-1}

    with :math:`\Sigma` the covariance of the columns, of variances V and correlations P. Any W that
    does this can be turned by any rotation; these five are each the best one in some respect
    (Kessy, Lewin and Strimmer, 2018):

    - "zca": :math:`\Sigma^{-1/2}`. The new columns are as near to the centered ones as can be.
    - "zca_cor": :math:`P^{-1/2} V^{-1/2}`. They correlate with the old ones as much as can be,
      whatever units these have.
    - "pca": :math:`\Lambda^{-1/2} U^\top`, of the eigenvectors U of :math:`\Sigma`. The first ones
      hold as much of the variance of all columns as can be.
    - "pca_cor": the same, of P, after scaling by :math:`V^{-1/2}`.
    - "cholesky": :math:`L^\top` with :math:`L L^\top = \Sigma^{-1}`. Column i is made of columns i
      and later: W is triangular.

    Networks train faster on whitened columns: no direction of the weights then is steeper than
    others (LeCun et al., 1998).

    Parameters
    ----------
    method : {"zca", "zca_cor", "pca", "pca_cor", "cholesky"}, default="zca"
        The rotation, as above.
    regularization : "auto", "ledoit_wolf" or float in [0, 1], default="auto"
        The share :math:`\lambda` by which the covariance, or for "zca_cor" and "pca_cor" the
        correlation, is shrunk towards a sphere,
        :math:`(1 - \lambda) \Sigma + \lambda \operatorname{mean}(\operatorname{diag} \Sigma) I`.
        "ledoit_wolf": the share of the least expected squared error (Ledoit and Wolf, 2004).
        "auto": 0 if the columns are linearly independent, else "ledoit_wolf", as with fewer rows
        than columns. With a share above 0 the training rows' new covariance is no identity: weak
        directions, which are mostly noise, stay weak.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        The columns' means.
    covariance_ : ndarray of shape (n_features, n_features)
        :math:`\Sigma`, after shrinking.
    whitening_ : ndarray of shape (n_features, n_features)
        W.
    unwhitening_ : ndarray of shape (n_features, n_features)
        Its inverse.
    regularization_ : float
        The share :math:`\lambda` that was taken.
    n_samples_seen_ : int or float
        The number of rows, or the sum of their weights.
    n_features_in_ : int
        Number of columns seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where all are strings.

    Raises
    ------
    ValueError
        If columns depend on one another linearly and ``regularization`` is 0.

    See Also
    --------
    sklearn.decomposition.PCA : With ``whiten=True``, the rotation "pca" of fewer columns.
    sklearn.preprocessing.StandardScaler : Mean 0 and variance 1, correlations as they are.

    Notes
    -----
    Constant columns become 0, and count for nothing else. The covariance divides by the number of
    rows, or the sum of the weights, as `StandardScaler` does: a weight of 2 equals a row written
    twice. Eigenvectors have the sign that makes the diagonal of U positive; where eigenvalues are
    equal, as in directions without variance after shrinking, PCA's are one choice of many.

    References
    ----------
    A. Kessy, A. Lewin and K. Strimmer (2018). Optimal whitening and decorrelation. The American
    Statistician 72.

    O. Ledoit and M. Wolf (2004). A well-conditioned estimator for large-dimensional covariance
    matrices. Journal of Multivariate Analysis 88.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg.preprocessing import Whitener
    >>> Z = Whitener().fit_transform(load_iris().data)
    >>> np.cov(Z.T, bias=True).round(6) + 0.0
    array([[1., 0., 0., 0.],
           [0., 1., 0., 0.],
           [0., 0., 1., 0.],
           [0., 0., 0., 1.]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "method": [StrOptions(set(WHITENINGS))],
        "regularization": [
            StrOptions({"auto", "ledoit_wolf"}),
            Interval(Real, 0, 1, closed="both"),
        ],
    }

    def __init__(
        self,
        method: Literal["zca", "zca_cor", "pca", "pca_cor", "cholesky"] = "zca",
        *,
        regularization: Literal["auto", "ledoit_wolf"] | float = "auto",
    ) -> None:
        self.method = method
        self.regularization = regularization

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Find the means and the matrix W.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers.
        y : None
            Not used.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, 0 or larger. None: all weigh 1.

        Returns
        -------
        self : Whitener
            The fitted transformer.
        """
        self._validate_params()
        self._moments = self._moments_of(X, sample_weight, reset=True)
        return self._find_matrix()

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Add rows to those seen; the means and W are those of all rows together.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers.
        y : None
            Not used.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, 0 or larger. None: all weigh 1.

        Returns
        -------
        self : Whitener
            The fitted transformer.
        """
        self._validate_params()
        seen = getattr(self, "_moments", None)
        new = self._moments_of(X, sample_weight, reset=seen is None)
        self._moments = new if seen is None else seen + new
        return self._find_matrix()

    def transform(self, X: Any) -> Any:
        """Center and whiten.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features)
            z = W (x - mean), of dtype float32 if X is, else float64.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return ((X - self.mean_) @ self.whitening_.T).astype(X.dtype, copy=False)

    def inverse_transform(self, X: Any) -> Any:
        """Undo ``transform``; constant columns come back as their mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Whitened columns.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            The columns in their own units.
        """
        check_is_fitted(self)
        X = check_array(X, dtype=[np.float64, np.float32])
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} columns, but the whitener was fitted to {self.n_features_in_}."
            )
        return (X @ self.unwhitening_.T + self.mean_).astype(X.dtype, copy=False)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The names of the new columns: those of the old ones, or "pca0", "pca1", ...

        Parameters
        ----------
        input_features : array-like of str, default=None
            The names of the columns; by default those seen in ``fit``, or "x0", "x1", ...

        Returns
        -------
        feature_names_out : ndarray of shape (n_features,)
            The names.
        """
        names = super().get_feature_names_out(input_features)
        if not self.method.startswith("pca"):
            return names
        return np.array([f"pca{number}" for number in range(len(names))], dtype=object)

    def _moments_of(self, X: Any, sample_weight: Any, *, reset: bool) -> Moments:
        X = validate_data(self, X, reset=reset, dtype=np.float64)
        check_spread(self, X.min(axis=0), X.max(axis=0))
        if reset:
            # Powers of two keep the bits, and fourth powers in range.
            self._units = np.ldexp(1.0, np.frexp(np.abs(X).max(axis=0))[1])
        X = X / self._units
        if sample_weight is None:
            return Moments.of(X, None)
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        return Moments.of(X[weights > 0], weights[weights > 0])

    def _find_matrix(self) -> Self:
        moments = self._moments
        used = np.flatnonzero(moments.varies)
        # From here on in units of the largest column, as what is to be told of them is.
        relative = self._units[used] / self._units.max()
        covariance, correlations = self._shrunk(moments.take(used), relative)
        W = WHITENINGS[self.method](*correlations.whitening())
        self.mean_, self.n_samples_seen_ = moments.mean * self._units, moments.n
        self.covariance_, self.whitening_, self.unwhitening_ = (
            np.zeros((len(moments.mean), len(moments.mean))) for _ in range(3)
        )
        pairs = np.ix_(used, used)
        unit = self._units.max()
        self.whitening_[pairs], self.unwhitening_[pairs] = W / unit, covariance @ W.T * unit
        with np.errstate(over="ignore"):
            self.covariance_[pairs] = covariance * unit * unit
        return self

    def _shrunk(self, moments: Moments, relative: Floats) -> tuple[Floats, Correlations]:
        """The covariance, shrunk; ``regularization_`` says how much."""
        own = self.method.endswith("_cor")
        scale = np.sqrt(np.diag(moments.covariance)) if own else 1 / relative
        moments = moments.in_units_of(scale)
        back = np.outer(scale * relative, scale * relative)
        for share in self._shares(moments):
            covariance = shrink_towards_sphere(moments.covariance, share) * back
            check_proportions(np.diag(covariance))
            correlations = Correlations.of(covariance)
            if correlations.smallest_share >= SMALLEST_SHARE:
                self.regularization_ = share
                return covariance, correlations
        raise ValueError(
            f"Some of the {len(back)} columns of X that vary depend on others linearly, so "
            f"that their covariance has no inverse: of {moments.n:g} rows, "
            f"regularization={self.regularization!r} shrinks it by {share:g}. "
            "Pass a number in (0, 1], such as 0.01, or, if there are more than two rows, "
            "'ledoit_wolf'."
        )

    def _shares(self, moments: Moments) -> Iterator[float]:
        """The shares by which to shrink, until the columns are independent."""
        if not isinstance(self.regularization, str):
            yield float(self.regularization)
            return
        if self.regularization == "auto":
            yield 0.0
        yield moments.ledoit_wolf()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
