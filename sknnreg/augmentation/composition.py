"""Several augmentations as one: in turn, now and then, or one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sknnreg.augmentation.base import PROBABILITY, Augmentation, Floats

if TYPE_CHECKING:
    from typing import Self


def _apply(function: Any, rows: Floats, y: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
    """What a member makes of rows; a function of the user's own may make anything."""
    returned = function(rows.copy() if not _is_ours(function) else rows, y, rng)
    if isinstance(returned, tuple) and len(returned) == 2:
        new = np.asarray(returned[0])
        fits = new.shape == rows.shape and new.dtype.kind in "biuf"
        if fits and (y is None or np.shape(returned[1]) == np.shape(y)):
            return new.astype(rows.dtype, copy=False), returned[1]
    raise ValueError(
        f"{function!r} must return (X, y) of the shapes it was given, {rows.shape} and "
        f"{np.shape(y)}."
    )


def _is_ours(function: Any) -> bool:
    return isinstance(function, Augmentation)


class _Composition(Augmentation):
    """Is what its members are."""

    def _members(self) -> Sequence[Any]:
        raise NotImplementedError

    @property
    def mixes_labels(self) -> bool:
        """Whether a member does."""
        return any(getattr(each, "mixes_labels", False) for each in self._members())

    @property
    def mixes_rows(self) -> bool:
        """Whether a member does, as far as is known."""
        return any(getattr(each, "mixes_rows", False) for each in self._members())

    @property
    def is_active(self) -> bool:
        """Whether a member does anything."""
        return any(not _is_ours(each) or each.is_active for each in self._members())

    @property
    def is_known(self) -> bool:
        """Whether all members are."""
        known = all(_is_ours(each) and each.is_known for each in self._members())
        return known and super().is_known

    def _check_together(self) -> None:
        for each in self._members():
            if not callable(each) or isinstance(each, type):
                raise ValueError(
                    f"{type(self).__name__} takes augmentations, or functions (X, y, rng) -> "
                    f"(X, y), got {each!r}."
                )
            if _is_ours(each):
                each.check_parameters()


class _Several(_Composition):
    """A list of augmentations, each of which also is a parameter, by its class in small letters."""

    augmentations: Sequence[Any]

    def _members(self) -> Sequence[Any]:
        return self.augmentations

    def _check_together(self) -> None:
        if isinstance(self.augmentations, str) or not len(self.augmentations):
            raise ValueError(
                f"{type(self).__name__} takes a list of augmentations, got {self.augmentations!r}."
            )
        super()._check_together()

    def _named(self) -> Iterator[tuple[str, Any]]:
        """Members with names; the second of a class and those after it have a number."""
        seen: dict[str, int] = {}
        for each in self.augmentations:
            name = getattr(each, "__name__", type(each).__name__).lower()
            seen[name] = seen.get(name, 0) + 1
            yield (name if seen[name] == 1 else f"{name}-{seen[name]}"), each

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name, those of the members included.

        Parameters
        ----------
        deep : bool, default=True
            Whether members, ``randomshift``, and their parameters, ``randomshift__max_shift``, are
            among them.

        Returns
        -------
        params : dict
            Names and values.
        """
        params = super().get_params(deep=False)
        if deep:
            for name, member in self._named():
                params[name] = member
                if _is_ours(member):
                    inner = member.get_params(deep=True).items()
                    params.update({f"{name}__{key}": value for key, value in inner})
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, those of the members included.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self : object
            The augmentation.
        """
        if "augmentations" in params:
            self.augmentations = params.pop("augmentations")
        names = [name for name, _ in self._named()]
        for name in [each for each in params if each in names]:
            # A new list: the old one may be someone else's too.
            members = list(self.augmentations)
            members[names.index(name)] = params.pop(name)
            self.augmentations = members
        if params:
            super().set_params(**params)
        return self


