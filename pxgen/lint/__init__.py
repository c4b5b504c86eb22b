"""What a careful eye finds wrong with pixel art, and what of it can be repaired without harm."""
