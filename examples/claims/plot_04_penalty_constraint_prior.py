r"""
A penalty, a constraint and a prior are one thing
=================================================

**Claim.** With matched strengths, the L2 penalty :math:`\frac{l_2}{2} \lVert w \rVert^2`, the bound
:math:`\lVert w \rVert \le r` and a Gaussian prior of the weights have the same solution: the least
penalized loss is the least loss within the ball and the mode of the posterior (MAP). L1 is that of
a bound on :math:`\lVert w \rVert_1` and of a Laplace prior.

**Source.** Hoerl and Kennard (1970), *Ridge Regression: Biased Estimation for Nonorthogonal
Problems*, Technometrics 12; Tibshirani (1996), *Regression Shrinkage and Selection via the Lasso*,
JRSS B 58; Goodfellow, Bengio and Courville (2016), *Deep Learning*, sections 5.6.1 and 7.2.

**Measured.** How far the solutions are from one another in linear models, over ten data sets and
three strengths; and whether networks with a hidden layer that are at rest within a ball stay at
rest when a penalty takes the ball's place, over eight starts.
"""

from itertools import product

import joblib
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import laplace, norm

from sknnreg import MLPRegularizedRegressor, fit_together

# %%
# How strengths match
# -------------------
# A penalty is given, and its solution found by L-BFGS. The ball's radius is the size of that
# solution; plain gradient descent with ``max_weight_norm`` has to find it. (The package has no
# bound for L1; SciPy minimizes within it.) For n rows whose noise has the standard deviation
# :math:`\sigma`, a Gaussian prior of standard deviation :math:`\tau` is
# :math:`l_2 = \sigma^2 / (n \tau^2)`, and a Laplace prior of scale :math:`\tau` is
# :math:`l_1 = \sigma^2 / (n \tau)`. The posterior is written down by the densities of SciPy; since
# it is concave, with kinks only along the axes, its mode is where no single weight improves it.

N, NOISE, STRENGTHS, SEEDS, POWER = 80, 0.8, [0.05, 0.2, 0.5], range(10), {"l1": 1, "l2": 2}
DESCENT = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.2, "batch_size": N}
DESCENT |= {"n_iter_no_change": None, "standardize": False}
EXACT = {"solver": "lbfgs", "tol": 1e-9, "max_iter": 5000, "standardize": False}


def sample(seed, n_inputs):
    random = np.random.default_rng(seed)
    X = random.normal(size=(N, n_inputs)) @ (np.eye(n_inputs) + 0.3)
    weights = np.linspace(1.0, 0.05, n_inputs) * random.choice([-1, 1], n_inputs)
    y = X @ weights + NOISE * random.normal(size=N)
    return X - X.mean(axis=0), y - y.mean()


def penalized(X, y, **penalty):
    network = MLPRegularizedRegressor((), random_state=0, **EXACT, **penalty)
    return network.fit(X, y).coefs_[0][:, 0]


def bounded(X, y, name, solution):
    """The least loss within the ball that the penalized solution is on."""
    if name == "l2":
        ball = {"max_weight_norm": np.linalg.norm(solution), "max_iter": 3000}
        network = MLPRegularizedRegressor((), random_state=0, **ball, **DESCENT)
        return network.fit(X, y).coefs_[0][:, 0]
    # w = u - v with u, v >= 0, so that the bound is a plane.
    plus_minus = np.vstack([np.eye(X.shape[1]), -np.eye(X.shape[1])])
    radius = np.abs(solution).sum()
    room = {"type": "ineq", "fun": lambda both: radius - both.sum()}
    found = minimize(
        lambda both: np.mean((X @ (both @ plus_minus) - y) ** 2), np.zeros(len(plus_minus)),
        method="SLSQP", bounds=[(0, None)] * len(plus_minus), constraints=room,
        options={"ftol": 1e-14, "maxiter": 1000},
    )  # fmt: skip
    return found.x @ plus_minus


def log_posterior(w, X, y, name, strength):
    """Of one or many weight vectors, shape (..., n_inputs)."""
    scale = (NOISE**2 / (N * strength)) ** (1 / POWER[name])
    prior = {"l1": laplace, "l2": norm}[name].logpdf(w, scale=scale)
    return norm.logpdf(y, w @ X.T, NOISE).sum(axis=-1) + prior.sum(axis=-1)


def mode(X, y, name, strength, solution):
    """Each weight where the posterior is largest, the others being the solution's."""

    def surprise(value, one):
        return -log_posterior(np.where(one, value, solution), X, y, name, strength)

    return [
        minimize_scalar(surprise, (-1, 1), args=(one,), options={"xtol": 1e-9}).x
        for one in np.eye(len(solution), dtype=bool)
    ]


def apart(name, strength, seed):
    """Distances of constraint and mode to the penalty, over the way that the penalty went."""
    X, y = sample(seed, 5)
    solution, free = penalized(X, y, **{name: strength}), penalized(X, y)
    way = np.linalg.norm(solution - free)
    others = bounded(X, y, name, solution), mode(X, y, name, strength, solution)
    return [np.linalg.norm(other - solution) / way for other in others]


with fit_together():
    found = joblib.Parallel()(
        joblib.delayed(apart)(*setting) for setting in product(POWER, STRENGTHS, SEEDS)
    )
