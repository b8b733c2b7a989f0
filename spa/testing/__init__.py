"""A client for tests: requests, WebSockets and event streams, without a network."""

from spa.testing.client import Client, EventStreamRefused, HandshakeRefused
from spa.testing.eventsource import EventSource
from spa.testing.websocket import WebSocket

__all__ = [
    "Client",
    "EventSource",
    "EventStreamRefused",
    "HandshakeRefused",
    "WebSocket",
]
