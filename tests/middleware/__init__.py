"""Tests of spa.middleware."""
