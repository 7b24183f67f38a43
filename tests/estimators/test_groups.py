"""Early stopping's own split holds out whole groups, with the classes' shares, or says why not."""

import numpy as np
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.estimators.data.validation_split import split_groups

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
QUICK = {"hidden_layer_sizes": (4,), "max_iter": 3, "n_iter_no_change": None,
         "early_stopping": True, "random_state": 0}  # fmt: skip


class Watch:
    """A scorer that keeps the row numbers it is shown, which stand in the first column."""

    def __init__(self):
        self.held_out = []

    def __call__(self, estimator, X, y):
        self.held_out.append(X[:, 0].astype(int))
        return 0.0

    def __deepcopy__(self, memo):
        """In a clone too, all that was shown comes together here."""
        return self


def data(n=120, n_groups=12, seed=0):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.arange(n), rng.normal(size=(n, 2))])
    y = (X[:, 1] + rng.normal(size=n) > 0).astype(int)
    return X, y, np.array([f"patient {number}" for number in rng.integers(n_groups, size=n)])


def assert_whole(held_out, groups, n=None):
    """No group has rows both in ``held_out`` and among the others of ``n``."""
    others = np.setdiff1d(np.arange(len(groups) if n is None else n), held_out)
    assert len(held_out)
    assert len(others)
    assert not set(groups[held_out]) & set(groups[others])


@BOTH
def test_no_group_is_on_both_sides(Estimator):
    X, y, groups = data()
    watch = Watch()
    Estimator(**QUICK, early_stopping_scoring=watch).fit(X, y, groups=groups)
    assert_whole(watch.held_out[0], groups)
    ungrouped = Watch()
    Estimator(**QUICK, early_stopping_scoring=ungrouped).fit(X, y)
    assert len(set(groups[ungrouped.held_out[0]])) > 3, "otherwise nothing is shown"


def problem(seed):
    """Groups of all sizes, some of one class each, some mixed."""
    rng = np.random.default_rng(seed)
    n_groups, n_classes = int(rng.integers(2, 60)), int(rng.integers(1, 6))
    mixes = rng.dirichlet(np.full(n_classes, rng.choice([0.05, 1.0, 20.0])), size=n_groups)
    groups = np.repeat(np.arange(n_groups), rng.integers(1, rng.integers(2, 40), size=n_groups))
    strata = np.array([rng.choice(n_classes, p=mixes[group]) for group in groups])
    return rng.permutation(groups), strata, rng.choice([0.05, 0.1, 0.2, 0.5])


def test_whole_groups_and_about_as_many_rows_as_wanted_whatever_the_groups():
    """Where only groups that a class needs are left, fewer."""
    n_exact = 0
    for seed in range(120):
        groups, strata, fraction = problem(seed)
        train, held_out = split_groups(groups, strata, fraction, seed, keep_strata=False)
        assert np.array_equal(np.sort(np.r_[train, held_out]), np.arange(len(groups)))
        assert_whole(held_out, groups)
        largest = np.unique(groups, return_counts=True)[1].max()
        wanted = np.ceil(fraction * len(groups))
        assert abs(len(held_out) - wanted) <= largest
        n_exact += len(held_out) == wanted
    assert n_exact > 20, "otherwise nothing is shown"


def test_every_class_keeps_rows_to_train_with():
    needed = 0
    for seed in range(120):
        groups, strata, fraction = problem(seed)
        # A class of its own for each of some groups.
        lonely = groups < seed % 4
        strata[lonely] = 10 + groups[lonely]
        free = split_groups(groups, strata, fraction, seed, keep_strata=False)
        try:
            kept = split_groups(groups, strata, fraction, seed, keep_strata=True)
        except ValueError as error:
            # All groups are needed: each has a class for itself.
            if "holds all rows of some class" not in str(error):
                raise
            for group in np.unique(groups):
                assert set(strata[groups != group]) < set(strata)
            continue
        assert set(strata[kept[0]]) == set(strata)
        needed += set(strata[free[0]]) < set(strata)
    assert needed > 10, "otherwise nothing is shown"


