"""The parameters that both estimators share, as their docstrings describe them.

In the order of the constructor, in pieces between which each estimator has parameters of its own.
"""

from sknnreg.estimators.documented_training import TRAINING

PARAMETERS = {
    "parameters, place 1": """
hidden_layer_sizes : int or array-like of shape (n_hidden_layers,), default=(100,)
    Number of units in each hidden layer. ``()`` is a linear model.

activation : str or array-like of str, default="relu"
    Activation function of the hidden layers, one for all or one for each: "identity",
    "logistic", "tanh", "relu", "leaky_relu" (slope 0.01 below 0), "elu", "selu", "gelu",
    "silu", "mish" or "softplus".

standardize : bool, default=True
    Place 1. Whether to bring each input to mean 0 and variance 1, ``(x - mean) / std``, and a
    regressor's targets as well (with ``loss="poisson"`` they are divided by their mean
    instead). Mean and variance are weighted by the sample weights and come from the training
    rows only, not from the validation rows. Constant columns keep their scale, and sparse
    inputs are scaled but not centred. For sparse text (counts, tf-idf) False is usually better:
    scaling makes the rarest words the largest inputs. Without effect on a network that goes on
    training, whose scales are those of the first call.

input_noise : float, default=0.0
    Place 1. Standard deviation, at least 0, of Gaussian noise added to the inputs,
    ``x + input_noise * N(0, 1)``, drawn anew for every batch; in units of the standardized
    inputs if ``standardize=True``. Source: Bishop (1995).

augmentation : callable or None, default=None
    Place 1. ``augmentation(X, y, rng) -> (X, y)``, called with each batch before it is
    standardized: X in the dtype of the computation, y as ``fit`` received it, rng a NumPy
    ``Generator`` of this network's own. It returns as many rows as it was given; row i keeps the
    sample weight of row i. Nothing is stored, and validation rows are left alone.

mixup : float, default=0.0
    Place 1. Trains on convex combinations ``t (x, y) + (1 - t) (x', y')`` of each row with
    another of its batch, ``t ~ Beta(mixup, mixup)`` drawn for every row of every batch; at least
    0, which is off. Small values stay near the rows, 1 is uniform. Source: Zhang et al. (2018).
""",
    "parameters, from adversarial to place 3": """
adversarial : float, default=0.0
    Place 1. Size e, at least 0, of adversarial steps: half of the loss is taken on ``x + e
    sign(dL/dx)``, in units of the standardized inputs if ``standardize=True``. It takes twice the
    time. Source: Goodfellow et al. (2015), the fast gradient sign method.

dropout : float or array-like of float, default=0.0
    Place 2. Probability, in [0, 1), of *dropping* a hidden unit, one for all hidden layers or
    one for each. Texts that write p for the probability of *keeping* a unit mean
    ``1 - dropout``. A new mask is drawn for every row of every batch. Source: Srivastava et
    al. (2014).

input_dropout : float, default=0.0
    Place 2. The same for the inputs: a dropped input is 0, which is its mean if it is
    standardized.

dropout_kind : {"bernoulli", "gaussian", "alpha", "variational"}, default="bernoulli"
    Place 2. What happens to units while training, with p the ``dropout``. "bernoulli": dropped.
    "gaussian": multiplied by N(1, p / (1 - p)), which has dropout's mean and variance (Srivastava
    et al., 2014). "alpha": set to the value that SELU tends to, and the layer rescaled so that a
    mean of 0 and a variance of 1 stay (Klambauer et al., 2017). "variational": Gaussian with a
    rate for each unit that starts at p and is trained along, a Kullback-Leibler term being added to
    the objective (Kingma et al., 2015; Molchanov et al., 2017); ``dropout_rates_`` tells the rates.

dropout_scaling : {"train", "predict"}, default="train"
    Place 2. "train": units that survive are multiplied by ``1 / (1 - dropout)`` while training
    (inverted dropout). "predict": they are left alone, and the outgoing weights are multiplied
    by ``1 - dropout`` after training; for ``dropout_kind="bernoulli"`` only.

normalization : {"batch", "mean_only_batch", "layer", "group"} or None, default=None
    Place 2. Normalizes hidden units, ``y = gamma (x - mean) / sqrt(var + normalization_epsilon) +
    beta``, gamma and beta being trained. "batch": mean and variance of each unit over the batch,
    weighted by the sample weights (Ioffe and Szegedy, 2015). "mean_only_batch": ``y = x - mean +
    beta``, meant for ``weight_norm=True`` (Salimans and Kingma, 2016). With both, a last batch of a
    single row joins the one before it; ``batch_size=1`` or a single training row is an error.
    "layer": over all units of a layer, for each row by itself (Ba et al., 2016). "group": the
    same over ``normalization_groups`` groups of neighbouring units (Wu and He, 2018). The last two
    depend on the row: such a network cannot be folded into a plain one, and ``predict`` runs
    the normalization between the layers of ``coefs_``. Instance normalization would have one number
    per group here and leave nothing of it.

normalization_position : {"before", "after"}, default="before"
    Place 2. Before or after the activation function. Before, with "batch" and "mean_only_batch",
    the layer has no bias of its own, since beta plays its part; with "layer" and "group" it has,
    since there it is part of what is normalized.

normalization_epsilon : float, default=1e-5
    Place 2. Added to the variance; greater than 0.

normalization_momentum : float, default=0.9
    Place 2. Momentum m, in [0, 1), of the running statistics that predictions use,
    ``r <- m r + (1 - m) batch``, corrected for starting at 0. The running variance takes
    ``S / (S - 1)`` times the batch's variance, S being the sum of the batch's weights or, if
    more, its number of rows.

normalization_groups : int, default=8
    Place 2. Number of groups, at least 1, with ``normalization="group"``; it must divide the number
    of units of every hidden layer.

batch_statistics : {"moving", "population"}, default="moving"
    Place 2. "moving": predictions use the running statistics. "population": after training,
    they are replaced by the mean of the batch means and of the unbiased batch variances over
    one pass through the training rows (Ioffe and Szegedy, 2015, algorithm 2). Without effect
    unless ``normalization`` is "batch" or "mean_only_batch". With ``solver="lbfgs"`` the
    statistics are always those of all training rows.

weight_norm : bool, default=False
    Place 3. Whether each unit's incoming weights are ``g v / ||v||``, the length g and the
    direction v being trained in place of the weights. g starts as ``||v||``, so that the network
    starts as the same function as without; a start from a first batch's statistics would depend on
    that batch, and standardized inputs make up for most of it. Penalties, decay and constraints
    act on v. Source: Salimans and Kingma (2016).

drop_connect : float, default=0.0
    Place 3. Probability, in [0, 1), of dropping a weight (not a bias), drawn anew for every batch.
    Source: Wan et al. (2013).

drop_connect_inference : {"mean", "gaussian"}, default="mean"
    Place 3. How predictions treat dropped weights. "mean": by the mean weights, ``(1 -
    drop_connect) W``. "gaussian": the inputs z of the hidden units are drawn from the normal
    distribution with the mean and variance that dropping gives them, ``N(q v W, q (1 - q) v**2
    W**2)`` with q = 1 - drop_connect and v the layer's input, and the activations of 100 draws are
    averaged. The draws are the same for all rows, so that predictions depend neither on chance nor
    on the batch; they take 100 times the memory a row. Validation losses while training go by the
    mean.

weight_noise : float, default=0.0
    Place 3. Standard deviation, at least 0, of Gaussian noise on all weights (not biases) as
    they are used, ``W + weight_noise * N(0, 1)``, drawn anew for every batch. The update is
    made to the weights without noise. Source: An (1996).
""",
    "parameters, penalties": """
l1 : float, default=0.0
    Place 4. Strength, at least 0, of the penalty ``l1 * ||W||_1``, the sum of absolute weights.
    Source: Tibshirani (1996). Except with "lbfgs" it acts after each step as soft-thresholding,
    ``w <- sign(w) max(|w| - step * l1, 0)`` (Daubechies et al., 2004), so that zeros are exact; the
    step is what a gradient that stays the same is multiplied by: the learning rate over ``1 -
    momentum``, and over ``sqrt(v) + epsilon``, weight by weight, with "rmsprop", "adam" and
    "amsgrad" (Yun et al., 2021).
    "lbfgs" minimises the penalised objective itself by the split w = u - v with u, v >= 0; it
    usually gives the most zeros.

l2 : float, default=0.0
    Place 4. Strength, at least 0, of the penalty ``(l2 / 2) * ||W||_2^2``, half the sum of
    squared weights. Its gradient ``l2 * w`` goes through the optimiser like any other (compare
    ``weight_decay``). ``MLPClassifier(alpha=a)`` with batches of B rows corresponds to
    ``l2 = a / B``. Sources: Hoerl and Kennard (1970), Krogh and Hertz (1992).
""",
    **TRAINING,
}
