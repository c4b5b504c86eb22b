"""Palette indices into files that people and engines open: PNG, GIF, sheets."""
