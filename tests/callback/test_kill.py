"""``kill -9`` at a random moment, again and again: each time the fit goes on, to the same bits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import sknnreg

ROOT = Path(sknnreg.__file__).parents[1]
# Forks a process for each fit, kills it with a checkpoint under way, and starts it again until it
# ends by itself or has been killed often enough; then it may end. Tells how often it was killed,
# after which epochs, what was left, and whether what came out has the bits of an unbroken fit.
PROGRAM = """
import hashlib, json, os, random, select, signal, sys, time, warnings
from pathlib import Path
import numpy as np
from sklearn.model_selection import GridSearchCV
from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.callback import Checkpoint

warnings.simplefilter("ignore", UserWarning)
rng = np.random.default_rng(0)
X = rng.normal(size=(120, 6))
y = (X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=120) > 0).astype(int)

def fitted(kind, *callbacks):
    est = MLPRegularizedClassifier(
        (12,), max_iter=40, n_iter_no_change=None, random_state=0, batch_size=20, dropout=0.2,
        normalization="batch", early_stopping=True, early_stopping_refit="continue",
        weight_averaging="ema", learning_rate="cosine",
    )
    told = []
    if kind == "fit":
        est.set_callbacks(*callbacks).fit(X, y)
    else:
        est.set_params(max_iter=8)
        search = GridSearchCV(est, {"l2": [0.0, 0.01]}, cv=3).set_callbacks(*callbacks)
        with fit_together(n_jobs=1):
            est = search.fit(X, y).best_estimator_
        told = [list(search.cv_results_[f"split{i}_test_score"]) for i in range(3)]
    told += [est.loss_curve_, est.validation_loss_curve_, est.refit_loss_curve_, est.stop_reason_]
    arrays = [est.predict_proba(X), *est.coefs_, *est.intercepts_]
    return hashlib.sha256(repr(told).encode() + b"".join(a.tobytes() for a in arrays)).hexdigest()

def forked(kind, path, seconds):
    "What comes out of a fit in a process of its own, None if that was killed after so long."
    here, there = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(there, fitted(kind, Checkpoint(path, every=1)).encode())
        finally:
            os._exit(0)
    os.close(there)
    # A fit that has ended says so by its pipe.
    select.select([here], [], [], seconds)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(here) as pipe:
        found = pipe.read()
    return None if os.WIFSIGNALED(status) and not found else found

kind, folder, n_kills, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
moments, report = random.Random(seed), {"kills": 0, "same": [], "left": [], "halfway": 0}
expected = fitted(kind)
began = time.perf_counter()
fitted(kind, Checkpoint(folder / "whole", every=1))
whole = time.perf_counter() - began
number = 0
while report["kills"] < n_kills:
    number += 1
    path = folder / str(number) / "network.npz" if kind == "fit" else folder / str(number)
    found = None
    while found is None:
        # Once there were enough, it gets the time it takes.
        enough = report["kills"] >= n_kills
        found = forked(kind, path, 60 if enough else moments.uniform(0.0, 0.7 * whole)) or None
        if found is None:
            report["kills"] += 1
            report["halfway"] += any(path.parent.glob(".*.tmp") if kind == "fit" else [])
            assert report["kills"] < 10 * n_kills + 10
    report["same"].append(found == expected)
    report["left"] += [p.name for p in (folder / str(number)).iterdir() if p.suffix != ".npz"]
print(json.dumps(report))
"""


def report_of(kind, folder, n_kills, seed):
    arguments = [kind, str(folder), str(n_kills), str(seed)]
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=560,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


posix = pytest.mark.skipif(os.name != "posix", reason="forks, and kills by a signal")


@posix
@pytest.mark.parametrize("kind", ["fit", pytest.param("search", marks=pytest.mark.slow)])
def test_a_few_kills(kind, tmp_path):
    report = report_of(kind, tmp_path, 3, 0)
    assert report["kills"] >= 3
    assert report["same"]
    assert all(report["same"])
    assert not report["left"]


@posix
@pytest.mark.soak
@pytest.mark.parametrize("kind", ["fit", "search"])
def test_fifty_kills(kind, tmp_path):
    report = report_of(kind, tmp_path, 50, int.from_bytes(os.urandom(4), "little"))
    assert report["kills"] >= 50
    assert all(report["same"])
    assert not report["left"]
