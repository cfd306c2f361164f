"""Sphinx configuration."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "bsdproc"
author = "the bsdproc authors"
copyright = "2026, the bsdproc authors"
release = version = installed_version("bsdproc")

extensions = ["sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "BSD process control from Python", "page_width": "1080px"}

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": True}
nitpicky = False
# Records have fields called `type`, and annotations the builtin.
suppress_warnings = ["ref.python"]
