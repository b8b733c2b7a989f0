"""Measure the work of something, whatever else the machine does meanwhile."""

import gc
import time
from collections.abc import Callable

RUNS = 6


def seconds(do: Callable[[], object]) -> float:
    """Return the least processor time of a few runs: other work on the machine only adds to it.

    The collector is off: what it costs depends on all that lives in this process, not on what is measured.
    """
    times = []
    gc.disable()
    try:
        for _ in range(RUNS):
            start = time.process_time()
            do()
            times.append(time.process_time() - start)
    finally:
        gc.enable()
    return min(times)
