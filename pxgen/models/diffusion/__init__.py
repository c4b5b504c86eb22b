"""Diffusion models: masked, uniform and Gaussian, with one backbone."""