class Compose(_Several):
    """Apply augmentations in turn.

    Mixes labels if a member does; then all members are given shares of the classes as y.

    Parameters
    ----------
    augmentations : list
        Augmentations, or functions ``(X, y, rng) -> (X, y)``.

    Notes
    -----
    A member's parameters go by the name of its class in small letters, with "-2" and so on where
    there are several: ``randomshift__max_shift``, and ``augmentation__randomshift__max_shift``
    through the network.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import Compose, GaussianNoise, RandomShift
    >>> both = Compose([RandomShift((8, 8)), GaussianNoise(0.5)])
    >>> both.set_params(randomshift__max_shift=0.2)
    Compose(augmentations=[RandomShift(image_shape=(8, 8), max_shift=0.2),
                           GaussianNoise(std=0.5)])
    >>> both(np.zeros((5, 64)), None, np.random.default_rng(0))[0].shape
    (5, 64)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"augmentations": [list, tuple]}

    def __init__(self, augmentations: Sequence[Any]) -> None:
        self.augmentations = augmentations

    def _augment(self, rows: Floats, y: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
        for member in self.augmentations:
            rows, y = _apply(member, rows, y, rng)
        return rows, y


class _ByRow(_Composition):
    """Gives members some of the rows."""

    def _replace(
        self,
        which: NDArray[np.intp],
        member: Any,
        new: tuple[Floats, Any],
        old: tuple[Floats, Any],
        rng: np.random.Generator,
    ) -> tuple[Floats, Any]:
        """``new`` with what the member makes of the rows ``which`` of ``old``."""
        if not len(which):
            return new
        rows, y = new
        given = None if old[1] is None else np.asarray(old[1])
        if given is not None and given.shape[:1] != rows.shape[:1]:
            raise ValueError(
                f"{type(self).__name__} needs a target for each of {len(rows)} rows, or None as y, "
                f"got y of shape {given.shape}."
            )
        given = None if given is None else given[which]
        rows[which], changed = _apply(member, old[0][which], given, rng)
        if given is not None and changed is not given:
            y = np.array(y)
            y[which] = changed
        return rows, y


class RandomApply(_ByRow):
    """Apply an augmentation to some rows, each with a probability.

    A member that mixes rows finds partners among these.

    Parameters
    ----------
    augmentation : object
        An augmentation, or a function ``(X, y, rng) -> (X, y)``.
    probability : float, default=0.5
        In [0, 1]. 0 is off.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import GaussianNoise, RandomApply
    >>> noisy = RandomApply(GaussianNoise(1.0), probability=0.5)
    >>> noisy(np.zeros((4, 1)), None, np.random.default_rng(0))[0].round(2).ravel()
    array([ 0.  , -0.54,  0.36,  1.3 ])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "augmentation": [callable],
        "probability": PROBABILITY,
    }

    def __init__(self, augmentation: Any, probability: float = 0.5) -> None:
        self.augmentation = augmentation
        self.probability = probability

    def _members(self) -> Sequence[Any]:
        return [self.augmentation]

    @property
    def is_active(self) -> bool:
        """Whether the augmentation is, and ever applied."""
        return self.probability > 0 and super().is_active

    def _augment(self, rows: Floats, y: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
        which = np.flatnonzero(rng.random(len(rows)) < self.probability)
        return self._replace(which, self.augmentation, (rows.copy(), y), (rows, y), rng)


class OneOf(_Several, _ByRow):
    """Apply to each row one of several augmentations, drawn for the row.

    A member that mixes rows finds partners among those that it is drawn for.

    Parameters
    ----------
    augmentations : list
        Augmentations, or functions ``(X, y, rng) -> (X, y)``.
    weights : array-like or None, default=None
        At least 0, not all 0: how often each is drawn, in proportion. None: all alike.

    Notes
    -----
    Parameters of members go by names as in `Compose`.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import OneOf, RandomHorizontalFlip, RandomVerticalFlip
    >>> flip = OneOf(
    ...     [RandomHorizontalFlip((2, 2), probability=1), RandomVerticalFlip((2, 2), probability=1)]
    ... )
    >>> flip([[1, 2, 3, 4]] * 3, None, np.random.default_rng(0))[0]
    array([[3, 4, 1, 2],
           [2, 1, 4, 3],
           [2, 1, 4, 3]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "augmentations": [list, tuple],
        "weights": ["array-like", None],
    }

    def __init__(self, augmentations: Sequence[Any], *, weights: Any = None) -> None:
        self.augmentations = augmentations
        self.weights = weights

    def _check_together(self) -> None:
        super()._check_together()
        if self.weights is None:
            return
        weights = np.asarray(self.weights)
        fits = weights.shape == (len(self.augmentations),) and weights.dtype.kind in "biuf"
        if not fits or not np.isfinite(weights).all() or weights.min() < 0 or not weights.any():
            raise ValueError(
                f"weights={self.weights!r} of OneOf must be {len(self.augmentations)} numbers of "
                "at least 0, one for each augmentation, not all 0."
            )

    def _augment(self, rows: Floats, y: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
        weights = np.ones(len(self.augmentations)) if self.weights is None else self.weights
        upto = np.cumsum(np.asarray(weights, np.float64))
        drawn = np.searchsorted(upto, rng.random(len(rows)) * upto[-1], side="right")
        new: tuple[Floats, Any] = rows.copy(), y
        for number, member in enumerate(self.augmentations):
            new = self._replace(np.flatnonzero(drawn == number), member, new, (rows, y), rng)
        return new
