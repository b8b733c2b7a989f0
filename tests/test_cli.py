"""Read the command line."""

import pytest

from spa.cli import main


@pytest.mark.parametrize("arguments", [[], ["nope"], ["static"], ["static", "export"], ["static", "check"]])
def test_what_it_does_not_understand_is_a_usage_message(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: spa")


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as end:
        main(["static", "--help"])
    assert end.value.code == 0
    assert {"export", "check"} <= set(capsys.readouterr().out.split())
