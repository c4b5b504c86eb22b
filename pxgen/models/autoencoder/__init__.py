"""Autoencoders: pixels, body, latent and labels as one composition."""
