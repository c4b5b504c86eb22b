"""Datasets: index maps, labels and splits in one memory-mapped file, and what is asked of them."""
