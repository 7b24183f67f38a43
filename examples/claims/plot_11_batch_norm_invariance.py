"""
Batch normalization forgets the scale of the weights, and a bias
================================================================

**Claim.** Behind batch normalization the scale of the weights does not count, BN(aWu) = BN(Wu), and
the gradient by larger weights is the smaller for it,
:math:`\\partial\\,\\mathrm{BN}((aW)u) / \\partial (aW) = \\tfrac 1 a \\,
\\partial\\,\\mathrm{BN}(Wu) / \\partial W`. A gradient that takes the batch's mean for a constant
lets a bias in front drift on and on, while the loss stays what it is.

**Source.** Ioffe and Szegedy (2015), *Batch normalization: accelerating deep network training by
reducing internal covariate shift*, ICML, sections 2 and 3.3.

**Measured.** A layer of 10 tanh units on scikit-learn's breast cancer data, in NumPy: outputs and
gradients with weights of 0.001 to 1000 times the size, and 500 steps of a bias with the whole
gradient and with the naive one, over 10 seeds. Then networks of this package on inputs of three
scales.
"""

# %%
# The layer
# ---------
# :math:`x = Wu + b` is normalized by its own mean and standard deviation, and goes through tanh to
# a logistic output. Both depend on x, so there are three ways back to it. The naive gradient has
# but the first.

import joblib
import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.inspection import check_gradients

N_SEEDS, N_UNITS, N_STEPS, STEP, N_EPOCHS = 10, 10, 500, 0.5, 30
U, y = load_breast_cancer(return_X_y=True)
U = scale(U)


def start(seed):
    """Weights in front, biases, and weights behind."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(U.shape[1], N_UNITS)) / np.sqrt(U.shape[1])
    return [weights, np.zeros(N_UNITS), rng.normal(size=N_UNITS) / np.sqrt(N_UNITS)]


def backpropagate(weights, bias, behind, *, whole=True):
    """The loss, BN's outputs, and the gradients by all three."""
    x = U @ weights + bias
    spread = x.std(axis=0)
    out = (x - x.mean(axis=0)) / spread
    active = np.tanh(out)
    raw = active @ behind
    loss = np.mean(np.logaddexp(0, raw) - y * raw)
    by_raw = (expit(raw) - y) / len(y)
    by_out = np.outer(by_raw, behind) * (1 - active**2)
    if whole:  # by way of the mean, and of the standard deviation
        by_out = by_out - by_out.mean(axis=0) - out * (by_out * out).mean(axis=0)
    by_x = by_out / spread
    return loss, out, [U.T @ by_x, by_x.sum(axis=0), active.T @ by_raw]


# %%
# The scale of the weights
# ------------------------
# A gradient along the weights would change their scale and nothing else, so there is none: it is
# orthogonal to them, unit by unit. Each step therefore makes them longer, and the next gradient
# shorter. This is how batch normalization bears steps that are too long.

SCALES = 10.0 ** np.arange(-3, 4)
off, lengths, along = [], [], []
for seed in range(N_SEEDS):
    weights, bias, behind = start(seed)
    _, out, (by_weights, *_) = backpropagate(weights, bias, behind)
    of_scaled = [backpropagate(a * weights, bias, behind) for a in SCALES]
    off.append(max(np.abs(other - out).max() for _, other, _ in of_scaled))
    lengths.append([np.linalg.norm(g) / np.linalg.norm(by_weights) for *_, (g, _, _) in of_scaled])
    cosine = (weights * by_weights).sum(axis=0) / np.linalg.norm(weights, axis=0)
    along.append(np.abs(cosine / np.linalg.norm(by_weights, axis=0)).max())
slopes = [np.polyfit(np.log(SCALES), np.log(each), 1)[0] for each in lengths]
print(f"BN(aWu) differs from BN(Wu) by at most {max(off):.0e}")
print(f"the gradient's length goes as a to the power of {np.mean(slopes):.6f}")
print(f"cosine of weights and gradient: at most {max(along):.0e}")

# %%
# A bias in front
# ---------------
# The mean takes any bias off again, so the right gradient by it is 0. The naive one is not, and as
# nothing changes by the step, the next one is the same. Once the bias learns alone, once all do.


def descend(seed, *, whole, alone):
    """Length of the bias and the loss at each step."""
    parameters, told = start(seed), []
    for _ in range(N_STEPS + 1):
        loss, _, gradients = backpropagate(*parameters, whole=whole)
        told.append((np.linalg.norm(parameters[1]), loss))
        learns = (0, 1, 0) if alone else (1, 1, 1)
        parameters = [
            p - STEP * on * g for p, g, on in zip(parameters, gradients, learns, strict=True)
        ]
    return np.array(told).T


drifts = {
    (whole, alone): np.array([descend(s, whole=whole, alone=alone) for s in range(N_SEEDS)])
    for whole in (True, False)
    for alone in (True, False)
}

# %%
# In networks
# -----------
# Here the same is seen from outside: inputs in other units, a times as large, make the signal
# :math:`W(au) = (aW)u`. With batch normalization the network does not notice. It has no bias in
# front of it, and its gradients are the whole ones.

UNITS = (0.1, 1.0, 10.0)


