"""The fuzz tests' own watch over time: what does not end is ended and told."""

import signal
import threading

import pytest
from hypothesis import strategies as st

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="there is no alarm here")


def test_a_case_that_hangs_is_ended_and_told(run):
    tried = []

    def check(draw):
        tried.append(draw(st.sampled_from(["oak"])))
        threading.Event().wait()

    with pytest.raises(BaseException, match=r"no end after 0.2 s, of the case drawn as \['oak'\]"):
        run(check, 10, seconds=0.2)
    assert tried == ["oak"]  # and not again
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
