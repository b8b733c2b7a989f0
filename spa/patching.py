"""Warn where the standard library is not patched, so that what waits stops all else."""

import warnings

from gevent import monkey


def is_patched() -> bool:
    """Tell whether the blocking calls of the standard library, sockets and ``time.sleep``, let other greenlets run."""
    return bool(monkey.is_module_patched("socket") and monkey.is_module_patched("time"))


def warn_if_unpatched(effect: str, fix: str, stacklevel: int) -> None:
    """Warn if the standard library is not patched.

    Args:
        effect: what that does.
        fix: what to do.
        stacklevel: whose line is shown: 1 is that of the caller, 2 that of the caller's caller.
    """
    if not is_patched():
        warnings.warn(f"the standard library is not patched, so {effect}; {fix}", RuntimeWarning, stacklevel + 1)
