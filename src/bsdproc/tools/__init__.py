"""The command line: `bsdproc` and `python -m bsdproc`, a module for each command."""
