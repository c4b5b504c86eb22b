"""``python -m tests.bench``: how fast and how large pxgen is here, in one table."""
