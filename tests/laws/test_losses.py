"""Losses: links, bounds, weights, and how they are related."""

import numpy as np
import pytest
from scipy import special, stats

from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.places.objective import losses

SHAPE = (3, 20, 4)
# L per output (or per row), as a textbook writes it, and the mean that a raw output stands for.
FORMULAS = {
    losses.SquaredError: lambda c, f, y: 0.5 * (f - y) ** 2,
    losses.AbsoluteError: lambda c, f, y: np.abs(f - y),
    losses.Huber: lambda c, f, y: special.huber(c.delta, f - y),
    losses.Poisson: lambda c, f, y: special.kl_div(y, np.exp(f)),
    losses.BinaryCrossEntropy: lambda c, f, y: (
        -(y * special.log_expit(f) + (1 - y) * special.log_expit(-f))
    ),
    losses.CrossEntropy: lambda c, f, y: -(y * special.log_softmax(f, axis=-1)),
}
MEANS = {
    losses.SquaredError: lambda f: f,
    losses.AbsoluteError: lambda f: f,
    losses.Huber: lambda f: f,
    losses.Poisson: np.exp,
    losses.BinaryCrossEntropy: lambda f: 1 / (1 + np.exp(-f)),
    losses.CrossEntropy: lambda f: np.exp(f) / np.exp(f).sum(axis=-1, keepdims=True),
}


def evaluate(function, raw, y, weight=None):
    value, gradient = function.value_and_gradient(raw, y, weight)
    return value.copy(), gradient.copy()


def test_every_loss_has_a_formula(members):
    assert {each.cls for each in members["loss"][1]} == FORMULAS.keys() == MEANS.keys()


def test_value(loss, rng):
    """The mean over rows of the sum over outputs."""
    raw, y = rng.normal(size=SHAPE), loss.targets(rng, SHAPE)
    value, _ = evaluate(loss.stacked, raw, y)
    for row, config in enumerate(loss.configs):
        expected = FORMULAS[loss.cls](config, raw[row], y[row]).sum(axis=-1).mean()
        assert value[row] == pytest.approx(expected, rel=1e-13)


def test_weighted_value(loss, rng):
    raw, y = rng.normal(size=SHAPE), loss.targets(rng, SHAPE)
    s = rng.uniform(0, 2, SHAPE[:2])
    value, _ = evaluate(loss.stacked, raw, y, (s / s.sum(axis=1, keepdims=True))[..., None])
    for row, config in enumerate(loss.configs):
        rows = FORMULAS[loss.cls](config, raw[row], y[row]).sum(axis=-1)
        assert value[row] == pytest.approx(np.average(rows, weights=s[row]), rel=1e-13)


def test_whole_weights_are_repeated_rows(loss, rng):
    raw, y = rng.normal(size=SHAPE), loss.targets(rng, SHAPE)
    times = rng.integers(0, 4, SHAPE[1])
    share = np.broadcast_to((times / times.sum())[:, None], (SHAPE[0], SHAPE[1], 1))
    value, gradient = evaluate(loss.stacked, raw, y, share)
    again, long = evaluate(loss.stacked, raw.repeat(times, axis=1), y.repeat(times, axis=1))
    np.testing.assert_allclose(value, again, rtol=1e-12)
    starts = np.cumsum(times) - times
    for at, n in enumerate(times):
        rows = long[:, starts[at] : starts[at] + n].sum(axis=1)
        np.testing.assert_allclose(gradient[:, at], rows, rtol=1e-12, atol=1e-16)


def test_no_weights_are_equal_weights(loss, rng):
    raw, y = rng.normal(size=SHAPE), loss.targets(rng, SHAPE)
    alike = evaluate(loss.stacked, raw, y, np.full((*SHAPE[:2], 1), 1 / SHAPE[1]))
    for plain, weighted in zip(evaluate(loss.stacked, raw, y), alike, strict=True):
        np.testing.assert_allclose(plain, weighted, rtol=1e-13)


def test_the_link_gives_the_mean(loss, rng):
    raw = rng.normal(size=SHAPE)
    np.testing.assert_allclose(loss.cls.link.inverse(raw), MEANS[loss.cls](raw), rtol=1e-13)


