"""What to try against bias and against variance: in general, and of a network's hyperparameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from sknnreg.estimators.base import BaseMLPRegularized
from sknnreg.model_selection.diagnosis.result import Suggestion


class Rule(NamedTuple):
    """A hyperparameter, its next value by its present one (None: leave it), and why."""

    name: str
    propose: Callable[[Any], Any]
    why: str


def _scaled(factor: float) -> Callable[[Any], Any]:
    """What is on times a factor."""

    def propose(present: Any) -> Any:
        if present is None or not np.any(present):
            return None
        return _like(present, np.asarray(present, dtype=np.float64) * factor)

    return propose


def _raised(start: float, factor: float, limit: float = np.inf) -> Callable[[Any], Any]:
    """From 0 or None to ``start``; what is on times a factor, up to a limit."""

    def propose(present: Any) -> Any:
        now = np.asarray(0.0 if present is None else present, dtype=np.float64)
        raised = np.minimum(np.where(now > 0, now * factor, start), limit)
        return None if np.all(raised <= now) else _like(present, np.maximum(raised, now))

    return propose


def _widened(factor: float) -> Callable[[Any], Any]:
    def propose(present: Any) -> Any:
        widths = np.atleast_1d(np.asarray(present, dtype=np.float64)).ravel()
        wanted = tuple(max(1, round(width * factor)) for width in widths.tolist())
        if wanted == tuple(widths.tolist()):
            return None
        return wanted[0] if np.ndim(present) == 0 else wanted

    return propose


def _from(off: Any, value: Any) -> Callable[[Any], Any]:
    return lambda present: value if present is off else None


def _longer(present: Any) -> Any:
    return None if present is None or np.isinf(present) else 2 * int(present)


def _like(present: Any, numbers: Any) -> Any:
    rounded = [float(f"{each:.3g}") for each in np.ravel(numbers)]
    return rounded[0] if np.ndim(present) == 0 else rounded


_WEAKER = "it holds back the fit to the training rows, which is not good enough yet"
AGAINST_BIAS = (
    Rule("dropout", _scaled(0.5), _WEAKER),
    Rule("input_dropout", _scaled(0.5), _WEAKER),
    Rule("drop_connect", _scaled(0.5), _WEAKER),
    Rule("l2", _scaled(0.1), _WEAKER),
    Rule("l1", _scaled(0.1), _WEAKER),
    Rule("weight_decay", _scaled(0.1), _WEAKER),
    Rule("input_noise", _scaled(0.5), _WEAKER),
    Rule("weight_noise", _scaled(0.5), _WEAKER),
    Rule("mixup", _scaled(0.5), _WEAKER),
    Rule("label_smoothing", _scaled(0.5), _WEAKER),
    Rule("adversarial", _scaled(0.5), _WEAKER),
    Rule("max_norm", _scaled(2.0), _WEAKER),
    Rule("max_weight_norm", _scaled(2.0), _WEAKER),
    Rule("hidden_layer_sizes", _widened(2), "a larger network can follow the target more closely"),
    Rule("max_iter", _longer, "longer training lowers the training error"),
    Rule("n_iter_no_change", _longer, "more patience lets training go on where it is slow"),
    Rule("normalization", _from(None, "batch"), "larger steps become possible, training is faster"),
)
AGAINST_VARIANCE = (
    Rule("early_stopping", _from(False, True), "training ends before it fits what is chance"),
    Rule("l2", _raised(0.01, 3), "smaller weights, a smoother function"),
    Rule(
        "dropout", _raised(0.2, 1.5, 0.5), "units cannot rely on one another: a mean of many nets"
    ),
    Rule("input_noise", _raised(0.1, 2, 1), "rows a little off must give the same answer"),
    Rule("label_smoothing", _raised(0.05, 2, 0.2), "no certainty about single rows is asked for"),
    Rule("mixup", _raised(0.2, 2, 1), "between rows the function becomes linear"),
    Rule("weight_averaging", _from(None, "ema"), "an average of weights depends less on chance"),
    Rule("max_norm", _from(None, 3.0), "no unit's weights can grow without bound"),
    Rule("hidden_layer_sizes", _widened(0.5), "a smaller network has less to fit chance with"),
)

# For any estimator.
LEARN_MORE = (
    "a more flexible model, or one trained for longer",
    "less regularization",
    "inputs that tell more of the target",
)
LEARN_LESS = (
    "more training rows, or augmented ones",
    "more regularization, or a simpler model",
    "a mean over several models, such as an ensemble",
    "fewer inputs",
)
# Of a network of ours, beside its hyperparameters.
NETWORK_LEARN_MORE = (
    "another learning_rate_init: sknnreg.inspection.learning_rate_range_test suggests one",
    "inputs that tell more of the target",
)
NETWORK_LEARN_LESS = (
    "more training rows, or augmented ones (augmentation)",
    "a mean over several networks: sknnreg.ensemble",
)


def advice(estimator: Any, *, bias: bool, variance: bool) -> tuple[Suggestion, ...]:
    """What to try; what both ask for in opposite directions is left out."""
    found = None if estimator is None else network_in(estimator)
    given: list[Suggestion] = []
    if found is None:
        texts = [*(LEARN_MORE if bias else ()), *(LEARN_LESS if variance else ())]
        opposed = {"less regularization", "more regularization, or a simpler model"}
        kept = [each for each in texts if not (bias and variance and each in opposed)]
        return tuple(Suggestion(None, None, None, each) for each in kept)
    prefix, network = found
    if bias:
        rules = [r for r in AGAINST_BIAS if not variance or r.why is not _WEAKER]
        given += _proposals(network, prefix, rules)
        given += [Suggestion(None, None, None, text) for text in NETWORK_LEARN_MORE]
    if variance:
        rules = [r for r in AGAINST_VARIANCE if not bias or r.name != "hidden_layer_sizes"]
        given += _proposals(network, prefix, rules)
        given += [Suggestion(None, None, None, text) for text in NETWORK_LEARN_LESS]
    return tuple(given)


def network_in(estimator: Any) -> tuple[str, BaseMLPRegularized] | None:
    """The first network among an estimator's parameters, and what its own begin with."""
    if isinstance(estimator, BaseMLPRegularized):
        return "", estimator
    for name, value in estimator.get_params(deep=True).items():
        if isinstance(value, BaseMLPRegularized):
            return f"{name}__", value
    return None


def _proposals(
    network: BaseMLPRegularized, prefix: str, rules: list[Rule] | tuple[Rule, ...]
) -> Iterator[Suggestion]:
    for rule in rules:
        declared = network._declarations.get(rule.name)
        if declared is None or _refused(network, rule.name, declared.not_with_lbfgs):
            continue
        present = getattr(network, rule.name)
        proposed = rule.propose(present)
        if proposed is not None:
            yield Suggestion(prefix + rule.name, present, proposed, rule.why)


def _refused(network: BaseMLPRegularized, name: str, not_with_lbfgs: Any) -> bool:
    """Whether lbfgs has no use for it."""
    if network.solver != "lbfgs":
        return False
    return not_with_lbfgs is not None or name in {"normalization", "n_iter_no_change"}
