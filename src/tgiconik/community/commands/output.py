"""Writes to standard output whatever its encoding is."""

from tgiconik._console import say

__all__ = ["say"]