def test_the_gradient_of_a_canonical_pair_is_the_mean_less_y(loss, rng):
    """Of the others, absolute and Huber's, it is a function of this residual."""
    raw, y = rng.normal(size=SHAPE), loss.targets(rng, SHAPE)
    _, gradient = evaluate(loss.stacked, raw, y)
    residual, n_rows = loss.cls.link.inverse(raw) - y, SHAPE[1]
    bounded = {losses.AbsoluteError: np.sign, losses.Huber: lambda r: np.clip(r, -delta, delta)}
    delta = np.reshape(getattr(loss.stacked, "delta", 0.0), (-1, 1, 1))
    expected = bounded.get(loss.cls, lambda r: r)(residual)
    np.testing.assert_allclose(gradient, expected / n_rows, rtol=1e-11, atol=1e-16)


def test_names_are_distinct(members):
    classes = {each.cls for each in members["loss"][1]}
    assert len({cls.name for cls in classes}) == len(classes)


def test_the_gradient_vanishes_at_the_mean(loss, rng):
    """Where y is what raw means, the loss is stationary and as low as it gets."""
    raw = rng.normal(size=SHAPE)
    y = loss.cls.link.inverse(raw).copy()
    value, gradient = evaluate(loss.stacked, raw, y)
    np.testing.assert_allclose(gradient, 0, atol=1e-15)
    for _ in range(5):
        assert np.all(evaluate(loss.stacked, raw + rng.normal(size=SHAPE), y)[0] > value)


