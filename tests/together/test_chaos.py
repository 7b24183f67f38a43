"""Whatever happens to a search, it ends, is right or says why not, and leaves nothing behind.

The schedules are in ``chaos.py``; 300 of them, and 50 kills, with ``pytest -m soak -s``.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sknnreg

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists() or not hasattr(os, "fork"), reason="asks Linux' /proc"
)
ROOT = Path(sknnreg.__file__).parents[1]
PROGRAM = Path(__file__).with_name("chaos.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
# 12 processes of 25 schedules each.
N_SCHEDULES, N_BATCHES = 300, 12
N_KILLS = 50


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), *map(str, arguments)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A session of its own: no signal of it reaches this process.
        start_new_session=True,
    )


def run_schedules(first, n):
    """What the schedules tell; fails if one does not end, or the process says anything else."""
    with start("schedules", first, n) as process:
        out, err = process.communicate()
    told = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 0, f"after {told[-1:]}: {err}"
    assert len(told) == n
    assert not [each for each in told if each["faults"]]
    return told


@pytest.mark.slow
def test_some_schedules():
    """These two have all five disturbances between them, two searches, helpers and workers."""
    run_schedules(147, 2)


@pytest.mark.soak
@pytest.mark.parametrize("batch", range(N_BATCHES))
def test_many_schedules(batch):
    n = N_SCHEDULES // N_BATCHES
    told = run_schedules(batch * n, n)
    took = sorted(each["took"] for each in told if each["took"] is not None)
    assert max(took, default=0.0) < 1.0
    print(f"\n{n} schedules, {len(took)} interrupted, after {[f'{s:.2f}' for s in took]} s")


def seconds_to_live(limit):
    """How long after its parent was killed in the midst of training each process still was."""
    with start("endless") as parent:
        pids = json.loads(parent.stdout.readline())
        assert len(pids) == 2
        parent.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        alive = [Path(f"/proc/{pid}/stat") for pid in pids]
        while alive and time.monotonic() - killed < limit:
            alive = [each for each in alive if lives(each)]
            time.sleep(0.01)
        for each in alive:
            os.kill(int(each.parent.name), signal.SIGKILL)
        return time.monotonic() - killed


def lives(stat):
    """Not where it is a zombie, which whoever has to fetches, in a container possibly nobody."""
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
def test_processes_end_with_a_parent_that_is_killed():
    assert seconds_to_live(30) < 25


@pytest.mark.soak
def test_processes_end_within_two_seconds_of_their_parent():
    took = sorted(seconds_to_live(10) for _ in range(N_KILLS))
    print(f"\n{N_KILLS} kills: median {took[N_KILLS // 2]:.2f} s, longest {took[-1]:.2f} s")
    assert took[-1] < 2.0
