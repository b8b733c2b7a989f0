"""The front door of Spa's static files."""

from spa.static.handler import Static, StaticFileHandler, StaticHandler
from spa.static.singlepage import SinglePage
from spa.static.smart import SmartStatic

__all__ = ["SinglePage", "SmartStatic", "Static", "StaticFileHandler", "StaticHandler"]
