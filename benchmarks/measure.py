"""Time several contenders in one run, interleaved, and print medians and ratios."""

import argparse
import gc
import statistics
import time
from collections.abc import Callable


def parse_arguments(description: str) -> argparse.Namespace:
    """Read ``--smoke``, which runs everything once, briefly, to see that it runs."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--smoke", action="store_true", help="run briefly: the figures mean nothing")
    return parser.parse_args()


def interleave(contenders: dict[str, Callable[[int], None]], rounds: int, calls: int) -> dict[str, float]:
    """Return the median seconds of one call of each contender; each runs once in every round."""
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            gc.collect()
            started = time.perf_counter()
            run(calls)
            samples[name].append((time.perf_counter() - started) / calls)
    return {name: statistics.median(values) for name, values in samples.items()}


def show(title: str, medians: dict[str, float], unit: str, scale: float, ours: str = "Spa") -> None:
    """Print a table: the median of each, and how many times Spa's it is."""
    print(f"\n{title}")
    for name, median in sorted(medians.items(), key=lambda item: item[1]):
        print(f"  {name:<28} {median * scale:10.2f} {unit}   {median / medians[ours]:6.2f} x {ours}")


def verdict(claim: str, value: float, bound: float, larger_is_better: bool = True) -> None:
    """Print whether a claim holds in this run."""
    holds = value >= bound if larger_is_better else value <= bound
    print(f"  {'holds' if holds else 'FALLS SHORT':<12} {claim}: {value:.2f} (bound {bound:g})")
