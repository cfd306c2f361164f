"""The part of the emulated kernel that knows amd64: `machdep` is its face."""
