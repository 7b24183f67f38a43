"""What an estimator tells of its training: lines while it runs, curves afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sknnreg.engine.problem import History, Report
from sknnreg.engine.state import TrainingState
from sknnreg.estimators.training.callbacks import EpochCallbacks
from sknnreg.together import current_label


def on_each_epoch(
    verbose: bool | int, listeners: EpochCallbacks | None, stage: str = ""
) -> Callable[[Report], bool] | None:
    """The engine's hook: print a line if asked to, tell the callbacks; True stops."""
    if not verbose and listeners is None:
        return None
    # Networks that train together take turns in printing, too.
    label = current_label()
    speaker = (f"[fit {label}] " if label else "") + stage

    def hook(report: Report) -> bool:
        if verbose:
            print(speaker + line(report))
        return listeners is not None and listeners.on_epoch_end(report)

    return hook


def line(report: Report) -> str:
    """One epoch in one line."""
    parts = [f"epoch {report.epoch}", f"loss {report.loss:.6g}"]
    if report.validation_loss is not None:
        parts.append(f"validation loss {report.validation_loss:.6g}")
    if report.score is not None:
        parts.append(f"validation score {report.score:.6g}")
    return ", ".join(parts)


def curves(history: History, state: TrainingState, *, early_stopping: bool) -> dict[str, Any]:
    """The fitted attributes that tell of training, MLPClassifier's among them.

    Lower is better for losses, higher for scores; with early stopping on the validation loss the
    scores are minus that loss.
    """
    losses = [loss for loss in history.loss if not math.isnan(loss)]
    best_loss = None if early_stopping or not history.loss else min(losses, default=math.nan)
    return {
        "loss_": history.loss[-1] if history.loss else None,
        "best_loss_": best_loss,
        "loss_curve_": history.loss,
        "validation_loss_curve_": history.validation_loss or None,
        "learning_rate_curve_": history.learning_rate,
        "validation_scores_": history.score if early_stopping else None,
        "best_validation_score_": -float(state.best_value[0]) if early_stopping else None,
        "best_iteration_": int(state.best_epoch[0]),
        "n_iter_": int(state.epochs[0]),
        "t_": int(state.samples[0]),
        "stop_reason_": history.stop_reason,
        **refit_curves(None),
    }


def refit_curves(history: History | None) -> dict[str, Any]:
    """The fitted attributes that tell of a refit; all None if there was none."""
    return {
        "refit_loss_curve_": history and history.loss,
        "refit_validation_loss_curve_": (history and history.validation_loss) or None,
        "refit_learning_rate_curve_": history and history.learning_rate,
        "refit_stop_reason_": history and history.stop_reason,
    }
