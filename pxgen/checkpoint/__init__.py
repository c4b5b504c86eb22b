"""Checkpoints: one self-describing safetensors file, and the run folders that hold them."""
