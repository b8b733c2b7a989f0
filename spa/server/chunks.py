"""Read the body of a request that comes in chunks, provided that they can be read in one way only."""

from typing import Any

from gevent.pywsgi import MAX_REQUEST_LINE, Input, _InvalidClientInput

from spa.server import framing


class Chunks(Input):  # type: ignore[misc]  # gevent is untyped
    """gevent's body, which by itself would take a bare LF for a part of an extension or a trailer.

    A proxy that takes it for the end of the line sees other chunks, and behind them other requests.
    """

    def _Input__read_chunk_length(self, rfile: Any) -> int:  # the name under which gevent calls it
        """Return the size of the next chunk; behind the last one, 0, the trailers have been read too.

        Raises:
            OSError: they are no chunks; gevent answers 400 to that if the app does not.
        """
        try:
            size = framing.parse_chunk_size(rfile.readline(MAX_REQUEST_LINE))
            if size == 0:
                framing.check_fields(framing.read_fields(rfile.readline))
        except framing.Refused as error:
            self._chunked_input_error = True
            raise _InvalidClientInput(str(error)) from error
        return size
