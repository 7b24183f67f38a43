"""Spectrograms of a sound before and after each augmentation of series.

    python examples/plot_sound_augmentations.py                # writes sound_augmentations.png
    python examples/plot_sound_augmentations.py --output other.png

The sound is made here: four notes with overtones that fade, and clicks in between. What each
augmentation is asked for is then measured: the pitch of the first note by its spectrum, the speed
by where the second note begins, the ratio of signal to noise by their energies. Look for

- time stretching: notes begin earlier or later, and stand at the same height;
- pitch shifting: all lines are higher, and stand where they did;
- a tape that runs faster: both at once;
- compression: the soft ends of notes are as bright as their beginnings;
- noise: pink noise covers low frequencies more than high ones.
"""

import argparse
from pathlib import Path

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

RATE, NOTES, SECONDS = 8000, (440.0, 554.37, 659.26, 880.0), 2.0

MEMBERS = [
    ("RandomTimeShift, max_shift=0.4", RandomTimeShift(RATE, max_shift=0.4)),
    ("RandomTimeStretch, max_stretch=0.5", RandomTimeStretch(RATE, max_stretch=0.5)),
    (
        "... keep_pitch=False",
        RandomTimeStretch(RATE, max_stretch=0.5, keep_pitch=False),
    ),
    ("RandomPitchShift, max_semitones=7", RandomPitchShift(RATE, max_semitones=7)),
    ("RandomCompression, max_ratio=20", RandomCompression(RATE, max_ratio=20, threshold=-40)),
    (
        "BackgroundNoise, 5 dB, pink",
        BackgroundNoise(min_snr=5, max_snr=5, noise="pink"),
    ),
]


def sound() -> np.ndarray:
    """Four notes with overtones, each with a click at its beginning."""
    t = np.arange(int(RATE * SECONDS)) / RATE
    total = np.zeros_like(t)
    for number, note in enumerate(NOTES):
        since = t - 0.1 - 0.45 * number
        shape = (since > 0) * np.exp(-5 * np.maximum(since, 0)) * np.minimum(since * 200, 1)
        for overtone in range(1, 5):
            total += shape * np.sin(2 * np.pi * overtone * note * since) / overtone**1.5
        total += (np.abs(since) < 0.002) * 0.5
    return total / np.abs(total).max()


def first_note(row: np.ndarray) -> tuple[float, float]:
    """When the first note begins, in seconds, and its pitch in Hz."""
    loud = np.abs(row) > 0.2 * np.abs(row).max()
    begin = int(loud.argmax())
    part = row[begin + 400 : begin + 2400]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 16))
    low = int(200 / RATE * (1 << 16))
    return begin / RATE, (low + int(spectrum[low : low * 4].argmax())) * RATE / (1 << 16)


def spectrogram(row: np.ndarray) -> np.ndarray:
    """Decibels below the loudest, frequencies by times."""
    window = signal.ShortTimeFFT(signal.get_window("hann", 256), 64, RATE)
    size = np.abs(window.stft(row))
    return 20 * np.log10(size / size.max() + 1e-4)


def draw(rows, output: Path) -> None:
    figure, axes = plt.subplots(
        2, 4, figsize=(13, 6), layout="constrained", sharex=True, sharey=True
    )
    for axis, (name, row) in zip(axes.flat, rows, strict=False):
        image = axis.imshow(
            spectrogram(row), origin="lower", aspect="auto", cmap="magma", vmin=-60, vmax=0,
            extent=(0, SECONDS, 0, RATE / 2000),
        )  # fmt: skip
        axis.set_title(name, fontsize=10)
    for axis in axes[1]:
        axis.set_xlabel("seconds")
    for axis in axes[:, 0]:
        axis.set_ylabel("kHz")
    last = axes[1, 3]
    last.set_axis_off()
    figure.colorbar(image, ax=last, label="decibels", fraction=0.3, aspect=12)
    figure.savefig(output, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("sound_augmentations.png"))
    output = parser.parse_args().output
    original = sound()
    rows = [("the sound", original)]
    for name, member in MEMBERS:
        rows.append((name, member(original[None], None, np.random.default_rng(4))[0][0]))
    print(f"{'':38}{'begins at':>10}{'pitch':>10}{'level of the end':>20}")
    for name, row in rows:
        begin, pitch = first_note(row)
        end = 20 * np.log10(row[-1500:].std() / np.abs(row).max() + 1e-9)
        print(f"{name:38}{begin:8.3f} s{pitch:7.0f} Hz{end:17.1f} dB")
    noise = rows[-1][1] - original
    ratio = 10 * np.log10(np.square(original).sum() / np.square(noise).sum())
    print(f"\nsignal to noise, asked 5 dB: {ratio:.2f} dB")
    draw(rows, output)
    print(f"wrote {output}")


if __name__ == "__main__":
    main()
