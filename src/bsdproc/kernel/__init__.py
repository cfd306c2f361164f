"""What a kernel is to the rest of the library, and which one is meant."""
