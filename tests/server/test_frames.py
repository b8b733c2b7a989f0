"""Keep the user's own frames of a stack or a traceback."""

import gevent
import pytest

import spa
from spa.server import frames

MACHINE = spa.__file__


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("<frozen importlib._bootstrap>", True),
        (spa.__file__, True),
        (frames.__file__, True),
        (gevent.__file__, True),
        (__file__, False),
        ("/home/me/app.py", False),
        (f"{spa.__file__.rpartition('/spa/')[0]}/spaceship/app.py", False),
        ("<string>", False),
    ],
)
def test_machinery_is_spa_what_it_stands_on_and_the_import(filename, expected):
    assert frames.is_machinery(filename) is expected


@pytest.mark.parametrize(
    ("filenames", "expected"),
    [
        ([MACHINE, MACHINE, "app.py", MACHINE], 2),
        (["app.py", MACHINE], 0),
        ([MACHINE, MACHINE], 0),
        ([], 0),
    ],
)
def test_what_is_left_out_is_before_the_first_frame_of_the_user_and_never_all(filenames, expected):
    assert frames.count_machinery(filenames) == expected


def test_an_error_from_within_spa_is_shown_where_the_user_caused_it_with_what_led_to_it():
    def cause():
        spa.App(("/",))

    try:
        try:
            cause()
        except spa.SetupError as error:
            raise RuntimeError("so it fails") from error
    except RuntimeError as error:
        shown = frames.format_error(error)
    assert "in cause\n" in shown
    assert "spa.errors.SetupError: routes holds '/'" in shown
    assert shown.endswith("RuntimeError: so it fails\n")
    assert frames.__file__.rpartition("/server/")[0] not in shown


def test_a_syntax_error_is_shown_without_any_frame(tmp_path):
    try:
        compile("x = (\n", "app.py", "exec")
    except SyntaxError as error:
        shown = frames.format_error(error.with_traceback(None))
    assert shown.startswith('  File "app.py", line 1\n')
