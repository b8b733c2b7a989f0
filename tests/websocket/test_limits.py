"""Bounds of a WebSocket: their defaults, and what they refuse to be."""

import dataclasses
import math

import pytest

from spa.errors import SetupError
from spa.websocket.limits import Limits, check_limits


def test_the_defaults_are_those_of_the_documentation():
    assert dataclasses.asdict(Limits()) == {
        "max_message": 2**20,
        "max_fragments": None,
        "max_waiting_in": 16,
        "max_waiting_out": 64,
        "max_bytes_out": 2**20,
        "ping_interval": 20.0,
        "ping_timeout": 20.0,
        "close_timeout": 5.0,
        "send_timeout": 10.0,
        "stop_after": 0.8,
    }


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ({}, 4096),
        ({"max_message": 100}, 1024),
        ({"max_message": 2**18 + 256}, 1025),
        ({"max_message": 2**20, "max_fragments": 3}, 3),
    ],
)
def test_the_fragments_follow_from_the_size_unless_they_are_given(options, fragments):
    assert Limits(**options).fragments == fragments


@pytest.mark.parametrize("name", ["max_message", "max_waiting_in", "max_waiting_out", "max_bytes_out"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "1", None, True])
def test_a_bound_below_one_is_a_mistake_in_the_setup(name, value):
    with pytest.raises(SetupError, match=name):
        Limits(**{name: value})


@pytest.mark.parametrize("name", ["ping_interval", "ping_timeout", "close_timeout", "send_timeout"])
@pytest.mark.parametrize("value", [0, -1.0, float("nan"), "1", None, True])
def test_a_time_that_is_not_positive_is_a_mistake_in_the_setup(name, value):
    with pytest.raises(SetupError, match=name):
        Limits(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("max_fragments", value) for value in (0, -1, 2.5, "1")),
        *(("stop_after", value) for value in (-1.0, float("nan"), "1")),
    ],
)
def test_an_optional_bound_that_makes_no_sense_is_a_mistake_in_the_setup(name, value):
    with pytest.raises(SetupError, match=name):
        Limits(**{name: value})


def test_a_time_may_be_endless():
    assert Limits(ping_interval=math.inf).ping_interval == math.inf
    with pytest.raises(SetupError, match=r"math\.inf is for ever$"):
        Limits(ping_interval=None)


def test_bounds_are_given_by_name_and_never_change():
    with pytest.raises(TypeError):
        Limits(5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Limits().max_message = 5


@pytest.mark.parametrize("value", [None, Limits(), Limits(max_message=5)])
def test_a_setting_is_limits_or_none(value):
    assert check_limits(value) is value


@pytest.mark.parametrize("value", [{"max_message": 1}, {}, 0, "1 MiB", Limits])
def test_another_setting_is_a_mistake_that_says_what_to_write(value):
    with pytest.raises(SetupError, match=r"^websocket_limits is made as spa\.websocket\.Limits\(.*\), not "):
        check_limits(value)
