"""Tests of spa.static."""
