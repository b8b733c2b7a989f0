"""The servers that run an app: Spa's own, and the worker for gunicorn."""
