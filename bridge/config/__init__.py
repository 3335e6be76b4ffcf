"""Connectors: their models, YAML with places, and how problems are printed."""
