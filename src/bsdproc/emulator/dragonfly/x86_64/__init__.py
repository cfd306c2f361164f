"""What of the emulated DragonFly kernel belongs to the machine: x86_64."""
