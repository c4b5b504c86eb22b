"""Damaged files of every kind that pxgen reads, and what it says of them."""
