"""The tests with real servers."""
