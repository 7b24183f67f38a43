"""Links: the inverse and its logarithm, means of several networks, and the scale of a response."""

import numpy as np
import pytest
from scipy import stats

from sknnreg.engine.places.objective import links, losses

SHAPE = (3, 20, 4)
# As a textbook writes the mean of a raw output.
FORMULAS = {
    links.Identity: lambda f: f,
    links.Exp: lambda f: np.e**f,
    links.Logistic: lambda f: 0.5 * (1 + np.tanh(f / 2)),
    links.Softmax: lambda f: np.e**f / (np.e**f).sum(axis=-1, keepdims=True),
}


def raw_outputs(link, rng, shape=SHAPE, scale=1.0):
    """Raw outputs; where a logarithm of the mean is asked for, of means above 0."""
    raw = scale * rng.normal(size=shape)
    return np.abs(raw) if link.cls is links.Identity else raw


def test_every_link_has_a_formula(members):
    assert {each.cls for each in members["link"][1]} == FORMULAS.keys()


def test_names_are_distinct(members):
    assert {cls.name for cls in FORMULAS} == {"identity", "exp", "logistic", "softmax"}


def test_every_loss_names_a_link(members):
    assert {each.cls.link for each in members["loss"][1]} == {cls() for cls in FORMULAS}


def test_inverse(link, rng):
    raw = rng.normal(size=SHAPE)
    np.testing.assert_allclose(link.stacked.inverse(raw), FORMULAS[link.cls](raw), rtol=1e-13)


def test_what_is_least(link, rng):
    """No mean is below it, and some come near."""
    means = link.stacked.inverse(100 * rng.normal(size=SHAPE))
    assert np.all(means >= link.cls.least)
    assert means.min() < max(link.cls.least, -100) + 1e-9


def test_log_inverse_is_the_logarithm_of_the_inverse(link, rng):
    raw = raw_outputs(link, rng)
    expected = np.log(link.stacked.inverse(raw))
    np.testing.assert_allclose(link.stacked.log_inverse(raw), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("cls", [links.Exp, links.Logistic, links.Softmax])
def test_log_inverse_is_exact_where_the_inverse_is_0(cls):
    raw = np.array([[-1e4, 0.0]])
    assert cls().inverse(raw)[0, 0] == 0
    assert cls().log_inverse(raw)[0, 0] == pytest.approx(-1e4, rel=1e-14)


def test_the_inverse_of_the_mean_is_the_mean_of_the_inverses(link, rng):
    for n_networks in (1, 2, 7):
        raw = 3 * rng.normal(size=(n_networks, 20, 4))
        mean = link.stacked.mean(raw)
        assert mean.shape == (20, 4)
        expected = link.stacked.inverse(raw).mean(axis=0)
        np.testing.assert_allclose(link.stacked.inverse(mean), expected, rtol=1e-12, atol=1e-15)


def test_the_mean_of_equal_networks_is_each_of_them(link, rng):
    raw = np.repeat(rng.normal(size=(1, 20, 4)), 5, axis=0)
    ours, theirs = (link.stacked.inverse(each) for each in (link.stacked.mean(raw), raw[0]))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("cls", [links.Exp, links.Logistic, links.Softmax])
def test_means_far_out_are_finite(cls, rng):
    """Where the inverses themselves would be rounded to 0 or 1, or overflow."""
    mean = cls().mean(1e3 * rng.choice([-1.0, 1.0], SHAPE))
    assert np.isfinite(mean).all()


class TestScaleAndOffset:
    """A last layer moves to the units of the response."""

    @pytest.fixture
    def last_layer(self, rng):
        return rng.normal(size=(20, 5)), rng.normal(size=(5, 4)), rng.normal(size=4)

    @pytest.fixture
    def scale(self, rng):
        return rng.uniform(0.1, 9.0, 4)

    @pytest.mark.parametrize("shifted", [False, True])
    def test_identity(self, last_layer, scale, shifted, rng):
        x, coef, intercept = last_layer
        offset = rng.normal(size=4) if shifted else None
        kept = coef.copy(), intercept.copy()
        new_coef, new_intercept = links.Identity().rescaled(coef, intercept, scale, offset)
        expected = (x @ coef + intercept) * scale + (offset if shifted else 0.0)
        np.testing.assert_allclose(x @ new_coef + new_intercept, expected, rtol=1e-11)
        assert np.array_equal(coef, kept[0])
        assert np.array_equal(intercept, kept[1])

    def test_exp(self, last_layer, scale):
        x, coef, intercept = last_layer
        new_coef, new_intercept = links.Exp().rescaled(coef, intercept, scale, None)
        expected = np.exp(x @ coef + intercept) * scale
        np.testing.assert_allclose(np.exp(x @ new_coef + new_intercept), expected, rtol=1e-12)

    def test_what_cannot_be_written_so_is_refused(self, last_layer, scale):
        _, coef, intercept = last_layer
        with pytest.raises(ValueError, match="shifted"):
            links.Exp().rescaled(coef, intercept, scale, scale)
        for cls in (links.Logistic, links.Softmax):
            with pytest.raises(ValueError, match=f"{cls.name}.*scale"):
                cls().rescaled(coef, intercept, scale, None)


def test_the_links_are_those_of_the_likelihoods(rng):
    """A canonical pair's loss is minus the log likelihood of its mean, but for a constant."""
    first, second = rng.normal(size=(2, *SHAPE))
    for loss, y, log_likelihood in [
        (losses.Poisson(), rng.poisson(2.0, SHAPE), stats.poisson.logpmf),
        (losses.BinaryCrossEntropy(), rng.integers(0, 2, SHAPE), stats.bernoulli.logpmf),
    ]:
        ours = [loss.value_and_gradient(f, y.astype(float))[0].copy() for f in (first, second)]
        theirs = [log_likelihood(y, loss.link.inverse(f)) for f in (first, second)]
        difference = (theirs[1] - theirs[0]).sum(axis=-1).mean(axis=-1)
        np.testing.assert_allclose(ours[0] - ours[1], difference, rtol=1e-10)
