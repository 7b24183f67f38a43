"""Predictions are means over the snapshots' predictions, for every kind of network and of rows."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.callback import ScoringMonitor
from sklearn.metrics import accuracy_score, r2_score

from sknnreg import MLPRegularizedClassifier

CYCLIC = {"learning_rate": "cyclic", "learning_rate_decay": 1.0}
GAUSSIAN = {"drop_connect": 0.2, "drop_connect_inference": "gaussian"}
GAUSSIAN_WITH_LAYER_NORM = {**GAUSSIAN, "hidden_layer_sizes": (4, 6), "normalization": "layer"}
# What a network may be made of, folded or between its layers.
NETWORKS = [
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (5, 3), "activation": ("tanh", "silu")},
    {"standardize": False},
    {"normalization": "batch"},
    {"normalization": "batch", "normalization_position": "after"},
    {"normalization": "batch", "batch_statistics": "population"},
    {"normalization": "layer", "hidden_layer_sizes": (4, 6)},
    {"normalization": "group", "normalization_groups": 2, "normalization_position": "after"},
    {"weight_norm": True, "normalization": "mean_only_batch"},
    {"dropout": 0.3, "dropout_scaling": "predict"},
    {"dropout": 0.3, "dropout_kind": "variational"},
    {"drop_connect": 0.2},
    GAUSSIAN,
    GAUSSIAN_WITH_LAYER_NORM,
    {"dtype": "float64"},
    {"max_norm": 1.0, "l1": 0.01},
]


def predictions(est, X):
    """Probabilities where there are any."""
    return est.predict_proba(X) if hasattr(est, "predict_proba") else est.predict(X)


class TestMeans:
    @pytest.mark.parametrize("kind", [{}, CYCLIC], ids=["cosine", "cyclic"])
    def test_predictions_are_means_over_the_snapshots(self, any_target, kind, fit, assert_means):
        est, _ = fit(any_target, **kind)
        X = np.random.default_rng(5).normal(scale=2.0, size=(30, 4))
        assert_means(est, X)
        if any_target != "one class":
            # and a mean is not the last one
            last = predictions(est.snapshots_[-1], X)
            assert not np.allclose(predictions(est, X), last, rtol=1e-2)

    @pytest.mark.parametrize("settings", NETWORKS, ids=str)
    @pytest.mark.parametrize("name", ["two classes", "three words", "labels", "counts"])
    def test_of_networks_of_every_kind(self, name, settings, fit, data, assert_means):
        assert_means(fit(name, **settings)[0], 2 * data[0])

    def test_the_score_is_the_means(self, any_target, fit, data):
        (est, y), (X, _) = fit(any_target), data
        score = accuracy_score if isinstance(est, MLPRegularizedClassifier) else r2_score
        assert est.score(X, y) == pytest.approx(score(y, est.predict(X)), rel=1e-12)

    @pytest.mark.parametrize("name", ["two classes", "three words", "labels", "one class"])
    @pytest.mark.parametrize("size", [1e3, 1e8, 1e100])
    def test_logarithms_of_probabilities_stay_finite(self, name, size, fit, data):
        """Where every snapshot is certain, its probability is 0 or 1 to the last bit."""
        est, _ = fit(name)
        X = size * data[0]
        probabilities, logarithms = est.predict_proba(X), est.predict_log_proba(X)
        assert np.isfinite(logarithms).all()
        assert np.isfinite(probabilities).all()
        assert (logarithms <= 0).all()
        np.testing.assert_allclose(np.exp(logarithms), probabilities, rtol=1e-9, atol=1e-300)
        if name != "labels":
            np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)
        if name != "one class" and size > 1e3:
            assert (probabilities == 0).any(), "otherwise nothing is shown"

    @pytest.mark.parametrize("name", ["three words", "several numbers", "counts"])
    @pytest.mark.parametrize("make_sparse", [sparse.csr_array, sparse.csc_matrix])
    @pytest.mark.parametrize("settings", [{}, {"hidden_layer_sizes": ()}, GAUSSIAN], ids=str)
    def test_sparse_rows(self, name, make_sparse, settings, fit, data, assert_means):
        X = np.where(np.abs(data[0]) > 0.7, data[0], 0.0)
        est, _ = fit(name, make_sparse(X), **settings)
        assert_means(est, make_sparse(X))
        dense, thin = (predictions(est, rows) for rows in (X, make_sparse(X)))
        np.testing.assert_allclose(thin, dense, rtol=1e-10)

    @pytest.mark.parametrize("name", ["three words", "labels", "several numbers"])
    @pytest.mark.parametrize("settings", [{}, GAUSSIAN_WITH_LAYER_NORM], ids=str)
    def test_a_few_rows_at_a_time_or_all(self, name, settings, fit, data, monkeypatch):
        (est, _), (X, _) = fit(name, **settings), data
        at_once = predictions(est, X)
        monkeypatch.setattr("sknnreg.engine.loop.evaluation.MAX_SIGNAL", 7 * 100 * 6 * 3)
        np.testing.assert_allclose(predictions(est, X), at_once, rtol=1e-12)
        row_by_row = [predictions(est, row[None])[0] for row in X]
        np.testing.assert_allclose(row_by_row, at_once, rtol=1e-12)

    def test_the_scoring_monitor_sees_the_mean_at_the_end(self, make, data, until):
        X, y = data
        monitor = ScoringMonitor(scoring="neg_log_loss")
        est = make(MLPRegularizedClassifier).set_callbacks(monitor).fit(X, y)
        log = monitor.get_logs().data_as_pandas
        by_task = log.set_index(["task_name", "task_id"])["neg_log_loss"]
        p = est.predict_proba(X)[np.arange(50), y]
        np.testing.assert_allclose(by_task[("fit", 0)], np.log(p).mean(), rtol=1e-12)
        for epoch in (1, 8, 12):  # and the network that trains before
            p = until(MLPRegularizedClassifier, epoch).predict_proba(X)[np.arange(50), y]
            np.testing.assert_allclose(by_task[("epoch", epoch - 1)], np.log(p).mean(), rtol=1e-12)


@pytest.mark.parametrize("name", ["three words", "several numbers"])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
class TestSparseWeights:
    def test_sparsify_and_densify_keep_predictions(self, name, kind, fit, data, weights_of):
        est, _ = fit(name, l1=0.02)
        X = kind(data[0])
        before, weights = est.predict(X), weights_of(est)
        np.testing.assert_array_equal(est.sparsify().predict(X), before)
        assert all(sparse.issparse(coef) for coef in est.coefs_)
        np.testing.assert_array_equal(est.densify().predict(X), before)
        np.testing.assert_array_equal(weights_of(est), weights)

    @pytest.mark.parametrize("numbers", [[0], [0, 1, 2]])
    def test_so_do_those_of_snapshots(self, name, kind, numbers, fit, data):
        """Each may be sparse by itself."""
        est, _ = fit(name, l1=0.02)
        X = kind(data[0])
        before = predictions(est, X)
        for snapshot in (est.snapshots_[number] for number in numbers):
            one = predictions(snapshot, X)
            assert all(sparse.issparse(coef) for coef in snapshot.sparsify().coefs_)
            np.testing.assert_allclose(predictions(snapshot, X), one, rtol=1e-12)
        np.testing.assert_array_equal(predictions(est, X), before)
