"""Files that are there whole or not at all, whenever the program or the machine stops."""

from __future__ import annotations

import os
import platform
import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let ``write`` fill a file that then takes the place of the one at ``path``.

    It is written beside, and only once the disk has it all is it renamed: until then, and after an
    error, the file before is as it was.
    """
    beside = path.with_name(f"{_mark(path)}{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        with open(beside, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        # Not there if it could not be made, or is in place already.
        with suppress(OSError):
            beside.unlink()
        raise
    _sync_folder(path.parent)


def uninterrupted(function: Callable[[], object]) -> None:
    """Call it in another thread: Ctrl-C reaches the main one alone, which waits for the end.

    An interrupt within the library that writes would come back as an error of that library, or
    between the opening of a file and the block that closes it.
    """
    with ThreadPoolExecutor(1) as thread:
        thread.submit(function).result()


def remove_leftovers(path: Path) -> None:
    """Remove what processes of this machine left beside ``path`` when they were killed."""
    mark = _mark(path)
    for each in path.parent.glob(f"{_literal(mark)}*.tmp"):
        writer = re.fullmatch(r"(\d+)-[0-9a-f]+\.tmp", each.name.removeprefix(mark))
        if writer is not None and not _runs(int(writer[1])):
            with suppress(OSError):
                each.unlink()


def _mark(path: Path) -> str:
    """What the names of unfinished files begin with: a folder may be several machines'."""
    return f".{path.name}.{platform.node()}-"


def _literal(name: str) -> str:
    """The name as a pattern that matches it alone."""
    return re.sub(r"([*?[])", r"[\1]", name)


def _runs(pid: int) -> bool:
    """Whether there is such a process; where that cannot be asked, open files cannot be removed."""
    if os.name != "posix":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # another user's
    return True


def _sync_folder(folder: Path) -> None:
    """Let the disk have the new name, too."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
