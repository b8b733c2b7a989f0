"""What an Accept header says of a media type, and that even a long one says it at once."""

import time

import pytest

from spa.accept import ANY, EXACT, FAMILY, SPECIAL, UNNAMED, Preference, weigh, weight_of

# The example of RFC 9110 section 12.5.1, without the parameters that Spa's own types never have.
RFC = "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5"


@pytest.mark.parametrize(
    ("accept", "media_type", "weight", "precision"),
    [
        (RFC, "text/plain", 0.7, EXACT),
        (RFC, "text/html", 0.3, FAMILY),
        (RFC, "image/jpeg", 0.5, ANY),
        ("", "text/html", 0, UNNAMED),
        ("image/png", "text/html", 0, UNNAMED),
        ("text/html", "text/html", 1, EXACT),
        ("TEXT/HTML;Q=0.5", "text/html", 0.5, EXACT),
        (" \ttext/html\t; \tq=0.5 ", "text/html", 0.5, EXACT),
        ("text/html ; q = 0.5", "text/html", 0.5, EXACT),
        ("text/html;q=0, */*", "text/html", 0, EXACT),
        ("*/*, text/*;q=0", "text/html", 0, FAMILY),
        ("text/html;level=1;q=0.4", "text/html", 0.4, SPECIAL),
        ("text/html;level=1;q=0.4, text/html;q=0.2", "text/html", 0.2, EXACT),
        ("text/html;level=1;q=0.4, text/html;level=2;q=0.6", "text/html", 0.6, SPECIAL),
        ("text/html;quiet=1", "text/html", 1, SPECIAL),
        ("text/html;", "text/html", 1, EXACT),
        ("text/html;q=x, */*;q=0.1", "text/html", 0.1, ANY),
        ("text/html;q=1.1", "text/html", 0, UNNAMED),
        ("text/html;q=-1", "text/html", 0, UNNAMED),
        ("text/html;q=nan", "text/html", 0, UNNAMED),
        ("text/html;q=\u0661", "text/html", 0, UNNAMED),
        ("text/html;q=0.2, text/html;q=0.1", "text/html", 0.2, EXACT),
        ("text", "text/html", 0, UNNAMED),
        ("*", "text/html", 0, UNNAMED),
        ("text/htmlx", "text/html", 0, UNNAMED),
        (",;=,,;;q=", "text/html", 0, UNNAMED),
    ],
)
def test_the_most_precise_range_counts(accept, media_type, weight, precision):
    assert weigh(accept, media_type) == [Preference(weight, precision)]


def test_several_types_are_weighed_in_the_order_in_which_they_are_asked_for():
    assert weigh("text/html;q=0.5, */*", "text/html", "image/png") == [Preference(0.5, EXACT), Preference(1, ANY)]


@pytest.mark.parametrize(
    ("preference", "is_by_name"),
    [
        (Preference(0.1, EXACT), True),
        (Preference(0.1, SPECIAL), True),
        (Preference(1, FAMILY), False),
        (Preference(1, ANY), False),
        (Preference(0, EXACT), False),
        (Preference(0, UNNAMED), False),
    ],
)
def test_a_type_is_wanted_by_name_only_where_it_is_named_and_wanted(preference, is_by_name):
    assert preference.is_by_name is is_by_name


@pytest.mark.parametrize(
    ("parameters", "weight"),
    [([], 1), (["q=0.25"], 0.25), (["a=b", "q=0"], 0), (["q=1.000"], 1), (["q"], None), (["q=2"], None)],
)
def test_the_weight_is_that_of_the_parameter_q(parameters, weight):
    assert weight_of(parameters) == weight


@pytest.mark.parametrize("between", [" ", "\t", ";", ",", "=", "/", '"', "q=0", "; ", ",*/*", ";a=b"])
def test_a_header_of_a_megabyte_is_no_work_of_seconds(between):
    accept = f"text/html, a{between * (2**20 // len(between))}b"
    begun = time.process_time()
    weigh(accept, "text/html", "application/json")
    # A quadratic reader needs seconds for a sixteenth of it, and minutes for this.
    assert time.process_time() - begun < 3
