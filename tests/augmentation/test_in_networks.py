"""Augmentations in fit, partial_fit, stacks, searches and helper processes."""

import _thread
import signal
import threading
import time

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_predict

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.augmentation import (
    Compose,
    CutMix,
    GaussianNoise,
    Mixup,
    OneOf,
    RandomAffine,
    RandomApply,
    RandomPitchShift,
    RandomShift,
    SmoteInterpolation,
    SwapNoise,
)
from sknnreg.augmentation.base import Augmentation
from sknnreg.engine.loop.training import train
from sknnreg.together.trainers.helper_process import HelperProcess, sendable

QUICK = {"hidden_layer_sizes": (5,), "max_iter": 3, "n_iter_no_change": None, "batch_size": 32,
         "random_state": 0}  # fmt: skip
SHAPE = (8, 8)
KINDS = [
    RandomAffine(SHAPE),
    GaussianNoise(0.3, relative=True),
    SmoteInterpolation(),
    RandomPitchShift(64),
    Mixup(),
    CutMix(image_shape=SHAPE),
    Compose([RandomApply(SwapNoise()), OneOf([RandomShift(SHAPE), Mixup(1.0)])]),
]
EACH = pytest.mark.parametrize("member", KINDS, ids=lambda member: repr(member)[:30])
LABELS = {
    "two classes": lambda y: np.where(y > 4, "high", "low"),
    "ten classes": lambda y: y,
    "several labels": lambda y: np.stack([y > 4, y % 2], axis=1).astype(int),
}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:150], y[:150]


def problem(member, X, y, seed=0, **settings):
    est = MLPRegularizedClassifier(**{**QUICK, **settings, "random_state": seed})
    est.set_params(augmentation=clone(member, safe=False))
    planned = est._plan((X, y, None), max_iter=est.max_iter)
    return planned.prepared.problem(planned.recipe)


def numbers(results):
    return [(each.values.tolist(), each.history.loss) for each in results]


@EACH
@pytest.mark.parametrize("kind", LABELS)
def test_a_stack_equals_its_single_fits_bit_for_bit(member, kind, digits):
    X, y = digits
    y = LABELS[kind](y)

    def problems():
        return [
            problem(member, X, y, seed, dropout=dropout)
            for seed in (0, 1)
            for dropout in (0.0, 0.2)
        ]

    alone = [numbers(train([each])) for each in problems()]
    assert [numbers(train(problems()))[i : i + 1] for i in range(4)] == alone


@EACH
def test_a_helper_process_gives_the_same_bits(member, digits):
    here = numbers(train([problem(member, *digits), problem(member, *digits, seed=1)]))
    asked = [problem(member, *digits), problem(member, *digits, seed=1)]
    assert sendable(asked)
    assert numbers(HELPER.train(asked)) == here


@pytest.fixture(scope="module", autouse=True)
def helper():
    global HELPER
    HELPER = HelperProcess()
    yield HELPER
    HELPER.close()


def test_what_is_the_users_own_stays_here(digits):
    class Own(GaussianNoise):
        pass

    for member in (Own(), Compose([GaussianNoise(), lambda X, y, rng: (X, y)]), lambda *a: a[:2]):
        assert not sendable([problem(member, *digits)])


@pytest.fixture
def calls(monkeypatch):
    """The rows of each call of an augmentation."""
    rows, call = [], Augmentation.__call__

    def counted(self, X, y, rng):
        rows.append(len(X))
        return call(self, X, y, rng)

    monkeypatch.setattr(Augmentation, "__call__", counted)
    return rows


def test_networks_with_the_same_batches_share_their_calls(digits, calls):
    """Same rows, settings and seed: one call; another seed or setting has its own."""

    def total(members_and_seeds):
        calls.clear()
        train([problem(member, *digits, seed) for member, seed in members_and_seeds])
        return sum(calls)

    one = total([(GaussianNoise(), 0)])
    assert one == 3 * 150
    assert total([(GaussianNoise(), 0)] * 4) == one
    assert total([(GaussianNoise(), 0), (GaussianNoise(), 1)] * 2) == 2 * one
    assert total([(GaussianNoise(), 0), (GaussianNoise(0.2), 0)] * 2) == 2 * one


