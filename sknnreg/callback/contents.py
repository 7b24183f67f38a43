"""Trainings as named arrays and plain words, and back: what a checkpoint holds."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeAlias

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.problem import History, Result, Underway
from sknnreg.engine.state import TrainingState

Arrays: TypeAlias = dict[str, Array]
# What JSON can say.
Words: TypeAlias = dict[str, Any]

_CURVES = ("loss", "validation_loss", "score", "learning_rate")


def packed(training: Underway | Result, name: str) -> tuple[Words, Arrays]:
    """A training's words, and its arrays, whose names begin with ``name``."""
    words, arrays = packed_state(training.state, name)
    history = training.history
    for curve in _CURVES:
        arrays[f"{name}history/{curve}"] = np.array(getattr(history, curve), np.float64)
    ended = isinstance(training, Result)
    if isinstance(training, Result):
        arrays[f"{name}kept"] = training.values
    about = {"ended": ended, "stop_reason": history.stop_reason, "seconds": training.seconds}
    return {**about, "state": words}, arrays


def unpacked(words: Words, arrays: Arrays, name: str) -> Underway | Result:
    """The training again, bit for bit."""
    curves = {curve: arrays[f"{name}history/{curve}"].tolist() for curve in _CURVES}
    history = History(**curves, stop_reason=words["stop_reason"])
    state = _unpacked_state(words["state"], arrays, name)
    if words["ended"]:
        return Result(arrays[f"{name}kept"], state, history, words["seconds"])
    return Underway(state, history, words["seconds"])


def packed_state(state: TrainingState, name: str) -> tuple[Words, Arrays]:
    """The words of a state, and its arrays."""
    arrays: Arrays = {}
    outline = {
        each.name: _taken_apart(getattr(state, each.name), f"{name}state/{each.name}", arrays)
        for each in fields(state)
        if each.name != "streams"
    }
    streams = {"seeds": state.streams.seeds, "positions": state.streams.positions()}
    return {"outline": outline, "streams": streams}, arrays


def _unpacked_state(words: Words, arrays: Arrays, name: str) -> TrainingState:
    members = {
        each: _put_together(outline, f"{name}state/{each}", arrays)
        for each, outline in words["outline"].items()
    }
    return TrainingState(**members, streams=Streams.at(**words["streams"]))


def _taken_apart(tree: Any, name: str, arrays: Arrays) -> Any:
    """An outline of a tree: null for nothing, true for an array, which goes to ``arrays``."""
    if isinstance(tree, dict):
        return {key: _taken_apart(value, f"{name}/{key}", arrays) for key, value in tree.items()}
    if tree is None:
        return None
    arrays[name] = tree
    return True


def _put_together(outline: Any, name: str, arrays: Arrays) -> Any:
    if isinstance(outline, dict):
        return {key: _put_together(each, f"{name}/{key}", arrays) for key, each in outline.items()}
    return arrays[name] if outline else None