def test_what_is_given_is_not_written_to(loss, rng):
    raw, y = rng.normal(size=SHAPE), loss.targets(rng, SHAPE)
    weight = rng.random((*SHAPE[:2], 1))
    kept = raw.copy(), y.copy(), weight.copy()
    evaluate(loss.stacked, raw, y, weight)
    loss.cls.link.inverse(raw)
    for now, before in zip((raw, y, weight), kept, strict=True):
        assert np.array_equal(now, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_never_negative(loss, dtype, rng):
    """Every loss here is bounded by 0 from below, row by row, but for rounding of its terms."""
    for scale in (1e-3, 1.0, 10.0):
        y = loss.targets(rng, (3, 500, 4)).astype(dtype)
        raw = (scale * rng.normal(size=y.shape)).astype(dtype)
        rows, _ = loss.stacked.bind_rows(y.shape, dtype)(raw, y)
        terms = (
            1 + np.abs(y).max() + np.abs(y * raw).max() + special.xlogy(np.abs(y), np.abs(y)).max()
        )
        assert np.all(rows >= -8 * np.finfo(dtype).eps * terms)


def test_zero_at_a_perfect_fit():
    y = np.array([[[0.0], [1.0], [30.0]]])
    for function, raw in [
        (losses.SquaredError(), y),
        (losses.AbsoluteError(), y),
        (stack([losses.Huber(0.5)]), y),
        (losses.Poisson(), np.log(np.maximum(y, 1e-300))),
        (losses.BinaryCrossEntropy(), 1e3 * (2 * np.minimum(y, 1) - 1)),
    ]:
        target = np.minimum(y, 1) if isinstance(function, losses.BinaryCrossEntropy) else y
        assert evaluate(function, raw, target)[0] == pytest.approx(0, abs=1e-13)
    one_hot, raw = np.eye(3)[None], 1e3 * np.eye(3)[None]
    assert evaluate(losses.CrossEntropy(), raw, one_hot)[0] == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finite_far_out(loss, dtype, rng):
    """Raw outputs of +-1e4 (for exp, as far up as the mean itself can be written)."""
    y = loss.targets(rng, (3, 50, 4)).astype(dtype)
    raw = rng.choice([-1e4, 1e4], y.shape).astype(dtype)
    if loss.cls is losses.Poisson:
        raw = np.minimum(raw, dtype(80))
    value, gradient = evaluate(loss.stacked, raw, y)
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()
    assert np.isfinite(loss.cls.link.inverse(raw)).all()
    reference, slope = evaluate(loss.stacked, raw.astype(float), y.astype(float))
    np.testing.assert_allclose(value, reference, rtol=1e-5)
    np.testing.assert_allclose(gradient, slope, rtol=1e-5, atol=1e-30)


def test_float32_values_are_accurate(loss, rng):
    """A batch's loss in float32 is that of float64 to float32's accuracy, however many rows."""
    shape = (3, 20_000, 4)
    y = loss.targets(rng, shape).astype(np.float32)
    raw = rng.normal(size=shape).astype(np.float32)
    value, _ = evaluate(loss.stacked, raw, y)
    exact, _ = evaluate(loss.stacked, raw.astype(float), y.astype(float))
    np.testing.assert_allclose(value, exact, rtol=1e-6)


class TestRelations:
    def test_cross_entropy_does_not_see_shifts(self, rng):
        raw, y = rng.normal(size=SHAPE), np.eye(4)[rng.integers(0, 4, SHAPE[:2])]
        moved = raw + 7 * rng.normal(size=(3, 20, 1))
        for here, there in zip(
            evaluate(losses.CrossEntropy(), raw, y),
            evaluate(losses.CrossEntropy(), moved, y),
            strict=True,
        ):
            np.testing.assert_allclose(here, there, rtol=1e-12, atol=1e-15)
        predict = losses.CrossEntropy.link.inverse
        np.testing.assert_allclose(predict(raw), predict(moved), rtol=1e-12)

    def test_probabilities(self, rng):
        raw = 50 * rng.normal(size=SHAPE)
        p = losses.CrossEntropy.link.inverse(raw)
        assert np.all(p >= 0)
        np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-14)
        q = losses.BinaryCrossEntropy.link.inverse(raw)
        assert np.all((q >= 0) & (q <= 1))

    def test_two_classes_are_one_output_of_their_difference(self, rng):
        raw, label = rng.normal(size=(3, 20, 2)), rng.integers(0, 2, (3, 20, 1))
        value, gradient = evaluate(losses.CrossEntropy(), raw, np.eye(2)[label[..., 0]])
        difference = raw[..., 1:] - raw[..., :1]
        binary, slope = evaluate(losses.BinaryCrossEntropy(), difference, label.astype(float))
        np.testing.assert_allclose(value, binary, rtol=1e-13)
        np.testing.assert_allclose(gradient[..., 1:], slope, rtol=1e-12, atol=1e-16)
        np.testing.assert_allclose(gradient[..., :1], -slope, rtol=1e-12, atol=1e-16)
        np.testing.assert_allclose(
            losses.CrossEntropy.link.inverse(raw)[..., 1:],
            losses.BinaryCrossEntropy.link.inverse(difference),
            rtol=1e-13,
        )

    def test_huber_of_a_large_delta_is_squared_error(self, rng):
        raw, y = rng.normal(size=SHAPE), rng.normal(size=SHAPE)
        far = stack([losses.Huber(1e3)] * 3)
        for huber, square in zip(
            evaluate(far, raw, y), evaluate(losses.SquaredError(), raw, y), strict=True
        ):
            np.testing.assert_allclose(huber, square, rtol=1e-13)

    def test_huber_of_a_small_delta_is_absolute_error(self, rng):
        raw, y = rng.normal(size=SHAPE), rng.normal(size=SHAPE)
        near = stack([losses.Huber(1e-9)] * 3)
        huber, slope = evaluate(near, raw, y)
        absolute, sign = evaluate(losses.AbsoluteError(), raw, y)
        np.testing.assert_allclose(huber / 1e-9, absolute, rtol=1e-7)
        np.testing.assert_allclose(slope / 1e-9, sign, rtol=1e-12)

    def test_poisson_is_the_likelihood_up_to_what_y_alone_decides(self, rng):
        y = rng.poisson(3.0, SHAPE).astype(float)
        first, second = rng.normal(size=(2, *SHAPE))
        ours = evaluate(losses.Poisson(), first, y)[0] - evaluate(losses.Poisson(), second, y)[0]
        theirs = stats.poisson.logpmf(y, np.exp(second)) - stats.poisson.logpmf(y, np.exp(first))
        np.testing.assert_allclose(ours, theirs.sum(axis=-1).mean(axis=-1), rtol=1e-11)
