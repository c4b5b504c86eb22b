"""Models: one contract, and the families that obey it."""
