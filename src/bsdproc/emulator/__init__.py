"""Emulated kernels: the port, implemented on any host."""
