"""Tests of the tests: one wrong line at a time, which some test must notice."""
