"""Settings of all tests: what hypothesis tries may take its time, for a busy machine is no failure."""

from hypothesis import settings

settings.register_profile("spa", deadline=None)
settings.load_profile("spa")
