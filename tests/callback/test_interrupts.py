"""Ctrl-C at random moments leaves a usable network, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import sknnreg

ROOT = Path(sknnreg.__file__).parents[1]
# Interrupts one fit after the other at a random moment of it; after each it tells what is left.
PROGRAM = """
import json, os, random, signal, sys, tempfile, threading, time, warnings
from pathlib import Path
import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.callback import Checkpoint
from sknnreg.engine.arrays import threads
from sknnreg.together.trainers.process_pool import POOL

warnings.simplefilter("error")
warnings.filterwarnings("ignore", "Training was interrupted|The refit was interrupted", UserWarning)
warnings.filterwarnings("ignore", "Training ended after .* epochs? .'interrupted'.", UserWarning)
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 6))
y = (X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=200) > 0).astype(int)
est = MLPRegularizedClassifier(
    (12,), max_iter=30, n_iter_no_change=None, random_state=0, dropout=0.2, early_stopping=True,
    early_stopping_refit="continue", weight_averaging="ema",
)
armed = False

def pressed(*_):
    global armed
    if armed:
        armed = False
        raise KeyboardInterrupt

signal.signal(signal.SIGALRM, pressed)

def made(kind, folder):
    if kind == "fit":
        return clone(est)
    if kind == "checkpoint":
        return clone(est).set_callbacks(Checkpoint(folder / "network.npz", every=2))
    search = GridSearchCV(clone(est).set_params(max_iter=15), {"l2": [0.0, 0.01]}, cv=3)
    return search.set_callbacks(Checkpoint(folder)) if kind == "searched, checkpoint" else search

def fitted(model):
    if not hasattr(model, "param_grid"):
        return model.fit(X, y)
    with fit_together(n_jobs=2):
        return model.fit(X, y).best_estimator_

def outcome(network):
    arrays = [network.predict_proba(X), *network.coefs_]
    return b"".join(each.tobytes() for each in arrays), network.loss_curve_

def children():
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == os.getpid():
            found.add(int(path.parent.name))
    return found

def open_files():
    found = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            found.append(os.readlink(path))
        except OSError:
            continue
    return [each for each in found if each.startswith(str(temporary))]

def interrupted(model, seconds):
    global armed
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-4))
    try:
        armed = True
        fitted(model)
        raised = False
    except KeyboardInterrupt:
        raised = True
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
    return raised

kind, n, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
moments, temporary = random.Random(seed), Path(tempfile.gettempdir())
expected = outcome(fitted(made(kind, temporary / "whole")))
began = time.perf_counter()
fitted(made(kind, temporary / "again"))
whole = time.perf_counter() - began
for number in range(n):
    folder = temporary / "kept" / str(number)
    model = made(kind, folder)
    report = {"raised": interrupted(model, moments.uniform(0, whole))}
    latest = time.monotonic() + 20
    while threading.active_count() > 1 and time.monotonic() < latest:
        time.sleep(0.005)
    report["threads"] = [each.name for each in threading.enumerate()]
    report["holders"] = len(threads._holders)
    with POOL._lock:
        idle = {each._process.pid for each in POOL._idle}
    report["processes"] = sorted(children() - idle)
    report["files"] = [str(p) for p in temporary.rglob("*") if p.is_file() and p.suffix != ".npz"]
    report["open"] = open_files()
    if hasattr(model, "coefs_"):
        report["curves"] = model.n_iter_ >= len(model.validation_scores_)
        report["finite"] = bool(np.isfinite(model.predict_proba(X)).all())
    report["again"] = outcome(fitted(model)) == expected
    print(json.dumps(report), flush=True)
print(json.dumps(sorted(children())))
"""
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


def reports_of(kind, n, seed, folder):
    folder.mkdir()
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, kind, str(n), str(seed)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=560,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert not answer.stderr
    *reports, children = map(json.loads, answer.stdout.splitlines())
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()], "they end with it"
    return reports


def check(reports):
    for number, report in enumerate(reports):
        assert report["threads"] == ["MainThread"], number
        assert report["holders"] == 0, number
        assert report["processes"] == [], number
        assert report["files"] == [], number
        assert report["open"] == [], number
        assert report.get("curves", True), number
        assert report.get("finite", True), number
        assert report["again"], f"{number}: a fit after it is as good as any"


@linux
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow) for kind in ("checkpoint", "fit")]
)
def test_ten_interrupts(kind, tmp_path):
    reports = reports_of(kind, 10, 0, tmp_path / "temporary")
    assert len(reports) == 10
    check(reports)


@linux
@pytest.mark.soak
@pytest.mark.parametrize("kind", ["fit", "checkpoint", "searched", "searched, checkpoint"])
def test_many_interrupts(kind, tmp_path):
    seed = int.from_bytes(os.urandom(4), "little")
    check(reports_of(kind, 60, seed, tmp_path / "temporary"))
