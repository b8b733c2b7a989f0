"""Hold how it is told that a static file refers to one that is not there."""

import re

import pytest

from spa.static.missing import WARNINGS, Missing, MissingReferenceError, Reporter


def test_a_missing_reference_is_told_as_editors_and_terminals_link_it():
    assert str(Missing("css/a.css", 3, 7, "../x.png")) == "css/a.css:3:7: ../x.png not found"


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("n\x1b[31m.png", "n\\x1b[31m.png"),
        ("a\nb.css:1:1: c", "a\\nb.css:1:1: c"),
        ("\x9b\x7f\u202e\udcff", "\\x9b\\x7f\\u202e\\udcff"),
        ("é ü\\.png", "é ü\\.png"),
    ],
)
def test_what_would_command_a_terminal_is_written_as_an_escape(url, written):
    assert str(Missing("a.css", 1, 1, url)) == f"a.css:1:1: {written} not found"
    assert str(Missing(url, 1, 1, "x")) == f"{written}:1:1: x not found"


def test_each_is_logged_once_and_again_from_another_place(caplog):
    reporter = Reporter()
    for line in (1, 1, 2):
        reporter.report([Missing("a.css", line, 1, "x.png")])
    assert caplog.messages == ["a.css:1:1: x.png not found", "a.css:2:1: x.png not found"]
    assert {(record.name, record.levelname) for record in caplog.records} == {("spa.static", "WARNING")}


def test_of_one_file_only_the_first_few_are_logged(caplog):
    Reporter().report([Missing("a.css", line, 1, "x.png") for line in range(WARNINGS + 5)])
    assert len(caplog.messages) == WARNINGS


def test_a_strict_reporter_raises_every_time_and_only_if_there_is_one(caplog):
    reporter = Reporter(strict=True)
    reporter.report([])
    for _ in range(2):
        with pytest.raises(MissingReferenceError, match=re.escape("a.css:1:1: x.png not found")):
            reporter.report([Missing("a.css", 1, 1, "x.png"), Missing("a.css", 2, 1, "y.png")])
    assert caplog.messages == []
