"""C layouts and constants of every system and machine: data, the same on any host.

    >>> t = abi.target("freebsd", "amd64")
    >>> t.struct("struct ptrace_io_desc").field("piod_len").offset
    24
    >>> t.constants["PT_IO"]
    12
"""

from __future__ import annotations

from bsdproc.abi.codec import ByteOrder, Data, Value
from bsdproc.abi.errors import Truncated, UnknownField, UnknownStruct, UnknownTarget
from bsdproc.abi.layout import Field, Struct
from bsdproc.abi.lookup import Target, target, targets

__all__ = [
    "ByteOrder",
    "Data",
    "Field",
    "Struct",
    "Target",
    "Truncated",
    "UnknownField",
    "UnknownStruct",
    "UnknownTarget",
    "Value",
    "target",
    "targets",
]