def misfit(strata, held_out):
    """Mean squared difference of the strata's shares, in the held-out rows and in all."""
    n = strata.max() + 1
    shares = [np.bincount(part, minlength=n) / len(part) for part in (strata, strata[held_out])]
    return np.mean(np.square(shares[0] - shares[1]))


@pytest.mark.parametrize("concentration", [0.05, 1.0, 20.0])
def test_shares_of_the_classes_are_nearer_than_those_of_groups_drawn_blindly(concentration):
    rng = np.random.default_rng(0)
    ours, blind = [], []
    for seed in range(40):
        mixes = rng.dirichlet(np.full(3, concentration), size=60)
        groups = np.repeat(np.arange(60), rng.integers(5, 15, size=60))
        strata = np.array([rng.choice(3, p=mixes[group]) for group in groups])
        ours.append(misfit(strata, split_groups(groups, strata, 0.2, seed, keep_strata=True)[1]))
        drawn = rng.permutation(60)[:12]
        blind.append(misfit(strata, np.flatnonzero(np.isin(groups, drawn))))
    assert np.mean(ours) < np.mean(blind) / 20


def test_groups_of_one_class_each_are_held_out_in_proportion():
    groups = np.repeat(np.arange(100), 5)
    strata = np.repeat([0] * 60 + [1] * 30 + [2] * 10, 5)
    for seed in range(20):
        _, held_out = split_groups(groups, strata, 0.1, seed, keep_strata=True)
        assert np.bincount(strata[held_out]).tolist() == [30, 15, 5]


def test_the_seed_decides_and_every_group_has_its_chance():
    """A group's size is no reason to be held out; the last room alone is filled by a small one."""
    groups = np.repeat(np.arange(200), np.tile([2, 4, 6, 8], 50))
    times = np.zeros(200)
    for seed in range(200):
        _, held_out = split_groups(groups, None, 0.25, seed, keep_strata=False)
        if seed < 5:
            again = split_groups(groups, None, 0.25, seed, keep_strata=False)
            assert np.array_equal(held_out, again[1])
        times[np.unique(groups[held_out])] += 1
    # Of 200 draws with p = 1/4: mean 50, standard deviation 6.1; of fifty groups together 0.9.
    np.testing.assert_allclose(times, 50, atol=30)
    np.testing.assert_allclose(times.reshape(50, 4).mean(axis=0), 50, atol=5)


def test_groups_all_too_large_give_the_smallest():
    groups = np.repeat(["a", "b", "c"], [40, 30, 50])
    _, held_out = split_groups(groups, None, 0.05, 0, keep_strata=False)
    assert set(groups[held_out]) == {"b"}


def test_more_groups_than_are_looked_at_at_once():
    rng = np.random.default_rng(0)
    groups = rng.integers(3000, size=9000)
    strata = groups % 2
    _, held_out = split_groups(groups, strata, 0.1, 0, keep_strata=True)
    assert abs(len(held_out) - 900) <= np.bincount(groups).max()
    np.testing.assert_allclose(strata[held_out].mean(), strata.mean(), atol=0.01)


@BOTH
@pytest.mark.parametrize("settings", [{"early_stopping": False}, {}])
def test_without_a_split_groups_change_nothing(Estimator, settings):
    X, y, groups = data()
    validation = {} if settings else {"X_val": X[:30], "y_val": y[:30]}
    fits = [
        Estimator(**{**QUICK, **settings}).fit(X, y, **validation, groups=given)
        for given in (None, groups)
    ]
    np.testing.assert_array_equal(fits[0].coefs_[0], fits[1].coefs_[0])


