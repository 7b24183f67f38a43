"""Sounds measured: frequency, duration, loudness, signal and noise."""

import numpy as np
import pytest

from sknnreg.augmentation import (
    BackgroundNoise,
    RandomCompression,
    RandomPitchShift,
    RandomTimeShift,
    RandomTimeStretch,
)
from sknnreg.augmentation.vocoder import read_between_samples, stretched

RATE = 8000
TIMES = np.arange(2 * RATE) / RATE


def tone(hertz, n=1):
    return np.tile(np.sin(2 * np.pi * hertz * TIMES), (n, 1))


def loudest_frequency(row):
    """In Hz, between the lines of the spectrum by a parabola through the highest three."""
    size = np.log(np.abs(np.fft.rfft(row * np.hanning(len(row)))) + 1e-12)
    at = int(size.argmax())
    a, b, c = size[at - 1 : at + 2]
    return (at + 0.5 * (a - c) / (a - 2 * b + c)) * RATE / len(row)


def inner(rows):
    return rows[..., 1000:-1000]


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.0, 1.25, 2.0])
def test_a_stretched_tone_keeps_its_pitch_and_loudness(rate):
    n = int(len(TIMES) / rate)
    (found,) = stretched(tone(440), np.array([rate]), n, 400)
    assert abs(loudest_frequency(inner(found)) - 440) < 0.1
    assert abs(inner(found).std() * np.sqrt(2) - 1) < 1e-3


def test_at_its_own_rate_a_sound_is_what_it_was():
    noise = np.random.default_rng(0).normal(size=(3, 5000))
    np.testing.assert_allclose(stretched(noise, np.ones(3), 5000, 400), noise, atol=1e-9)


def test_what_happens_later_happens_as_much_later():
    """A burst in the middle, at half the speed."""
    burst = tone(440) * np.exp(-np.square((TIMES - 0.5) / 0.05))
    (found,) = stretched(burst, np.array([0.5]), len(TIMES), 400)
    power = np.square(found)
    assert abs((power * TIMES).sum() / power.sum() - 1.0) < 0.01


def test_the_pitch_is_shifted_as_asked():
    shift = RandomPitchShift(RATE, max_semitones=4)
    found, _ = shift(tone(440, 40), None, np.random.default_rng(0))
    semitones = 12 * np.log2([loudest_frequency(row) / 440 for row in inner(found)])
    asked = np.random.default_rng(0).uniform(-4, 4, 40)
    np.testing.assert_allclose(semitones, asked, atol=0.02)
    np.testing.assert_allclose(inner(found).std(axis=1), np.sqrt(0.5), rtol=0.05)


def test_what_would_rise_too_high_is_left_out_instead_of_folded_back():
    shift = RandomPitchShift(RATE, max_semitones=12)
    found, _ = shift(tone(3000, 40) + tone(440, 40), None, np.random.default_rng(0))
    for row, ratio in zip(found, 2 ** (np.random.default_rng(0).uniform(-1, 1, 40)), strict=True):
        size = np.abs(np.fft.rfft(inner(row) * np.hanning(len(inner(row)))))
        frequency = np.fft.rfftfreq(len(inner(row)), 1 / RATE)
        loud = frequency[size > 0.4 * size.max()]  # folded back it would be as loud
        expected = [440 * ratio] + [3000 * ratio] * int(3000 * ratio < RATE / 2 - 200)
        if not RATE / 2 - 200 < 3000 * ratio < RATE / 2 + 200:
            assert all(np.min(np.abs(each - np.array(expected))) < 20 for each in loud)
            assert all(np.min(np.abs(each - loud)) < 20 for each in expected)


def test_stretching_keeps_the_pitch_unless_it_is_told_not_to():
    rng = np.random.default_rng
    found, _ = RandomTimeStretch(RATE, max_stretch=0.25)(tone(440, 8), None, rng(0))
    for row in found[:, 1000:10000]:
        assert abs(loudest_frequency(row) - 440) < 0.5
    tape = RandomTimeStretch(RATE, max_stretch=0.25, keep_pitch=False)
    found, _ = tape(tone(440, 8), None, rng(0))
    rates = np.exp(rng(0).uniform(-np.log(1.25), np.log(1.25), 8))
    heard = [loudest_frequency(row[:12000]) for row in found]
    np.testing.assert_allclose(heard, 440 * rates, rtol=1e-3)


def test_cubics_go_through_the_samples_and_follow_parabolas():
    x = np.arange(20.0)
    series = np.stack([x**2, np.sin(x)])
    np.testing.assert_array_equal(read_between_samples(series, np.stack([x, x])), series)
    between = np.array([[5.25, 7.5], [5.25, 7.5]])
    np.testing.assert_allclose(read_between_samples(series, between)[0], between[0] ** 2)
    beyond = read_between_samples(series, np.array([[-4.0, 24.0], [-4.0, 24.0]]))
    np.testing.assert_array_equal(beyond, 0)


