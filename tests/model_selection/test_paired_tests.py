"""Tests of differences against their formulas, published numbers and independent routes."""

import numpy as np
import pytest
from scipy import integrate, stats

from sknnreg.model_selection.comparison.paired_tests import (
    corrected_t,
    correlated_posterior,
    f_of_five_by_two,
    holm,
)


def with_moments(k, mean, deviation):
    """k differences with this mean and this standard deviation (k - 1)."""
    raw = np.random.default_rng(0).normal(size=k)
    return mean + deviation * (raw - raw.mean()) / raw.std(ddof=1)


def test_the_posterior_equals_baycomps_published_example():
    # baycomp 1.0's documentation (J. Demsar, "Shortcut functions"): naive Bayes against J48 by ten
    # folds, `two_on_single(nbc, j48)` and with rope=0.5, accuracies in percent. They are those on
    # "sonar" of the data that come with it; their differences' mean and standard deviation:
    differences = with_moments(10, 0.3049, 2.984786143465257)
    # It counts differences of scores, second less first: the error of the first less the second's.
    first, _, second = correlated_posterior(differences, 1 / 9, 0.0, 0.95).probabilities
    np.testing.assert_allclose([first, second], [0.4145119975061462, 0.5854880024938538], rtol=1e-9)
    with_rope = correlated_posterior(differences, 1 / 9, 0.5, 0.95).probabilities
    published = [0.28584464173791002, 0.2691518716880249, 0.44500348657406508]
    np.testing.assert_allclose(with_rope, published, rtol=1e-9)


def test_the_corrected_t_test_equals_the_tutorials_published_example():
    # Benavoli, Corani, Demsar and Zaffalon, Time for a change, JMLR 18, 2017, in the notebooks that
    # come with it: naive Bayes against AODE on "audiology", ten times ten folds; p-value, interval
    # and the posterior's deviation. The 100 differences' mean and standard deviation:
    differences = with_moments(100, -0.0026088997156299564, 0.01514421841175801)
    verdict = corrected_t(differences, 1 / 9, 0.95)
    assert verdict.p_value == pytest.approx(0.6216862298080181, rel=1e-6)
    assert verdict.interval.low == pytest.approx(-0.0130664, abs=1e-7)
    assert verdict.interval.high == pytest.approx(0.0078486, abs=1e-7)
    assert verdict.interval.standard_error == pytest.approx(0.005270342447276725, rel=1e-6)


def test_the_posterior_by_numerical_integration():
    # Correlated normal differences, prior 1 / sigma^2 on mean and variance: the likelihood itself,
    # integrated over both (Corani and Benavoli, 2015, section 3), no t-distribution.
    k, rho, rope = 6, 1 / 5, 0.01
    d = np.array([0.02, -0.01, 0.03, 0.04, -0.02, 0.01])
    inverse = np.linalg.inv((1 - rho) * np.eye(k) + rho * np.ones((k, k)))

    def density(variance, mean):
        square = (d - mean) @ inverse @ (d - mean)
        return np.exp(-square / (2 * variance) - (k / 2 + 1) * np.log(variance) - 20)

    def mass(low, high):
        return integrate.dblquad(density, low, high, 1e-5, 0.05, epsabs=1e-12, epsrel=1e-9)[0]

    masses = np.array([mass(-0.4, -rope), mass(-rope, rope), mass(rope, 0.4)])
    ours = correlated_posterior(d, rho / (1 - rho), rope, 0.95).probabilities
    np.testing.assert_allclose(ours, masses / masses.sum(), atol=1e-4)


def test_the_f_statistic_by_hand():
    # Alpaydin's formula, number by number.
    p = np.array([[0.1, 0.3], [0.2, 0.2], [-0.1, 0.1], [0.0, 0.4], [0.3, 0.1]])
    squares = 0.01 + 0.09 + 0.04 + 0.04 + 0.01 + 0.01 + 0.0 + 0.16 + 0.09 + 0.01
    variances = 0.02 + 0.0 + 0.02 + 0.08 + 0.02
    verdict = f_of_five_by_two(p, 0.95)
    assert verdict.statistic == pytest.approx(squares / (2 * variances))
    assert verdict.p_value == pytest.approx(stats.f.sf(squares / (2 * variances), 10, 5))


def test_the_f_tests_interval_holds_what_it_does_not_reject():
    p = np.random.default_rng(1).normal(0.5, 1.0, (5, 2))
    interval = f_of_five_by_two(p, 0.9).interval
    for bound in (interval.low, interval.high):
        assert f_of_five_by_two(p - bound, 0.9).p_value == pytest.approx(0.1)
    assert f_of_five_by_two(p - interval.estimate, 0.9).p_value > 0.1
    # Repetitions that differ among themselves and not within: no shift is left.
    apart = np.repeat(np.arange(5.0), 2).reshape(5, 2) + np.array([0.0, 0.01])
    interval = f_of_five_by_two(apart, 0.95).interval
    assert interval.low == interval.high == pytest.approx(apart.mean())


def test_the_f_statistic_of_independent_differences_has_its_law():
    # Its sums are not independent: p_i1^2 + p_i2^2 = 2 p_i^2 + s_i^2, so that 2 F - 1 is a quotient
    # of two independent sums of five squares. The test at 5 % is then one at 1.75 %.
    p = np.random.default_rng(0).normal(size=(1500, 5, 2))
    statistics = np.array([f_of_five_by_two(each, 0.95).statistic for each in p])
    assert stats.kstest(2 * statistics - 1, stats.f(5, 5).cdf).pvalue > 0.01
    assert stats.f.sf(2 * stats.f.isf(0.05, 10, 5) - 1, 5, 5) == pytest.approx(0.0175, abs=1e-4)


@pytest.mark.parametrize(
    ("differences", "p_value", "probabilities"),
    [(np.zeros(10), 1.0, (0.5, 0.0, 0.5)), (np.full(10, 0.25), 0.0, (0.0, 0.0, 1.0))],
)
def test_differences_that_do_not_vary_give_no_nan(differences, p_value, probabilities):
    assert corrected_t(differences, 1 / 9, 0.95).p_value == p_value
    assert f_of_five_by_two(differences.reshape(5, 2), 0.95).p_value == p_value
    assert correlated_posterior(differences, 1 / 9, 0.0, 0.95).probabilities == probabilities
    within = correlated_posterior(differences, 1 / 9, 0.3, 0.95).probabilities
    assert within == (0.0, 1.0, 0.0)


def holm_step_by_step(p_values, level):
    """Which are rejected: the smallest at level / m, the next at level / (m - 1), and so on."""
    rejected = np.zeros(len(p_values), bool)
    for step, place in enumerate(np.argsort(p_values)):
        if p_values[place] > level / (len(p_values) - step):
            break
        rejected[place] = True
    return rejected


def test_holm_equals_the_steps_it_stands_for():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.9, 0.6]), [1.0, 1.0])
    generator = np.random.default_rng(0)
    for _ in range(50):
        p_values = generator.uniform(size=6) ** 3
        for level in (0.01, 0.05, 0.3):
            expected = holm_step_by_step(p_values, level)
            np.testing.assert_array_equal(holm(p_values) <= level, expected)
