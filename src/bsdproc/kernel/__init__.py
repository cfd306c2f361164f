"""Kernels: the port that they implement, the default one, and what they refuse."""

from bsdproc.kernel.default import default, host, resolve, use
from bsdproc.kernel.errors import KernelError, NoKernel, NotSupported, TooOld, Vanished
from bsdproc.kernel.port import Address, Buffer, Caller, Kernel, Stat, StatVfs, Waited, Waited6

__all__ = [
    "Address",
    "Buffer",
    "Caller",
    "Kernel",
    "KernelError",
    "NoKernel",
    "NotSupported",
    "Stat",
    "StatVfs",
    "TooOld",
    "Vanished",
    "Waited",
    "Waited6",
    "default",
    "host",
    "resolve",
    "use",
]
