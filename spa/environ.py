"""Name what Spa puts into the environ of a request."""

# Of the server: written by server/requesthandler.py and testing/exchange.py, the registry by server/worker.py too.
SOCKET = "spa.socket"  # the socket of the request, which stays the server's; websocket/transport.py sees it
HIJACK = "spa.hijack"  # () -> (socket, early bytes): gives the socket up; called by websocket/transport.py
CONNECTIONS = "spa.connections"  # the Registry of the server; read by websocket/departure.py
WATCH = "spa.watch"  # True under the server of development: static/smart.py looks at files for edits

# Of the answer to one request.
APP = "spa.app"  # the App; written by app.py, read by websocket/departure.py for the registry where the server has none
OUTER = "spa.outer_environ"  # the environ that this one is a changed copy of; written and read by mounted.py
REQUEST_ID = "spa.request_id"  # written by requestid.py, in the outermost environ; the access log reads it there
WEBSOCKET = "spa.websocket_connection"  # the Connection; by websocket/lifecycle.py, for the access logs of the servers
ALWAYS_DOCUMENT = "spa.always_document"  # True: no page for an error; by handler.py and server/debug.py, for problem.py
SHOW_BUG = "spa.show_bug"  # (error, environ) -> response; by server/debug.py, for problem.py and static/hashedfile.py
CSP_NONCE = "spa.csp_nonce"  # written by homepage.py; read by the user's body, for inline scripts of its own

# Of middleware, Spa's or the user's own.
SESSION = "spa.session"  # () -> dict; written by middleware/session.py, called by request.py
UPGRADE_HEADERS = "spa.upgrade_headers"  # [() -> headers of the 101]; by middleware, for websocket/lifecycle.py
ALLOWED_ORIGINS = "spa.allowed_origins"  # a set; by middleware/cors.py, for websocket/handshake.py
