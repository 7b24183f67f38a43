"""What the docstrings of both estimators share, written once.

``documented`` puts the texts below where a class docstring has their names in braces, alone on a
line: ``{the map}``.
"""

from __future__ import annotations

import inspect
import re
from typing import TypeVar

from sknnreg.estimators.documented_parameters import PARAMETERS

T = TypeVar("T")

_PLACE = re.compile(r"^\{(.+)\}$", re.MULTILINE)

TEXTS = {
    "the map": """
Every regulariser is off by default and acts at one of seven places, here in the order in which
the data meets them. The parameters below come in the same order.

=====================  ==========================================================================
place                  parameters
=====================  ==========================================================================
(the network)          ``hidden_layer_sizes``, ``activation``
1 data                 ``standardize``, ``input_noise``, ``augmentation``, ``mixup``,
                       ``adversarial``; of a classifier ``label_smoothing``
2 signal               ``dropout``, ``input_dropout``, ``dropout_kind``, ``dropout_scaling``,
                       ``normalization``, ``normalization_position``, ``normalization_epsilon``,
                       ``normalization_momentum``, ``normalization_groups``, ``batch_statistics``
3 weights in use       ``weight_norm``, ``drop_connect``, ``drop_connect_inference``,
                       ``weight_noise``
4 objective            ``l1``, ``l2``; of a classifier ``class_weight``;
                       of a regressor ``loss``, ``huber_delta``
5 update               ``solver``, ``learning_rate``, ``learning_rate_init``,
                       ``learning_rate_min``, ``learning_rate_period``,
                       ``learning_rate_period_mult``, ``learning_rate_decay``,
                       ``learning_rate_warmup``, ``power_t``, ``momentum``,
                       ``nesterovs_momentum``, ``beta_1``, ``beta_2``, ``epsilon``, ``max_fun``,
                       ``weight_decay``, ``gradient_noise``, ``gradient_noise_decay``,
                       ``clip_norm``, ``batch_size``, ``shuffle``
6 weights at rest      ``max_norm``, ``max_weight_norm``
7 time                 ``max_iter``, ``tol``, ``n_iter_no_change``, ``early_stopping``,
                       ``validation_fraction``, ``early_stopping_scoring``,
                       ``early_stopping_refit``, ``weight_averaging``, ``averaging_decay``,
                       ``averaging_start``, ``n_snapshots``, ``max_time``
(other)                ``warm_start``, ``dtype``, ``random_state``, ``verbose``
=====================  ==========================================================================
""",
    "objective": """
Training minimises::

    J = sum_i s_i L_i / sum_i s_i  +  l1 ||W||_1  +  (l2 / 2) ||W||_2^2

where ``L_i`` is the loss of row i, summed over the outputs if there are several, and ``s_i`` its
weight. W stands for all weight matrices; biases and the gamma and beta of batch normalization are
never penalised. The strength of a penalty depends neither on the number of rows nor on the batch
size. A row of weight 0 is left out before anything else happens.

After training, standardization, batch normalization, weight normalization, and the scaling of
dropout and DropConnect are folded into ``coefs_`` and ``intercepts_``, which are those of a plain
multilayer perceptron on the original inputs. Layer and group normalization depend on the row and
stay between its layers. With ``n_snapshots`` above 1, predictions average several such networks.
""",
    **PARAMETERS,
    "attributes": """
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
    regulariser at work; that is why it can be above the validation loss. With "lbfgs" it never
    rises; with ``l1`` too it is that of the split w = u - v, ``l1 * sum(u + v)`` in place of ``l1 *
    ||W||_1``, which is at least J, and J once training has converged.

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
    The number of the best epoch, counted from 1. Any epoch that is better counts, even by less than
    ``tol``, so it can equal ``n_iter_`` where training stopped for lack of improvement. With
    ``early_stopping=True`` the weights are those of this epoch, otherwise those of the last, their
    average, or the snapshots.

stop_reason_ : str
    Why training ended: "no_improvement", "max_iter", "max_time", "callback", "interrupted" (by
    the keyboard), "diverged" or, with ``learning_rate="adaptive"``, "step_size_too_small"; with
    "lbfgs" also "converged", "max_fun" or "line_search_failed". After ``partial_fit`` it is
    "max_iter", its one epoch being over, unless something else ended it.

refit_loss_curve_, refit_validation_loss_curve_, refit_learning_rate_curve_ : list of float or None
    With ``early_stopping_refit``, the objective, the loss on the held-out rows and the step size
    for each epoch of the refit; the loss on held-out rows only with "continue". All other curves
    and counts are those of the training that early stopping ended. None without a refit.

refit_stop_reason_ : str or None
    Why the refit ended: "max_iter" if all its epochs are over, which is the plan of "scratch", and
    with "continue" says that the held-out rows did not come to fit as well as the others did;
    "loss_reached" if they did; or another reason as in ``stop_reason_``.

snapshots_ : list of estimators or None
    The networks whose predictions are averaged, from the oldest to the last, each as an estimator
    of its own with what prediction needs (no curves); None if there are fewer than two.

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

n_layers_ : int
    Number of layers, input and output included.

n_outputs_ : int
    Number of outputs.
""",
    "inputs": """
n_features_in_ : int
    Number of inputs.

feature_names_in_ : ndarray of shape (n_features,)
    Names of the inputs, if X is a data frame whose column names are all strings.
""",
    "errors": """
ValueError
    By ``fit``: if a parameter is out of its range; if two parameters do not go together, such as
    ``dropout`` and ``solver="lbfgs"``, the message naming both and a way out; if the data cannot
    be used; if the loss or a weight stops being finite, the message naming the epoch and the step
    size. In the last case, if ``early_stopping=True`` and some epoch was finite, the best weights
    so far are kept, also if it was in a refit, and a ``ConvergenceWarning`` takes the place of
    the error.
AttributeError
    By ``partial_fit`` if ``solver="lbfgs"``, which takes no single steps,
    ``class_weight="balanced"``, which needs all rows at once, or ``early_stopping_refit``, which
    comes when training is over.
""",
    "notes": """
On small tabular data a linear model or a random forest is often as good or better: compare. The
differences between regularisers are often smaller than those between one test set and another.
""",
    "references": """
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
* Glorot, X. and Bengio, Y. (2010). Understanding the difficulty of training deep feedforward
  neural networks. AISTATS. (Starting weights.)
* Goodfellow, I. J., Bengio, Y. and Courville, A. (2016). Deep learning. MIT Press.
* Goodfellow, I. J., Shlens, J. and Szegedy, C. (2015). Explaining and harnessing adversarial
  examples. ICLR.
* Goyal, P. et al. (2017). Accurate, large minibatch SGD: training ImageNet in 1 hour.
  arXiv:1706.02677.
* Hoerl, A. E. and Kennard, R. W. (1970). Ridge regression: biased estimation for nonorthogonal
  problems. Technometrics 12.
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
* Loshchilov, I. and Hutter, F. (2017). SGDR: stochastic gradient descent with warm restarts. ICLR.
* Loshchilov, I. and Hutter, F. (2019). Decoupled weight decay regularization. ICLR.
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
* Polyak, B. T. and Juditsky, A. B. (1992). Acceleration of stochastic approximation by averaging.
  SIAM Journal on Control and Optimization 30.
* Prechelt, L. (1998). Early stopping - but when? In: Neural Networks: Tricks of the Trade.
* Reddi, S. J., Kale, S. and Kumar, S. (2018). On the convergence of Adam and beyond. ICLR.
* Salimans, T. and Kingma, D. P. (2016). Weight normalization. NIPS 29.
* Smith, L. N. (2017). Cyclical learning rates for training neural networks. WACV.
* Smith, L. N. and Topin, N. (2019). Super-convergence: very fast training of neural networks using
  large learning rates. SPIE 11006.
* Srebro, N., Rennie, J. D. M. and Jaakkola, T. S. (2005). Maximum-margin matrix factorization.
  NIPS 17.
* Srivastava, N. et al. (2014). Dropout: a simple way to prevent neural networks from overfitting.
  Journal of Machine Learning Research 15.
* Sutskever, I. et al. (2013). On the importance of initialization and momentum in deep learning.
  ICML.
* Szegedy, C. et al. (2016). Rethinking the inception architecture for computer vision. CVPR.
* Tibshirani, R. (1996). Regression shrinkage and selection via the lasso. Journal of the Royal
  Statistical Society B 58.
* Tieleman, T. and Hinton, G. (2012). Lecture 6.5: RMSprop. COURSERA: Neural Networks for Machine
  Learning.
* Wan, L. et al. (2013). Regularization of neural networks using DropConnect. ICML.
* Wu, Y. and He, K. (2018). Group normalization. ECCV.
* Yun, J., Lozano, A. C. and Yang, E. (2021). Adaptive proximal gradient methods for structured
  neural networks. NeurIPS 34.
* Zhang, H. et al. (2018). mixup: beyond empirical risk minimization. ICLR.
""",
}


def documented(cls: type[T]) -> type[T]:
    """Fill the placeholders in a class docstring; without docstrings (``-OO``), do nothing."""
    if cls.__doc__ is not None:
        cls.__doc__ = _PLACE.sub(_text, inspect.cleandoc(cls.__doc__))
    return cls


def _text(match: re.Match[str]) -> str:
    return TEXTS[match[1]].strip("\n")
