"""The mean over members, in one stacked pass or one by one; how far they disagree."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import rel_entr
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg.ensemble import outputs

# Each kind of network that is folded, or kept, in a way of its own.
NETWORKS = {
    "plain": {},
    "layer normalization": {"normalization": "layer"},
    "sampled weights": {"drop_connect": 0.2, "drop_connect_inference": "gaussian"},
    "snapshots": {"learning_rate": "cosine_restarts", "learning_rate_period": 4, "n_snapshots": 2},
    "no hidden layer": {"hidden_layer_sizes": ()},
}


@pytest.fixture
def one_by_one(monkeypatch):
    """How often a member is asked by itself."""
    asked, output = [], outputs.output

    def counted(member, *given):
        asked.append(member)
        return output(member, *given)

    monkeypatch.setattr(outputs, "output", counted)
    return asked


@pytest.mark.parametrize("name", NETWORKS)
def test_the_mean_over_members(kind, name, one_by_one):
    est = kind.ensemble(kind.network(**NETWORKS[name])).fit(kind.X, kind.y)
    one_by_one.clear()
    mean = np.mean([kind.outputs(member, kind.X) for member in est.members_], axis=0)
    np.testing.assert_allclose(kind.outputs(est, kind.X), mean, rtol=1e-12, atol=1e-14)
    assert len(one_by_one) == (4 if name == "sampled weights" else 0)


def test_sparse_rows_and_sparse_weights(kind, one_by_one):
    est = kind.ensemble(kind.network(standardize=False)).fit(sparse.csr_array(kind.X), kind.y)
    expected = kind.outputs(est, kind.X)
    np.testing.assert_allclose(kind.outputs(est, sparse.csc_array(kind.X)), expected, rtol=1e-12)
    est.members_[1].sparsify()
    np.testing.assert_allclose(kind.outputs(est, kind.X), expected, rtol=1e-12)
    assert not one_by_one


def test_pipelines_are_asked_one_by_one_some_rows_at_a_time(kind, one_by_one, monkeypatch):
    est = kind.ensemble(make_pipeline(StandardScaler(), kind.network())).fit(kind.X, kind.y)
    expected = kind.outputs(est, kind.X)
    one_by_one.clear()
    monkeypatch.setattr(outputs, "ROWS_AT_ONCE", 20)
    np.testing.assert_allclose(kind.outputs(est, kind.X), expected, rtol=1e-12)
    assert len(one_by_one) == 4 * 4


def test_members_of_different_sizes(kind, one_by_one):
    est = kind.ensemble(param_distributions={"hidden_layer_sizes": [(3,), (4,)]}, n_candidates=2,
                        n_members=6).fit(kind.X, kind.y)  # fmt: skip
    parts = zip(est.weights_, est.members_, strict=True)
    mean = sum(weight * kind.outputs(member, kind.X) for weight, member in parts)
    np.testing.assert_allclose(kind.outputs(est, kind.X), mean, rtol=1e-12)


def test_classes_and_logarithms(classes):
    est = classes.ensemble().fit(classes.X, classes.y)
    proba = est.predict_proba(classes.X)
    assert est.classes_.tolist() == ["low", "mid", "top"]
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_array_equal(est.predict(classes.X), est.classes_[proba.argmax(axis=1)])
    np.testing.assert_allclose(est.predict_log_proba(classes.X), np.log(proba), rtol=1e-10)
    far = est.predict_log_proba(1e4 * classes.X)
    assert np.isfinite(far).all()
    assert far.min() < -1000


@pytest.mark.parametrize("as_matrix", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_several_labels(classes, as_matrix):
    y = np.column_stack([classes.X[:, 0] > 0, classes.X[:, 1] > 0.5]).astype(int)
    est = classes.ensemble().fit(classes.X, as_matrix(y))
    proba = est.predict_proba(classes.X)
    assert proba.shape == est.oof_prediction_.shape == est.disagreement(classes.X).shape == (61, 2)
    np.testing.assert_array_equal(est.predict(classes.X), proba > 0.5)
    right = ((est.oof_prediction_ > 0.5) == y).all(axis=1)
    assert est.oof_score_ == right.mean() > 0.4


@pytest.mark.parametrize("labels", [["a"], ["a", "b"]])
def test_one_class_and_two(classes, labels):
    y = np.resize(labels, 61)
    est = classes.ensemble().fit(classes.X, y)
    proba = est.predict_proba(classes.X)
    assert proba.shape == est.oof_prediction_.shape == (61, len(labels))
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-14)


def test_disagreement_is_mutual_information(classes):
    est = classes.ensemble().fit(classes.X, classes.y)

    def entropy(p):
        return -(p * np.log(p)).sum(axis=-1)

    each = np.array([member.predict_proba(classes.X) for member in est.members_])
    expected = entropy(each.mean(axis=0)) - entropy(each).mean(axis=0)
    np.testing.assert_allclose(est.disagreement(classes.X), expected, rtol=1e-8, atol=1e-14)
    alike = classes.ensemble(n_members=1, cv=2).fit(classes.X, classes.y)
    np.testing.assert_allclose(alike.disagreement(classes.X), 0, atol=1e-15)


def test_a_class_unseen_by_a_member_has_probability_zero(classes):
    """The one group of two that has a class' other rows in another fold of a user's own."""
    top = np.flatnonzero(classes.y == "top")
    rest = np.flatnonzero(classes.y != "top")
    splits = [(rest, top), (np.concatenate([top, rest[5:]]), rest[:5])]
    est = classes.ensemble(n_members=2, cv=splits).fit(classes.X, classes.y)
    assert est.members_[0].classes_.tolist() == ["low", "mid"]
    assert (est.oof_prediction_[top, 2] == 0).all()
    expected = 0.5 * est.members_[1].predict_proba(classes.X)[:, 2]
    np.testing.assert_allclose(est.predict_proba(classes.X)[:, 2], expected, rtol=1e-12)
    np.testing.assert_allclose(np.exp(est.predict_log_proba(classes.X)[:, 2]), expected, rtol=1e-10)
    assert np.isfinite(est.disagreement(classes.X)).all()


@pytest.mark.parametrize("unseen", ["another one each", "the same"])
def test_classes_unseen_by_all_members(classes, unseen):
    """As many classes each, but not the same columns; or the same, and fewer than there are."""
    rows = [np.flatnonzero(classes.y == each) for each in ("low", "mid", "top")]
    if unseen == "the same":
        weight = (classes.y != "mid").astype(float)
        est = classes.ensemble().fit(classes.X, classes.y, weight)
    else:
        cv = [(np.concatenate(rows[:k] + rows[k + 1 :]), rows[k]) for k in range(3)]
        est = classes.ensemble(n_members=3, cv=cv).fit(classes.X, classes.y)
    assert [len(member.classes_) for member in est.members_] == [2] * len(est.members_)
    each = np.zeros((len(est.members_), 61, 3))
    for full, member in zip(each, est.members_, strict=True):
        full[:, np.isin(est.classes_, member.classes_)] = member.predict_proba(classes.X)
    mean = each.mean(axis=0)
    np.testing.assert_allclose(est.predict_proba(classes.X), mean, rtol=1e-12)
    np.testing.assert_allclose(np.exp(est.predict_log_proba(classes.X)), mean, rtol=1e-10)
    divergence = rel_entr(each, mean).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(est.disagreement(classes.X), divergence, rtol=1e-10, atol=1e-14)


def test_the_deviation_across_members(numbers):
    est = numbers.ensemble().fit(numbers.X, numbers.y)
    mean, std = est.predict(numbers.X, return_std=True)
    each = np.array([member.predict(numbers.X) for member in est.members_])
    np.testing.assert_allclose(mean, each.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(std, each.std(axis=0), rtol=1e-10)


def test_several_targets(numbers):
    y = np.column_stack([numbers.y, -5 * numbers.y + numbers.X[:, 2]])
    est = numbers.ensemble().fit(numbers.X, y)
    mean, std = est.predict(numbers.X, return_std=True)
    assert mean.shape == std.shape == est.oof_prediction_.shape == (61, 2)
    assert est.n_outputs_ == 2
    one_column = numbers.ensemble().fit(numbers.X, y[:, :1])
    assert one_column.predict(numbers.X).shape == (61, 1)


@pytest.mark.parametrize("n_members", [1, 3])
def test_members_clip_each_to_what_it_has_learned_from(numbers, n_members):
    network = numbers.network(clip_predictions=True, max_iter=30)
    est = numbers.ensemble(network, n_members, cv=3).fit(numbers.X, numbers.y)
    far = 100 * numbers.X
    each = [member.predict(far) for member in est.members_]
    np.testing.assert_allclose(est.predict(far), np.mean(each, axis=0), rtol=1e-12)
    assert np.abs(est.predict(far)).max() <= np.abs(numbers.y).max()
