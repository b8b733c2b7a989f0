"""The tests of the files that check JSON values."""
