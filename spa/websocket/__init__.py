"""The front door of Spa's WebSockets."""

from spa.errors import ConnectionClosed, InvalidMessage, ReceiveInProgress
from spa.websocket.limits import Limits
from spa.websocket.socket import WebSocket, broadcast, broadcast_json

__all__ = [
    "ConnectionClosed",
    "InvalidMessage",
    "Limits",
    "ReceiveInProgress",
    "WebSocket",
    "broadcast",
    "broadcast_json",
]
