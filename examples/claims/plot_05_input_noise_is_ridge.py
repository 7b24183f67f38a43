r"""
Noise on the inputs of a linear model is ridge regression
=========================================================

**Claim.** Gaussian noise of standard deviation :math:`\sigma` on the inputs of a linear model
acts, on average, exactly as an L2 penalty: the expected squared error gains the term
:math:`\sigma^2 \lVert w \rVert^2`. No approximation is in this, whatever :math:`\sigma` is.

**Source.** Bishop (1995), *Training with Noise is Equivalent to Tikhonov Regularization*, Neural
Computation 7.

**Measured.** Weights of networks without a hidden layer, trained with ``input_noise`` by gradient
descent on the diabetes data, against those of scikit-learn's ``Ridge`` with
:math:`\alpha = n \sigma^2`: five strengths, 20 seeds each.
"""

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.preprocessing import scale

from sknnreg import MLPRegularizedRegressor, fit_together

# %%
# Why it is exact
# ---------------
# With noise :math:`\varepsilon` of mean 0 and variance :math:`\sigma^2` on each input,
#
# .. math::
#    \mathrm{E}\,(y - w^\top (x + \varepsilon))^2 = (y - w^\top x)^2 + \sigma^2 \lVert w \rVert^2,
#
# since the mixed term has mean 0 and noises of different inputs are independent. Summed over
# :math:`n` rows this is what :class:`~sklearn.linear_model.Ridge` minimizes with
# :math:`\alpha = n \sigma^2`. The package's ``l2`` would be :math:`\sigma^2`.
#
# Training meets single draws of the noise and not their mean, so its weights wander about that
# minimum. The steps of gradient descent on all rows are linear in the weights, and each noise is
# independent of the weights it meets: the mean of the weights goes exactly to ridge's. Averaging
# the weights of the second half of the training takes out most of the wandering.

STRENGTHS, SEEDS = [0.3, 0.5, 0.8, 1.2, 2.0], range(20)
X, y = load_diabetes(return_X_y=True)
X, y = scale(X), scale(y)


def weights(noise, seed):
    network = MLPRegularizedRegressor(
        (),
        input_noise=noise,
        standardize=False,
        solver="sgd",
        momentum=0.0,
        learning_rate_init=0.2,
        batch_size=len(X),
        dtype="float32",
        max_iter=800,
        n_iter_no_change=None,
        weight_averaging="swa",
        averaging_start=0.5,
        random_state=seed,
    )
    return network.fit(X, y).coefs_[0][:, 0]


with fit_together():
    found = joblib.Parallel()(
        joblib.delayed(weights)(noise, seed) for noise in STRENGTHS for seed in SEEDS
    )
found = np.array(found).reshape(len(STRENGTHS), len(SEEDS), -1)

# %%
# Trained networks on ridge's path
# --------------------------------
# Lines are the path of ridge, one for each of the ten inputs; dots with bars are the networks, mean
# and range over the seeds.

PATH = np.geomspace(0.2, 3, 60)
paths = np.array([Ridge(alpha=len(X) * noise**2).fit(X, y).coef_ for noise in PATH])
COLORS = plt.get_cmap("viridis")(np.linspace(0, 0.92, X.shape[1]))

figure, ax = plt.subplots(figsize=(8, 5), layout="constrained")
for path, networks, color in zip(paths.T, found.transpose(2, 0, 1), COLORS, strict=True):
    mean = networks.mean(axis=1)
    reach = np.abs([networks.min(axis=1) - mean, networks.max(axis=1) - mean])
    ax.plot(PATH, path, color=color, lw=1.5, zorder=1)
    ax.errorbar(STRENGTHS, mean, reach, fmt="o", ms=6, color=color, mec="white", capsize=3)
ax.plot([], [], color="0.3", label="scikit-learn's Ridge, alpha = n · (input noise)²")
ax.errorbar([], [], [], fmt="o", color="0.3", label="networks trained with input noise, 20 seeds")
ax.axhline(0, color="0.8", lw=0.8, zorder=0)
ax.set_xscale("log")
ax.set_xticks(STRENGTHS, [f"{noise:g}" for noise in STRENGTHS])
ax.minorticks_off()
ax.set(xlabel="input noise (standard deviations of the inputs)", ylabel="weight of an input")
ax.set_title("Diabetes data: input noise walks along ridge's path")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)
plt.show()

# %%
# How far from ridge
# ------------------
# The distance of the mean weights to ridge's, as a share of the way that ridge went from least
# squares; and, weight by weight, in standard errors of that mean.

ridge = np.array([Ridge(alpha=len(X) * noise**2).fit(X, y).coef_ for noise in STRENGTHS])
way = np.linalg.norm(ridge - LinearRegression().fit(X, y).coef_, axis=1)
mean = found.mean(axis=1)
share = np.linalg.norm(mean - ridge, axis=1) / way
errors = np.abs(mean - ridge) / (found.std(axis=1, ddof=1) / np.sqrt(len(SEEDS)))

print(f"{'input noise':>12}{'|w| ridge':>12}{'|w| networks':>14}{'way left':>11}{'s.e.':>8}")
for row in zip(STRENGTHS, ridge, mean, share, errors, strict=True):
    noise, by_ridge, by_noise, left, apart = row
    norms = f"{np.linalg.norm(by_ridge):12.4f}{np.linalg.norm(by_noise):14.4f}"
    print(f"{noise:12g}{norms}{left:11.2%}{apart.max():8.1f}")

# %%
# Verdict
# -------
# The claim holds if no mean weight is more than 5 of its standard errors from ridge's, and if at
# every strength less than 3 % of the way from least squares to ridge is left; in part, if less than
# 20 % is. The identity is one of linear models with squared loss. With a hidden layer it is the
# first term of a series in :math:`\sigma^2`, which penalizes the network's slope at the rows.

exact = errors.max() < 5 and share.max() < 0.03
verdict = "holds" if exact else "holds in part" if share.max() < 0.2 else "does not show here"
print(
    f"Measured: mean weights within {share.max():.1%} of the way to ridge, at most "
    f"{errors.max():.1f} standard errors off (20 seeds, 5 strengths, 10 weights)"
)
print(f"Verdict: {verdict}")
assert verdict == "holds", "input noise on a linear model is ridge regression"
