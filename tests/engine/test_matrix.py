"""The layout of the one matrix: columns are a partition, sorted by role, and views are views."""

import numpy as np
import pytest

from sknnreg.engine.arrays.matrix import ROLES, Layout, Slot

SLOTS = [
    [Slot("weight", (4, 3), "weight"), Slot("bias", (1, 3), "other")],
    [],
    [
        Slot("scale", (1, 3), "other"),
        Slot("mean", (1, 3), "buffer"),
        Slot("count", (1, 1), "buffer"),
    ],
    [Slot("weight", (3, 2), "weight"), Slot("bias", (1, 2), "other")],
]


@pytest.fixture
def layout():
    return Layout(SLOTS)


def test_columns_are_a_partition(layout):
    visits = np.zeros(layout.n_columns, int)
    for column in layout.columns:
        visits[column.columns] += 1
        assert column.columns.stop - column.columns.start == np.prod(column.slot.shape)
    assert np.all(visits == 1)
    assert len(layout.columns) == sum(map(len, SLOTS))


def test_roles_are_sorted(layout):
    starts = [column.columns.start for column in layout.columns]
    assert starts == sorted(starts)
    ranks = [ROLES.index(column.slot.role) for column in layout.columns]
    assert ranks == sorted(ranks)
    assert (layout.n_weights, layout.n_trainable, layout.n_columns) == (18, 26, 30)
    for role, (first, last) in {"weight": (0, 18), "other": (18, 26), "buffer": (26, 30)}.items():
        columns = layout.named(role)
        assert columns[0].columns.start == first
        assert columns[-1].columns.stop == last
        assert [c.layer for c in columns] == sorted(c.layer for c in columns)


@pytest.mark.parametrize("m", [1, 5])
def test_views_write_through(layout, m):
    matrix = np.zeros((m, layout.n_columns))
    views = layout.views(matrix)
    assert len(views) == layout.n_layers == len(SLOTS)
    for number, column in enumerate(layout.columns, 1):
        view = getattr(views[column.layer], column.slot.name)
        assert view.shape == (m, *column.slot.shape)
        assert np.shares_memory(view, matrix)
        view[...] = number
        assert np.all(matrix[:, column.columns] == number)
    matrix[...] = np.arange(matrix.size).reshape(matrix.shape)
    for column in layout.columns:
        view = getattr(views[column.layer], column.slot.name)
        assert np.array_equal(view.reshape(m, -1), matrix[:, column.columns])


def test_a_matrix_of_gradients_has_no_buffers(layout):
    views = layout.views(np.zeros((2, layout.n_trainable)))
    assert [sorted(vars(view)) for view in views] == [
        ["bias", "weight"],
        [],
        ["scale"],
        ["bias", "weight"],
    ]


def test_no_columns_at_all():
    layout = Layout([[], []])
    assert layout.n_columns == 0
    assert [vars(view) for view in layout.views(np.zeros((2, 0)))] == [{}, {}]
