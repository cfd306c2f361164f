"""Typed bindings to the BSD process-control interfaces."""

__version__ = "0.1.0"
