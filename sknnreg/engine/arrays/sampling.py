"""Rows drawn in proportion to their weights."""

import numpy as np

from sknnreg.engine.arrays.stack import Array


def draw_by_weight(order: Array, weight: Array, generator: np.random.Generator) -> Array:
    """Of the n rows in a random ``order (n,)`` n draws, n s_i / sum s of row i on average.

    Systematic draws (Madow, 1949; Hartley and Rao, 1962): the rows stand in a line, each as long as
    its weight, and n points at equal distances, the first at random, pick those they fall on. So a
    row comes as often as expected, rounded down or up, and exactly once where all weigh the same;
    of independent draws a third would be missing. The draws are then put in random order.
    """
    n = len(order)
    ends = np.cumsum(weight[order])
    ends *= n / ends[-1]
    ends[-1] = n
    points = np.ceil(np.minimum(ends, n) - generator.random()).astype(np.intp)
    drawn = np.repeat(order, np.diff(points, prepend=0))
    generator.shuffle(drawn)
    return drawn
