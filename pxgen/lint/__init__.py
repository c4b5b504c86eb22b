"""Faults of pixel art, and the repairs that do no harm."""
