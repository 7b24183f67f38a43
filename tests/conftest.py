"""What holds for the whole run."""

import os
import threading

import hypothesis
import sklearn  # noqa: F401  # brings every BLAS into the process
from threadpoolctl import threadpool_limits

# How long an example takes is the machine's affair, which may be busy.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_configure():
    """Workers of pytest-xdist share the cores: each has its part of the threads, and at least one.

    Otherwise as many BLAS threads as cores squared would wait for one another. Set by a thread
    that is over then, for threadpoolctl listens to one at a time: tests of threads set their own.
    """
    n_workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if n_workers > 1:
        limit = max(1, (os.cpu_count() or 1) // n_workers)
        setter = threading.Thread(target=threadpool_limits, args=(limit, "blas"))
        setter.start()
        setter.join()


def pytest_terminal_summary(terminalreporter):
    """How many cases the fuzz tests tried, those in other processes included."""
    reports = [each for kind in ("passed", "failed") for each in terminalreporter.getreports(kind)]
    told = [value for each in reports for name, value in each.user_properties
            if name == "fuzz cases"]  # fmt: skip
    if told:
        terminalreporter.write_line(f"fuzz: {sum(told)} cases in {len(told)} tests")
