"""Sprite sheets and the files by which game engines and editors find their way in them."""
