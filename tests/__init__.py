"""The tests of Spa."""
