"""What the emulated BSD kernels share."""
