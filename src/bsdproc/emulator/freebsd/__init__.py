"""The emulated FreeBSD 13.2 kernel, one module a kernel source file's subject."""
