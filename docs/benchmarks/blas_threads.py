"""From which product size on do several BLAS threads beat one?

Times the forward product of a dense layer, float32 and float64, with one BLAS thread and with all,
interleaved in one process, and prints the ratio by the number of multiplications. The engine's
constant ``sknnreg.engine.arrays.threads.WORTH_THREADS`` stands on this table.

    python docs/benchmarks/blas_threads.py
"""

import argparse
from time import perf_counter

import numpy as np
from _report import machine, table
from threadpoolctl import ThreadpoolController

SHAPES = [
    (32, 64, 100),
    (200, 20, 100),
    (64, 128, 128),
    (128, 128, 128),
    (256, 128, 128),
    (128, 256, 256),
    (256, 256, 256),
    (128, 1024, 1024),
]


def seconds(rows: int, n_in: int, n_out: int, dtype: str, seconds_each: float = 0.05) -> float:
    """Mean time of one product over a short while."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, rows, n_in)).astype(dtype)
    weight = rng.standard_normal((1, n_in, n_out)).astype(dtype)
    out = np.empty((1, rows, n_out), dtype)
    count, start = 0, perf_counter()
    while perf_counter() - start < seconds_each:
        np.matmul(x, weight, out=out)
        count += 1
    return (perf_counter() - start) / count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    print(machine())
    controller = ThreadpoolController()
    rows = []
    for shape in SHAPES:
        for dtype in ("float32", "float64"):
            single, several = [], []
            for _ in range(repeats):
                with controller.limit(limits=1, user_api="blas"):
                    single.append(seconds(*shape, dtype))
                several.append(seconds(*shape, dtype))
            one, all_threads = np.median(single), np.median(several)
            rows.append(
                [
                    "x".join(map(str, shape)),
                    f"{np.prod(shape) / 2**20:.2f}",
                    dtype,
                    f"{one * 1e6:.1f}",
                    f"{all_threads * 1e6:.1f}",
                    f"{one / all_threads:.2f}",
                ]
            )
    header = ["rows x in x out", "2^20 mult.", "dtype", "1 thread, us", "all, us", "gain"]
    print(table(header, rows))


if __name__ == "__main__":
    main()