def curve(normalization, a, seed):
    """The loss over the epochs on inputs ``a * U``."""
    model = MLPRegularizedClassifier(
        (N_UNITS,),
        activation="tanh",
        normalization=normalization,
        normalization_epsilon=1e-20,
        standardize=False,
        solver="sgd",
        learning_rate_init=0.01,
        dtype="float64",
        max_iter=N_EPOCHS,
        n_iter_no_change=None,
        random_state=seed,
    )
    return model.fit(a * U, y).loss_curve_


jobs = [(n, a, s) for n in (None, "batch") for a in UNITS for s in range(5)]
with fit_together():
    told = joblib.Parallel()(joblib.delayed(curve)(*job) for job in jobs)
curves = dict(zip(jobs, map(np.array, told), strict=True))
apart = {
    n: max(np.abs(curves[n, a, s] - curves[n, 1.0, s]).max() for a in UNITS for s in range(5))
    for n in (None, "batch")
}
print(f"losses in other units differ by up to {apart[None]:.2f} without, {apart['batch']:.0e} with")
checked = MLPRegularizedClassifier((N_UNITS,), activation="tanh", normalization="batch")
for name, error in check_gradients(checked.set_params(random_state=0), U[:50], y[:50]).items():
    print(f"{name:32} relative error of the gradient {error:.0e}")

# %%
# Lines are means over seeds, bands their range. Above left the gradient of the claim; above right
# the networks, where what counts is not which line is lower but how many there are. Below left the
# bias that learns alone, whose loss does not move in 500 steps; below right all learn. There the
# bias does not get far, but the naive gradient has a higher loss all along.

BLUE, ORANGE = "#0072B2", "#D55E00"
plt.rcParams.update({"font.size": 13, "axes.spines.top": False, "axes.spines.right": False})
figure, ((one, two), (three, four)) = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
one.loglog(SCALES, np.mean(lengths, axis=0), "o-", color=BLUE, lw=2)
one.text(3, 1.5, "slope -1", color=BLUE)
one.set(title="gradient, weights times a", xlabel="a", ylabel="its length, a = 1 being 1")
for a, style in zip(UNITS, ("-", "--", ":"), strict=True):
    for norm, colour in ((None, ORANGE), ("batch", BLUE)):
        each = np.array([curves[norm, a, seed] for seed in range(5)])
        two.plot(range(1, N_EPOCHS + 1), each.mean(axis=0), style, color=colour, lw=2)
    two.plot([], [], style, color=ORANGE, lw=2, label=f"without BN, a = {a:g}")
two.plot([], [], color=BLUE, lw=2, label="with BN, all three")
two.set(title="networks, inputs times a", xlabel="epochs", ylabel="training loss", ylim=0)
two.legend(frameon=False)
for ax, alone, row in ((three, True, 0), (four, False, 1)):
    for whole, colour, label in ((False, ORANGE, "naive gradient"), (True, BLUE, "whole gradient")):
        each = drifts[whole, alone][:, row]
        ax.fill_between(range(N_STEPS + 1), each.min(0), each.max(0), color=colour, alpha=0.2, lw=0)
        ax.plot(each.mean(axis=0), color=colour, lw=2, label=label)
three.set(title="the bias learns alone", xlabel="steps", ylabel="length of the bias")
four.set(title="all parameters learn", xlabel="steps", ylabel="training loss", yscale="log")
three.legend(frameon=False, loc="upper left")
plt.show()

# %%
# Verdict
# -------
# The first half holds if outputs differ by less than 1e-8, the gradient's length goes as a to the
# power of -1 within 1e-6, and losses of networks in other units differ by less than 1e-6 with
# batch normalization, but by more than 0.1 without. The second holds if on every seed the naive
# bias goes as far in the last 250 steps as in the first, within 1 %, the loss moves by less than
# 1e-8, and the whole gradient leaves the bias where it is, within 1e-8. One half is a part.

forgets_scale = max(off) < 1e-8 and np.abs(np.add(slopes, 1)).max() < 1e-6
forgets_scale = forgets_scale and apart["batch"] < 1e-6 and apart[None] > 0.1
(naive, loss), (right, _) = (drifts[whole, True].swapaxes(0, 1) for whole in (False, True))
halves = (naive[:, -1] - naive[:, N_STEPS // 2]) / naive[:, N_STEPS // 2]
drifts_on = np.abs(halves - 1).max() < 0.01 and np.ptp(loss, axis=1).max() < 1e-8
drifts_on = drifts_on and right.max() < 1e-8
verdict = "holds" if forgets_scale and drifts_on else "holds in part"
verdict = verdict if forgets_scale or drifts_on else "does not show here"
print(
    f"Measured: BN(aWu) off by {max(off):.0e}, gradient as a^{np.mean(slopes):.3f}; naive bias "
    f"{naive[:, -1].mean():.0f} +- {naive[:, -1].std(ddof=1) / np.sqrt(N_SEEDS):.0f} long after "
    f"{N_STEPS} steps, loss moved by {np.ptp(loss, axis=1).max():.0e} ({N_SEEDS} seeds)"
)
print(f"Verdict: {verdict}")
assert verdict == "holds", "identities of batch normalization"
