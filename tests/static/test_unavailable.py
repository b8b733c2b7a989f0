"""Test how the log is told that files cannot be opened."""

import errno

from spa.errors import SpaError
from spa.static.unavailable import QUIET, Outages


def test_the_client_is_told_to_come_back_and_the_log_once_a_minute(caplog):
    now = 0.0
    outages = Outages(lambda: now)
    error = OSError(errno.EMFILE, "Too many open files", "/srv/a.txt")
    for now in (0.0, 0.1, QUIET - 0.1, QUIET, QUIET + 1):  # noqa: B007  # the clock reads it
        raised = outages.report(error)
        assert isinstance(raised, SpaError)
        assert (raised.code, dict(raised.get_headers())["Retry-After"]) == (503, "5")
        assert raised.error is error
    assert [record.getMessage() for record in caplog.records] == [
        "answering 503: cannot open /srv/a.txt: Too many open files"
    ] * 2
