"""A fit that was cut off and runs again ends with the bits of one that never was."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.callback import Checkpoint

QUICK = {"hidden_layer_sizes": (6, 5), "max_iter": 12, "n_iter_no_change": None,
         "random_state": 0, "batch_size": 20}  # fmt: skip


def falling(update):
    return 1 / (1 + update)


def jittered(X, y, rng):
    return X + 0.1 * rng.normal(size=X.shape), y


SETTINGS = {
    "adam": {},
    "full batch": {"batch_size": 90},
    "amsgrad, clipped": {"solver": "amsgrad", "clip_norm": 0.5, "gradient_noise": 0.1},
    "rmsprop, decay": {"solver": "rmsprop", "weight_decay": 0.1, "max_norm": 1.0},
    "sgd, adaptive": {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 2,
                      "tol": 1.0, "max_iter": 20},
    "patience": {"n_iter_no_change": 9, "tol": 10.0},
    "one cycle, momentum": {"solver": "sgd", "learning_rate": "one_cycle", "momentum_min": 0.8},
    "warm-up, cosine": {"learning_rate": "cosine", "learning_rate_warmup": 7},
    "own schedule": {"learning_rate": falling},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1},
    "gaussian dropout": {"dropout": 0.3, "dropout_kind": "gaussian"},
    "alpha dropout": {"dropout": 0.1, "dropout_kind": "alpha", "activation": "selu"},
    "variational dropout": {"dropout": 0.3, "dropout_kind": "variational"},
    "DropConnect, sampled": {"drop_connect": 0.3, "drop_connect_inference": "gaussian"},
    "noise and mixup": {"input_noise": 0.1, "weight_noise": 0.1, "mixup": 0.3},
    "weight norm, scales": {"weight_norm": True, "input_scale": 0.5, "l1": 0.01, "l2": 0.1},
    "batch statistics": {"normalization": "batch"},
    "population, average": {"normalization": "batch", "batch_statistics": "population",
                            "weight_averaging": "ema"},
    "layer": {"normalization": "layer"},
    "adversarial": {"adversarial": 0.1},
    "augmentation": {"augmentation": jittered},
    "rows by weight": {"batch_sampling": "weighted"},
    "swa": {"weight_averaging": "swa", "averaging_start": 0.3},
    "snapshots": {"learning_rate": "cosine_restarts", "learning_rate_period": 3,
                  "n_snapshots": 3},
    "snapshots of averages": {"learning_rate": "cosine_restarts", "learning_rate_period": 4,
                              "n_snapshots": 2, "weight_averaging": "ema",
                              "early_stopping": True},
    "early stopping": {"early_stopping": True},
    "stops early": {"early_stopping": True, "n_iter_no_change": 8, "tol": 0.5, "max_iter": 50},
    "a scorer": {"early_stopping": True, "early_stopping_scoring": "neg_mean_squared_error"},
    "refit from scratch": {"early_stopping": True, "early_stopping_refit": "scratch"},
    "refit that goes on": {"early_stopping": True, "early_stopping_refit": "continue",
                           "weight_averaging": "ema", "dropout": 0.2},
    "time": {"max_time": 1e6},
    "float64": {"dtype": "float64"},
}  # fmt: skip
HAS_REFIT = [name for name in SETTINGS if "refit" in name]


def settled(Estimator, name, **more):
    return Estimator(**{**QUICK, **SETTINGS[name], **more})


def fitted(est, *rest, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return est.fit(*rest, **kwargs)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(
    "epoch", [6, *(pytest.param(epoch, marks=pytest.mark.slow) for epoch in (1, 2, 3, 9, 12))]
)
def test_after_an_interrupt(name, epoch, data, differences, cut_off, CutAt, tmp_path):
    X, y = data
    weight = 1.0 + np.arange(len(X)) % 3 if "weight" in name else None
    whole = fitted(settled(MLPRegularizedRegressor, name), X, y, weight)
    path = tmp_path / "network.npz"
    cut = cut_off(settled(MLPRegularizedRegressor, name), X, y, path, epoch, sample_weight=weight)
    n_before = min(epoch, whole.n_iter_)
    assert cut.n_iter_ == n_before, "it was cut off, or had ended before"
    counted = CutAt(1000)
    again = settled(MLPRegularizedRegressor, name).set_callbacks(Checkpoint(path), counted)
    again = fitted(again, X, y, weight)
    if name not in HAS_REFIT:
        # Of a fit that had ended, callbacks hear an epoch in which nothing happens.
        n_left = whole.n_iter_ - (epoch - 1) if epoch <= whole.n_iter_ else 1
        assert 1000 - counted.left == n_left, "it went on, and did not start again"
    assert not differences(vars(again.set_callbacks()), vars(whole))
    np.testing.assert_array_equal(again.predict(X), whole.predict(X))


@pytest.mark.parametrize("name", HAS_REFIT)
def test_after_an_interrupt_of_the_refit(name, data, differences, cut_off, tmp_path):
    whole = fitted(settled(MLPRegularizedRegressor, name), *data)
    path = tmp_path / "network.npz"
    cut = cut_off(settled(MLPRegularizedRegressor, name), *data, path, whole.n_iter_ + 4)
    assert cut.refit_stop_reason_ == "interrupted"
    again = settled(MLPRegularizedRegressor, name).set_callbacks(Checkpoint(path))
    again = fitted(again, *data)
    assert not differences(vars(again.set_callbacks()), vars(whole))


@pytest.mark.parametrize("name", ["dropout", "snapshots", *HAS_REFIT])
def test_what_has_ended_is_there_at_once(name, data, differences, tmp_path, monkeypatch):
    X, y = data
    weight = 1.0 + np.arange(len(X)) % 3 if "weight" in name else None
    est = settled(MLPRegularizedRegressor, name).set_callbacks(Checkpoint(tmp_path))
    first = fitted(clone(est), X, y, weight)
    monkeypatch.setattr("sknnreg.estimators.training.planned.train_together", None)
    second = fitted(clone(est), X, y, weight)
    assert not differences(vars(second.set_callbacks()), vars(first.set_callbacks()))


@pytest.mark.parametrize("error", [RuntimeError("enough"), KeyboardInterrupt(), SystemExit(1)])
def test_whatever_cut_it_off(error, data, differences, CutAt, tmp_path):
    """What is no KeyboardInterrupt reaches the caller; the state is kept all the same."""
    whole = settled(MLPRegularizedClassifier, "dropout").fit(*data)
    est = settled(MLPRegularizedClassifier, "dropout")
    heard = CutAt(8, error)
    est.set_callbacks(Checkpoint(tmp_path, every=100), heard)
    if isinstance(error, KeyboardInterrupt):
        fitted(est, *data)
    else:
        with pytest.raises(type(error)):
            est.fit(*data)
    counted = CutAt(100)
    est.set_callbacks(Checkpoint(tmp_path), counted).fit(*data)
    assert 100 - counted.left == 12 - 7, "the epochs that were left"
    assert not differences(vars(est.set_callbacks()), vars(whole))


@pytest.mark.parametrize("kind", ["multiclass", "labels in words", "multilabel", "sparse", "given"])
def test_of_any_data(kind, data, differences, cut_off, tmp_path):
    X, y = data
    more = {}
    if kind == "multiclass":
        y = np.arange(len(y)) % 3
    elif kind == "labels in words":
        y = np.array(["no", "yes"], dtype=object)[y]
    elif kind == "multilabel":
        y = np.column_stack([y, 1 - y, np.arange(len(y)) % 2])
    elif kind == "sparse":
        X = sparse.csr_array(np.maximum(X, 0))
    else:
        more = {"X_val": X[:20], "y_val": y[:20]}
    est = settled(MLPRegularizedClassifier, "early stopping")
    whole = clone(est).fit(X, y, **more)
    cut_off(clone(est), X, y, tmp_path, 6, **more)
    again = clone(est).set_callbacks(Checkpoint(tmp_path)).fit(X, y, **more)
    assert len(list(tmp_path.iterdir())) == 1
    assert not differences(vars(again.set_callbacks()), vars(whole))


def test_warm_starts_go_on_in_files_of_their_own(data, differences, cut_off, tmp_path):
    est = settled(MLPRegularizedClassifier, "adam", warm_start=True)
    whole = clone(est).fit(*data).fit(*data)
    first = clone(est).set_callbacks(Checkpoint(tmp_path)).fit(*data)
    cut_off(first, *data, tmp_path, 5)
    again = clone(est).set_callbacks(Checkpoint(tmp_path)).fit(*data).fit(*data)
    assert len(list(tmp_path.iterdir())) == 2
    assert not differences(vars(again.set_callbacks()), vars(whole))


def test_the_time_that_was_spent_counts(data, cut_off, tmp_path):
    """max_time is of the whole training, the part before the interrupt included."""
    est = settled(MLPRegularizedClassifier, "time")
    cut_off(est, *data, tmp_path, 6)
    spent = est._continuation.state.epochs
    assert spent == 6
    (path,) = tmp_path.iterdir()
    with np.load(path) as archive:
        files = {name: archive[name] for name in archive.files}
    longer = files["about.json"].replace(b'"seconds": 0.', b'"seconds": 9999999.')
    assert longer != files["about.json"]
    _rewritten(path, files | {"about.json": longer})
    again = fitted(est.set_callbacks(Checkpoint(tmp_path)), *data)
    assert (again.stop_reason_, again.n_iter_) == ("max_time", 6)


def _rewritten(path, files):
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        for name, value in files.items():
            if isinstance(value, bytes):
                archive.writestr(name, value)
            else:
                with archive.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, value)


def test_without_a_checkpoint_nothing_is_copied(data, monkeypatch):
    from sknnreg.engine.loop.cohort import Cohort

    monkeypatch.setattr(Cohort, "underway", None)
    settled(MLPRegularizedClassifier, "early stopping").fit(*data)
