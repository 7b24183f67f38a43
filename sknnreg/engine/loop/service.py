"""A process that trains stacks for another one, until its input ends.

Stacks in threads of one process wait for one another: small products for a lock within BLAS, small
operations for Python's own. ``sknnreg.together.trainers.helper_process`` starts this file by its
path, so that nothing but the engine is imported.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
import types
from pathlib import Path
from typing import BinaryIO

# Without work for so long, the process ends.
IDLE_SECONDS = 60.0


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Lists of problems in; (results, None) or (None, error) out."""
    from sknnreg.engine.loop.training import train

    while True:
        # Reading cannot be given a time limit on every system; a process can.
        boredom = threading.Timer(IDLE_SECONDS, os._exit, (0,))
        boredom.daemon = True
        boredom.start()
        try:
            problems = pickle.load(requests)
        except EOFError:
            return
        except Exception as error:
            # Where the next request would start is not known.
            pickle.dump((None, error), answers)
            return
        finally:
            boredom.cancel()
        try:
            answer = pickle.dumps((train(problems), None))
        except Exception as error:
            answer = pickle.dumps((None, error))
        answers.write(answer)
        answers.flush()


def import_engine_alone(package: Path) -> None:
    """Let ``sknnreg.engine`` be imported without what ``sknnreg`` itself imports."""
    module = types.ModuleType(package.name)
    module.__path__ = [str(package)]
    sys.modules[package.name] = module


if __name__ == "__main__":
    import_engine_alone(Path(__file__).parents[2])
    sys.path[:] = pickle.load(sys.stdin.buffer)
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    serve(sys.stdin.buffer, answers)
