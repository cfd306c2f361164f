"""The generated layouts, a module for each system and machine (`python build_ffi.py`)."""