@BOTH
def test_rows_of_weight_zero_are_left_out_with_their_groups(Estimator):
    X, y, groups = data()
    weight = np.ones(len(X))
    weight[np.isin(groups, ["patient 1", "patient 2"])] = 0
    weight[::7] = 0
    there = weight > 0
    weighted = Estimator(**QUICK).fit(X, y, sample_weight=weight, groups=groups)
    removed = Estimator(**QUICK).fit(X[there], y[there], weight[there], groups=groups[there])
    assert weighted.validation_loss_curve_ == removed.validation_loss_curve_
    np.testing.assert_array_equal(weighted.coefs_[0], removed.coefs_[0])


@BOTH
def test_going_on_finds_the_same_split_again(Estimator):
    X, y, groups = data()
    watch = Watch()
    est = Estimator(**QUICK, warm_start=True, early_stopping_scoring=watch)
    est.set_params(random_state=np.random.RandomState(0))
    est.fit(X, y, groups=groups).fit(X, y, groups=groups)
    assert len(watch.held_out) >= 6
    assert all(np.array_equal(each, watch.held_out[0]) for each in watch.held_out)


@BOTH
def test_a_refit_learns_from_all_groups(Estimator):
    X, y, groups = data()
    est = Estimator(**QUICK, early_stopping_refit="scratch").fit(X, y, groups=groups)
    alone = {**QUICK, "early_stopping": False, "max_iter": est.best_iteration_}
    np.testing.assert_array_equal(est.coefs_[0], Estimator(**alone).fit(X, y).coefs_[0])


@BOTH
def test_partial_fit_holds_out_whole_groups_of_a_piece(Estimator):
    X, y, groups = data()
    watch = Watch()
    est = Estimator(**QUICK, early_stopping_scoring=watch)
    est.partial_fit(X[:60], y[:60], groups=groups[:60])
    assert_whole(watch.held_out[0], groups, 60)


def test_combinations_of_labels_that_one_group_has_alone_are_no_obstacle():
    X, _, groups = data()
    labels = (np.random.default_rng(0).random((120, 6)) > 0.5).astype(int)
    watch = Watch()
    est = MLPRegularizedClassifier(**QUICK, early_stopping_scoring=watch)
    est.fit(X, labels, groups=groups)
    assert_whole(watch.held_out[0], groups)


@pytest.mark.parametrize("kind", ["category", "string", "object", "int64", "datetime64[ns]"])
def test_groups_of_any_kind(kind):
    pd = pytest.importorskip("pandas")
    X, y, groups = data()
    codes = pd.Series(np.unique(groups, return_inverse=True)[1])
    given = codes.astype("int64" if kind in ("int64", "datetime64[ns]") else "string").astype(kind)
    watch = Watch()
    MLPRegularizedClassifier(**QUICK, early_stopping_scoring=watch).fit(X, y, groups=given)
    assert_whole(watch.held_out[0], groups)


