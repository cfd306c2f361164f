"""The part of the emulated NetBSD kernel that knows amd64: `machdep` is its face."""
