"""ptrace(2): what a scenario asks by number, through `bsdproc.freebsd.ptrace`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import ptrace
from bsdproc.freebsd.constants.ptrace import (
    CoredumpFlags,
    IoOp,
    PtraceEvents,
    Request,
    X86Request,
)
from bsdproc.freebsd.ptrace import regset as regsets
from bsdproc.freebsd.registers import DEBUG, FLOATING, GENERAL, RegisterFile

from . import encode
from .tally import Inexpressible

if TYPE_CHECKING:
    from bsdproc.kernel import Kernel

Argument = int | bytearray
Form = Callable[["Kernel", int, Argument, int], int]

_HERE: Final = 1
_WORD: Final = 8
_NO_FILE: Final = 0xFFFFFFFF
_PATH_MAX: Final = 1024


def name(request: int) -> str:
    """A request by its C name, or its number."""
    return _NAMES.get(request, f"request {request}")


_NAMES: Final[dict[int, str]] = {
    int(member): label
    for kind in (Request, X86Request) for label, member in kind.__members__.items()
    if label not in ("PT_FIRSTMACH", "PT_LASTMACH")
}


# -- what an argument has to be ---------------------------------------------------


def _no(addr: Argument, data: int) -> None:
    """A request without arguments."""
    if addr != 0 or data != 0:
        raise Inexpressible("arguments that the request does not take")


def _number(addr: Argument) -> int:
    if isinstance(addr, bytearray):
        raise Inexpressible("a buffer where an address of the tracee's belongs")
    return addr


def _room(addr: Argument, size: int) -> bytearray:
    """A buffer of just that many bytes."""
    if not isinstance(addr, bytearray):
        raise Inexpressible("an address of no buffer")
    if len(addr) != size:
        raise Inexpressible("a buffer of another size")
    return addr


def _sized(addr: Argument, data: int, size: int) -> bytearray:
    """A buffer of that many bytes, and `data` says so."""
    if data != size:
        raise Inexpressible("another size")
    return _room(addr, size)


def _same(typed: bytes, buffer: bytearray) -> int:
    buffer[:] = typed
    return 0


# -- requests ------------------------------------------------------------------------


def _plain(function: Callable[..., None]) -> Form:
    def form(k: Kernel, pid: int, addr: Argument, data: int) -> int:
        _no(addr, data)
        function(pid, kernel=k)
        return 0
    return form


def _trace_me(k: Kernel, pid: int, addr: Argument, data: int) -> int:
    _no(addr, data)
    if pid != 0:
        raise Inexpressible("a pid that the request does not take")
    ptrace.trace_me(kernel=k)
    return 0


def _counted(function: Callable[..., int]) -> Form:
    def form(k: Kernel, pid: int, addr: Argument, data: int) -> int:
        _no(addr, data)
        return function(pid, kernel=k)
    return form


def _resume(function: Callable[..., None]) -> Form:
    def form(k: Kernel, pid: int, addr: Argument, data: int) -> int:
        at = _number(addr)
        if at == _HERE:
            function(pid, data, kernel=k)
        else:
            function(pid, data, at, kernel=k)
        return 0
    return form


def _resume_here(function: Callable[..., None]) -> Form:
    def form(k: Kernel, pid: int, addr: Argument, data: int) -> int:
        if addr != _HERE:
            raise Inexpressible("an address that the request does not take")
        function(pid, data, kernel=k)
        return 0
    return form


def _peek(function: Callable[..., int]) -> Form:
    def form(k: Kernel, pid: int, addr: Argument, data: int) -> int:
        if data != 0:
            raise Inexpressible("data that the request does not take")
        return function(pid, _number(addr), kernel=k)
    return form


def _poke(function: Callable[..., None]) -> Form:
    def form(k: Kernel, pid: int, addr: Argument, data: int) -> int:
        function(pid, _number(addr), data, kernel=k)
        return 0
    return form


def _switch(function: Callable[..., None]) -> Form:
    def form(k: Kernel, pid: int, addr: Argument, data: int) -> int:
        if addr != 0 or data not in (0, 1):
            raise Inexpressible("a switch that is neither on nor off")
        function(pid, bool(data), kernel=k)
        return 0
    return form


def _lwpinfo(k: Kernel, pid: int, addr: Argument, data: int) -> int:
    buffer = _sized(addr, data, k.target.struct("struct ptrace_lwpinfo").size)
    return _same(encode.record(ptrace.lwpinfo(pid, kernel=k)), buffer)


def _getlwplist(k: Kernel, pid: int, addr: Argument, data: int) -> int:
    if not isinstance(addr, bytearray) or len(addr) < 4 * data:
        raise Inexpressible("a buffer of another size")
    found = getlwplist(k, pid, data)
    addr[: 4 * len(found)] = b"".join(encode.number(lwp, 4) for lwp in found)
    return len(found)


def _get_event_mask(k: Kernel, pid: int, addr: Argument, data: int) -> int:
    buffer = _sized(addr, data, 4)
    return _same(encode.number(ptrace.get_event_mask(pid, kernel=k).value, 4), buffer)


def _set_event_mask(k: Kernel, pid: int, addr: Argument, data: int) -> int:
    mask = int.from_bytes(_sized(addr, data, 4), "little")
    ptrace.set_event_mask(pid, PtraceEvents(mask), kernel=k)
    return 0


def _get_sc_args(k: Kernel, pid: int, addr: Argument, data: int) -> int:
    if not isinstance(addr, bytearray) or len(addr) != data or data % _WORD:
        raise Inexpressible("a buffer of another size")
    words = ptrace.get_sc_args(pid, data // _WORD, kernel=k)
    return _same(b"".join(encode.number(word, _WORD) for word in words), addr)


def _get_sc_ret(k: Kernel, pid: int, addr: Argument, data: int) -> int:
    buffer = _sized(addr, data, k.target.struct("struct ptrace_sc_ret").size)
    return _same(encode.record(ptrace.get_sc_ret(pid, kernel=k)), buffer)


def _coredump(k: Kernel, pid: int, addr: Argument, data: int) -> int:
    layout = k.target.struct("struct ptrace_coredump")
    fd, bits, limit = layout.reader("pc_fd", "pc_flags", "pc_limit")(
        bytes(_sized(addr, data, layout.size)), 0)
    ptrace.coredump(pid, fd, CoredumpFlags(bits), limit, wait=False, kernel=k)
    return 0


def _registers(kinds: dict[str, type[RegisterFile]], get: Callable[..., RegisterFile],
               put: Callable[..., None]) -> tuple[Form, Form]:
    """PT_GET*REGS and PT_SET*REGS: every register on its own into a new file."""
    def again(kind: type[RegisterFile], registers: RegisterFile) -> bytes:
        made = kind(bytes(registers))
        for register in kind.names():
            made[register] = registers[register]
        return bytes(made)

    def getter(k: Kernel, pid: int, addr: Argument, data: int) -> int:
        kind = kinds[k.machine]
        buffer = _room(addr, len(bytes(kind())))
        if data != 0:
            raise Inexpressible("data that the request does not take")
        return _same(again(kind, get(pid, kernel=k)), buffer)

    def setter(k: Kernel, pid: int, addr: Argument, data: int) -> int:
        kind = kinds[k.machine]
        buffer = _room(addr, len(bytes(kind())))
        if data != 0:
            raise Inexpressible("data that the request does not take")
        put(pid, kind(again(kind, kind(buffer))), kernel=k)
        return 0

    return getter, setter


def _base(get: Callable[..., int], put: Callable[..., None]) -> tuple[Form, Form]:
    def getter(k: Kernel, pid: int, addr: Argument, data: int) -> int:
        buffer = _room(addr, _WORD)
        return _same(encode.number(get(pid, kernel=k), _WORD), buffer)

    def setter(k: Kernel, pid: int, addr: Argument, data: int) -> int:
        put(pid, int.from_bytes(_room(addr, _WORD), "little"), kernel=k)
        return 0

    return getter, setter


def _xstate_info(k: Kernel, pid: int, addr: Argument, data: int) -> int:
    layout = k.target.struct("struct ptrace_xstate_info")
    buffer = _sized(addr, data, layout.size)
    info = ptrace.getxstate_info(pid, kernel=k)
    return _same(layout.pack({"xsave_mask": info.mask.value, "xsave_len": info.length}), buffer)


def _getxstate(k: Kernel, pid: int, addr: Argument, data: int) -> int:
    if not isinstance(addr, bytearray) or len(addr) != data:
        raise Inexpressible("a buffer of another size")
    state = bytes(ptrace.getxstate(pid, kernel=k))
    if len(state) != data:
        raise Inexpressible("a buffer of another size")
    return _same(state, addr)


def _setxstate(k: Kernel, pid: int, addr: Argument, data: int) -> int:
    if not isinstance(addr, bytearray) or len(addr) != data:
        raise Inexpressible("a buffer of another size")
    state = ptrace.XState(addr, ptrace.getxstate_info(pid, kernel=k))
    ptrace.setxstate(pid, state, kernel=k)
    return 0


_GETREGS, _SETREGS = _registers(dict(GENERAL), ptrace.getregs, ptrace.setregs)
_GETFPREGS, _SETFPREGS = _registers(dict(FLOATING), ptrace.getfpregs, ptrace.setfpregs)
_GETDBREGS, _SETDBREGS = _registers(dict(DEBUG), ptrace.getdbregs, ptrace.setdbregs)
_GETFSBASE, _SETFSBASE = _base(ptrace.getfsbase, ptrace.setfsbase)
_GETGSBASE, _SETGSBASE = _base(ptrace.getgsbase, ptrace.setgsbase)
_GETTLSBASE, _SETTLSBASE = _base(ptrace.gettlsbase, ptrace.settlsbase)

FORMS: Final[dict[int, Form]] = {
    Request.PT_TRACE_ME: _trace_me,
    Request.PT_READ_I: _peek(ptrace.read_i),
    Request.PT_READ_D: _peek(ptrace.read_d),
    Request.PT_WRITE_I: _poke(ptrace.write_i),
    Request.PT_WRITE_D: _poke(ptrace.write_d),
    Request.PT_CONTINUE: _resume(ptrace.cont),
    Request.PT_KILL: _plain(ptrace.kill),
    Request.PT_STEP: _resume_here(ptrace.step),
    Request.PT_ATTACH: _plain(ptrace.attach),
    Request.PT_DETACH: _resume_here(ptrace.detach),
    Request.PT_LWPINFO: _lwpinfo,
    Request.PT_GETNUMLWPS: _counted(ptrace.getnumlwps),
    Request.PT_GETLWPLIST: _getlwplist,
    Request.PT_CLEARSTEP: _plain(ptrace.clearstep),
    Request.PT_SETSTEP: _plain(ptrace.setstep),
    Request.PT_SUSPEND: _plain(ptrace.suspend),
    Request.PT_RESUME: _plain(ptrace.resume),
    Request.PT_TO_SCE: _resume(ptrace.to_sce),
    Request.PT_TO_SCX: _resume(ptrace.to_scx),
    Request.PT_SYSCALL: _resume(ptrace.syscall),
    Request.PT_FOLLOW_FORK: _switch(ptrace.follow_fork),
    Request.PT_LWP_EVENTS: _switch(ptrace.lwp_events),
    Request.PT_GET_EVENT_MASK: _get_event_mask,
    Request.PT_SET_EVENT_MASK: _set_event_mask,
    Request.PT_GET_SC_ARGS: _get_sc_args,
    Request.PT_GET_SC_RET: _get_sc_ret,
    Request.PT_COREDUMP: _coredump,
    Request.PT_GETREGS: _GETREGS,
    Request.PT_SETREGS: _SETREGS,
    Request.PT_GETFPREGS: _GETFPREGS,
    Request.PT_SETFPREGS: _SETFPREGS,
    Request.PT_GETDBREGS: _GETDBREGS,
    Request.PT_SETDBREGS: _SETDBREGS,
    Request.PT_VM_TIMESTAMP: _counted(ptrace.vm_timestamp),
    X86Request.PT_GETXSTATE_INFO: _xstate_info,
    X86Request.PT_GETXSTATE: _getxstate,
    X86Request.PT_SETXSTATE: _setxstate,
    X86Request.PT_GETFSBASE: _GETFSBASE,
    X86Request.PT_SETFSBASE: _SETFSBASE,
    X86Request.PT_GETGSBASE: _GETGSBASE,
    X86Request.PT_SETGSBASE: _SETGSBASE,
    X86Request.PT_GETTLSBASE: _GETTLSBASE,
    X86Request.PT_SETTLSBASE: _SETTLSBASE,
}
"""The requests that go by their plain arguments."""


def ask(k: Kernel, request: int, pid: int, addr: Argument, data: int) -> int:
    """ptrace(2) through the request's typed function."""
    form = FORMS.get(request)
    if form is None:
        raise Inexpressible("no plain form of this request")
    return form(k, pid, addr, data)


