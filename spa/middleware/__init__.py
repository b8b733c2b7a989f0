"""The front door of Spa's middleware."""

from spa.middleware.compression import CompressionMiddleware
from spa.middleware.cors import CORSMiddleware
from spa.middleware.csrf import CSRFMiddleware
from spa.middleware.session import SessionMiddleware

__all__ = ["CORSMiddleware", "CSRFMiddleware", "CompressionMiddleware", "SessionMiddleware"]
