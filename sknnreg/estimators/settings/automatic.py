"""What "auto" stands for: rows in a batch, the improvement that counts, the computing dtype."""

from sknnreg.estimators.hyperparameters import Hyperparameters
from sknnreg.estimators.settings.per_layer import uses_batch_statistics


def batch_size(est: Hyperparameters, n_rows: int) -> int:
    """Rows in a batch."""
    if est.solver == "lbfgs":
        # All rows count in every evaluation; without batch statistics they may come in parts.
        return n_rows if uses_batch_statistics(est) else min(n_rows, 4096)
    if est.batch_size == "auto":
        return evenly(n_rows, min(max(n_rows // 32, 32), 200))
    return int(min(est.batch_size, n_rows))


def evenly(n_rows: int, largest: int) -> int:
    """Rows divided evenly into as few batches of at most ``largest``, the last at least half full.

    A step on a few left-over rows would be as long as any other, and mostly noise.
    """
    size = -(-n_rows // -(-n_rows // largest))
    while 2 * ((n_rows - 1) % size + 1) < size:
        size -= 1
    return size


def tol(est: Hyperparameters) -> float:
    """The improvement that counts, or with lbfgs the bound on the gradient.

    Losses of epochs fall for ever where a network learns noise by heart, and 1e-4 would count that.
    A minimum that is to be compared with another needs a small gradient.
    """
    if est.tol != "auto":
        return float(est.tol)
    return 1e-4 if est.solver == "lbfgs" else 5e-3


def dtype(est: Hyperparameters, n_rows: int, so_far: str | None) -> str:
    """The computing dtype, of a network that goes on the one ``so_far``.

    Where every step sees all rows, the result is a function of the data that neither the order of
    the rows nor writing weights as repeated rows should change: float64 holds that. Mini-batches
    are noisy anyway, and large enough for float32 to pay.
    """
    if est.dtype != "auto":
        return str(est.dtype)
    if est.solver == "lbfgs":
        return "float64"
    if so_far is not None:
        return so_far
    return "float64" if batch_size(est, n_rows) >= n_rows else "float32"
