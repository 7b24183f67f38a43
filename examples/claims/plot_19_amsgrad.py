r"""
AMSGrad arrives where Adam fails
================================

**Claim.** There are convex problems in which Adam goes to the worst point there is, however long
it runs: a gradient that is rare and large is forgotten too fast. AMSGrad, which divides by the
largest average of squared gradients so far in place of the present one, goes to the best.

**Source.** Reddi, Kale and Kumar (2018), *On the convergence of Adam and beyond*, ICLR.

**Measured.** Where Adam and AMSGrad end in two problems of that kind, one in which the large
gradient comes at fixed times and one in which it comes by chance, over 10 seeds each; and how that
depends on ``beta_2``.

The losses are :math:`c_t\,w` for a single weight :math:`-1 \le w \le 1`: every 101st has
:math:`c_t = 1010`, all others have :math:`c_t = -10`. A round of 101 adds up to :math:`10\,w`, so
that :math:`w = -1` is best and :math:`w = 1` worst. Step sizes are :math:`6 / \sqrt{t}`, and as in
the source, ``beta_1`` is 0.9 and ``beta_2`` 0.99.
"""

import joblib
import matplotlib.pyplot as plt
import numpy as np

from sknnreg import MLPRegularizedRegressor, fit_together

# %%
# The problem as a network
# ------------------------
# A linear model with one input has one weight. Under the absolute error, with a target that is out
# of reach, the gradient of a row is minus its input. ``max_norm=1`` keeps the weight within 1.
# (There is a bias as well; it moves by itself, and the weight does not notice.)

SOLVERS, SEEDS = {"adam": "#D55E00", "amsgrad": "#0072B2"}, range(10)


def falling(t):
    return 1 / np.sqrt(t + 1)


def walk(solver, seed, inputs, n_pieces=20, beta_2=0.99):
    """The weight after each piece of the rows, one step a row."""
    network = MLPRegularizedRegressor(
        (), loss="absolute_error", standardize=False, dtype="float64", batch_size=1,
        shuffle=False, max_norm=1.0, solver=solver, beta_1=0.9, beta_2=beta_2,
        learning_rate=falling, learning_rate_init=6.0, random_state=seed,
    )  # fmt: skip
    weights = []
    for piece in np.split(inputs, n_pieces):
        network.partial_fit(piece[:, None], np.full(len(piece), 1e9))
        weights.append(network.coefs_[0].item())
    return weights


# %%
# Two problems
# ------------
# *At fixed times*: in a round the weight is lowest after the large step and highest after the
# hundred small ones. So half of the seeds begin each round with the large one, and half end with
# it. Seeds also differ in where the weight starts.
#
# *By chance*: the mean loss must be clear enough to be seen in as many steps as a build has time
# for. Here :math:`c_t = 20000` with probability 0.001, else -10, which is :math:`10.01\,w` on
# average. (With the source's 1010 and 0.01 the mean is 0.2, and takes millions of steps.)


def fixed_times(seed):
    return np.tile(np.roll([-1010.0, *[10.0] * 100], -(seed % 2)), 200)


def by_chance(seed):
    return np.where(np.random.default_rng(seed).random(20_000) < 0.001, -20_000.0, 10.0)


PROBLEMS = {"fixed times": fixed_times, "by chance": by_chance}
with fit_together():
    paths = joblib.Parallel()(
        joblib.delayed(walk)(solver, seed, inputs(seed))
        for inputs in PROBLEMS.values()
        for solver in SOLVERS
        for seed in SEEDS
    )
paths = np.reshape(paths, (len(PROBLEMS), len(SOLVERS), len(SEEDS), 20))

# %%
# A longer memory
# ---------------
# The large gradient outweighs the small ones by one percent. So Adam has to remember its size to
# within some two percent for a round of 101 steps: :math:`\beta_2^{101} > 0.96`, or about 0.9996.

MEMORIES = [0.9, 0.99, 0.999, 0.9995, 0.9999]
with fit_together():
    ends = joblib.Parallel()(
        joblib.delayed(walk)("adam", seed, fixed_times(seed), 1, beta_2)
        for beta_2 in MEMORIES
        for seed in (0, 1)
    )
ends = np.reshape(ends, (len(MEMORIES), 2)).mean(axis=1)
for beta_2, end in zip(MEMORIES, ends, strict=True):
    print(f"Adam, beta_2 = {beta_2}: {end:.2f}")

# %%
# Pictures
# --------

plt.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False})
figure, axes = plt.subplots(1, 3, figsize=(10, 4.2), sharey=True, layout="constrained")
for ax, problem, of_problem in zip(axes, PROBLEMS, paths, strict=False):
    for (solver, colour), each in zip(SOLVERS.items(), of_problem, strict=True):
        steps = np.arange(1, 21) * len(PROBLEMS[problem](0)) / 20
        ax.plot(steps, each.T, color=colour, lw=0.5, alpha=0.4)
        ax.plot(steps, each.mean(axis=0), color=colour, lw=3, label=solver)
    ax.set(title=f"large ones: {problem}", xlabel="steps", xlim=(0, None))
axes[2].plot(ends, "o-", color=SOLVERS["adam"])
axes[2].axhline(paths[0, 1, :, -1].mean(), color=SOLVERS["amsgrad"], lw=1, linestyle="--")
axes[2].text(0, -0.9, "amsgrad, 0.99", color=SOLVERS["amsgrad"])
axes[2].set(title="fixed times, longer memory", xlabel="beta_2")
axes[2].set_xticks(range(len(MEMORIES)), MEMORIES, fontsize=10)
axes[0].set_ylabel("weight (-1 is best)")
axes[0].legend(frameon=False, loc="center right")
plt.show()

# %%
# Verdict
# -------
# The claim holds in a problem if Adam ends above 0.5 and AMSGrad below -0.5, as means over the
# seeds, with two standard errors to spare; and in part if in one problem only. It is said of a
# ``beta_2`` for which the problem was made: with 0.9999, Adam arrives here as well (on which see
# Zhang et al. (2022), *Adam can converge without any modification on update rules*, NeurIPS 35).

last = paths[..., -4:].mean(axis=-1)
means, errors = last.mean(axis=-1), last.std(axis=-1, ddof=1) / np.sqrt(len(SEEDS))
shown = np.sum((means[:, 0] - 2 * errors[:, 0] > 0.5) & (means[:, 1] + 2 * errors[:, 1] < -0.5))
told = [f"{m:.2f} ± {e:.2f}" for m, e in zip(means.flat, errors.flat, strict=True)]
verdict = "holds" if shown == 2 else "holds in part" if shown else "does not show here"
print(
    f"Measured: fixed times: Adam ends at {told[0]}, AMSGrad at {told[1]}; "
    f"by chance: {told[2]} and {told[3]} (10 seeds; -1 is best)"
)
print(f"Verdict: {verdict}")
assert verdict == "holds", "Adam does not fail, or AMSGrad does"
assert ends[-1] < 0, "Adam does not arrive with a memory that is long enough"
