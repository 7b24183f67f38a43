"""
Place 1, data: augmentations of sounds
======================================

Series have augmentations of their own in :mod:`sknnreg.augmentation`: rows are samples of a signal,
and ``sampling_rate`` tells how many there are in a second. Here they are heard by eye, as
spectrograms of a sound before and after each. :doc:`/guide/augmentation` says how to put them
together.
"""

# %%
# A sound
# -------
# Four notes with overtones that fade, each with a click at its beginning.

import matplotlib.pyplot as plt
import numpy as np
from scipy import signal

from sknnreg.augmentation import (
    BackgroundNoise,
    RandomCompression,
    RandomPitchShift,
    RandomTimeShift,
    RandomTimeStretch,
)

RATE, SECONDS = 8000, 2.0
t = np.arange(int(RATE * SECONDS)) / RATE
sound = np.zeros_like(t)
for number, note in enumerate((440.0, 554.37, 659.26, 880.0)):
    since = t - 0.1 - 0.45 * number
    shape = (since > 0) * np.exp(-5 * np.maximum(since, 0)) * np.minimum(since * 200, 1)
    for overtone in range(1, 5):
        sound += shape * np.sin(2 * np.pi * overtone * note * since) / overtone**1.5
    sound += (np.abs(since) < 0.002) * 0.5
sound /= np.abs(sound).max()

# %%
# Six augmentations, and what they were asked for
# -----------------------------------------------
# What each does is measured: when the first note begins, its pitch by the spectrum, and by how many
# decibels it fades within a sixth of a second. A time shift moves the notes; a stretch makes them
# begin earlier or later, and keeps the pitch, unless it is that of a tape which runs faster; a
# change of pitch keeps the times. Compression makes the soft parts of notes fade less.

members = {
    "as it is": None,
    "RandomTimeShift\nmax_shift=0.4": RandomTimeShift(RATE, max_shift=0.4),
    "RandomTimeStretch\nmax_stretch=0.5": RandomTimeStretch(RATE, max_stretch=0.5),
    "RandomTimeStretch\nkeep_pitch=False": RandomTimeStretch(
        RATE, max_stretch=0.5, keep_pitch=False
    ),
    "RandomPitchShift\nmax_semitones=7": RandomPitchShift(RATE, max_semitones=7),
    "RandomCompression\nmax_ratio=20": RandomCompression(RATE, max_ratio=20, threshold=-40),
    "BackgroundNoise\n5 dB, pink": BackgroundNoise(min_snr=5, max_snr=5, noise="pink"),
}
rows = {
    name: sound if member is None else member(sound[None], None, np.random.default_rng(4))[0][0]
    for name, member in members.items()
}


def level(row, begin, end):
    """Decibels of a part, given in seconds."""
    return 20 * np.log10(row[int(begin * RATE) : int(end * RATE)].std())


def first_note(row):
    """When it begins, its pitch in Hz, and by how many decibels it fades."""
    loudness = np.sqrt(np.convolve(row**2, np.ones(80) / 80))[: len(row)]
    begin = (loudness > 0.6 * loudness.max()).argmax() / RATE
    part = row[int((begin + 0.02) * RATE) : int((begin + 0.25) * RATE)]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 16))
    hertz = np.fft.rfftfreq(1 << 16, 1 / RATE)
    pitch = hertz[np.where((hertz > 200) & (hertz < 800), spectrum, 0).argmax()]
    fades = level(row, begin + 0.02, begin + 0.08) - level(row, begin + 0.18, begin + 0.24)
    return begin, pitch, fades


print(f"{'the first note':36}{'begins at':>12}{'pitch':>10}{'fades by':>12}")
for name, row in rows.items():
    begin, pitch, fades = first_note(row)
    print(f"{name.replace(chr(10), ', '):36}{begin:10.2f} s{pitch:7.0f} Hz{fades:9.1f} dB")
noise = rows["BackgroundNoise\n5 dB, pink"] - sound
ratio = 10 * np.log10(np.square(sound).sum() / np.square(noise).sum())
print(f"signal to noise, asked for 5 dB: {ratio:.2f} dB")

# %%
# Spectrograms
# ------------
# Bright is loud; each line is a note or one of its overtones, each dash upwards a click. Pink noise
# covers low frequencies more than high ones. Where the pitch rises, faint lines that are no
# overtones come from reading between the samples, and with ``keep_pitch=False`` from overtones that
# rise above half the sampling rate.

window = signal.ShortTimeFFT(signal.get_window("hann", 256), 64, RATE)
figure, axes = plt.subplots(2, 4, figsize=(10, 5.6), sharex=True, sharey=True, layout="constrained")
for axis, (name, row) in zip(axes.flat, rows.items(), strict=False):
    size = np.abs(window.stft(row))
    image = axis.imshow(
        20 * np.log10(size / size.max() + 1e-4), origin="lower", aspect="auto", cmap="magma",
        vmin=-60, vmax=0, extent=(0, SECONDS, 0, RATE / 2000),
    )  # fmt: skip
    axis.set_title(name, fontsize=11)
for axis in axes[1, :3]:
    axis.set_xlabel("seconds")
for axis in axes[:, 0]:
    axis.set_ylabel("kHz")
axes[1, 3].set_axis_off()
figure.colorbar(image, cax=axes[1, 3].inset_axes((0.1, 0, 0.12, 1)), label="decibels")
plt.show()