def test_a_shared_call_leaves_each_network_a_generator_of_its_own(digits):
    """One that leaves the stack and goes on draws what it would have drawn alone."""
    X, y = digits

    def grown(together):
        nets = [
            MLPRegularizedClassifier(
                **{**QUICK, "max_iter": n}, augmentation=GaussianNoise(2.0), warm_start=True
            )
            for n in (2, 4)
        ]
        if together:
            search = cross_val_predict
            with fit_together():
                search(nets[0], X, y, cv=3)
        return [net.fit(X, y).fit(X, y).coefs_[0] for net in nets]

    for one, other in zip(grown(False), grown(True), strict=True):
        np.testing.assert_array_equal(one, other)
    short, long = problem(GaussianNoise(), X, y, max_iter=2), problem(GaussianNoise(), X, y)
    alone = train([problem(GaussianNoise(), X, y, max_iter=2)])[0].state.streams
    stack = train([short, long])[0].state.streams
    for purpose in ("augmentation", "shuffle"):
        (one,), (other,) = alone.generators(purpose), stack.generators(purpose)
        assert one.random() == other.random()


def test_a_search_is_the_same_together_and_finds_inner_parameters(digits):
    member = Compose([RandomShift(SHAPE), Mixup()])
    grid = {
        "augmentation__randomshift__max_shift": [0, 0.1],
        "augmentation__mixup__alpha": [0.0, 0.5],
    }
    search = GridSearchCV(MLPRegularizedClassifier(**QUICK, augmentation=member), grid, cv=3)
    alone = clone(search).fit(*digits)
    with fit_together():
        together = clone(search).fit(*digits)
    for key in ("mean_test_score", "split0_test_score"):
        np.testing.assert_array_equal(alone.cv_results_[key], together.cv_results_[key])
    for one, other in zip(
        alone.best_estimator_.coefs_, together.best_estimator_.coefs_, strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert len(set(alone.cv_results_["split0_test_score"])) > 1
    assert member.augmentations[0].max_shift == 0.1, "the search works on copies"


def test_a_strength_of_zero_is_no_augmentation_at_all(digits, calls):
    plain = MLPRegularizedClassifier(**QUICK).fit(*digits)
    off = MLPRegularizedClassifier(**QUICK, augmentation=RandomShift(SHAPE, max_shift=0))
    np.testing.assert_array_equal(off.fit(*digits).coefs_[0], plain.coefs_[0])
    assert not calls


@EACH
def test_partial_fit_frames_and_maps(member, digits, tmp_path):
    X, y = digits
    est = MLPRegularizedClassifier(**QUICK, augmentation=member)
    expected = clone(est).fit(X, y).coefs_[0]
    frame = pd.DataFrame(X, columns=[f"pixel {number}" for number in range(64)])
    np.testing.assert_array_equal(clone(est).fit(frame, pd.Series(y)).coefs_[0], expected)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_array_equal(clone(est).fit(mapped, y).coefs_[0], expected)
    going = clone(est).partial_fit(X, y, classes=range(10))
    before = going.coefs_[0]
    assert np.any(going.partial_fit(X, y).coefs_[0] != before)


def test_sparse_rows_are_refused_before_training(digits):
    X, y = digits
    est = MLPRegularizedClassifier(**QUICK, augmentation=RandomShift(SHAPE))
    with pytest.raises(ValueError, match=r"RandomShift.*X is sparse. Pass X.toarray\(\)"):
        est.fit(sparse.csr_array(X), y)


def test_a_class_is_no_augmentation(digits):
    est = MLPRegularizedClassifier(**QUICK, augmentation=RandomShift)
    with pytest.raises(ValueError, match=r"augmentation=RandomShift is a class.*RandomShift\(\.\."):
        est.fit(*digits)


def test_a_wrong_parameter_is_named_before_training(digits, calls):
    est = MLPRegularizedClassifier(**QUICK, augmentation=RandomShift(SHAPE, max_shift=-1))
    for member in (est.augmentation, Compose([GaussianNoise(), est.augmentation])):
        with pytest.raises(ValueError, match="'max_shift' parameter of RandomShift"):
            clone(est).set_params(augmentation=member).fit(*digits)
    assert not calls


class TestMixedTargets:
    """What an augmentation that mixes labels is given, and may return."""

    class Watch:
        mixes_labels = True

        def __init__(self, change=lambda y: y):
            self.change, self.seen = change, []

        def __call__(self, X, y, rng):
            self.seen.append(y.copy())
            return X, self.change(y)

    @pytest.mark.parametrize(("kind", "width"), [("two classes", 2), ("ten classes", 10)])
    def test_classes_come_as_shares(self, kind, width, digits):
        X, y = digits
        watch = self.Watch()
        MLPRegularizedClassifier(**QUICK, augmentation=watch).fit(X, LABELS[kind](y))
        seen = np.concatenate(watch.seen)
        assert seen.shape == (3 * 150, width)
        np.testing.assert_array_equal(np.sort(seen, axis=1)[:, -2:], [[0, 1]] * 450)

    def test_that_does_nothing_changes_nothing(self, digits):
        X, y = digits
        for kind, make in LABELS.items():
            settings = {**QUICK, "dtype": "float64"}
            plain = MLPRegularizedClassifier(**settings).fit(X, make(y))
            mixed = MLPRegularizedClassifier(**settings, augmentation=self.Watch())
            mixed.fit(X, make(y))
            np.testing.assert_array_equal(plain.coefs_[0], mixed.coefs_[0], err_msg=kind)

    def test_mixup_as_an_augmentation_is_the_estimators_own(self, digits):
        """From the same draws the same network, to rounding."""
        X, y = digits
        settings = {**QUICK, "dtype": "float64"}
        seeded = {}

        def as_if_its_own(batch, shares, rng):
            key = id(rng)
            seeded.setdefault(key, np.random.default_rng(0))
            return Mixup(0.4)(batch, shares, seeded[key])

        as_if_its_own.mixes_labels = True
        one = MLPRegularizedClassifier(**settings, augmentation=as_if_its_own).fit(X, y)
        other = MLPRegularizedClassifier(**settings, augmentation=Mixup(0.4)).fit(X, y)
        assert one.loss_curve_ != other.loss_curve_  # other draws
        assert abs(one.loss_ - other.loss_) < 0.3

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda y: y * 2, "must hold shares between 0 and 1, got 0 to 2"),
            (lambda y: y / 2, r"shares of the 10 classes that add up to 1 .* got rows .* 0\.5"),
            (lambda y: y * np.nan, "returned a y that is not finite"),
            (lambda y: y[:, :3], "must return y in the shape it was given"),
        ],
    )
    def test_wrong_shares_are_named(self, change, message, digits):
        est = MLPRegularizedClassifier(**QUICK, augmentation=self.Watch(change))
        with pytest.raises(ValueError, match=message):
            est.fit(*digits)

    def test_amounts_are_mixed_in_their_own_units(self, digits):
        X, y = digits
        watch = self.Watch()
        MLPRegularizedRegressor(**QUICK, augmentation=watch).fit(X, y * 10.0 + 3)
        assert set(np.concatenate(watch.seen).round(3)) == {10.0 * each + 3 for each in range(10)}
        MLPRegularizedRegressor(**QUICK, augmentation=Mixup()).fit(X, np.stack([y, y], 1) * 1.0)

    def test_smote_is_for_classes(self, digits):
        X, y = digits
        est = MLPRegularizedRegressor(**QUICK, augmentation=SmoteInterpolation())
        with pytest.raises(ValueError, match=r"with fractions.*take Mixup"):
            est.fit(X, y + 0.5)


