"""A checkpoint's bytes: an archive of NumPy's arrays, and a text that says what they are."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sknnreg.callback.contents import Arrays, Words, packed, unpacked
from sknnreg.callback.errors import CheckpointError
from sknnreg.engine.problem import Result, Underway

# What stands where in a file. Another arrangement gets another number.
FORMAT = 1
ABOUT = "about.json"
# What NumPy and its helpers raise for bytes that are no such archive.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    LookupError,
    EOFError,
    TypeError,
    AttributeError,
)


def write_archive(file: BinaryIO, fit: Words, trainings: Sequence[Underway | Result]) -> None:
    """Write the fingerprint of a fit and its trainings."""
    arrays: Arrays = {}
    words = []
    for number, each in enumerate(trainings):
        own_words, own_arrays = packed(each, f"{number}/")
        words.append(own_words)
        arrays |= own_arrays
    about = {"format": FORMAT, "sknnreg": _version(), "fit": fit, "trainings": words}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(ABOUT, json.dumps(about))
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_archive(path: Path) -> tuple[Words, list[Underway | Result]]:
    """The fingerprint of a fit and its trainings; every byte is checked."""
    try:
        # Opened here: of what it cannot read, NumPy leaves the file open.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            about = json.loads(archive[ABOUT])
            if about["format"] == FORMAT:
                arrays = {name: archive[name] for name in archive.files if name != ABOUT}
                parts = enumerate(about["trainings"])
                return about["fit"], [unpacked(words, arrays, f"{i}/") for i, words in parts]
    except _UNREADABLE as error:
        raise CheckpointError(
            f"{path} is no checkpoint, or a damaged one ({type(error).__name__}: {error}). Delete "
            "it to train anew, or give Checkpoint another path."
        ) from error
    raise CheckpointError(
        f"{path} has format {about['format']!r} and was written by sknnreg "
        f"{about.get('sknnreg')}; sknnreg {_version()} reads format {FORMAT}. Go on with that "
        "version, or delete the file to train anew."
    )


def _version() -> str:
    # Not where modules are imported: the package's own file imports its rooms first.
    from sknnreg import __version__

    return __version__