# -- requests with a buffer inside ---------------------------------------------------


def io(k: Kernel, pid: int, op: int, offset: int, buffer: bytearray) -> int:
    """PT_IO; the bytes moved."""
    kind = IoOp(op)
    if kind is IoOp.PIOD_READ_D or kind is IoOp.PIOD_READ_I:
        found = ptrace.io(pid, kind, offset, len(buffer), kernel=k)
        buffer[: len(found)] = found
        return len(found)
    return ptrace.io(pid, kind, offset, bytes(buffer), kernel=k)


def vm_entry(k: Kernel, pid: int, entry: int, pathlen: int) -> dict[str, int | str]:
    """PT_VM_ENTRY, as the suite has it."""
    if 0 < pathlen < _PATH_MAX:
        raise Inexpressible("little room for the path")
    found = ptrace.vm_entry(pid, entry, kernel=k)
    path = found.path or ""
    return {
        "entry": found.entry, "timestamp": found.timestamp, "start": found.start,
        "end": found.end - 1, "offset": found.offset, "prot": found.protection.value,
        "pathlen": len(encode.text(path)) if path and pathlen else 0,
        "fileid": found.fileid or 0,
        "fsid": _NO_FILE if found.fsid is None else found.fsid,
        "path": path if pathlen else "",
    }


