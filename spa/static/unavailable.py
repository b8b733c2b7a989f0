"""Tell that files cannot be opened at the moment: the client by a 503, the log now and then."""

import errno
import logging
import time
from collections.abc import Callable

from werkzeug.exceptions import ServiceUnavailable

from spa.errors import SpaError

logger = logging.getLogger("spa.static")

# What the system says where there is no file for us: none of this name, none that may be read, no name a file can have.
# Whatever else it says, as that the process has no descriptor left, says nothing of the file.
ABSENT = frozenset(
    {
        *(errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL),
        *(errno.EISDIR, errno.ENXIO, errno.ENODEV, errno.EILSEQ),
    }
)
RETRY_AFTER = 5  # seconds: want of descriptors or memory passes as the requests of others end
QUIET = 60.0  # seconds between two lines of the log: every request may fail


class FileUnavailable(SpaError, ServiceUnavailable):
    """*503*: a file cannot be opened at the moment, for want of descriptors or memory, or of a disk that reads.

    It is no 404, which caches keep, and which would tell a search engine that the file is gone.

    Attributes:
        error: what the system said.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(retry_after=RETRY_AFTER)
        self.error = error


class Outages:
    """Tells the log that files of a directory cannot be opened, once a minute at most.

    Args:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._quiet_until = float("-inf")

    def report(self, error: OSError) -> FileUnavailable:
        """Return what to raise for an error of the system, which is no want of the file itself."""
        now = self._clock()
        if now >= self._quiet_until:
            self._quiet_until = now + QUIET
            logger.error("answering 503: cannot open %s: %s", error.filename, error.strerror)
        return FileUnavailable(error)
