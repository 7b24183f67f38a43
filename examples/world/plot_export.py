"""
A fitted network, out in the world
==================================

A network that is fitted has to go somewhere: into a file, to another program, to a machine without
Python. Whatever regularized it lives in training only; what is left is a plain network. This page
takes one along every road of :doc:`/guide/export` and asks how far predictions are from the
original. Roads that need a package that is not installed are named and left out.
"""

import tempfile
from importlib.util import find_spec
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit
from sklearn.datasets import make_moons

from sknnreg import MLPRegularizedClassifier
from sknnreg.export import to_onnx, to_sklearn, trusted_types

X, y = make_moons(300, noise=0.25, random_state=0)
rows = np.random.default_rng(0).uniform([-2, -1.5], [3, 2], size=(2000, 2))
model = MLPRegularizedClassifier(
    (32, 32), dropout=0.1, normalization="batch", early_stopping=True, random_state=0
).fit(X, y)
original = model.predict_proba(rows)[:, 1]
roads = {}

# %%
# As scikit-learn's own
# ---------------------
# :func:`~sknnreg.export.to_sklearn` makes an ``MLPClassifier`` of it. Standardization, batch
# normalization and the scaling of dropout are folded into the weights. Where this one predicts,
# scikit-learn is needed and this package is not.

plain = to_sklearn(model)
print(plain)
roads["MLPClassifier"] = plain.predict_proba(rows)[:, 1]

# %%
# As arrays
# ---------
# ``coefs_`` and ``intercepts_`` are that network. A dozen lines of any language compute it; in
# single precision too, as a small processor would.


def by_hand(X, dtype):
    """Matrix products with rectifiers between, and a logistic function at the end."""
    signal = X.astype(dtype)
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    for number, (weights, biases) in enumerate(layers):
        signal = signal @ weights.astype(dtype) + biases.astype(dtype)
        if number < len(layers) - 1:
            signal = np.maximum(signal, 0)
    return expit(signal)[:, 0]


roads["coefs_ by hand"] = by_hand(rows, np.float64)
roads["by hand, single precision"] = by_hand(rows, np.float32)

# %%
# In a file
# ---------
# By joblib or pickle, for this package in the same version. It holds no training data,
# and nothing that training alone needs. With skops there is no pickle in it: it can be read without
# trusting whoever wrote it, for it builds only such types as one allows.

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.joblib"
    joblib.dump(model, path)
    print(f"joblib: {path.stat().st_size / 1024:.0f} KB")
    roads["file by joblib"] = joblib.load(path).predict_proba(rows)[:, 1]
    if find_spec("skops"):
        import skops.io

        path = Path(folder) / "model.skops"
        skops.io.dump(model, path)
        print(f"skops: {path.stat().st_size / 1024:.0f} KB")
        loaded = skops.io.load(path, trusted=trusted_types())
        roads["file by skops"] = loaded.predict_proba(rows)[:, 1]
    else:
        print("skops is not installed: no file without pickle here (pip install skops).")

# %%
# As ONNX
# -------
# :func:`~sknnreg.export.to_onnx` describes the model as a graph of operators, which runs from C,
# C#, Java, JavaScript or on a phone; in single precision by default, as runtimes like it best.

if find_spec("onnx") and find_spec("onnxruntime"):
    import onnxruntime

    for name, options in (("ONNX", {}), ("ONNX, float64", {"input_dtype": "float64"})):
        graph = to_onnx(model, **options).SerializeToString()
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        given = rows.astype(options.get("input_dtype", "float32"))
        roads[name] = session.run(["probabilities"], {"X": given})[0][:, 1]
        print(f"{name}: {len(graph) / 1024:.0f} KB")
else:
    print("onnx or onnxruntime is not installed: no ONNX here")
    print('(pip install "sknnreg[onnx]" onnxruntime).')

# %%
# How far from the original?
# --------------------------
# The largest difference of a probability over 2,000 rows. Double precision resolves about 1e-16,
# single precision 6e-8: roads differ by rounding and by nothing else. A file gives the same bits.

differences = {name: abs(found - original) for name, found in roads.items()}
for name, difference in differences.items():
    print(f"{name:28}{difference.max():10.1e}")
    assert difference.max() < 1e-5
assert all(differences[name].max() == 0 for name in roads if name.startswith("file"))

# %%
# On the left the exported ``MLPClassifier``'s probabilities, with the original's level lines dashed
# over its own. On the right all 2,000 differences along each road; none at all is drawn at the left
# edge.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
grid = np.stack(np.meshgrid(np.linspace(-2, 3, 150), np.linspace(-1.5, 2, 150)), axis=-1)
points, shape = grid.reshape(-1, 2), grid.shape[:2]
levels = [0.1, 0.5, 0.9]
theirs = plain.predict_proba(points)[:, 1].reshape(shape)
ours = model.predict_proba(points)[:, 1].reshape(shape)
left.contourf(*grid.T, theirs.T, levels=np.linspace(0, 1, 11), cmap="RdBu_r", alpha=0.5)
left.contour(*grid.T, theirs.T, levels=levels, colors="white", linewidths=4)
left.contour(*grid.T, ours.T, levels=levels, colors="black", linewidths=1.2, linestyles="--")
for label, colour, marker in ((0, "#0072B2", "o"), (1, "#D55E00", "s")):
    left.plot(*X[y == label].T, marker, color=colour, ms=3)
left.set_title("white: exported; black: original", fontsize=11)
left.set(xlabel="first input", ylabel="second input")

rng = np.random.default_rng(1)
NONE = 1e-19
for row, difference in enumerate(differences.values()):
    height = row + rng.uniform(-0.3, 0.3, len(difference))
    right.plot(np.maximum(difference, NONE), height, ".", color="#0072B2", ms=2, alpha=0.4)
right.set(xscale="log", xlabel="difference of a probability", xlim=(NONE / 3, 1e-4))
right.set_xticks([NONE, 1e-16, 1e-12, 1e-8, 1e-4], ["none", "1e-16", "1e-12", "1e-8", "1e-4"])
right.set_yticks(range(len(roads)), roads)
right.invert_yaxis()
right.spines[["top", "right"]].set_visible(False)
