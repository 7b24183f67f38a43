"""The parameters that both estimators share, as their docstrings describe them.

In the order of the constructor, in pieces between which each estimator has parameters of its own.
"""

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
    Source: Tibshirani (1996). With "sgd" and "adam" it acts after each step as soft-thresholding,
    ``w <- sign(w) max(|w| - step * l1, 0)`` (Daubechies et al., 2004), so that zeros are exact; the
    step is what a gradient that stays the same is multiplied by: the learning rate over ``1 -
    momentum``, and over ``sqrt(v) + epsilon``, weight by weight, with "adam" (Yun et al., 2021).
    "lbfgs" minimises the penalised objective itself by the split w = u - v with u, v >= 0; it
    usually gives the most zeros.

l2 : float, default=0.0
    Place 4. Strength, at least 0, of the penalty ``(l2 / 2) * ||W||_2^2``, half the sum of
    squared weights. Its gradient ``l2 * w`` goes through the optimiser like any other (compare
    ``weight_decay``). ``MLPClassifier(alpha=a)`` with batches of B rows corresponds to
    ``l2 = a / B``. Sources: Hoerl and Kennard (1970), Krogh and Hertz (1992).
""",
    "parameters, places 5 to 7": """
solver : {"adam", "sgd", "lbfgs"}, default="adam"
    Place 5. "adam" (Kingma and Ba, 2015); "sgd", gradient descent on mini-batches with
    momentum; "lbfgs", a quasi-Newton method on all rows at once (Byrd et al., 1995).
    "lbfgs" needs a deterministic objective and takes no plain steps, so ``augmentation``,
    ``input_noise``, ``mixup``, ``adversarial``, ``dropout``, ``input_dropout``,
    ``drop_connect``, ``weight_noise``, ``gradient_noise``, ``weight_decay``, ``clip_norm``,
    ``max_norm`` and ``max_weight_norm`` must be off.

learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
    Place 5. The step size over time. "constant": ``learning_rate_init``. "invscaling":
    ``learning_rate_init / (t + 1) ** power_t``, t being the number of rows seen before the
    epoch. "adaptive" (only with ``solver="sgd"``): divided by 5 where training would otherwise
    stop for lack of improvement; training stops once it is at most 1e-6.

learning_rate_init : float, default=0.001
    Place 5. The first step size; greater than 0. Not used by "lbfgs".

power_t : float, default=0.5
    Place 5. Exponent, at least 0, of "invscaling".

momentum : float, default=0.9
    Place 5. Momentum of "sgd", in [0, 1]: ``v <- momentum * v - step * gradient``, ``w <- w +
    v``. Source: Polyak (1964).

nesterovs_momentum : bool, default=True
    Place 5. Whether "sgd" looks ahead: ``w <- w + momentum * v - step * gradient`` with the new
    v. Sources: Nesterov (1983), Sutskever et al. (2013).

beta_1 : float, default=0.9
    Place 5. Decay, in [0, 1), of the average of gradients in "adam".

beta_2 : float, default=0.999
    Place 5. Decay, in [0, 1), of the average of squared gradients in "adam".

epsilon : float, default=1e-8
    Place 5. Added to the denominator in "adam"; greater than 0.

max_fun : int, default=15000
    Place 5. Largest number of evaluations of the objective with "lbfgs".

weight_decay : float, default=0.0
    Place 5. Decoupled weight decay, at least 0: each step also takes ``step * weight_decay * w``
    off the weights (not biases), past the optimiser. The same as ``l2`` with "sgd" and
    ``momentum=0``; something else with "adam". Source: Loshchilov and Hutter (2019).

gradient_noise : float, default=0.0
    Place 5. Standard deviation s, at least 0, of Gaussian noise on the gradient; at update t =
    0, 1, ... its variance is ``s ** 2 / (1 + t) ** gradient_noise_decay``. Source: Neelakantan
    et al. (2015).

gradient_noise_decay : float, default=0.0
    Place 5. How fast the variance of the gradient noise falls; at least 0. The source uses
    0.55.

clip_norm : float or None, default=None
    Place 5. Gradients whose L2 norm over all parameters is larger than this are rescaled to it,
    ``g * min(1, clip_norm / ||g||_2)``; greater than 0, None for no limit. Source: Pascanu et
    al. (2013).

