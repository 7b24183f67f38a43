"""The state a network starts from, or goes on from: complete before it joins others in a stack."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop.evaluation import judge
from sknnreg.engine.problem import Problem, Recipe
from sknnreg.engine.state import TrainingState, key


def starting_state(problem: Problem, recipe: Recipe) -> TrainingState:
    """The problem's state, or a fresh one; with a state for every member that has none.

    One under way stays as it is: only what ended is judged anew.

    ``recipe`` is that of the whole stack, and says which members there are.
    """
    cut_off = problem.underway
    # Of its own: training may have to start from here once more.
    state = problem.state if cut_off is None else cut_off.state.copy()
    if state is None:
        streams = Streams([problem.seed])
        # By this network's own numbers, not the whole stack's.
        values = problem.recipe.network.initialize(streams, np.dtype(recipe.dtype))
        state = TrainingState.fresh(values, streams)
    state = state.equipped(
        keep_best=recipe.keep_best,
        averaging=key(recipe.averaging[0]) if recipe.averaging else None,
        n_snapshots=recipe.n_snapshots,
    )
    state = _with_members(state, recipe)
    if problem.state is not None and cut_off is None:
        _resume(problem, state)
    return state


def _with_members(state: TrainingState, recipe: Recipe) -> TrainingState:
    """The state with one of each transform and monitor, and of no others."""
    trained = state.values[:, : recipe.network.layout.n_trainable]
    missing = {key(t): t.init(trained) for t in recipe.transforms if key(t) not in state.transforms}
    if any(missing.values()):
        # An optimizer that starts anew counts its steps anew.
        state = replace(state, steps=np.zeros_like(state.steps))
    known = {**state.transforms, **missing}
    transforms = {key(t): known[key(t)] for t in recipe.transforms}
    monitors = {key(m): state.monitors.get(key(m)) or m.init(1) for m in recipe.monitors}
    return replace(state, transforms=transforms, monitors=monitors)


def _resume(problem: Problem, state: TrainingState) -> None:
    """Go on: patience that was spent is new, and a best of other rows is judged by these."""
    # In numbers of this network's own, not of the whole stack.
    recipe = problem.recipe.alone
    monitors = [(member, state.monitors[key(member)]) for member in recipe.monitors]
    for member, its_state in monitors:
        member.resume(its_state)
    if not recipe.keep_best or state.best is None or np.isinf(state.best_value[0]):
        return
    value = judge(problem, recipe, state.best.copy())
    if value != state.best_value[0]:
        state.best_value[...] = value if np.isfinite(value) else np.inf
        _rejudge_snapshots(problem, recipe, state)
        for member, its_state in monitors:
            member.rejudge(its_state, state.best_value)


def _rejudge_snapshots(problem: Problem, recipe: Recipe, state: TrainingState) -> None:
    """What those so far are worth on other rows."""
    if state.snapshots is None or state.snapshot_values is None:
        return
    for number in range(min(int(state.taken[0]), recipe.n_snapshots)):
        value = judge(problem, recipe, state.snapshots[:, number].copy())
        state.snapshot_values[:, number] = value if np.isfinite(value) else np.inf
