"""Hold how times, decimals, identifiers and bytes are written as JSON strings, and that they come back."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa.scalar import (
    KINDS,
    MOST_DIGITS,
    read_duration,
    write_decimal,
    write_duration,
    write_time,
)

EAST = timezone(timedelta(hours=5, minutes=30))
ODD = timezone(-timedelta(minutes=4, seconds=12.5))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2030, 1, 31, 12, 30), "2030-01-31T12:30:00"),
        (datetime(2030, 1, 31, 12, 30, 5, 10), "2030-01-31T12:30:05.000010"),
        (datetime(2030, 1, 31, 12, 30, tzinfo=UTC), "2030-01-31T12:30:00Z"),
        (datetime(2030, 1, 31, 12, 30, tzinfo=timezone(timedelta(0), "GMT")), "2030-01-31T12:30:00Z"),
        (datetime(2030, 1, 31, 12, 30, tzinfo=EAST), "2030-01-31T12:30:00+05:30"),
        (time(12, 30), "12:30:00"),
        (time(12, 30, tzinfo=UTC), "12:30:00Z"),
        (time(12, 30, tzinfo=EAST), "12:30:00+05:30"),
    ],
)
def test_a_time_is_written_in_iso_8601_and_utc_as_z(value, text):
    assert write_time(value) == text
    assert KINDS[type(value)].read(text) == value


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(), "PT0S"),
        (timedelta(days=1), "P1D"),
        (timedelta(days=1, hours=2, minutes=3, seconds=4, microseconds=500_000), "P1DT2H3M4.5S"),
        (timedelta(microseconds=1), "PT0.000001S"),
        (timedelta(seconds=60), "PT1M"),
        (timedelta(hours=48, seconds=1), "P2DT1S"),
        (timedelta(seconds=-1), "-PT1S"),
        (timedelta(days=-1, microseconds=-5), "-P1DT0.000005S"),
        (timedelta.max, "P999999999DT23H59M59.999999S"),
        (timedelta.min, "-P999999999D"),
    ],
)
def test_a_duration_is_written_in_iso_8601(duration, text):
    assert write_duration(duration) == text
    assert read_duration(text) == duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P2W", timedelta(weeks=2)),
        ("+PT36H", timedelta(hours=36)),
        ("P1DT7200.000005S", timedelta(days=1, hours=2, microseconds=5)),
        ("PT0.123456789S", timedelta(microseconds=123456)),
    ],
)
def test_a_duration_written_by_others_is_read(text, duration):
    assert read_duration(text) == duration


@pytest.mark.parametrize(
    "value", ["9.90", "0", "-0.000", "1E+2", "12345678901234567890.123456789012345678901234567890"]
)
def test_a_decimal_keeps_all_its_digits(value):
    assert write_decimal(Decimal(value)) == value
    assert KINDS[Decimal].read(value).as_tuple() == Decimal(value).as_tuple()


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_decimal_that_is_no_number_is_not_written(value):
    with pytest.raises(ValueError, match="JSON has no"):
        write_decimal(Decimal(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (datetime, "2030-01-31"),
        (datetime, "2030-01-31T12"),
        (datetime, "20300131T120000"),
        (datetime, "2030-W05-4T12:00"),
        (datetime, "2030-02-30T12:00:00"),
        (datetime, "2030-01-31T25:00:00"),
        (datetime, "2030-01-31T12:00:00z"),
        (datetime, "\uff12\uff10\uff13\uff10-01-31T12:00:00"),
        (datetime, "2030-01-31T12:00:00\n"),
        (date, "2030-01-31T12:00:00"),
        (date, "20300131"),
        (date, "2030-13-01"),
        (time, "12"),
        (time, "12:60"),
        (time, "2030-01-31T12:00:00"),
        (timedelta, ""),
        (timedelta, "P"),
        (timedelta, "PT"),
        (timedelta, "P1DT"),
        (timedelta, "P1Y"),
        (timedelta, "P1M"),
        (timedelta, "1D"),
        (timedelta, "P1.5D"),
        (timedelta, "P9999999999D"),
        (timedelta, f"PT{'9' * 5000}S"),
        (Decimal, ""),
        (Decimal, "NaN"),
        (Decimal, "Infinity"),
        (Decimal, "1_000"),
        (Decimal, " 1"),
        (Decimal, "\uff11"),
        (Decimal, "1e9999"),
        (Decimal, "1e-9999"),
        (Decimal, "1e99999999999999999999999"),
        (Decimal, "1" * (MOST_DIGITS + 1)),
        (UUID, "12345678123456781234567812345678"),
        (UUID, "{12345678-1234-5678-1234-567812345678}"),
        (UUID, "urn:uuid:12345678-1234-5678-1234-567812345678"),
        (bytes, "a"),
        (bytes, "YQ"),
        (bytes, "Y Q=="),
        (bytes, "é"),
        (bytes, "_-8="),
    ],
)
def test_text_of_another_form_is_refused(kind, text):
    with pytest.raises(ValueError):  # noqa: PT011  # the caller tells what is expected
        KINDS[kind].read(text)


# Offsets, not zones: a time in the hour that a zone repeats equals none of another zone, not even itself.
@given(st.datetimes(timezones=st.sampled_from([None, UTC, EAST, ODD])) | st.times() | st.dates())
def test_every_time_comes_back(value):
    text = value.isoformat() if type(value) is date else write_time(value)
    assert KINDS[type(value)].read(text) == value


@given(st.timedeltas())
def test_every_duration_comes_back(value):
    assert read_duration(write_duration(value)) == value
