"""The emulated NetBSD 10 kernel, one module a kernel source file's subject."""
