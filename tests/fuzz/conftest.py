"""What the fuzz tests share: the table of settings, and a run of so many cases that is counted."""

import importlib.util
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

# Seconds after which a case does not end at all: the longest take one or two.
HANG = 120
TABLE = Path(__file__).parents[1] / "estimators" / "test_random_configurations.py"


@pytest.fixture(scope="session")
def table():
    """The module whose ``DRAWS`` are values beside the default, of every hyperparameter."""
    name = "fuzz_settings"  # in sys.modules, for its functions to be pickled
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, TABLE)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


class Hang(BaseException):
    """A case that does not end. No Exception: Hypothesis would try it again, and smaller ones."""


@contextmanager
def watched(seconds, drawn):
    """End what is inside after so many seconds, and tell the case by what was drawn for it."""
    if not hasattr(signal, "SIGALRM"):  # Windows
        yield
        return

    def end(number, frame):
        raise Hang(f"no end after {seconds} s, of the case drawn as {drawn!r}")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def run(record_property):
    """``run(check, n, part)``: ``check(draw)`` for n cases, others for each part, counted.

    The same cases in every run: a failure that was not there before was made by the change. It is
    told with the smallest case found and what was drawn for it. A case that hangs is ended.
    """

    def cases(check, n, part=0, seconds=HANG):
        done = 0

        @seed(part)
        @settings(
            max_examples=n,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        )
        @given(st.data())
        def each(data):
            nonlocal done
            drawn = []

            def draw(strategy):
                drawn.append(data.draw(strategy))
                return drawn[-1]

            with watched(seconds, drawn):
                check(draw)
            done += 1

        each()
        assert done > 0.9 * n  # few were no cases at all
        record_property("fuzz cases", done)

    return cases
