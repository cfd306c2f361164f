"""What the BSD kernels share of amd64."""
