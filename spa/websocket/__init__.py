"""The front door of Spa's WebSockets."""

from spa.websocket.limits import Limits
from spa.websocket.socket import WebSocket, broadcast

__all__ = ["Limits", "WebSocket", "broadcast"]
