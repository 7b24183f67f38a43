"""MLPRegularizedClassifier: labels in, probabilities out."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, TypeAlias, get_args

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.base import takes_steps
from sknnreg.estimators.choices import (
    AveragingName,
    BatchSampling,
    BatchStatistics,
    ComputingDtype,
    DropConnectInference,
    DropoutKind,
    DropoutScaling,
    NormalizationName,
    NormalizationPosition,
    Refit,
    ScheduleName,
    SolverName,
    StandardizedAlone,
    Temperature,
)
from sknnreg.estimators.data.labels import check_classes, check_labels, class_targets
from sknnreg.estimators.data.preparation import Plan
from sknnreg.estimators.data.targets import ClassTargets, LabelTargets, Targets
from sknnreg.estimators.fitted.held_out import cooled, temperature
from sknnreg.estimators.hyperparameters import (
    DATA,
    OBJECTIVE,
    OTHER,
    ActivationNames,
    Augmentation,
    Rates,
    Sizes,
    one_of,
    probability,
)
from sknnreg.estimators.training.all_or_nothing import all_or_nothing
from sknnreg.estimators.training.persisting import before_going_on
from sknnreg.estimators.uncertainty.of_classifiers import ClassifierUncertainty
from sknnreg.sklearn_types import ClassifierMixin, available_if

ClassWeight: TypeAlias = dict[Any, Any] | Literal["balanced"]


def _sees_part(estimator: "MLPRegularizedClassifier") -> bool:
    """Whether ``partial_fit`` is there: it takes steps, and knows nothing of rows to come."""
    if estimator.class_weight == "balanced":
        raise AttributeError(
            "class_weight='balanced' needs all rows at once, which partial_fit does not see. "
            "Pass the dict that sklearn.utils.class_weight.compute_class_weight gives."
        )
    return takes_steps(estimator)


class MLPRegularizedClassifier(ClassifierMixin, ClassifierUncertainty):
    """Multilayer perceptron classifier with the classical regularizers.

    A scikit-learn classifier for binary, multiclass and multilabel targets. Its loss is the
    cross-entropy: ``-log p_y`` with softmax outputs, or for two classes and for each label
    ``-y log p - (1 - y) log(1 - p)`` with a logistic output.

    Every regularizer is off by default and acts at one of seven places, here in the order in which
    the data meets them. The parameters below come in the same order.

    =====================  =========================================================================
    place                  parameters
    =====================  =========================================================================
    (the network)          ``hidden_layer_sizes``, ``activation``
    1 data                 ``standardize``, ``input_noise``, ``augmentation``, ``mixup``,
                           ``adversarial``; of a classifier ``label_smoothing``
    2 signal               ``dropout``, ``input_dropout``, ``dropout_kind``, ``dropout_scaling``,
                           ``normalization``, ``normalization_position``, ``normalization_epsilon``,
                           ``normalization_momentum``, ``normalization_groups``,
                           ``batch_statistics``
    3 weights in use       ``weight_norm``, ``input_scale``, ``drop_connect``,
                           ``drop_connect_inference``, ``weight_noise``
    4 objective            ``l1``, ``l2``; of a classifier ``class_weight``;
                           of a regressor ``loss``, ``huber_delta``
    5 update               ``solver``, ``learning_rate``, ``learning_rate_init``,
                           ``learning_rate_min``, ``learning_rate_period``,
                           ``learning_rate_period_mult``, ``learning_rate_decay``,
                           ``learning_rate_warmup``, ``power_t``, ``momentum``,
                           ``momentum_min``, ``nesterovs_momentum``, ``beta_1``, ``beta_2``,
                           ``epsilon``, ``max_fun``, ``weight_decay``, ``gradient_noise``,
                           ``gradient_noise_decay``, ``clip_norm``, ``batch_size``, ``shuffle``,
                           ``batch_sampling``
    6 weights at rest      ``max_norm``, ``max_weight_norm``
    7 time                 ``max_iter``, ``tol``, ``n_iter_no_change``, ``early_stopping``,
                           ``validation_fraction``, ``early_stopping_scoring``,
                           ``early_stopping_refit``, ``weight_averaging``, ``averaging_decay``,
                           ``averaging_start``, ``n_snapshots``, ``max_time``
    (other)                ``warm_start``, ``dtype``, ``random_state``, ``verbose``;
                           of a classifier ``temperature``; of a regressor ``clip_predictions``
    =====================  =========================================================================

    Training minimizes::

        J = sum_i s_i L_i / sum_i s_i  +  l1 ||W||_1  +  (l2 / 2) ||W||_2^2

    where ``L_i`` is the loss of row i, summed over the outputs if there are several, and ``s_i``
    its weight. W stands for all weight matrices; biases and the gamma and beta of batch
    normalization are never penalized. The strength of a penalty depends neither on the number of
    rows nor on the batch size. A row of weight 0 is left out before anything else happens.

    After training, standardization, batch normalization, weight normalization, and the scaling of
    dropout and DropConnect are folded into ``coefs_`` and ``intercepts_``, which are those of a
    plain multilayer perceptron on the original inputs. Layer and group normalization depend on the
    row and stay between its layers. With ``n_snapshots`` above 1, predictions average several such
    networks.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of shape (n_hidden_layers,), default=(100,)
        Number of units in each hidden layer. ``()`` is a linear model.

    activation : str or array-like of str, default="relu"
        Activation function of the hidden layers, one for all or one for each: "identity",
        "logistic", "tanh", "relu", "leaky_relu" (slope 0.01 below 0), "elu", "selu", "gelu",
        "silu", "mish" or "softplus".

        Weights and biases start uniform in ``+-sqrt(6 / (n_in + n_out))`` as those of scikit-learn
        do, with 2 in place of 6 for "logistic" (Glorot and Bengio, 2010); in front of "selu", which
        normalizes itself from there only, weights start as N(0, 1 / n_in) and biases at 0 (LeCun et
        al., 1998; Klambauer et al., 2017). The output layer starts as the last hidden one does.

    standardize : bool, "X" or "y", default=True
        Place 1. Whether to bring each input to mean 0 and variance 1, ``(x - mean) / std``, and a
        regressor's targets as well (with ``loss="poisson"`` they are divided by their mean
        instead). "X" standardizes the inputs alone, which is all there is for a classifier; "y", of
        a regressor only, the targets alone, for inputs that have a scale of their own by now. Mean
        and variance are weighted by the sample weights and come from the training rows only, not
        from the validation rows. Columns that are constant up to rounding (16 spacings of float64)
        keep their scale, and sparse inputs are scaled but not centred. For sparse text (counts,
        tf-idf) False is usually better, and "y" for a regressor: scaling makes the rarest words the
        largest inputs. Without effect on a network that goes on training, whose scales are those of
        the first call.

    input_noise : float, default=0.0
        Place 1. Standard deviation, at least 0, of Gaussian noise added to the inputs,
        ``x + input_noise * N(0, 1)``, drawn anew for every batch; in units of the standardized
        inputs if these are standardized. Source: Bishop (1995).

    augmentation : callable or None, default=None
        Place 1. ``augmentation(X, y, rng) -> (X, y)``, called with each batch before it is
        standardized: X in the dtype of the computation, y as ``fit`` received it, rng a NumPy
        ``Generator`` of this network's own. It returns as many rows as it was given; row i keeps
        the sample weight of row i. Nothing is stored, and validation rows are left alone.
        `sknnreg.augmentation` has those of the literature; one whose ``mixes_labels`` is True is
        given a classifier's y as a column of shares for each class.

    mixup : float, default=0.0
        Place 1. Trains on convex combinations ``t (x, y) + (1 - t) (x', y')`` of each row with
        another of its batch, ``t ~ Beta(mixup, mixup)`` drawn for every row of every batch; at
        least 0, which is off. Small values stay near the rows, 1 is uniform. Source: Zhang et al.
        (2018).

    label_smoothing : float, default=0.0
        Place 1. Share e, in [0, 1), of each target that is spread evenly over all K classes, ``(1 -
        e) y + e / K``, while training; K is 2 for each label of a multilabel target. Validation
        losses are those of the targets as they are. Source: Szegedy et al. (2016).

    adversarial : float, default=0.0
        Place 1. Size e, at least 0, of adversarial steps: half of the loss is taken on ``x + e
        sign(dL/dx)``, in units of the standardized inputs if these are standardized. It takes twice
        the time. Source: Goodfellow et al. (2015), the fast gradient sign method.

    dropout : float or array-like of float, default=0.0
        Place 2. Probability, in [0, 1), of *dropping* a hidden unit, one for all hidden layers or
        one for each. Texts that write p for the probability of *keeping* a unit mean
        ``1 - dropout``. A new mask is drawn for every row of every batch. Source: Srivastava et
        al. (2014).

    input_dropout : float, default=0.0
        Place 2. The same for the inputs: a dropped input is 0, which is its mean if it is
        standardized.

    dropout_kind : str, default="bernoulli"
        Place 2. What happens to units while training, with p the ``dropout``. "bernoulli": dropped.
        "gaussian": multiplied by N(1, p / (1 - p)), which has dropout's mean and variance
        (Srivastava et al., 2014). "alpha": set to the value that SELU tends to, and the layer
        rescaled so that a mean of 0 and a variance of 1 stay (Klambauer et al., 2017).
        "variational": Gaussian with a rate for each unit that starts at p and is trained along, a
        Kullback-Leibler term being added to the objective (Kingma et al., 2015; Molchanov et al.,
        2017); ``dropout_rates_`` tells the rates.

    dropout_scaling : {"train", "predict"}, default="train"
        Place 2. "train": units that survive are multiplied by ``1 / (1 - dropout)`` while training
        (inverted dropout). "predict": they are left alone, and the outgoing weights are multiplied
        by ``1 - dropout`` after training; for ``dropout_kind="bernoulli"`` only.

    normalization : {"batch", "mean_only_batch", "layer", "group"} or None, default=None
        Place 2. Normalizes hidden units, ``y = gamma (x - mean) / sqrt(var + normalization_epsilon)
        + beta``, gamma and beta being trained. "batch": mean and variance of each unit over the
        batch, weighted by the sample weights (Ioffe and Szegedy, 2015). "mean_only_batch": ``y = x
        - mean + beta``, meant for ``weight_norm=True`` (Salimans and Kingma, 2016). With both, a
        last batch of a single row joins the one before it; ``batch_size=1`` or a single training
        row is an error. "layer": over all units of a layer, at least two, for each row by itself
        (Ba et al., 2016). "group": the same over ``normalization_groups`` groups of neighbouring
        units (Wu and He, 2018). The last two depend on the row: such a network cannot be folded
        into a plain one, and ``predict`` runs the normalization between the layers of ``coefs_``.
        Instance normalization would have one number per group here and leave nothing of it.

    normalization_position : {"before", "after"}, default="before"
        Place 2. Before or after the activation function. Before, with "batch" and
        "mean_only_batch", the layer has no bias of its own, since beta plays its part; with "layer"
        and "group" it has, since there it is part of what is normalized.

    normalization_epsilon : float, default=1e-5
        Place 2. Added to the variance; greater than 0, and in float32 at least 1.2e-38.

    normalization_momentum : float, default=0.9
        Place 2. Momentum m, in [0, 1), of the running statistics that predictions use,
        ``r <- m r + (1 - m) batch``, corrected for starting at 0. The running variance takes
        ``S / (S - 1)`` times the batch's variance, S being the sum of the batch's weights or, if
        more, its number of rows.

    normalization_groups : int, default=8
        Place 2. Number of groups, at least 1, with ``normalization="group"``; it must divide the
        number of units of every hidden layer.

    batch_statistics : {"moving", "population"}, default="moving"
        Place 2. "moving": predictions use the running statistics. "population": after training,
        they are replaced by the mean of the batch means and of the unbiased batch variances over
        one pass through the training rows (Ioffe and Szegedy, 2015, algorithm 2). Without effect
        unless ``normalization`` is "batch" or "mean_only_batch". With ``solver="lbfgs"`` the
        statistics are always those of all training rows.

    weight_norm : bool, default=False
        Place 3. Whether each unit's incoming weights are ``g v / ||v||``, the length g and the
        direction v being trained in place of the weights. g starts as ``||v||``, so that the
        network starts as the same function as without; a start from a first batch's statistics
        would depend on that batch, and standardized inputs make up for most of it. Penalties, decay
        and constraints act on v. Source: Salimans and Kingma (2016).

    input_scale : float, default=0.0
        Place 3. With c = ``input_scale`` above 0, the weights of each input i to the first layer
        are ``(1 + c s_i) W_i``, with a trained s that starts at 0: the network starts as the same
        function, and learns how much each input is to count, c times as fast as a weight with an
        optimizer that scales its steps, as "adam" does. Penalties, decay and constraints act on W.
        Source: Holzmueller, Grinsztajn and Steinwart (2024), who use 6.

    drop_connect : float, default=0.0
        Place 3. Probability, in [0, 1), of dropping a weight (not a bias), drawn anew for every
        batch. Source: Wan et al. (2013).

    drop_connect_inference : {"mean", "gaussian"}, default="mean"
        Place 3. How predictions treat dropped weights. "mean": by the mean weights, ``(1 -
        drop_connect) W``. "gaussian": the inputs z of the hidden units are drawn from the normal
        distribution with the mean and variance that dropping gives them, ``N(q v W, q (1 - q) v**2
        W**2)`` with q = 1 - drop_connect and v the layer's input, and the activations of 100 draws
        are averaged. The draws are the same for all rows, so that predictions depend neither on
        chance nor on the batch; they take 100 times the memory a row. Validation losses while
        training go by the mean.

    weight_noise : float, default=0.0
        Place 3. Standard deviation, at least 0, of Gaussian noise on all weights (not biases) as
        they are used, ``W + weight_noise * N(0, 1)``, drawn anew for every batch. The update is
        made to the weights without noise. Source: An (1996).

    l1 : float, default=0.0
        Place 4. Strength, at least 0, of the penalty ``l1 * ||W||_1``, the sum of absolute weights.
        Source: Tibshirani (1996). Except with "lbfgs" it acts after each step as soft-thresholding,
        ``w <- sign(w) max(|w| - step * l1, 0)`` (Daubechies et al., 2004), so that zeros are exact;
        the step is what a gradient that stays the same is multiplied by: the learning rate over ``1
        - momentum``, and over ``sqrt(v) + epsilon``, weight by weight, with "rmsprop", "adam" and
        "amsgrad" (Yun et al., 2021). Where ``clip_norm`` shortens the gradient, it shortens this
        step by the same factor, so that the minimum stays where it is. "lbfgs" minimizes the
        penalized objective itself by the split w = u - v with u, v >= 0; it usually gives the most
        zeros.

    l2 : float, default=0.0
        Place 4. Strength, at least 0, of the penalty ``(l2 / 2) * ||W||_2^2``, half the sum of
        squared weights. Its gradient ``l2 * w`` goes through the optimizer like any other (compare
        ``weight_decay``). ``MLPClassifier(alpha=a)`` with batches of B rows corresponds to
        ``l2 = a / B``. Sources: Hoerl and Kennard (1970), Krogh and Hertz (1992).

    class_weight : dict, "balanced" or None, default=None
        Place 4. Weights of the classes, multiplied with the sample weights, in the validation loss
        too. "balanced" weighs class k by ``n / (n_classes * n_k)``, counting rows by their sample
        weights (King and Zeng, 2001). Not for multilabel targets; "balanced" not with
        ``partial_fit``, which does not see all rows.

    solver : {"adam", "sgd", "rmsprop", "amsgrad", "lbfgs"}, default="adam"
        Place 5. Four on mini-batches: "adam" (Kingma and Ba, 2015); "sgd", gradient descent with
        momentum; "rmsprop" (Tieleman and Hinton, 2012), gradients over the root of the average v of
        their squares; "amsgrad" (Reddi et al., 2018), "adam" with the largest v so far in place of
        v, so that v never falls. And "lbfgs", a quasi-Newton method on all rows at once (Byrd et
        al., 1995), with ``l1`` through a split of the weights. It needs a deterministic objective
        and takes no plain steps, so ``augmentation``, ``input_noise``, ``mixup``, ``adversarial``,
        ``dropout``, ``input_dropout``, ``drop_connect``, ``weight_noise``, ``gradient_noise``,
        ``weight_decay``, ``clip_norm``, ``batch_sampling``, ``max_norm``, ``max_weight_norm``,
        ``weight_averaging`` and schedules must be off.

    learning_rate : str or callable, default="constant"
        Place 5. The step size over time: ``learning_rate_init`` times a factor, which is

        * "constant": 1;
        * "invscaling": ``1 / (t + 1) ** power_t``, t being the number of rows seen before the
          epoch;
        * "adaptive" (only with ``solver="sgd"``): divided by 5 where training would otherwise stop
          for lack of improvement; training stops once the step size is at most 1e-6;
        * "exponential": ``learning_rate_decay ** e`` in epoch e = 0, 1, ...;
        * "step": ``learning_rate_decay ** floor(e / learning_rate_period)``;
        * "cosine": ``(1 + cos(pi t / T)) / 2`` at update t of the T updates in ``max_iter`` epochs,
          less those of a warm-up (Loshchilov and Hutter, 2017);
        * "flat_cosine": 1 for the first half of these T updates, then the same from 1 to 0 in the
          second (after Holzmüller et al., 2024, who let dropout and weight decay fade so);
        * "cosine_restarts": "cosine" in cycles of ``learning_rate_period`` epochs;
        * "cyclic": triangles, up and down again within each cycle of ``learning_rate_period``
          epochs, times ``learning_rate_decay ** i`` in cycle i = 0, 1, ...: 1 keeps their height,
          0.5 halves it from cycle to cycle (Smith, 2017);
        * "one_cycle": up along half a cosine, from 1/25 to 1 in three tenths of these T updates,
          and down along another to 0 (after Smith and Topin, 2019; ``momentum_min`` lets the
          momentum cycle too);
        * ``learning_rate(t)``, if it is a callable, at update t = 0, 1, ..., counted from the end
          of a warm-up. It should depend on t alone, and return a finite number of at least 0.

        "cosine", "flat_cosine", "cosine_restarts", "cyclic" and "one_cycle" leave room for
        ``learning_rate_min``: a factor f becomes ``r + (1 - r) f`` with ``r = learning_rate_min /
        learning_rate_init``. "cosine", "flat_cosine" and "one_cycle" start over if training goes on
        past ``max_iter`` epochs, by ``warm_start`` or ``partial_fit``.

    learning_rate_init : float, default=0.003
        Place 5. The largest step size of the schedule; greater than 0. A smaller one needs a
        smaller ``tol`` too, or training ends early; "sgd" usually needs a larger one. Not used by
        "lbfgs". :func:`sknnreg.inspection.learning_rate_range_test` suggests one.

    learning_rate_min : float, default=0.0
        Place 5. The smallest step size, from 0 to ``learning_rate_init``, of "cosine",
        "flat_cosine", "cosine_restarts", "cyclic" and "one_cycle".

    learning_rate_period : int, default=10
        Place 5. Epochs of the first cycle of "cosine_restarts" and "cyclic", or between the steps
        of "step"; at least 1.

    learning_rate_period_mult : float, default=1.0
        Place 5. Each cycle is so many times as long as the last; at least 1. Cycles end with an
        epoch: the sum of their lengths is rounded to whole ones.

    learning_rate_decay : float, default=0.95
        Place 5. Factor in (0, 1] on the step size, per epoch with "exponential" and per step with
        "step"; with "cyclic" on the height of the triangles, per cycle.

    learning_rate_warmup : int, default=0
        Place 5. Number of epochs, fewer than ``max_iter``, in front of the schedule, in whose n
        updates the step size rises to ``learning_rate_init`` as ``(t + 1) / n``, t = 0, 1, ... The
        schedule then begins as it would have begun otherwise. Source: Goyal et al. (2017).

    power_t : float, default=0.5
        Place 5. Exponent, at least 0, of "invscaling".

    momentum : float, default=0.9
        Place 5. Momentum of "sgd", in [0, 1]: ``v <- momentum * v - step * gradient``, ``w <- w +
        v``. Source: Polyak (1964).

    momentum_min : float or None, default=None
        Place 5. With ``learning_rate="one_cycle"`` or "cyclic", where the momentum of "sgd", or the
        ``beta_1`` of "adam" and "amsgrad", falls to as the step size rises: at a factor f on
        ``learning_rate_init`` it is ``momentum - (momentum - momentum_min) * f``. In [0, 1), at
        most the momentum; None keeps it constant. 0.85, with a momentum of 0.95, is usual. Source:
        Smith (2018).

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
        Place 5. Added to the denominator in "rmsprop", "adam" and "amsgrad"; greater than 0. In
        "adam" and "amsgrad" it stands inside of the correction of the averages m and v for starting
        at 0, ``step * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)``, as in
        scikit-learn and at the end of section 2 of the source (Kingma and Ba, 2015). In float32 it
        must be at least 1.1e-19, as squares of smaller gradients are 0 there.

    max_fun : int, default=15000
        Place 5. Largest number of evaluations of the objective with "lbfgs".

    weight_decay : float, default=0.0
        Place 5. Decoupled weight decay, at least 0: each step also takes ``step * weight_decay *
        w`` off the weights (not biases), past the optimizer. The same as ``l2`` with "sgd" and
        ``momentum=0``; something else with "adam". Source: Loshchilov and Hutter (2019).

    gradient_noise : float, default=0.0
        Place 5. Standard deviation s, at least 0, of Gaussian noise on the gradient; at update t =
        0, 1, ... its variance is ``s ** 2 / (1 + t) ** gradient_noise_decay``. ``clip_norm`` comes
        before and leaves it alone. Source: Neelakantan et al. (2015).

    gradient_noise_decay : float, default=0.0
        Place 5. How fast the variance of the gradient noise falls; at least 0. The source uses
        0.55.

    clip_norm : float or None, default=None
        Place 5. Gradients whose L2 norm over all parameters is larger than this are rescaled to it,
        ``g * min(1, clip_norm / ||g||_2)``; greater than 0, None for no limit. Source: Pascanu et
        al. (2013).

    batch_size : int or "auto", default="auto"
        Place 5. Rows per mini-batch, at most all of them. "auto" is all of up to 32 rows, and else
        ``n_samples / 32``, but at least 32 and at most 200, or so much less that the last batch is
        at least half as large as the others. Small batches make the gradient noisier, and a last
        batch of a few left-over rows takes a full step: choose a size that divides the rows about
        evenly. Not used by "lbfgs".

    shuffle : bool, default=True
        Place 5. Whether to draw a new order of the rows for every epoch.

    batch_sampling : "weighted" or None, default=None
        Place 5. None takes each row once an epoch and multiplies its loss by its weight (sample
        weight times class weight). "weighted" draws as many rows in proportion to their weights,
        each as often as expected, rounded down or up, which then count alike: both have the same
        gradient on average, but steps are more even where few rows weigh much. The loss curve is
        then that of the rows drawn. Without weights it changes nothing; not with ``shuffle=False``
        or "lbfgs". Sources: Madow (1949), Hartley and Rao (1962).

    max_norm : float or None, default=None
        Place 6. After each step, the incoming weights ``w_j`` of every unit, output units included,
        are rescaled so that ``||w_j||_2 <= max_norm``; greater than 0, None for no limit. Source:
        Srebro et al. (2005).

    max_weight_norm : float or None, default=None
        Place 6. After each step, all weights together are rescaled so that ``||W||_2 <=
        max_weight_norm``; greater than 0, None for no limit. It is the hard constraint whose
        Lagrange multiplier is an ``l2``.

    max_iter : int, default=200
        Place 7. Largest number of epochs, or of iterations with "lbfgs". If it ends training, a
        ``ConvergenceWarning`` says so, unless ``n_iter_no_change=None``. ``partial_fit``
        trains one epoch whatever it is.

    tol : float or "auto", default="auto"
        Place 7. Smallest improvement that counts; at least 0. "auto" is 0.005, and 1e-4 with
        "lbfgs". In units of the objective or of what early stopping goes by; a regressor's loss is
        that of the standardized targets, and with ``loss="poisson"`` in units of the mean of y, so
        that counts far above 1 need a smaller tol. Short steps improve little in an epoch: a
        smaller ``learning_rate_init`` needs a smaller tol, and "sgd" often does, or training ends
        early, and no warning says so. With "lbfgs", training has converged once no component of the
        gradient is larger than this in absolute value.

    n_iter_no_change : int or None, default=10
        Place 7. Training stops after exactly this many epochs in a row that did not improve the
        best value so far by ``tol``. The value is the training objective, or with
        ``early_stopping=True`` the validation loss or score. None, or ``float("inf")``, trains for
        all of ``max_iter`` epochs, and silences the warning that they are over, but no other. With
        "lbfgs" it counts only if ``early_stopping=True``. Source: Prechelt (1998).

    early_stopping : bool, default=False
        Place 7. Whether to judge the network after each epoch on rows it does not learn from, and
        to keep the weights of the best epoch, batch normalization's statistics included. The rows
        are ``X_val`` and ``y_val`` of ``fit`` or else a part split off the training rows,
        stratified by class in a classifier, where the only row of a class is left to train with;
        with ``groups`` of ``fit``, whole groups of rows.
        ``partial_fit`` would split a part off every piece: pass it ``X_val`` and ``y_val``.

    validation_fraction : float, default=0.1
        Place 7. Share of the rows to split off, in (0, 1); with ``groups`` of ``fit``, as near as
        whole groups come to it. Used only if ``early_stopping=True`` and ``fit`` is given no
        ``X_val``.

    early_stopping_scoring : str or callable, default="loss"
        Place 7. What decides: "loss" for the validation loss (without penalties), or the name of a
        scikit-learn scorer, or a callable ``scorer(estimator, X, y)``. X and y are plain arrays (X
        may be CSR). If the validation rows have weights, the scorer must take ``sample_weight``.

    early_stopping_refit : {"scratch", "continue"} or None, default=None
        Place 7. What to do with the rows that early stopping held out, once it has found its epoch.
        None: nothing, the best network is kept. "scratch": train anew on all rows, those of
        ``X_val`` included, for ``best_iteration_`` epochs. "continue": go on from the best weights,
        with all rows and a fresh optimizer, until the loss on the held-out rows is below what it
        then was on the others, for at most ``max_iter`` epochs; the schedule goes on from there
        too. If a callback, the keyboard, ``max_time`` or a divergence ends training, or a refit
        from scratch, the best network before is kept. Given ``X_val``, all rows are copied for it.
        Only with ``early_stopping=True``, and neither with ``warm_start=True``, ``n_snapshots``
        above 1, ``learning_rate="adaptive"`` nor in ``partial_fit``. Source: Goodfellow, Bengio and
        Courville (2016), algorithms 7.2 and 7.3.

    weight_averaging : {"ema", "swa"} or None, default=None
        Place 7. Keep an average of the weights in place of the last ones. "ema": the exponential
        moving average ``a <- d a + (1 - d) w`` after each update, from a = 0 and over its bias
        correction ``1 - d ** t``, d being ``averaging_decay`` (Polyak and Juditsky, 1992). "swa",
        stochastic weight averaging: the mean of the weights after each epoch past the share
        ``averaging_start`` of ``max_iter`` (Izmailov et al., 2018). The statistics of batch
        normalization are gathered anew for the average, by a pass over the training rows. Early
        stopping and callbacks judge the average, once there is one. With ``n_snapshots`` above 1
        the average starts afresh with each cycle. What is averaged are the
        trained numbers: ``weight_norm`` averages lengths and directions. With ``l1``, a weight that
        is 0 at the time is 0 in the average too.

    averaging_decay : float, default=0.999
        Place 7. The decay d, in [0, 1), of "ema": it looks back about ``(1 + d) / (1 - d)``
        updates.

    averaging_start : float, default=0.75
        Place 7. Share, in [0, 1), of ``max_iter`` epochs, counted over all calls that go on, after
        which "swa" begins; with ``n_snapshots`` above 1, of each cycle.

    n_snapshots : int, default=1
        Place 7. With more than 1, the networks at the ends of the last ``n_snapshots`` cycles of
        ``learning_rate="cosine_restarts"`` or "cyclic" are kept in ``snapshots_``, and predictions
        are the means of theirs (of probabilities, for classes). Curves and callbacks tell of the
        network as it trains. At most as many as there are cycles in ``max_iter`` epochs. With
        ``weight_averaging`` each is the average over its own cycle; with ``early_stopping=True``
        those that the validation rows like best are kept in place of the last, and where training
        ends before a first cycle has, the best network. Source: Huang et al. (2017).

    max_time : float or None, default=None
        Place 7. Seconds, greater than 0, after which training stops at the end of the epoch.
        Results then depend on the machine.

    temperature : {"validation"} or None, default=None
        Whether ``fit`` divides the raw outputs by the number T that makes the loss on the
        validation rows least, ``temperature_`` (Guo et al., 2017), so that probabilities are less
        sure, or more, and the most probable class stays the same. T divides ``coefs_[-1]`` and
        ``intercepts_[-1]``, so that the network stays a plain one. It is no part of training:
        losses, scores and early stopping do not know of it. The rows are those of
        ``early_stopping=True`` or ``X_val``, with their weights; without any it is an error, as it
        is with ``n_snapshots`` above 1. T is 1 where all these rows are right, however sure. With
        ``early_stopping_refit`` it is that of the network before the refit, the last that has not
        learned from these rows.

    warm_start : bool, default=False
        Whether another call of ``fit`` goes on where the last one ended, with the optimizer's
        moments, schedule, random generators, scales and validation split, for up to ``max_iter``
        further epochs. 10 and then 10 more epochs give the same network as 20, unless ``max_iter``
        sets the schedule ("cosine", "flat_cosine", "one_cycle") or where "swa" begins. "lbfgs"
        keeps the weights and starts its estimate of the curvature anew.

    dtype : {"auto", "float32", "float64"}, default="auto"
        Precision of training. "auto" is float64 with "lbfgs" and wherever one batch holds all
        training rows (up to 32, or with a ``batch_size`` of all of them), so that the result
        depends neither on the order of the rows nor on writing weights as repeated rows (up to
        rounding, and provided that nothing is drawn per row); float32 otherwise. ``coefs_`` and
        predictions are float64 in any case.

    random_state : int, RandomState instance or None, default=None
        Seed of the starting weights, the shuffling, the validation split and every regularizer that
        draws. Each of them has a generator of its own, so that two settings compared at one seed
        share their start and their batches.

    verbose : bool or int, default=False
        Whether to print a line per epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels in order, or the numbers of the labels of a multilabel target.

    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of each layer of the plain network that the fitted one was folded into; with
        ``n_snapshots`` above 1, of the last snapshot.

    intercepts_ : list of ndarray of shape (n_out,)
        Its biases.

    loss_ : float
        The objective in the last epoch.

    best_loss_ : float or None
        The smallest objective of an epoch; None if ``early_stopping=True``.

    loss_curve_ : list of float
        The objective J for each epoch, averaged over the batches as training met them, with every
        regularizer at work; that is why it can be above the validation loss. With "lbfgs" it never
        rises; with ``l1`` too it is that of the split w = u - v, ``l1 * sum(u + v)`` in place of
        ``l1 * ||W||_1``, which is at least J, and J once training has converged.

    validation_loss_curve_ : list of float or None
        The loss on the validation rows after each epoch, without penalties, dropout or noise; None
        if there are no such rows, nan for epochs of earlier calls that had none.

    validation_scores_ : list of float or None
        What early stopping goes by, higher being better: the scores, or minus the validation loss
        if ``early_stopping_scoring="loss"``. None if ``early_stopping=False``.

    best_validation_score_ : float or None
        The highest of them.

    learning_rate_curve_ : list of float
        The step size of the last update of each epoch (1 for "lbfgs").

    best_iteration_ : int
        The number of the best epoch, counted from 1. Any epoch that is better counts, even by less
        than ``tol``, so it can equal ``n_iter_`` where training stopped for lack of improvement.
        With ``early_stopping=True`` the weights are those of this epoch, otherwise those of the
        last or their average; with ``n_snapshots`` above 1 they are the snapshots'.

    stop_reason_ : str
        Why training ended: "no_improvement", "max_iter", "max_time", "callback", "interrupted" (by
        the keyboard), "diverged" or, with ``learning_rate="adaptive"``, "step_size_too_small"; with
        "lbfgs" also "converged", "max_fun" or "line_search_failed". After ``partial_fit`` it is
        "max_iter", its one epoch being over, unless something else ended it.

    refit_loss_curve_, refit_learning_rate_curve_ : list of float or None
        With ``early_stopping_refit``, the objective and the step size for each epoch of the refit.
        All other curves and counts are those of the training that early stopping ended. None
        without a refit.

    refit_validation_loss_curve_ : list of float or None
        The loss on the held-out rows for each epoch of a refit that is "continue", else None.

    refit_stop_reason_ : str or None
        Why the refit ended: "max_iter" if all its epochs are over, which is the plan of "scratch",
        and with "continue" says that the held-out rows did not come to fit as well as the others
        did; "loss_reached" if they did; or another reason as in ``stop_reason_``.

    snapshots_ : list of estimators or None
        The networks whose predictions are averaged, from the oldest to the last, each as an
        estimator of its own with what prediction needs (no curves); None if there are fewer than
        two.

    n_iter_ : int
        Number of epochs, over all calls of ``partial_fit`` or of ``fit`` with ``warm_start=True``.

    t_ : int
        Number of rows that training has seen, counted once per epoch.

    sparsity_ : list of float
        The share of exact zeros in each of ``coefs_``.

    dropout_rates_ : list of ndarray or None
        The learned rate of each unit, ``alpha / (1 + alpha)``, of the inputs first where they are
        dropped, then by hidden layer; with ``dropout_kind="variational"`` only, else None. A unit
        whose rate is near 1 is noise and could go.

    temperature_ : float or None
        What the raw outputs were divided by, with ``temperature="validation"``; above 1 the network
        was too sure of itself. None otherwise.

    n_layers_ : int
        Number of layers, input and output included.

    n_outputs_ : int
        Number of outputs.

    out_activation_ : str
        "softmax"; "logistic" for two classes or a multilabel target.

    n_features_in_ : int
        Number of inputs.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the inputs, if X is a data frame whose column names are all strings.

    Raises
    ------
    ValueError
        By ``fit``: if a parameter is out of its range; if two parameters do not go together, such
        as ``dropout`` and ``solver="lbfgs"``, the message naming both and a way out; if the data
        cannot be used; if the loss or a weight stops being finite, the message naming the epoch and
        the step size. In the last case, if ``early_stopping=True`` and some epoch was finite, the
        best weights so far are kept, also if it was in a refit, and a ``ConvergenceWarning`` takes
        the place of the error.
    AttributeError
        By ``partial_fit`` if ``solver="lbfgs"``, which takes no single steps,
        ``class_weight="balanced"``, which needs all rows at once, or ``early_stopping_refit``,
        which comes when training is over.

    See Also
    --------
    MLPRegularizedRegressor : The same for real-valued targets and counts.
    sklearn.neural_network.MLPClassifier : scikit-learn's multilayer perceptron.

    Notes
    -----
    On small tabular data a linear model or a random forest is often as good or better: compare. The
    differences between regularizers are often smaller than those between one test set and another.

    References
    ----------
    * King, G. and Zeng, L. (2001). Logistic regression in rare events data. Political Analysis 9.

    * An, G. (1996). The effects of adding noise during backpropagation training on a generalization
      performance. Neural Computation 8.
    * Ba, J. L., Kiros, J. R. and Hinton, G. E. (2016). Layer normalization. arXiv:1607.06450.
    * Bishop, C. M. (1995). Training with noise is equivalent to Tikhonov regularization. Neural
      Computation 7.
    * Byrd, R. H., Lu, P., Nocedal, J. and Zhu, C. (1995). A limited memory algorithm for bound
      constrained optimization. SIAM Journal on Scientific Computing 16.
    * Daubechies, I., Defrise, M. and De Mol, C. (2004). An iterative thresholding algorithm for
      linear inverse problems with a sparsity constraint. Communications on Pure and Applied
      Mathematics 57.
    * Gal, Y. and Ghahramani, Z. (2016). Dropout as a Bayesian approximation: representing model
      uncertainty in deep learning. ICML.
    * Glorot, X. and Bengio, Y. (2010). Understanding the difficulty of training deep feedforward
      neural networks. AISTATS. (Starting weights.)
    * Goodfellow, I. J., Bengio, Y. and Courville, A. (2016). Deep learning. MIT Press.
    * Goodfellow, I. J., Shlens, J. and Szegedy, C. (2015). Explaining and harnessing adversarial
      examples. ICLR.
    * Goyal, P. et al. (2017). Accurate, large minibatch SGD: training ImageNet in 1 hour.
      arXiv:1706.02677.
    * Guo, C., Pleiss, G., Sun, Y. and Weinberger, K. Q. (2017). On calibration of modern neural
      networks. ICML.
    * Hartley, H. O. and Rao, J. N. K. (1962). Sampling with unequal probabilities and without
      replacement. Annals of Mathematical Statistics 33.
    * Hoerl, A. E. and Kennard, R. W. (1970). Ridge regression: biased estimation for nonorthogonal
      problems. Technometrics 12.
    * Holzmüller, D., Grinsztajn, L. and Steinwart, I. (2024). Better by default: strong pre-tuned
      MLPs and boosted trees on tabular data. NeurIPS 37.
    * Huang, G. et al. (2017). Snapshot ensembles: train 1, get M for free. ICLR.
    * Ioffe, S. and Szegedy, C. (2015). Batch normalization: accelerating deep network training by
      reducing internal covariate shift. ICML.
    * Izmailov, P. et al. (2018). Averaging weights leads to wider optima and better generalization.
      UAI.
    * Kingma, D. P. and Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.
    * Kingma, D. P., Salimans, T. and Welling, M. (2015). Variational dropout and the local
      reparameterization trick. NIPS 28.
    * Klambauer, G. et al. (2017). Self-normalizing neural networks. NIPS 30.
    * Krogh, A. and Hertz, J. A. (1992). A simple weight decay can improve generalization. NIPS 4.
    * LeCun, Y., Bottou, L., Orr, G. B. and Müller, K.-R. (1998). Efficient backprop. In: Neural
      Networks: Tricks of the Trade. (Starting weights in front of "selu".)
    * Loshchilov, I. and Hutter, F. (2017). SGDR: stochastic gradient descent with warm restarts.
      ICLR.
    * Loshchilov, I. and Hutter, F. (2019). Decoupled weight decay regularization. ICLR.
    * Madow, W. G. (1949). On the theory of systematic sampling, II. Annals of Mathematical
      Statistics 20.
    * Molchanov, D., Ashukha, A. and Vetrov, D. (2017). Variational dropout sparsifies deep neural
      networks. ICML.
    * Neelakantan, A. et al. (2015). Adding gradient noise improves learning for very deep networks.
      arXiv:1511.06807.
    * Nesterov, Y. (1983). A method for solving the convex programming problem with convergence rate
      O(1/k^2). Doklady Akademii Nauk SSSR 269.
    * Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of training recurrent neural
      networks. ICML.
    * Polyak, B. T. (1964). Some methods of speeding up the convergence of iteration methods. USSR
      Computational Mathematics and Mathematical Physics 4.
    * Polyak, B. T. and Juditsky, A. B. (1992). Acceleration of stochastic approximation by
      averaging. SIAM Journal on Control and Optimization 30.
    * Prechelt, L. (1998). Early stopping - but when? In: Neural Networks: Tricks of the Trade.
    * Reddi, S. J., Kale, S. and Kumar, S. (2018). On the convergence of Adam and beyond. ICLR.
    * Salimans, T. and Kingma, D. P. (2016). Weight normalization. NIPS 29.
    * Smith, L. N. (2017). Cyclical learning rates for training neural networks. WACV.
    * Smith, L. N. (2018). A disciplined approach to neural network hyper-parameters: part 1.
      arXiv:1803.09820.
    * Smith, L. N. and Topin, N. (2019). Super-convergence: very fast training of neural networks
      using large learning rates. SPIE 11006.
    * Srebro, N., Rennie, J. D. M. and Jaakkola, T. S. (2005). Maximum-margin matrix factorization.
      NIPS 17.
    * Srivastava, N. et al. (2014). Dropout: a simple way to prevent neural networks from
      overfitting. Journal of Machine Learning Research 15.
    * Sutskever, I. et al. (2013). On the importance of initialization and momentum in deep
      learning. ICML.
    * Szegedy, C. et al. (2016). Rethinking the inception architecture for computer vision. CVPR.
    * Tibshirani, R. (1996). Regression shrinkage and selection via the lasso. Journal of the Royal
      Statistical Society B 58.
    * Tieleman, T. and Hinton, G. (2012). Lecture 6.5: RMSprop. COURSERA: Neural Networks for
      Machine Learning.
    * Wan, L. et al. (2013). Regularization of neural networks using DropConnect. ICML.
    * Wu, Y. and He, K. (2018). Group normalization. ECCV.
    * Yun, J., Lozano, A. C. and Yang, E. (2021). Adaptive proximal gradient methods for structured
      neural networks. NeurIPS 34.
    * Zhang, H. et al. (2018). mixup: beyond empirical risk minimization. ICLR.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from sknnreg import MLPRegularizedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    >>> model = MLPRegularizedClassifier(
    ...     (20,), dropout=0.2, l2=1e-3, early_stopping=True, max_iter=1000, random_state=0
    ... )
    >>> model.fit(X_train, y_train).stop_reason_
    'no_improvement'
    >>> model.score(X_test, y_test) > 0.8
    True
    >>> model.predict_proba(X_test).shape
    (38, 3)

    The fitted network is a plain one, whatever it was trained with:

    >>> [weights.shape for weights in model.coefs_]
    [(4, 20), (20, 3)]

    As sure as the validation rows say it may be; the most probable classes stay:

    >>> cooled = MLPRegularizedClassifier(
    ...     (20,),
    ...     dropout=0.2,
    ...     l2=1e-3,
    ...     early_stopping=True,
    ...     validation_fraction=0.3,
    ...     max_iter=1000,
    ...     temperature="validation",
    ...     random_state=0,
    ... )
    >>> cooled.fit(X_train, y_train).temperature_ > 0
    True

    Some other regularizers, for a fixed number of epochs:

    >>> model = MLPRegularizedClassifier(
    ...     (20, 20),
    ...     input_noise=0.1,
    ...     normalization="batch",
    ...     max_norm=3.0,
    ...     max_iter=50,
    ...     n_iter_no_change=None,
    ...     random_state=0,
    ... )
    >>> model.fit(X_train, y_train).n_iter_
    50
    """

    label_smoothing: Annotated[float, DATA, probability]
    class_weight: Annotated[ClassWeight | None, OBJECTIVE, dict, one_of(("balanced",)), None]
    temperature: Annotated[Temperature | None, OTHER, one_of(get_args(Temperature)), None]

    def __init__(
        self,
        hidden_layer_sizes: Sizes = (100,),
        *,
        activation: ActivationNames = "relu",
        standardize: bool | StandardizedAlone = True,
        input_noise: float = 0.0,
        augmentation: Augmentation | None = None,
        mixup: float = 0.0,
        label_smoothing: float = 0.0,
        adversarial: float = 0.0,
        dropout: Rates = 0.0,
        input_dropout: float = 0.0,
        dropout_kind: DropoutKind = "bernoulli",
        dropout_scaling: DropoutScaling = "train",
        normalization: NormalizationName | None = None,
        normalization_position: NormalizationPosition = "before",
        normalization_epsilon: float = 1e-5,
        normalization_momentum: float = 0.9,
        normalization_groups: int = 8,
        batch_statistics: BatchStatistics = "moving",
        weight_norm: bool = False,
        input_scale: float = 0.0,
        drop_connect: float = 0.0,
        drop_connect_inference: DropConnectInference = "mean",
        weight_noise: float = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,
        class_weight: ClassWeight | None = None,
        solver: SolverName = "adam",
        learning_rate: ScheduleName | Callable[[int], float] = "constant",
        learning_rate_init: float = 0.003,
        learning_rate_min: float = 0.0,
        learning_rate_period: int = 10,
        learning_rate_period_mult: float = 1.0,
        learning_rate_decay: float = 0.95,
        learning_rate_warmup: int = 0,
        power_t: float = 0.5,
        momentum: float = 0.9,
        momentum_min: float | None = None,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        max_fun: int = 15000,
        weight_decay: float = 0.0,
        gradient_noise: float = 0.0,
        gradient_noise_decay: float = 0.0,
        clip_norm: float | None = None,
        batch_size: int | Literal["auto"] = "auto",
        shuffle: bool = True,
        batch_sampling: BatchSampling | None = None,
        max_norm: float | None = None,
        max_weight_norm: float | None = None,
        max_iter: int = 200,
        tol: float | Literal["auto"] = "auto",
        n_iter_no_change: float | None = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        early_stopping_scoring: str | Callable[..., float] = "loss",
        early_stopping_refit: Refit | None = None,
        weight_averaging: AveragingName | None = None,
        averaging_decay: float = 0.999,
        averaging_start: float = 0.75,
        n_snapshots: int = 1,
        max_time: float | None = None,
        temperature: Temperature | None = None,
        warm_start: bool = False,
        dtype: ComputingDtype = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
    ) -> None:
        self._store(locals())

    def _plan_targets(self, y: Any, classes: Any, before: Targets | None) -> Targets:
        return class_targets(y, check_classes(classes)) if before is None else before

    def _check_y(self, y: Any, name: str) -> Any:
        return check_labels(y, name)

    @available_if(_sees_part)
    @all_or_nothing
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        groups: Any = None,
    ) -> Self:
        """Train one epoch on what is given, going on where the last call ended.

        The first call fixes the classes and the scale of the inputs.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed in the first call unless y holds them all.
        X_val, y_val, sample_weight_val : array-like, default=None
            Validation rows, as in ``fit``.
        groups : array-like of shape (n_samples,), default=None
            Labels of groups, as in ``fit``. A group whose rows come in several calls can be held
            out in one and learned from in another: pass ``X_val`` then.

        Returns
        -------
        self : object
            The estimator, one epoch further.
        """
        before = before_going_on(self)
        if before is not None and classes is not None:
            known = before.targets.classes
            if not np.array_equal(check_classes(classes), known):
                raise ValueError(
                    f"classes={list(classes)!r} differs from the first call's {known.tolist()}. "
                    "Leave classes out, or start anew with sklearn.base.clone."
                )
        validation = (X_val, y_val, sample_weight_val)
        return self._learn(
            (X, y, sample_weight, groups), validation, 1, classes=classes, partial=True
        )

    def predict_proba(self, X: Any) -> Array:
        """Class probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; any number of rows in bounded memory.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of ``classes_``.
        """
        return self._probabilities(X)

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of the class probabilities, all finite.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of ``classes_``.
        """
        return self._probabilities(X, log=True)

    def predict(self, X: Any) -> Array:
        """The most probable class, or the labels of probability above a half.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; any number of rows in bounded memory.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels.
        """
        check_is_fitted(self, "coefs_")
        if isinstance(self._targets, LabelTargets):
            return self._predict_into(X, lambda raw: raw > 0, self.n_outputs_, np.int64)
        classes = self.classes_
        if len(classes) <= 2:
            # A single class is predicted whatever the output.
            last = len(classes) - 1
            return self._predict_into(
                X, lambda raw: classes[np.where(raw[:, 0] > 0, last, 0)], None, classes.dtype
            )
        return self._predict_into(X, lambda raw: classes[raw.argmax(axis=1)], None, classes.dtype)

    def _probabilities(self, X: Any, *, log: bool = False) -> Array:
        """Of each class or label, or their logarithms."""
        check_is_fitted(self, "coefs_")
        method = "predict_log_proba" if log else "predict_proba"
        return self._predict_into(X, lambda raw: self._in_units(raw, method), len(self.classes_))

    def _in_units(self, raw: Array, method: str) -> Array:
        link = self._targets.link
        inverse = link.log_inverse if method == "predict_log_proba" else link.inverse
        if isinstance(self._targets, ClassTargets) and len(self.classes_) == 1:
            return inverse(np.full_like(raw, np.inf))
        if isinstance(self._targets, ClassTargets) and len(self.classes_) == 2:
            # One output for both: its link gives the second class, and with -raw the first.
            return inverse(np.concatenate([-raw, raw], axis=-1))
        return inverse(raw)

    def _calibrated(
        self, attributes: dict[str, Any], judged: dict[str, Any], plan: Plan
    ) -> dict[str, Any]:
        """With raw outputs divided by a temperature, if that is asked for."""
        if self.temperature is None:
            return {**attributes, "temperature_": None}
        return cooled(attributes, temperature(self, judged, plan))

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is welcome."""
        tags = super().__sklearn_tags__()
        # A row with several labels has no one class to weigh it by.
        several = self.class_weight is None
        tags.classifier_tags.multi_label = several
        tags.target_tags.multi_output = several
        return tags
