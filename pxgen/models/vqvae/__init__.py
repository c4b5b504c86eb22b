"""The hierarchical VQ-VAE and its priors over codes."""
