"""Serve the app of the WebSocket tests on gevent-websocket's own server."""

from tests.system.wsapp import choose

if __name__ == "__main__":
    import sys

    from geventwebsocket.server import WebSocketServer

    WebSocketServer(("127.0.0.1", int(sys.argv[1])), choose).serve_forever()
