"""Autoregressive models of pixels and codes."""
