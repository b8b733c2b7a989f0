"""The tests of the client for tests."""
