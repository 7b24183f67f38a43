"""The leading network axis: configurations and states as trees with a row per network.

A tree is a frozen dataclass or a tuple of trees. The fields declared ``PerNetwork`` are leaves,
numbers that may differ from network to network; all else is structure and must be equal before
networks can share a stack.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast, get_type_hints

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Product: TypeAlias = Callable[[Array, Array, Array], Array]
PerNetwork: TypeAlias = float | NDArray[np.float64]
Tree = TypeVar("Tree")


def structure(tree: Any) -> Hashable:
    """What must be equal for networks to train in one stack: the tree with its numbers blanked."""
    blank: Hashable = _map_numbers(lambda *_: 0.0, tree)
    return blank


def stack(trees: Sequence[Tree]) -> Tree:
    """Configurations of equal structure -> one whose numbers are arrays ``(M,)``."""
    stacked: Tree = _map_numbers(lambda *values: np.array(values, dtype=np.float64), *trees)
    return stacked


def take_numbers(tree: Tree, rows: Array) -> Tree:
    """The stacked configuration of the networks ``rows`` alone."""
    taken: Tree = _map_numbers(lambda value: value[rows], tree)
    return taken


def simplify(tree: Tree) -> Tree:
    """Drop the members that are off in every network of a stacked configuration.

    A member that is on in one row keeps its place for all: its draws come from a stream of its
    own and its effect at rate 0 is the identity, so no row changes by it.
    """
    simplified: Any = tree
    if isinstance(tree, tuple):
        simplified = tuple(simplify(m) for m in tree if np.any(getattr(m, "active", True)))
    elif is_dataclass(tree) and not isinstance(tree, type):
        simplified = replace(
            tree, **{f.name: simplify(getattr(tree, f.name)) for f in fields(tree)}
        )
    return cast(Tree, simplified)


def product_of(ndim: int) -> Product:
    """The matrix product over the last two axes of arrays with ``ndim``, ``product(a, b, out)``.

    Both make the same BLAS calls; the method gets there in half the time, but knows two axes only.
    """
    return np.ndarray.dot if ndim == 2 else np.matmul


def per_network(value: PerNetwork, like: Array) -> Array:
    """Numbers ``(M,)`` shaped to broadcast against an array ``(M, ...)``, in its dtype."""
    return broadcastable(np.asarray(value, dtype=like.dtype), like.ndim)


def broadcastable(numbers: Array, ndim: int) -> Array:
    """Numbers ``(..., M)`` with axes added at the end, to broadcast against ``ndim`` dimensions.

    A single network's become an array without dimensions: NumPy has a fast path for these.
    """
    if numbers.shape[-1:] in ((), (1,)):
        return numbers.reshape(numbers.shape[:-1])
    return numbers.reshape(*numbers.shape, *(1,) * (ndim - 1))


def power(base: PerNetwork, exponent: PerNetwork) -> Array:
    """base ** exponent, the same bits for a number alone and among others.

    Where one exponent serves many bases, NumPy would take squares, roots or reciprocals instead.
    """
    bases, exponents = np.broadcast_arrays(base, exponent)
    raised: Array = bases ** exponents.astype(np.float64)
    return raised


def _map_numbers(function: Callable[..., Any], *trees: Any) -> Any:
    first = trees[0]
    if isinstance(first, tuple):
        return tuple(_map_numbers(function, *each) for each in zip(*trees, strict=True))
    if not is_dataclass(first) or isinstance(first, type):
        return first
    changes: dict[str, Any] = {}
    for name, is_number in _fields(type(first)):
        values = [getattr(tree, name) for tree in trees]
        changes[name] = function(*values) if is_number else _map_numbers(function, *values)
    return replace(first, **changes)


@cache
def _fields(cls: type) -> list[tuple[str, bool]]:
    """The names of the fields, and whether they hold numbers per network."""
    hints = get_type_hints(cls)
    return [(field.name, hints[field.name] == PerNetwork) for field in fields(cls)]