batch_size : int or "auto", default="auto"
    Place 5. Rows per mini-batch, at most all of them; "auto" is ``min(200, n_samples)``.
    Small batches make the gradient noisier, and a last batch of a few left-over rows takes a
    full step: choose a size that divides the rows about evenly. Not used by "lbfgs".

shuffle : bool, default=True
    Place 5. Whether to draw a new order of the rows for every epoch.

max_norm : float or None, default=None
    Place 6. After each step, the incoming weights ``w_j`` of every unit, output units included,
    are rescaled so that ``||w_j||_2 <= max_norm``; greater than 0, None for no limit. Source:
    Srebro et al. (2005).

max_weight_norm : float or None, default=None
    Place 6. After each step, all weights together are rescaled so that ``||W||_2 <=
    max_weight_norm``; greater than 0, None for no limit. It is the hard constraint whose Lagrange
    multiplier is an ``l2``.

max_iter : int, default=200
    Place 7. Largest number of epochs, or of iterations with "lbfgs". If it ends training, a
    ``ConvergenceWarning`` says so, unless ``n_iter_no_change=float("inf")``. ``partial_fit`` trains
    one epoch whatever it is.

tol : float, default=1e-4
    Place 7. Smallest improvement that counts; at least 0. In units of the objective or of what
    early stopping goes by; a regressor's loss is that of the standardized targets, and with
    ``loss="poisson"`` in units of the mean of y, so that counts far above 1 need a smaller tol.
    With "lbfgs", training has converged once no component of the gradient is larger than this in
    absolute value.

n_iter_no_change : int or float("inf"), default=10
    Place 7. Training stops after exactly this many epochs in a row that did not improve the best
    value so far by ``tol``. The value is the training objective, or with ``early_stopping=True``
    the validation loss or score. ``float("inf")`` trains for all of ``max_iter`` epochs, and
    silences the warning that they are over, but no other. With "lbfgs" it counts only if
    ``early_stopping=True``. Source: Prechelt (1998).

early_stopping : bool, default=False
    Place 7. Whether to judge the network after each epoch on rows it does not learn from, and
    to keep the weights of the best epoch, batch normalization's statistics included. The rows
    are ``X_val`` and ``y_val`` of ``fit`` or else a part split off the training rows,
    stratified by class in a classifier. ``partial_fit`` would split a part off every piece:
    pass it ``X_val`` and ``y_val``.

validation_fraction : float, default=0.1
    Place 7. Share of the rows to split off, in (0, 1). Used only if ``early_stopping=True`` and
    ``fit`` is given no ``X_val``.

early_stopping_scoring : str or callable, default="loss"
    Place 7. What decides: "loss" for the validation loss (without penalties), or the name of a
    scikit-learn scorer, or a callable ``scorer(estimator, X, y)``. X and y are plain arrays (X
    may be CSR). If the validation rows have weights, the scorer must take ``sample_weight``.

max_time : float or None, default=None
    Place 7. Seconds, greater than 0, after which training stops at the end of the epoch. Results
    then depend on the machine.

warm_start : bool, default=False
    Whether another call of ``fit`` goes on where the last one ended, with the optimiser's
    moments, schedule, random generators, scales and validation split, for up to ``max_iter``
    further epochs. With "adam" and "sgd", 10 and then 10 more epochs give the same network as
    20; "lbfgs" keeps the weights and starts its estimate of the curvature anew.

dtype : {"auto", "float32", "float64"}, default="auto"
    Precision of training. "auto" is float64 with "lbfgs" and wherever one batch holds all
    training rows, so that the result depends neither on the order of the rows nor on writing
    weights as repeated rows (up to rounding, and provided that nothing is drawn per row);
    float32 otherwise. ``coefs_`` and predictions are float64 in any case.

random_state : int, RandomState instance or None, default=None
    Seed of the starting weights, the shuffling, the validation split and every regulariser that
    draws. Each of them has a generator of its own, so that two settings compared at one seed
    share their start and their batches.

verbose : bool or int, default=False
    Whether to print a line per epoch.
""",
}