@pytest.mark.parametrize("wrap", [False, True])
def test_a_time_shift_is_of_whole_samples(wrap):
    x = np.arange(1.0, 101)
    shift = RandomTimeShift(100, max_shift=0.2, wrap=wrap)
    found, _ = shift(np.tile(x, (300, 1)), None, np.random.default_rng(0))
    seen = set()
    for row in found:
        by = 50 - int(row[50] - x[0])
        seen.add(by)
        expected = np.roll(x, by)
        if not wrap:
            expected[: max(by, 0)] = 0
            expected[len(x) + min(by, 0) :] = 0
        np.testing.assert_array_equal(row, expected)
    assert min(seen) == -20
    assert max(seen) == 20


def test_the_signal_to_noise_ratio_is_as_asked():
    x = tone(440, 200) * np.linspace(0.1, 10, 200)[:, None]
    found, _ = BackgroundNoise(min_snr=3, max_snr=12)(x, None, np.random.default_rng(0))
    ratio = 10 * np.log10(np.square(x).sum(axis=1) / np.square(found - x).sum(axis=1))
    assert 3 <= ratio.min() < 3.3
    assert 11.7 < ratio.max() <= 12
    exact = BackgroundNoise(min_snr=-6.0, max_snr=-6.0)
    found, _ = exact(x, None, np.random.default_rng(0))
    ratio = 10 * np.log10(np.square(x).sum(axis=1) / np.square(found - x).sum(axis=1))
    np.testing.assert_allclose(ratio, -6, atol=1e-9)


def test_silence_stays_silent():
    nothing = np.zeros((3, 100))
    for member in (BackgroundNoise(), RandomCompression(100), RandomPitchShift(100)):
        found, _ = member(nothing, None, np.random.default_rng(0))
        np.testing.assert_array_equal(found, 0)


@pytest.mark.parametrize(("color", "slope"), [("white", 0), ("pink", -1), ("brown", -2)])
def test_noise_has_its_color(color, slope):
    """The power of the noise falls with the frequency by this power."""
    x = np.ones((200, 4096))
    found, _ = BackgroundNoise(min_snr=0, max_snr=0, noise=color)(x, None, np.random.default_rng(0))
    power = np.square(np.abs(np.fft.rfft(found - x))).mean(axis=0)[1:-1]
    fitted = np.polyfit(np.log(np.arange(1, 2048)), np.log(power), 1)[0]
    assert abs(fitted - slope) < 0.02


def test_recorded_noise_is_that_which_was_recorded():
    recordings = np.stack([np.arange(1, 11.0), np.full(10, -3.0)])
    noise = BackgroundNoise(min_snr=0, max_snr=0, noise=recordings)
    found, _ = noise(np.ones((50, 15)), None, np.random.default_rng(0))
    added = found - 1
    constant = np.ptp(added, axis=1) < 1e-9
    assert 10 < constant.sum() < 40
    np.testing.assert_allclose(added[constant], -1)
    ups = np.diff(added[~constant], axis=1)
    steps = np.sort(ups, axis=1)
    np.testing.assert_allclose(steps[:, 0] / steps[:, -1], -9)  # round about, from 10 to 1


@pytest.mark.parametrize(
    "wrong",
    [{"min_snr": 5, "max_snr": 3}, {"noise": "blue"}, {"noise": [1.0]}, {"noise": [[np.nan]]}],
)
def test_wrong_noise_is_named(wrong):
    with pytest.raises(ValueError, match=r"snr|noise"):
        BackgroundNoise(**wrong)(np.ones((2, 5)), None, np.random.default_rng(0))


def test_compression_makes_decibels_fewer_above_the_threshold():
    """Two tones, 0 and -30 dB: above -20 dB, r decibels in become one out."""
    x = np.concatenate([tone(500), 10**-1.5 * tone(500)], axis=1).repeat(30, 0)
    member = RandomCompression(RATE, max_ratio=6, threshold=-20)
    found, _ = member(x, None, np.random.default_rng(0))
    decibels = 20 * np.log10(found[:, 8000:16000].std(axis=1) * np.sqrt(2))
    ratio = np.random.default_rng(0).uniform(1, 6, 30)
    np.testing.assert_allclose(decibels, -20 * (1 - 1 / ratio), atol=0.2)
    np.testing.assert_allclose(found[:, -8000:], x[:, -8000:])


def test_channels_share_what_is_drawn_and_must_divide_the_columns():
    sound = np.random.default_rng(0).normal(size=16000)
    x = np.stack([sound, 3 * sound], axis=-1).reshape(1, -1)
    member = RandomPitchShift(RATE, n_channels=2)
    found, _ = member(x, None, np.random.default_rng(1))
    left, right = found.reshape(-1, 2).T
    np.testing.assert_allclose(right, 3 * left, atol=1e-6)
    with pytest.raises(ValueError, match=r"n_channels=3.*does not divide the 32000 columns"):
        member.set_params(n_channels=3)(x, None, np.random.default_rng(0))