distances = np.reshape(found, (2, len(STRENGTHS), len(SEEDS), 2))
print(f"{'largest distance':20}{'to the bound':>16}{'to the mode':>16}")
for name, each in zip(POWER, distances, strict=True):
    for strength, (bound, prior) in zip(STRENGTHS, each.max(axis=1), strict=True):
        print(f"{f'{name} = {strength:g}':20}{bound:16.1e}{prior:16.1e}")

# %%
# The picture for two weights
# ---------------------------
# Colours are the posterior, gray lines the loss alone. Where the penalized solution lies, the ball
# and a line of equal loss touch, and the posterior has its mode; with L1 that is at a corner of the
# ball, where a weight is 0.

X, y = sample(3, 2)
free = penalized(X, y)
figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained", sharey=True)
first, second = np.meshgrid(np.linspace(-0.9, 1.4, 161), np.linspace(-0.9, 0.9, 121))
points = np.stack([first, second], axis=-1)
losses = np.mean((points @ X.T - y) ** 2, axis=-1)
angle = np.linspace(0, 2 * np.pi, 401)
circle = np.stack([np.cos(angle), np.sin(angle)])
for ax, name in zip(axes, ("l2", "l1"), strict=True):
    solution, power = penalized(X, y, **{name: 0.6}), POWER[name]
    posterior = log_posterior(points, X, y, name, 0.6)
    levels = posterior.max() - np.array([30, 15, 8, 4, 2, 1, 0.3, 0])
    ax.contourf(first, second, posterior, levels, cmap="Blues")
    touching = np.mean((X @ solution - y) ** 2) - losses.min()
    lines = losses.min() + touching * np.array([0.2, 1, 2.4])
    ax.contour(first, second, losses, lines, colors="0.45", linewidths=1)
    lengths, radius = (np.linalg.norm(each, ord=power, axis=0) for each in (circle, solution))
    ax.plot(*(radius * circle / lengths), color="black", lw=2, label="bound")
    ax.plot(*free, "x", color="0.2", ms=9, mew=2, label="no penalty")
    ax.plot(*solution, "o", color="#D55E00", ms=13, mec="white", label="penalty")
    ax.plot(*bounded(X, y, name, solution), "+", color="black", ms=14, mew=2, label="bounded")
    ax.set(xlabel="first weight", aspect="equal")
axes[0].set(title="L2, ball, Gaussian prior", ylabel="second weight")
axes[1].set(title="L1, diamond, Laplace prior")
axes[0].legend(frameon=False, loc="lower right")
plt.show()

# %%
# Networks with a hidden layer
# ----------------------------
# Their loss is not convex, and two trainings end at different minima. But at rest on the ball the
# loss' gradient is :math:`-\lambda w`, and that is rest under ``l2`` :math:`= \lambda`, too. So:
# rest on the ball, find :math:`\lambda` from the gradient, take the ball away, and go on with the
# penalty; then without, for comparison.


def after_the_ball(seed):
    """How far weights go in 500 more updates, with the multiplier's penalty and without."""
    X, y = sample(seed, 3)
    ball = {"max_weight_norm": 1.0, "max_iter": 4000, "warm_start": True}
    network = MLPRegularizedRegressor(
        (4,), activation="tanh", random_state=seed, **ball, **DESCENT
    ).fit(X, y)
    (V, w), (b, _) = network.coefs_, network.intercepts_
    hidden, residual = np.tanh(X @ V + b), (network.predict(X) - y)[:, None]
    back = residual @ w.T * (1 - hidden**2)
    multiplier = -(np.vdot(hidden.T @ residual, w) + np.vdot(X.T @ back, V)) / N
    network.set_params(max_weight_norm=None, max_iter=500)
    moved = []
    for l2 in (multiplier, 0.0):
        network.set_params(l2=l2).fit(X, y)
        V_then, w_then = network.coefs_
        moved.append(np.hypot(np.linalg.norm(V_then - V), np.linalg.norm(w_then - w)))
    return multiplier, *moved


with fit_together():
    found = joblib.Parallel()(joblib.delayed(after_the_ball)(seed) for seed in range(8))
multipliers, with_penalty, without = np.transpose(found)
print(f"Multipliers {multipliers.min():.2f} to {multipliers.max():.2f}. Moved ", end="")
print(f"at most {with_penalty.max():.0e} with, at least {without.min():.1f} without.")

# %%
# Verdict
# -------
# The claim holds if in linear models no solution is further from another than a thousandth of the
# way that the penalty went from the free solution, and if under the penalty no network moves more
# than a hundredth of what it moves without; in part, if the linear models do so.
#
# It speaks of the mode. The mean of a Laplace posterior has no zeros: those of L1 are not what one
# would believe of the weights, but its most likely point.

linear, networks = distances.max() < 1e-3, np.all(with_penalty < 0.01 * without)
verdict = "holds" if linear and networks else "holds in part" if linear else "does not show here"
still = np.max(with_penalty / without)
print(
    f"Measured: solutions of linear models at most {distances.max():.0e} of the way apart (10 data "
    f"sets); networks move at most {still:.0e} of the way without (8 seeds)"
)
print(f"Verdict: {verdict}")
assert verdict == "holds", "penalty, constraint and prior have the same solution"
