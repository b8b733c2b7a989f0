"""Settings of all tests: what hypothesis tries may take its time, for a busy machine is no failure.

It tries the same examples each time. To look for others too: ``pytest --hypothesis-profile=search``.
"""

from hypothesis import settings

settings.register_profile("spa", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, derandomize=False)
settings.load_profile("spa")
