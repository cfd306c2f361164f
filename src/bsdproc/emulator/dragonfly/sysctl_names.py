"""The sysctls beside kern.proc that programs of this library's kind read."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from bsdproc.emulator.dragonfly.cred import prison_check
from bsdproc.emulator.dragonfly.kinfo import address
from bsdproc.emulator.dragonfly.sysctl import Flag, Handler, Request, Row, Type
from bsdproc.emulator.dragonfly.x86_64.stack import PS_STRINGS

Value = int | str
HOST: Final = "dragonfly.emulated"


def _given(value: Callable[[Request], Value], form: str) -> Handler:
    """One that only can be read."""

    def handler(request: Request, below: tuple[int, ...]) -> None:
        found = value(request)
        if isinstance(found, str):
            request.put(found.encode() + b"\0")
        else:
            request.put(struct.pack(form, found))

    return handler


def _setting(name: str, form: str) -> Handler:
    """A number that can be set."""

    def handler(request: Request, below: tuple[int, ...]) -> None:
        request.put(struct.pack(form, int(request.system.settings[name])))
        if request.new is not None:
            (request.system.settings[name],) = struct.unpack(
                form, request.take(struct.calcsize(form)))

    return handler


def _files(request: Request, below: tuple[int, ...]) -> None:
    """kern.file: the open files of every process of the caller's jail.  How much room they
    want is said to be more than it is: 16 records and a tenth."""
    system, asker = request.system, request.td.proc.cred
    layout = system.target.struct("struct kinfo_file")
    seen = [p for p in system.allproc.values() if not p.zombie and prison_check(asker, p.cred)]
    if request.room is None:
        count = sum(len(p.files.slots) for p in seen)
        request.count((count + 16 + count // 10) * layout.size)
        return
    for p in seen:
        for fd, slot in p.files.items():
            file = slot.file
            request.put(layout.pack({
                "f_size": layout.size, "f_pid": p.pid, "f_uid": p.cred.uid, "f_fd": fd,
                "f_file": address(system, file), "f_type": file.kind, "f_count": file.refs,
                "f_msgcount": file.in_messages,
                "f_offset": file.offset, "f_data": address(system, file.vnode or file),
                "f_flag": file.flag & 0xFFFFFFFF}))


def _cputime(request: Request, below: tuple[int, ...]) -> None:
    """kern.cputime: of the one processor, in microseconds."""
    system = request.system
    lwps = [td for p in system.allproc.values() for td in p.lwps]
    user = sum(p.usage.utime for p in system.allproc.values()) + sum(
        td.usage.utime + td.runtime for td in lwps)
    inside = sum(p.usage.stime for p in system.allproc.values()) + sum(
        td.usage.stime for td in lwps)
    request.put(system.target.struct("struct kinfo_cputime").pack({
        "cp_user": user // 1000, "cp_sys": inside // 1000,
        "cp_idle": max(0, system.clock - user - inside) // 1000}))


def _int(name: str, number: int | None, value: Callable[[Request], Value]) -> Row:
    return Row(name, number, Type.INT, Flag.RD, "I", _given(value, "<i"))


def _string(name: str, number: int | None, value: Callable[[Request], Value]) -> Row:
    return Row(name, number, Type.STRING, Flag.RD, "A", _given(value, ""))


def _node(name: str, number: int | None) -> Row:
    return Row(name, number, Type.NODE, Flag.RW, "N", None)


def _switch(name: str) -> Row:
    return Row(name, None, Type.INT, Flag.RW, "I", _setting(name, "<i"))


ROWS: Final = (
    _node("kern", 1), _node("hw", 6), _node("security", None),
    _string("kern.ostype", 1, lambda r: "DragonFly"),
    _string("kern.osrelease", 2, lambda r: r.system.release),
    _string("kern.version", 4, lambda r: f"DragonFly {r.system.release} #0: emulated\n"),
    _int("kern.maxproc", 6, lambda r: 1476),
    _int("kern.argmax", 8, lambda r: 262144),
    _int("kern.securelevel", 9, lambda r: -1),
    _string("kern.hostname", 10, lambda r: HOST),
    _int("kern.osreldate", 24, lambda r: r.system.osreldate),
    Row("kern.ps_strings", 32, Type.ULONG, Flag.RD, "LU", _given(lambda r: PS_STRINGS, "<Q")),
    Row("kern.file", 15, Type.OPAQUE, Flag.RD, "S,kinfo_file", _files),
    Row("kern.cputime", None, Type.OPAQUE, Flag.RD, "S,kinfo_cputime", _cputime),
    _switch("kern.ps_argsopen"),
    Row("kern.ps_arg_cache_limit", None, Type.ULONG, Flag.RW, "LU",
        _setting("kern.ps_arg_cache_limit", "<Q")),
    _switch("kern.stackgap_random"),
    _switch("security.ps_showallprocs"),
    _switch("security.ps_showallthreads"),
    _string("hw.machine", 1, lambda r: "x86_64"),
    _int("hw.ncpu", 3, lambda r: int(r.system.cpus)),
    _int("hw.pagesize", 7, lambda r: 4096),
)
