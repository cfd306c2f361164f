"""i386 programs under the amd64 kernel: what is different for them."""
