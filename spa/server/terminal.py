"""Tell the person at the terminal what happens."""

import logging
import sys

FORMAT = "[%(asctime)s] %(levelname)s %(message)s"
TIME = "%Y-%m-%d %H:%M:%S"


def print_line(text: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def show_log(logger: logging.Logger) -> None:
    """Show a logger on stderr, bugs with their tracebacks, unless the program has set up where log entries go."""
    if logger.hasHandlers():
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(FORMAT, TIME))
    logger.addHandler(handler)
