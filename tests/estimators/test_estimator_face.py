"""What scikit-learn's tools see of the estimators: parameters, representations, tags."""

import inspect
import pickle

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils import get_tags

import sknnreg
from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
PEERS = pytest.mark.parametrize(
    ("Estimator", "Peer"),
    [(MLPRegularizedClassifier, MLPClassifier), (MLPRegularizedRegressor, MLPRegressor)],
)


def data(n=30):
    X = np.random.default_rng(0).normal(size=(n, 3))
    return X, np.arange(n) % 2


def test_the_package_offers_the_two_estimators():
    assert {"MLPRegularizedClassifier", "MLPRegularizedRegressor"} <= set(sknnreg.__all__)


@PEERS
def test_names_and_defaults_of_the_peer_are_kept_but_for_two(Estimator, Peer):
    ours, theirs = Estimator().get_params(), Peer().get_params()
    assert set(theirs) - set(ours) == {"alpha"}
    others = {name: ours[name] for name in ours.keys() & theirs if ours[name] != theirs[name]}
    assert others == {"learning_rate_init": 0.003, "tol": "auto"}


@BOTH
def test_all_but_the_first_parameter_are_keywords_and_regularizers_are_off(Estimator):
    parameters = list(inspect.signature(Estimator).parameters.values())
    assert parameters[0].name == "hidden_layer_sizes"
    assert all(each.kind is each.KEYWORD_ONLY for each in parameters[1:])
    off = Estimator().get_params()
    rates = ("input_noise", "dropout", "input_dropout", "weight_noise", "l1", "l2",
             "weight_decay", "gradient_noise")  # fmt: skip
    assert [off[name] for name in rates] == [0.0] * len(rates)
    for name in ("normalization", "clip_norm", "max_norm", "max_time"):
        assert off[name] is None


@BOTH
def test_set_params_sets_what_get_params_gets(Estimator):
    params = Estimator().get_params()
    params |= {"hidden_layer_sizes": (3, 2), "dropout": (0.1, 0.2), "l2": 0.5}
    est = Estimator().set_params(**params)
    assert est.get_params() == params
    assert clone(est).get_params() == params
    with pytest.raises(ValueError, match="Invalid parameter 'drop_out'"):
        est.set_params(drop_out=0.5)
    with pytest.raises(TypeError, match="drop_out"):
        Estimator(drop_out=0.5)


@BOTH
def test_the_representation_shows_what_was_changed(Estimator):
    assert repr(Estimator()) == f"{Estimator.__name__}()"
    assert repr(Estimator((5,), l2=0.1)) == (
        f"{Estimator.__name__}(hidden_layer_sizes=(5,), l2=0.1)"
    )


@BOTH
def test_the_html_representation_shows_fitted_or_not(Estimator):
    est = Estimator((5,), max_iter=1, n_iter_no_change=None, dropout=0.25)
    html = est._repr_html_()
    assert Estimator.__name__ in html
    assert "Not fitted" in html
    assert "0.25" in html
    assert "Not fitted" not in est.fit(*data())._repr_html_()


@BOTH
def test_tags_say_what_is_welcome(Estimator):
    tags = get_tags(Estimator())
    assert tags.input_tags.sparse
    assert tags.target_tags.required
    assert tags.target_tags.multi_output
    assert not tags.input_tags.allow_nan
    assert not tags.non_deterministic
    assert not tags.no_validation
    assert tags.target_tags.single_output


def test_tags_say_who_is_what():
    classifier, regressor = MLPRegularizedClassifier(), MLPRegularizedRegressor()
    assert is_classifier(classifier)
    assert not is_classifier(regressor)
    assert is_regressor(regressor)
    assert not is_regressor(classifier)
    assert get_tags(classifier).classifier_tags.multi_label
    assert get_tags(classifier).classifier_tags.multi_class
    assert get_tags(regressor).regressor_tags is not None


@PEERS
def test_the_peers_fitted_attributes_are_there(Estimator, Peer):
    params = {"hidden_layer_sizes": (5,), "max_iter": 20, "n_iter_no_change": 2, "tol": 1e9}
    X, y = data()
    ours = Estimator(**params, early_stopping=True).fit(X, y)
    theirs = Peer(**params, early_stopping=True).fit(X, y)
    public = {name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")}
    assert public - set(vars(ours)) <= {"no_improvement_count_"}
    extra = {"validation_loss_curve_", "learning_rate_curve_", "best_iteration_", "stop_reason_"}
    assert extra <= set(vars(ours))
    assert [each.shape for each in ours.coefs_] == [each.shape for each in theirs.coefs_]
    assert [each.shape for each in ours.intercepts_] == [each.shape for each in theirs.intercepts_]
    assert ours.out_activation_ == theirs.out_activation_
    assert (ours.n_layers_, ours.n_outputs_) == (theirs.n_layers_, theirs.n_outputs_)


@BOTH
def test_a_fitted_estimator_carries_no_data(Estimator):
    sizes = []
    for n in (300, 30_000):
        X, y = data(n)
        est = Estimator((5,), max_iter=1, n_iter_no_change=None, early_stopping=True).fit(X, y)
        sizes.append(len(pickle.dumps(est)))
    assert sizes[1] < sizes[0] + 1000
