"""Numbers to start generators from."""

from __future__ import annotations

import functools
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state


def drawn_seed(random_state: Any) -> int:
    """A seed for what needs a generator of its own; a shared one gives a new seed each time."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def seed_of(random_state: Any) -> int:
    """The same number, remembered for a ``random_state`` that is one."""
    if isinstance(random_state, Integral):
        return _seed_of_number(int(random_state))
    return drawn_seed(random_state)


@functools.lru_cache
def _seed_of_number(number: int) -> int:
    # A generator of scikit-learn's kind takes longer to start than a small network to prepare.
    return drawn_seed(number)
