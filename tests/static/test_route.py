"""Test which routes a handler of static files can stand in; those of each handler are in its own tests."""

import pytest

import spa
from spa.errors import SetupError
from spa.static.route import check_arguments, check_pattern, refuse_arguments
from spa.static.smart import SmartStatic


@pytest.mark.parametrize(
    ("pattern", "index", "message"),
    [
        ("/<path:filepath>", None, None),
        ("/<path:filepath>", "index.html", None),
        ("/", "index.html", None),
        ("/<lang>/", "index.html", None),
        ("/", None, "the pattern needs <path:filepath>$"),
        ("/files", "index.html", "or a slash at its end for 'index.html'"),
        ("/<path:path>", None, "the pattern needs <path:filepath>$"),
    ],
)
def test_a_pattern_has_a_place_for_a_path_or_is_that_of_an_index(pattern, index, message):
    if message is None:
        check_pattern(pattern, index)
    else:
        with pytest.raises(SetupError, match=message):
            check_pattern(pattern, index)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({}, None),
        ({"max_age": 3}, None),
        ({"maxage": 3}, "there is no argument 'maxage'; did you mean 'max_age'?"),
        ({"zip": 3}, "there is no argument 'zip'; there are directory, max_age"),
        ({3: 3}, "there is no argument 3"),
    ],
)
def test_an_argument_is_one_of_those_there_are(kwargs, message):
    if message is None:
        check_arguments("/", kwargs, ("directory", "max_age"))
    else:
        with pytest.raises(SetupError, match=message.replace("?", r"\?")):
            check_arguments("/", kwargs, ("directory", "max_age"))


def test_arguments_of_what_is_made_already_belong_where_it_is_made():
    refuse_arguments("/", {}, "Static")
    with pytest.raises(SetupError, match=r"write Static\(\.\.\., max_age=3, index='a'\)"):
        refuse_arguments("/", {"max_age": 3, "index": "a"}, "Static")


@pytest.mark.parametrize(
    ("make", "kwargs", "message"),
    [
        (lambda root: SmartStatic, {}, r"the handler is not the class SmartStatic, but one: SmartStatic\(\.\.\.\)"),
        (lambda root: SmartStatic, {"directory": "."}, r"SmartStatic\(\.\.\.\)"),
        (SmartStatic, {"max_age": 3}, r"write SmartStatic\(\.\.\., max_age=3\)"),
        (lambda root: spa.HomePage, {}, r"the handler is not the class HomePage, but one: HomePage\(\.\.\.\)"),
        (lambda root: spa.HomePage("/static/"), {"title": "A"}, r"write HomePage\(\.\.\., title='A'\)"),
    ],
)
def test_what_is_made_from_arguments_is_made_before_it_stands_in_a_route(tmp_path, make, kwargs, message):
    with pytest.raises(SetupError, match=message):
        spa.App((("/static/<path:filepath>", "", make(tmp_path), kwargs),))
