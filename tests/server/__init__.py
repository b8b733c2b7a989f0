"""Tests of spa.server."""
