"""Judge the conditions of a request against the state of a resource: carry it out, 304, 412."""

import calendar
import datetime
import re
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import ETags
from werkzeug.http import parse_etags

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
MONTH = f"(?P<month>{'|'.join(MONTHS)})"
CLOCK = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
DATES = (  # the three forms of an HTTP-date (section 5.6.7); case counts, and the zone is always GMT
    re.compile(f"{DAY}, (?P<day>[0-9]{{2}}) {MONTH} (?P<year>[0-9]{{4}}) {CLOCK} GMT"),
    re.compile(f"{LONG_DAY}, (?P<day>[0-9]{{2}})-{MONTH}-(?P<year>[0-9]{{2}}) {CLOCK} GMT"),
    re.compile(f"{DAY} {MONTH} (?P<day>[0-9 ][0-9]) {CLOCK} (?P<year>[0-9]{{4}})"),
)


def check(method: str, environ: Mapping[str, Any], *, etag: str | None, modified: int | None) -> int | None:
    """Judge the preconditions of a request in the order of RFC 9110 section 13.2.2.

    Args:
        method: the method of the request.
        environ: the WSGI environment.
        etag: the entity tag of what is there, with its quotes; None if nothing is.
        modified: when it was changed last, in whole seconds since the epoch; None if nobody knows.

    Returns:
        The status of the answer, 304 or 412; None where the method is to be carried out.
    """
    if method in ("CONNECT", "OPTIONS", "TRACE"):  # they neither select nor change the resource (section 13.2.1)
        return None
    if not _may_proceed(environ, etag, modified):
        return 412
    reads = method in ("GET", "HEAD")
    if _is_known(environ, etag, modified, reads):
        return 304 if reads else 412
    return None


def is_guarded(environ: Mapping[str, Any], *, modified: int | None) -> bool:
    """Say whether a request to change a resource states a condition, and one that check() can judge.

    A date that is none, or with which nothing can be compared, is ignored (RFC 9110 section 13.1.4), and a list of
    entity tags without a tag says nothing. An If-Match without a tag fails, and is a guard at that.
    """
    if "HTTP_IF_MATCH" in environ or _tags(environ, "HTTP_IF_NONE_MATCH"):
        return True
    return modified is not None and parse_http_date(environ.get("HTTP_IF_UNMODIFIED_SINCE")) is not None


def parse_http_date(value: str | None) -> int | None:
    """Read an HTTP-date (RFC 9110 section 5.6.7) as seconds since the epoch; None where it is not one.

    Werkzeug's parse_date() takes any date of an e-mail, also in other time zones or in none, which here must count
    as not valid, and lets the OverflowError of a long year pass.
    """
    match = next(filter(None, (form.fullmatch(value) for form in DATES)), None) if value else None
    if match is None:
        return None
    year, month = int(match["year"]), MONTHS.index(match["month"]) + 1
    if len(match["year"]) == 2:  # more than 50 years ahead means the past; POSIX draws the line at 69
        year += 1900 if year >= 69 else 2000
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"])
    if hour > 23 or minute > 59 or second > 60:  # 60 is a leap second
        return None
    try:
        day = datetime.date(year, month, int(match["day"]))
    except ValueError:
        return None
    return calendar.timegm((*day.timetuple()[:3], hour, minute, second))


def _may_proceed(environ: Mapping[str, Any], etag: str | None, modified: int | None) -> bool:
    """Say whether If-Match holds, or where it is absent If-Unmodified-Since (sections 13.1.1 and 13.1.4)."""
    if "HTTP_IF_MATCH" in environ:
        if etag is None:
            return False
        tags = _tags(environ, "HTTP_IF_MATCH")
        return tags.star_tag or (etag.startswith('"') and tags.is_strong(_opaque(etag)))
    limit = parse_http_date(environ.get("HTTP_IF_UNMODIFIED_SINCE"))
    return limit is None or modified is None or modified <= limit


def _is_known(environ: Mapping[str, Any], etag: str | None, modified: int | None, reads: bool) -> bool:
    """Say whether the client has the file: If-None-Match, else If-Modified-Since (sections 13.1.2 and 13.1.3)."""
    if etag is None:
        return False
    if "HTTP_IF_NONE_MATCH" in environ:
        tags = _tags(environ, "HTTP_IF_NONE_MATCH")
        return tags.star_tag or tags.contains_weak(_opaque(etag))
    since = parse_http_date(environ.get("HTTP_IF_MODIFIED_SINCE")) if reads else None
    return since is not None and modified is not None and modified <= since


def _tags(environ: Mapping[str, Any], name: str) -> ETags:
    # parse_etags() is right on lists, commas in quotes and W/. It takes a tag without quotes as well: lenient, but
    # harmless. Only the star must stand without spaces. A line feed at the end, which no server lets in, would keep
    # that of older Werkzeugs busy for ever.
    return parse_etags(environ.get(name, "").strip(" \t\n"))


def _opaque(etag: str) -> str:
    return etag.removeprefix("W/")[1:-1]
