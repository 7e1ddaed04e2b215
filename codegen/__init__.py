"""Writes the iconik client from facts: `python -m codegen`. Not part of the package."""
