"""
Place 3, weights in use: what a product meets
=============================================

The third place acts on the weights on their way into a product. Trained are the weights at rest, or
what they are made of; in use is a function of them. The first picture has this function for the
units of a network that reads digits, whose incoming weights can be looked at as images. The second
shows a scale for each input, which changes how fast a network learns which inputs count.
:doc:`/guide/place_3_weights_in_use` has the formulas.
"""

# %%
# Noise, missing weights, lengths and directions
# ----------------------------------------------
# Each column is a unit of the first hidden layer, each image its 64 incoming weights. Weight noise
# adds :math:`\sigma \varepsilon` to every weight, DropConnect sets each to 0 with probability
# :math:`p`, both anew for every batch; the steps are made to the weights at rest, and those are
# what predicts (times :math:`1 - p` for DropConnect). Weight normalization takes a unit's weights
# apart into a length and a direction, :math:`w = g\, v / \lVert v \rVert`, and trains the two.

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together

X, y = load_digits(return_X_y=True)
reader = MLPRegularizedClassifier(
    (16,), l2=0.01, standardize=False, max_iter=40, n_iter_no_change=None, random_state=0
).fit(X / 16, y)
weights = reader.coefs_[0]
longest = np.argsort(-np.linalg.norm(weights, axis=0))[:8]
at_rest = weights[:, longest].T

rng = np.random.default_rng(0)
lengths = np.linalg.norm(at_rest, axis=1, keepdims=True)
lines = {
    "at rest": at_rest,
    "weight_noise\n0.2": at_rest + 0.2 * rng.normal(size=at_rest.shape),
    "weight_noise\nnext batch": at_rest + 0.2 * rng.normal(size=at_rest.shape),
    "drop_connect\n0.5": at_rest * (rng.random(at_rest.shape) < 0.5),
    "drop_connect\nnext batch": at_rest * (rng.random(at_rest.shape) < 0.5),
    "weight_norm\ndirection": at_rest / lengths,
}

figure, axes = plt.subplots(len(lines), 8, figsize=(10, 7.6), layout="constrained")
for row, (name, images) in zip(axes, lines.items(), strict=True):
    limit = np.abs(images).max() * 0.8
    for axis, image in zip(row, images, strict=True):
        axis.imshow(image.reshape(8, 8), cmap="PuOr", vmin=-limit, vmax=limit)
        axis.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, fontsize=11)
for axis, length in zip(axes[-1], lengths[:, 0], strict=True):
    axis.set_xlabel(f"length {length:.2f}", fontsize=11)
plt.show()

# %%
# With noise of 0.2, or half of the weights missing, a unit can hardly be recognized. A network of
# 16 units pays for that; one of 200, whose outputs are sums over many units, pays less. No member
# is a clear gain on these digits.

members = {
    "plain": {},
    "weight_noise=0.2": {"weight_noise": 0.2},
    "drop_connect=0.5": {"drop_connect": 0.5},
    "weight_norm=True": {"weight_norm": True},
}
X_learn, X_new, y_learn, y_new = train_test_split(
    X / 16, y, train_size=600, stratify=y, random_state=0
)
with fit_together():
    readers = joblib.Parallel()(
        joblib.delayed(
            clone(reader).set_params(hidden_layer_sizes=n, l2=0.0, random_state=seed, **member).fit
        )(X_learn, y_learn)
        for member in members.values()
        for n in (16, 200)
        for seed in range(5)
    )
scores = np.reshape([model.score(X_new, y_new) for model in readers], (len(members), 2, 5))
print("accuracy on 1197 fresh digits, mean of five starts (lowest to highest)")
print(f"{'':18}{'16 units':>26}{'200 units':>26}")
for name, both in zip(members, scores, strict=True):
    cells = (f"{each.mean():.1%} ({each.min():.1%} to {each.max():.1%})" for each in both)
    print(f"{name:18}" + "".join(f"{cell:>26}" for cell in cells))

# %%
# A scale for each input
# ----------------------
# Of 40 inputs four count. With ``input_scale=6`` the weights of input i in use are
# :math:`V_i = (1 + 6 s_i) W_i`, and one number :math:`s_i` is learned from all of its weights.
# So an input that counts stands out within a few epochs, or one that does not falls behind; both
# spread, and two of the four do not stand out by the length of their weights alone.

X = rng.normal(size=(600, 40))
y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + X[:, 3] + 0.2 * rng.normal(size=600)
N_EPOCHS = 30
figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True, layout="constrained")
print(f"{'':16}{'the four':>14}{'others, mean':>14}{'others, largest':>17}")
for axis, scale in zip(axes, (0, 6), strict=True):
    model = MLPRegularizedRegressor(
        (64,), input_scale=scale, learning_rate_init=0.003, batch_size=32, random_state=0
    )
    epochs = [model.partial_fit(X, y).coefs_[0] for _ in range(N_EPOCHS)]
    in_use = np.linalg.norm(epochs, axis=2) * X.std(axis=0)
    axis.plot(range(1, N_EPOCHS + 1), in_use[:, 4:], color="0.75", linewidth=0.9)
    axis.plot(range(1, N_EPOCHS + 1), in_use[:, :4], color="#0072B2", linewidth=2.2)
    axis.set(title=f"input_scale={scale}", xlabel="epoch")
    four, others = in_use[-1, :4], in_use[-1, 4:]
    print(f"input_scale={scale:<4}{four.mean():14.2f}{others.mean():14.2f}{others.max():17.2f}")
axes[0].set_ylabel("length of an input's weights")
axes[0].plot([], color="#0072B2", linewidth=2.2, label="the four that count")
axes[0].plot([], color="0.75", label="the others")
axes[0].legend()
plt.show()
