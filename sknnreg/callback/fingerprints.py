"""By what a fit is known again: its settings in plain words, and checksums of its data."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from functools import partial
from types import CellType, CodeType, FunctionType
from typing import Any

import numpy as np
from scipy import sparse

from sknnreg.callback.contents import Words, packed_state
from sknnreg.engine.arrays.rows import release_pages
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.state import TrainingState
from sknnreg.estimators.data.inputs import chunks
from sknnreg.estimators.data.preparation import Labelled, Plan

# It prints, and changes nothing else.
WITHOUT_EFFECT = frozenset({"verbose"})
# A user's objects may refer to one another in circles.
DEEPEST = 8


def fingerprint(estimator: Any, plan: Plan, state: TrainingState | None) -> Words:
    """What must be equal for a fit to go on where another was cut off.

    The settings, one by one, so that an error can name those that are others; the data's
    checksums; and what ``warm_start`` goes on from.
    """
    settings = estimator.get_params(deep=False)
    data = _checksums(plan.given, "")
    if plan.given_validation is not None:
        data |= _checksums(plan.given_validation, "_val")
    if state is not None:
        data["the network that warm_start goes on from"] = _of_state(state)
    return {
        "estimator": type(estimator).__name__,
        "settings": {k: described(v) for k, v in settings.items() if k not in WITHOUT_EFFECT},
        "data": data,
    }


def short_name(estimator: Any, mark: Words) -> str:
    """A name of the same letters whenever the same fit is run.

    Settings at their defaults have no part in it: a later version may have more of them.
    """
    changed = {k: v for k, v in mark["settings"].items() if v != defaults(estimator).get(k)}
    text = json.dumps({**mark, "settings": changed}, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def differences(estimator: Any, kept: Words, present: Words) -> list[str]:
    """In which words two fingerprints differ."""
    if kept["estimator"] != present["estimator"]:
        return [f"it was {kept['estimator']}, and is {present['estimator']}"]
    before = {**defaults(estimator), **kept["settings"]}
    found = [
        f"{name} was {_shown(before.get(name))}, and is {_shown(value)}"
        for name, value in present["settings"].items()
        if before.get(name) != value
    ]
    names = dict.fromkeys([*kept["data"], *present["data"]])
    others = [name for name in names if kept["data"].get(name) != present["data"].get(name)]
    return found + [f"{name} is not what it was" for name in others]


def defaults(estimator: Any) -> Words:
    """The settings of an estimator of this class on which nothing was set."""
    parameters = inspect.signature(type(estimator)).parameters.values()
    return {p.name: described(p.default) for p in parameters if p.default is not p.empty}


def described(value: Any, depth: int = 0) -> Any:
    """A setting in words of JSON, equal for equal settings of two runs of a program.

    Functions by their names and what they are made of, other objects by their attributes.
    """
    if depth > DEEPEST:
        return type(value).__name__
    of = partial(described, depth=depth + 1)
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        return of(value.tolist())
    if isinstance(value, list | tuple):
        return [of(each) for each in value]
    if isinstance(value, Mapping):
        return {str(of(key)): of(each) for key, each in value.items()}
    return [of(each) for each in _parts(value)]


def _parts(value: Any) -> tuple[Any, ...]:
    """What makes a function or another object what it is."""
    if isinstance(value, partial):
        return value.func, value.args, value.keywords
    name = getattr(value, "__qualname__", None)
    if name is None:
        return type(value).__qualname__, getattr(value, "__dict__", None) or _own_words(value)
    named = f"{getattr(value, '__module__', '')}.{name}"
    if isinstance(value, FunctionType):
        cells = [_content(cell) for cell in value.__closure__ or ()]
        return named, _of_code(value.__code__), value.__defaults__, value.__kwdefaults__, cells
    return named, getattr(value, "__self__", None)


def _own_words(value: Any) -> str:
    """How an object without attributes shows itself, if not by its place in memory."""
    shown = repr(value)
    return "" if " at 0x" in shown else shown


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing yet
        return None


def _of_code(code: CodeType) -> str:
    """A checksum of what a function does."""
    parts = [code.co_code, repr(code.co_names).encode()]
    return _checksum(*parts, *(_of_constant(each).encode() for each in code.co_consts))


def _of_constant(value: Any) -> str:
    if isinstance(value, CodeType):
        return _of_code(value)
    # A set's order is another in every process.
    return repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value)


def _checksums(rows: Labelled, ending: str) -> Words:
    given = {"X": rows.X, "y": rows.y, "sample_weight": rows.weight, "groups": rows.groups}
    return {f"{name}{ending}": _of_data(each) for name, each in given.items() if each is not None}


def _of_data(values: Any) -> str:
    """A checksum of an array's kind, shape and numbers, wherever these stand in memory."""
    if sparse.issparse(values):
        rows: Any = values
        rows = rows.tocsr()
        parts = (rows.data, rows.indices, rows.indptr)
        return _checksum(repr(rows.shape).encode(), *(_of_data(each).encode() for each in parts))
    checksum = hashlib.blake2b(f"{values.dtype}{values.shape}".encode(), digest_size=16)
    for at in chunks((*values.shape, 1)):
        checksum.update(_as_bytes(values[at]))
        release_pages(values)
    return checksum.hexdigest()


def _as_bytes(rows: Array) -> Any:
    if rows.dtype.hasobject:
        return repr(rows.tolist()).encode()
    return np.ascontiguousarray(rows).ravel().view(np.uint8)


def _of_state(state: TrainingState) -> str:
    words, arrays = packed_state(state, "")
    parts = [f"{name}{_of_data(arrays[name])}".encode() for name in sorted(arrays)]
    return _checksum(json.dumps(words, sort_keys=True).encode(), *parts)


def _checksum(*parts: bytes) -> str:
    checksum = hashlib.blake2b(digest_size=16)
    for part in parts:
        checksum.update(len(part).to_bytes(8, "little"))
        checksum.update(part)
    return checksum.hexdigest()


def _shown(words: Any) -> str:
    text = repr(words)
    return text if len(text) <= 60 else f"{text[:57]}..."
