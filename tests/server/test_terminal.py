"""Tell the person at the terminal what happens."""

import logging
import re

from spa.server.terminal import print_line, show_log


def test_a_line_goes_to_stderr(capsys):
    print_line("hello")
    assert capsys.readouterr() == ("", "hello\n")


def test_a_log_that_nobody_has_set_up_is_shown_once_with_tracebacks(capsys):
    logger = logging.Logger("alone")
    show_log(logger)
    show_log(logger)
    try:
        raise ValueError("wrong")
    except ValueError:
        logger.exception("it failed")
    shown = capsys.readouterr().err
    assert re.match(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] ERROR it failed\nTraceback ", shown)
    assert shown.count("ValueError: wrong") == 1


def test_a_log_that_the_program_has_set_up_is_left_alone(capsys):
    logger = logging.Logger("set up")
    own = logging.NullHandler()
    logger.addHandler(own)
    show_log(logger)
    assert logger.handlers == [own]
