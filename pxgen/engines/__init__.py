"""Sprite sheets, and the files that describe them to game engines and editors."""
