"""One matrix: a row per network, a column per number, sorted by role.

Columns come as weights | other trainables | buffers, so that "what is penalized" and "what is
trained" are slices, a snapshot is a copy, and keeping the best epoch takes the running statistics
along.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from types import SimpleNamespace
from typing import Literal, TypeAlias

from sknnreg.engine.arrays.stack import Array

Role: TypeAlias = Literal["weight", "other", "buffer"]
ROLES: tuple[Role, ...] = ("weight", "other", "buffer")
Views: TypeAlias = SimpleNamespace


@dataclass(frozen=True)
class Slot:
    """The columns that a layer asks for: an array ``(M, *shape)`` under ``name``."""

    name: str
    shape: tuple[int, int]
    role: Role


@dataclass(frozen=True)
class Column:
    """A slot's place: the layer's index, the slot, the columns it occupies."""

    layer: int
    slot: Slot
    columns: slice


class Layout:
    """Which columns belong to which layer and role."""

    def __init__(self, slots: Sequence[Sequence[Slot]]) -> None:
        self.n_layers = len(slots)
        self.columns: list[Column] = []
        ends = {}
        start = 0
        for role in ROLES:
            for index, layer_slots in enumerate(slots):
                for slot in layer_slots:
                    if slot.role == role:
                        stop = start + prod(slot.shape)
                        self.columns.append(Column(index, slot, slice(start, stop)))
                        start = stop
            ends[role] = start
        self.n_weights = ends["weight"]
        self.n_trainable = ends["other"]
        self.n_columns = ends["buffer"]

    def views(self, matrix: Array) -> list[Views]:
        """Each layer's arrays ``(M, *shape)`` as views of a matrix ``(M, P)``."""
        views = [SimpleNamespace() for _ in range(self.n_layers)]
        for column in self.columns:
            if column.columns.stop <= matrix.shape[1]:
                block = matrix[:, column.columns]
                setattr(
                    views[column.layer],
                    column.slot.name,
                    block.reshape(len(matrix), *column.slot.shape),
                )
        return views

    def named(self, role: Role) -> list[Column]:
        """The columns of one role, in the order of the layers."""
        return [column for column in self.columns if column.slot.role == role]