class TestRouting:
    """Through pipelines and searches, groups come as they do to GroupKFold."""

    @pytest.fixture(autouse=True)
    def routing(self):
        with sklearn.config_context(enable_metadata_routing=True):
            yield

    def search(self, est, together=False):
        X, y, groups = data(240, 24)
        # Row numbers are not to be scaled: the scorer needs them.
        scaler = StandardScaler(with_mean=False, with_std=False)
        grid = {f"{type(est).__name__.lower()}__l2": [0.0, 0.1]}
        search = GridSearchCV(make_pipeline(scaler, est), grid, cv=GroupKFold(3))
        if together:
            with fit_together():
                return search.fit(X, y, groups=groups)
        return search.fit(X, y, groups=groups)

    @BOTH
    @pytest.mark.parametrize("asked", [{}, {"groups": True}])
    def test_a_pipeline_in_a_search_over_group_folds(self, Estimator, asked):
        """Not a group on both sides in any fit: not of the folds, nor within them."""
        watch = Watch()
        est = Estimator(**QUICK, early_stopping_scoring=watch).set_fit_request(**asked)
        self.search(est)
        X, y, groups = data(240, 24)
        trained = [train for train, _ in GroupKFold(3).split(X, y, groups)]
        for held_out in watch.held_out:
            inside = [np.isin(held_out, train).all() for train in trained]
            pools = [train for train, fits in zip(trained, inside, strict=True) if fits]
            pools.append(np.arange(240))
            splits = [set(groups[held_out]) & set(groups[np.setdiff1d(p, held_out)]) for p in pools]
            assert not any(splits)
        assert len(watch.held_out) == 7 * 3

    @BOTH
    def test_the_same_bits_in_fit_together(self, Estimator):
        alone, together = (self.search(Estimator(**QUICK), inside) for inside in (False, True))
        for name in ("mean_test_score", "split1_test_score"):
            np.testing.assert_array_equal(alone.cv_results_[name], together.cv_results_[name])
        one, other = (search.best_estimator_[-1] for search in (alone, together))
        assert one.validation_loss_curve_ == other.validation_loss_curve_
        np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])

    def test_who_does_not_want_them_says_so(self):
        X, y, groups = data()
        watch = Watch()
        est = MLPRegularizedClassifier(**QUICK, early_stopping_scoring=watch)
        est.set_fit_request(groups=False)
        cross_validate(est, X, y, cv=GroupKFold(2), params={"groups": groups})
        assert len(set(groups[watch.held_out[0]])) > 3

    def test_partial_fit_asks_for_them_too(self):
        routing = MLPRegularizedRegressor().get_metadata_routing()
        assert routing.partial_fit.requests["groups"] is True


class TestErrors:
    @BOTH
    def test_one_group(self, Estimator):
        X, y, _ = data()
        with pytest.raises(ValueError, match=r"all 120 rows .* one group 'a'.*pass X_val and"):
            Estimator(**QUICK).fit(X, y, groups=["a"] * 120)

    def test_one_group_left_of_some_weight(self):
        X, y, groups = data()
        weight = groups == "patient 3"
        with pytest.raises(ValueError, match="one group 'patient 3'"):
            MLPRegularizedRegressor(**QUICK).fit(X, y, weight.astype(float), groups=groups)

    def test_a_class_that_would_be_lost(self):
        X, _, _ = data()
        groups = np.repeat([0, 1, 2], 40)
        with pytest.raises(ValueError, match=r"each of the 3 groups holds all rows of some class"):
            MLPRegularizedClassifier(**QUICK).fit(X, groups, groups=groups)
        MLPRegularizedRegressor(**QUICK).fit(X, groups, groups=groups)

    @BOTH
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda groups: groups[:-1], "inconsistent numbers of samples"),
            (lambda groups: groups[:, None], "groups must be 1D"),
            (
                lambda groups: np.where(groups == "patient 1", np.nan, 1.0),
                "none of them missing.*groups contains NaN",
            ),
            (lambda groups: np.where(groups == "patient 1", None, groups), "groups must be labels"),
            (lambda groups: [1, *groups.tolist()[1:-1], None], "groups must be labels"),
            (lambda groups: [[1, 2]] * 59 + [[1]] * 61, "groups must be labels"),
            (lambda groups: "patients", r"groups must be 1D.*shape \(\)"),
        ],
    )
    def test_groups_that_are_none(self, Estimator, change, message):
        X, y, groups = data()
        with pytest.raises(ValueError, match=message):
            Estimator(**QUICK).fit(X, y, groups=change(groups.astype(object)))

    def test_missing_in_a_frame(self):
        pd = pytest.importorskip("pandas")
        X, y, groups = data()
        for kind in ("string", "category"):
            given = pd.Series(np.where(groups == "patient 1", None, groups)).astype(kind)
            with pytest.raises(ValueError, match="groups must be labels"):
                MLPRegularizedClassifier(**QUICK).fit(X, y, groups=given)
