"""Names with bytes that are no ASCII."""

from __future__ import annotations

from bsdproc.kernel import Kernel

from .held import finish, read_file, record
from .tracee import DATA, LWPINFO_SIZE, Bring, Tracee, call

O_WRONLY, O_CREAT, THR_SET_NAME = 1, 0x200, 464


def test_bytes_beyond_ascii_are_escaped_as_signed_numbers(kernel: Kernel, tracee: Bring) -> None:
    """And a name ends after 19 bytes, in the middle of a character if need be."""
    path = "/tmp/" + "näm e\\" + "x" * 11 + "ö"
    fd = kernel.open(path, O_WRONLY | O_CREAT, 0o755)
    kernel.write(fd, read_file(kernel, tracee("spin"), 1 << 20))
    kernel.close(fd)
    pid = kernel.spawn(path, [path], {}, traced=True)
    try:
        kernel.wait4(pid)
        shown = read_file(kernel, f"/proc/{pid}/status").split()[0]
        assert shown == (rb"n\37777777703\37777777644m\040e\134" + b"x" * 11 + rb"\37777777703")
        name = record(kernel, pid)["ki_comm"]
        assert isinstance(name, bytes)
        assert name.rstrip(b"\0") == "näm e\\".encode() + b"x" * 11 + b"\xc3"
    finally:
        finish(kernel, [pid])


def test_a_thread_s_name_may_be_any_bytes(kernel: Kernel, tracee: Bring) -> None:
    t = Tracee.with_room(kernel, tracee("spin"))
    t.run(call(432, DATA + 0x100))
    assert t.wait() == "SIGTRAP"
    t.write(DATA + 0x200, b"\xff\xfe!\0")
    t.run(call(THR_SET_NAME, int.from_bytes(t.read(DATA + 0x100, 8), "little"), DATA + 0x200))
    assert t.wait() == "SIGTRAP"
    info = t.record("PT_LWPINFO", LWPINFO_SIZE)
    assert b"\xff\xfe!\0" in info
