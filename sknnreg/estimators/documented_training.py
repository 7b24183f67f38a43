"""The parameters of places 5 to 7 and the rest, as both estimators' docstrings describe them."""

TRAINING = {
    "parameters, places 5 to 7": """
solver : {"adam", "sgd", "rmsprop", "amsgrad", "lbfgs"}, default="adam"
    Place 5. Four on mini-batches: "adam" (Kingma and Ba, 2015); "sgd", gradient descent with
    momentum; "rmsprop" (Tieleman and Hinton, 2012), gradients over the root of the average v of
    their squares; "amsgrad" (Reddi et al., 2018), "adam" with the largest v so far in place of v,
    so that v never falls. And "lbfgs", a quasi-Newton method on all rows at once (Byrd et al.,
    1995), with ``l1`` through a split of the weights. It needs a deterministic objective and takes
    no plain steps, so ``augmentation``, ``input_noise``, ``mixup``, ``adversarial``, ``dropout``,
    ``input_dropout``, ``drop_connect``, ``weight_noise``, ``gradient_noise``, ``weight_decay``,
    ``clip_norm``, ``max_norm``, ``max_weight_norm``, ``weight_averaging`` and schedules must be
    off.

learning_rate : str or callable, default="constant"
    Place 5. The step size over time: ``learning_rate_init`` times a factor, which is

    * "constant": 1;
    * "invscaling": ``1 / (t + 1) ** power_t``, t being the number of rows seen before the epoch;
    * "adaptive" (only with ``solver="sgd"``): divided by 5 where training would otherwise stop for
      lack of improvement; training stops once the step size is at most 1e-6;
    * "exponential": ``learning_rate_decay ** e`` in epoch e = 0, 1, ...;
    * "step": ``learning_rate_decay ** floor(e / learning_rate_period)``;
    * "cosine": ``(1 + cos(pi t / T)) / 2`` at update t of the T updates in ``max_iter`` epochs,
      less those of a warm-up (Loshchilov and Hutter, 2017);
    * "cosine_restarts": the same in cycles of ``learning_rate_period`` epochs;
    * "cyclic": triangles, up and down again within each cycle of ``learning_rate_period`` epochs,
      times ``learning_rate_decay ** i`` in cycle i = 0, 1, ...: 1 keeps their height, 0.5 halves it
      from cycle to cycle (Smith, 2017);
    * "one_cycle": up along half a cosine, from 1/25 to 1 in three tenths of these T updates, and
      down along another to 0 (after Smith and Topin, 2019, who also let the momentum cycle);
    * ``learning_rate(t)``, if it is a callable, at update t = 0, 1, ..., counted from the end of a
      warm-up. It should depend on t alone, and return a finite number of at least 0.

    "cosine", "cosine_restarts", "cyclic" and "one_cycle" leave room for ``learning_rate_min``: a
    factor f becomes ``r + (1 - r) f`` with ``r = learning_rate_min / learning_rate_init``. "cosine"
    and "one_cycle" start over if training goes on past ``max_iter`` epochs, by ``warm_start`` or
    ``partial_fit``.

learning_rate_init : float, default=0.001
    Place 5. The largest step size of the schedule; greater than 0. Not used by "lbfgs".
    :func:`sknnreg.inspection.learning_rate_range_test` suggests one.

learning_rate_min : float, default=0.0
    Place 5. The smallest step size, from 0 to ``learning_rate_init``, of "cosine",
    "cosine_restarts", "cyclic" and "one_cycle".

learning_rate_period : int, default=10
    Place 5. Epochs of the first cycle of "cosine_restarts" and "cyclic", or between the steps of
    "step"; at least 1.

learning_rate_period_mult : float, default=1.0
    Place 5. Each cycle is so many times as long as the last; at least 1. Cycles end with an epoch:
    the sum of their lengths is rounded to whole ones.

learning_rate_decay : float, default=0.95
    Place 5. Factor in (0, 1] on the step size, per epoch with "exponential" and per step with
    "step"; with "cyclic" on the height of the triangles, per cycle.

learning_rate_warmup : int, default=0
    Place 5. Number of epochs, fewer than ``max_iter``, in front of the schedule, in whose n updates
    the step size rises to ``learning_rate_init`` as ``(t + 1) / n``, t = 0, 1, ... The schedule
    then begins as it would have begun otherwise. Source: Goyal et al. (2017).

power_t : float, default=0.5
    Place 5. Exponent, at least 0, of "invscaling".

momentum : float, default=0.9
    Place 5. Momentum of "sgd", in [0, 1]: ``v <- momentum * v - step * gradient``, ``w <- w +
    v``. Source: Polyak (1964).

nesterovs_momentum : bool, default=True
    Place 5. Whether "sgd" looks ahead: ``w <- w + momentum * v - step * gradient`` with the new
    v. Sources: Nesterov (1983), Sutskever et al. (2013).

beta_1 : float, default=0.9
    Place 5. Decay, in [0, 1), of the average of gradients in "adam" and "amsgrad".

beta_2 : float, default=0.999
    Place 5. Decay, in [0, 1), of the average of squared gradients in "rmsprop", "adam" and
    "amsgrad". The average of "rmsprop" starts at 0 and is not corrected: its first steps are
    ``1 / sqrt(1 - beta_2)`` times as long as later ones, 32 times with 0.999. Take 0.9 to 0.99
    there, or a warm-up.

epsilon : float, default=1e-8
    Place 5. Added to the denominator in "rmsprop", "adam" and "amsgrad"; greater than 0.

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

early_stopping_refit : {"scratch", "continue"} or None, default=None
    Place 7. What to do with the rows that early stopping held out, once it has found its epoch.
    None: nothing, the best network is kept. "scratch": train anew on all rows, those of ``X_val``
    included, for ``best_iteration_`` epochs. "continue": go on from the best weights, with all
    rows and a fresh optimiser, until the loss on the held-out rows is below what it then was on
    the others, for at most ``max_iter`` epochs; the schedule goes on from there too. If a callback,
    the keyboard, ``max_time`` or a divergence ends training, or a refit from scratch, the best
    network before is kept. Given ``X_val``, all rows are copied for it. Only with
    ``early_stopping=True``, and neither with ``warm_start=True``, ``learning_rate="adaptive"`` nor
    in ``partial_fit``. Source: Goodfellow, Bengio and Courville (2016), algorithms 7.2 and 7.3.

weight_averaging : {"ema", "swa"} or None, default=None
    Place 7. Keep an average of the weights in place of the last ones. "ema": the exponential
    moving average ``a <- d a + (1 - d) w`` after each update, from a = 0 and over its bias
    correction ``1 - d ** t``, d being ``averaging_decay`` (Polyak and Juditsky, 1992). "swa",
    stochastic weight averaging: the mean of the weights after each epoch past the share
    ``averaging_start`` of ``max_iter`` (Izmailov et al., 2018). The statistics of batch
    normalization are gathered anew for the average, by a pass over the training rows. Early
    stopping and callbacks judge the average, once there is one. What is averaged are the trained
    numbers: weights that ``l1`` brought to 0 at different times are not 0 in their mean, and
    ``weight_norm`` averages lengths and directions.

averaging_decay : float, default=0.999
    Place 7. The decay d, in [0, 1), of "ema": it looks back about ``(1 + d) / (1 - d)`` updates.

averaging_start : float, default=0.75
    Place 7. Share, in [0, 1), of ``max_iter`` epochs, counted over all calls that go on, after
    which "swa" begins.

n_snapshots : int, default=1
    Place 7. With more than 1, the networks at the ends of the last ``n_snapshots`` cycles of
    ``learning_rate="cosine_restarts"`` or "cyclic" are kept in ``snapshots_``, and predictions are
    the means of theirs (of probabilities, for classes). Curves and callbacks tell of the network as
    it trains. At most as many as there are cycles in ``max_iter`` epochs; neither with
    ``early_stopping`` nor with ``weight_averaging``. Source: Huang et al. (2017).

max_time : float or None, default=None
    Place 7. Seconds, greater than 0, after which training stops at the end of the epoch. Results
    then depend on the machine.

warm_start : bool, default=False
    Whether another call of ``fit`` goes on where the last one ended, with the optimiser's
    moments, schedule, random generators, scales and validation split, for up to ``max_iter``
    further epochs. 10 and then 10 more epochs give the same network as 20, unless ``max_iter``
    sets the schedule ("cosine", "one_cycle") or where "swa" begins. "lbfgs" keeps the weights and
    starts its estimate of the curvature anew.

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
