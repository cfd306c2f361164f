"""Rules of the FreeBSD kernel, one test each, on the emulated kernel or natively."""