def regset(k: Kernel, pid: int, note: int, buffer: bytearray | None, write: bool) -> int:
    """PT_GETREGSET and PT_SETREGSET; the length that comes back."""
    if write:
        if buffer is None:
            raise Inexpressible("a register set of no bytes")
        value = regsets.decode(k, note, bytes(buffer))
        if _set_bytes(value, len(buffer)) != buffer:
            raise Inexpressible("bytes that are no whole set")
        ptrace.setregset(pid, note, value, kernel=k)
        return len(buffer)
    if buffer is None:
        return ptrace.getregset_size(pid, note, kernel=k)
    raw = ptrace.getregset_bytes(pid, note, kernel=k)
    if len(raw) != len(buffer):
        raise Inexpressible("a buffer of another size")
    value = ptrace.getregset(pid, note, kernel=k)
    made = _set_bytes(value, len(raw))
    if made != raw:
        raise AssertionError(f"set {note:#x} becomes {made.hex()}, not {raw.hex()}")
    buffer[:] = made
    return len(made)


def _set_bytes(value: regsets.RegisterSet, size: int) -> bytes:
    if isinstance(value, str):
        return encode.text(value).ljust(size, b"\0")
    if isinstance(value, tuple):
        return b"".join(encode.number(word, _WORD) for word in value)
    return bytes(value)


def sc_remote(k: Kernel, pid: int, number: int, args: list[int]) -> tuple[int, int]:
    """PT_SC_REMOTE: error and first return value."""
    found = ptrace.sc_remote(pid, number, args, wait=False, kernel=k)
    return found.error, found.retval[0]


def getlwplist(k: Kernel, pid: int, room: int) -> list[int]:
    """PT_GETLWPLIST, where the room suffices."""
    if room <= 0:
        raise Inexpressible("no room")
    found = ptrace.getlwplist(pid, kernel=k)
    if len(found) > room:
        raise Inexpressible("less room than there are threads")
    return list(found)
