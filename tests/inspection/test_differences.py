"""Extrapolated differences of functions whose derivatives are known, and their bounds."""

import numpy as np
import pytest

from sknnreg.inspection.differences import derivative

EPS = np.finfo(float).eps
# f, f'(0), and how large f is.
FUNCTIONS = {
    "exp": (np.exp, 1.0, 1.0),
    "sine": (lambda x: np.sin(3 * x + 1), 3 * np.cos(1.0), 1.0),
    "steep": (lambda x: np.arctan(1e4 * (x + 1e-5)), 1e4 / 1.01, 2.0),
    "flat": (lambda x: 1 + 1e-9 * np.sin(x + 1), 1e-9 * np.cos(1.0), 1.0),
    "constant": (lambda x: 0 * x + 1.0, 0.0, 1.0),
    "kink nearby": (lambda x: np.abs(x + 1e-4), 1.0, 1.0),
    "jump nearby": (lambda x: np.sin(x) + (x > 1e-6), 1.0, 1.0),
    "infinite nearby": (lambda x: np.exp(x) if x < 0.01 else np.inf, 1.0, 1.0),
}
SMOOTH_WITHIN = {"steep": 1e-5, "kink nearby": 1e-4, "jump nearby": 1e-6, "infinite nearby": 1e-2}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("step", [1.0, 0.03, 1e-5])
def test_the_error_is_within_its_bound_and_the_bound_is_small(name, step):
    function, slope, size = FUNCTIONS[name]
    noise = np.array([4 * EPS * size])
    found, bound = derivative(lambda x: np.array([function(x)]), step, noise)
    assert abs(found[0] - slope) <= bound[0]
    # Rounding at a step of the size at which the function is smooth.
    assert bound[0] < 200 * noise[0] / min(step, SMOOTH_WITHIN.get(name, step))


def test_functions_side_by_side_do_not_wait_for_one_another_in_vain():
    """Each has the estimate and the bound that it has alone, or better ones."""
    functions = [FUNCTIONS[name] for name in ("sine", "kink nearby", "steep")]
    noise = np.full(3, 8 * EPS)
    found, bound = derivative(lambda x: np.array([f(x) for f, _, _ in functions]), 0.03, noise)
    slopes = np.array([slope for _, slope, _ in functions])
    assert (np.abs(found - slopes) <= bound).all()
    for number, (function, _, _) in enumerate(functions):
        _, alone = derivative(lambda x, f=function: np.array([f(x)]), 0.03, noise[:1])
        assert bound[number] <= alone[0]


def test_at_a_kink_both_sides_are_averaged():
    """The symmetric derivative; a bound cannot tell."""
    found, _ = derivative(lambda x: np.array([abs(x)]), 0.03, np.array([EPS]))
    assert found[0] == 0
