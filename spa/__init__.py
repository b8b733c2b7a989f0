"""Spa: a micro-framework for REST APIs and single-page apps on gevent and Werkzeug."""

from spa.app import App
from spa.errors import ConnectionClosed, SetupError
from spa.event import Event
from spa.eventstream import EventStream
from spa.handler import Handler, JSONHandler
from spa.homepage import HomePage
from spa.mountpoint import mount
from spa.request import Request
from spa.response import JSONResponse, Response
from spa.routing import include
from spa.server.launch import run
from spa.static.handler import StaticHandler
from spa.validation.mismatch import ValidationError

__all__ = [
    "App",
    "ConnectionClosed",
    "Event",
    "EventStream",
    "Handler",
    "HomePage",
    "JSONHandler",
    "JSONResponse",
    "Request",
    "Response",
    "SetupError",
    "StaticHandler",
    "ValidationError",
    "include",
    "mount",
    "run",
]