def test_patience_begins_anew_with_another_strength(digits):
    """The best so far was so by another measure; of an equal augmentation, by the same."""

    def epochs(**change):
        settings = {**QUICK, "max_iter": 4, "n_iter_no_change": 6, "tol": 1e9}
        est = MLPRegularizedClassifier(**settings, augmentation=GaussianNoise(0.1), warm_start=True)
        with pytest.warns(ConvergenceWarning):
            assert est.fit(*digits).n_iter_ == 4
        est.set_params(max_iter=50, augmentation=clone(est.augmentation)).set_params(**change)
        return est.fit(*digits).n_iter_ - 4

    assert epochs() == 3, "it has waited for three epochs"
    assert epochs(augmentation__std=50.0) >= 6


class TestSlowOnes:
    """A fit with an augmentation that takes long can be watched, stopped and limited."""

    @staticmethod
    def slow(X, y, rng):
        time.sleep(0.02)
        return X, y

    def test_max_time_ends_it_after_an_epoch(self, digits):
        settings = {**QUICK, "max_iter": 10**6, "max_time": 0.01}
        est = MLPRegularizedClassifier(**settings, augmentation=self.slow)
        assert est.fit(*digits).stop_reason_ == "max_time"
        assert est.n_iter_ == 1

    def test_ctrl_c_ends_it_in_the_midst_of_a_call(self, digits):
        """It would take a minute otherwise."""
        # What a shell starts in the background may have been told to ignore it.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        ended = []

        def forever(X, y, rng):
            if len(ended) == 6:  # in the second epoch
                threading.Timer(0.05, _thread.interrupt_main).start()
                for _ in range(600):
                    time.sleep(0.1)
            ended.append(None)
            return X, y

        est = MLPRegularizedClassifier(**QUICK, augmentation=forever)
        try:
            with pytest.warns(UserWarning, match="interrupted after 1 epoch"):
                est.fit(*digits)
        finally:
            signal.signal(signal.SIGINT, before)
        assert len(ended) == 6
        assert est.n_iter_ == 1

    def test_progress_is_told_epoch_by_epoch(self, digits, capsys):
        MLPRegularizedClassifier(**QUICK, augmentation=self.slow, verbose=True).fit(*digits)
        assert len(capsys.readouterr().out.splitlines()) >= 3
