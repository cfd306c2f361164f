"""The emulated DragonFly kernel."""
