"""The shared page: a small shared object with the signal trampoline (the vdso),
and the timekeeping that libc may use.

It lies at the end of a program's addresses, above the stack.
"""

from __future__ import annotations

import struct
from typing import Final

from bsdproc.emulator.bsd.amd64.frame import MAXUSER
from bsdproc.emulator.machine.physical import PAGE

SHARED_PAGE: Final = MAXUSER - PAGE
USRSTACK: Final = SHARED_PAGE
"""Where the stack ends unless its place is random."""

SIGTRAMP: Final = bytes.fromhex(
    "ff1424"        # call *(%rsp)           the handler, by sf_ahu
    "488d7c2410"    # lea 16(%rsp), %rdi     sf_uc
    "6a00"          # push $0                in a return address's place
    "48c7c0a1010000"    # mov $417, %rax     sigreturn
    "0f05"          # syscall
    "f4"            # hlt                    which no program may execute
    "ebfd"          # jmp .-1
)
SIGTRAMP_OFFSET: Final = 0x2D0
VDSO_SIZE: Final = 0x610
"""The object's whole file.  KERN_PROC_SIGTRAMP gives it for the trampoline's
size, so that the range it tells ends behind the object."""
TIMEKEEP_OFFSET: Final = VDSO_SIZE
VDSO_TIMEKEEP: Final = struct.Struct("<III4x")
"""struct vdso_timekeep: version, enabled, current."""
VDSO_TK_VER_CURR: Final = 1

SIGTRAMP_RANGE: Final = (
    SHARED_PAGE + SIGTRAMP_OFFSET, SHARED_PAGE + SIGTRAMP_OFFSET + len(SIGTRAMP))
SIGTRAMP_TOLD: Final = (SIGTRAMP_RANGE[0], SIGTRAMP_RANGE[0] + VDSO_SIZE)
TIMEKEEP: Final = SHARED_PAGE + TIMEKEEP_OFFSET

PT_LOAD, PT_DYNAMIC = 1, 2
DT_NULL, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT = 0, 4, 5, 6, 10, 11


def vdso_head(bits: int) -> bytes:
    """The object's headers and a dynamic section that exports nothing, which
    is what a run-time linker looks at (AT_KPRELOAD)."""
    wide = bits == 64
    word, ehsize, phsize, symsize = ("Q", 64, 56, 24) if wide else ("I", 52, 32, 16)
    dynamic = ehsize + 2 * phsize
    tags = (DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_NULL)
    size = struct.calcsize(f"<{2 * len(tags)}{word}")
    symtab = dynamic + size
    hashes = symtab + symsize
    strings = hashes + 16
    values = (hashes, strings, symtab, 1, symsize, 0)

    def program_header(kind: int, flags: int, at: int, length: int, align: int) -> bytes:
        if wide:
            return struct.pack("<II6Q", kind, flags, at, at, at, length, length, align)
        return struct.pack("<8I", kind, at, at, at, length, length, flags, align)

    return b"".join((
        b"\x7fELF" + bytes((2 if wide else 1, 1, 1, 9)) + bytes(8),
        struct.pack(f"<HHI3{word}I6H", 3, 62 if wide else 3, 1, 0, ehsize, 0, 0, ehsize,
                    phsize, 2, 0, 0, 0),
        program_header(PT_LOAD, 5, 0, VDSO_SIZE, 16),
        program_header(PT_DYNAMIC, 4, dynamic, size, 8),
        b"".join(struct.pack(f"<2{word}", *pair) for pair in zip(tags, values, strict=True)),
        bytes(symsize),
        struct.pack("<4I", 1, 1, 0, 0),
        b"\0",
    ))


class SharedPage:
    """The page as a mapping's backing.  Timekeeping is there but not enabled:
    time is asked of the kernel."""

    def __init__(self, trampoline: bytes, bits: int) -> None:
        page = bytearray(PAGE)
        head = vdso_head(bits)
        page[:len(head)] = head
        page[SIGTRAMP_OFFSET:SIGTRAMP_OFFSET + len(trampoline)] = trampoline
        VDSO_TIMEKEEP.pack_into(page, TIMEKEEP_OFFSET, VDSO_TK_VER_CURR, 0, 0)
        self.page = bytes(page)

    def read_at(self, offset: int, size: int) -> bytes:
        return self.page[offset:offset + size]


SHARED: Final = SharedPage(SIGTRAMP, 64)
