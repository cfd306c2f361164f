"""ptrace(2) as an i386 debugger calls it: freebsd32_ptrace, and the rules that
sys_process.c has for such a debugger.

Structures are i386's.  Registers can be read of any tracee, an amd64 one's
cut to 32 bits, but written only of an i386 one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64 import debug, fpu
from bsdproc.emulator.bsd.amd64.frame import context_of
from bsdproc.emulator.bsd.state import TDB
from bsdproc.emulator.caller import CallerMemory, LentBuffer
from bsdproc.emulator.errno import EINVAL, ENOSYS, Refused
from bsdproc.emulator.freebsd import remote
from bsdproc.emulator.freebsd.amd64 import request
from bsdproc.emulator.freebsd.amd64.abi import ELF32
from bsdproc.emulator.freebsd.ia32 import regs
from bsdproc.emulator.freebsd.ia32.signal import SIGINFO
from bsdproc.emulator.freebsd.ptrace import call as wide
from bsdproc.emulator.freebsd.ptrace import numbers as n
from bsdproc.emulator.freebsd.ptrace import ptrace as wide_ptrace
from bsdproc.emulator.freebsd.ptrace.call import copyin, copyout, number
from bsdproc.emulator.freebsd.ptrace.requests import perform, target_of

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.caller import UserMemory
    from bsdproc.emulator.freebsd.ptrace import Argument, Request
    from bsdproc.emulator.freebsd.system import System

IO_DESC: Final = struct.Struct("<iIII")
IOVEC: Final = struct.Struct("<II")
VM_ENTRY: Final = struct.Struct("<iiIIIIIiII")
WIDE_VM_ENTRY: Final = struct.Struct("<iiQQQIIqI4xQ")
LWPINFO: Final = struct.Struct("<iii16s16s64s20siII")
WIDE_SIGINFO: Final = struct.Struct("<iiiiIiQQ40s")
SIGINFO_END: Final = 108
"""Where the signal's information ends in struct ptrace_lwpinfo32."""
WIDE_SIGINFO_START: Final = 48
COREDUMP: Final = struct.Struct("<iIq")
SC_REMOTE: Final = struct.Struct("<IIiIII")
SC_RET: Final = struct.Struct("<IIi")
XSTATE_INFO: Final = struct.Struct("<QI")
PT_I386_GETXMMREGS: Final = 64
PT_I386_SETXMMREGS: Final = 65
M32: Final = 0xFFFFFFFF

_KERNEL = CallerMemory(0, 0)


def scratch(size: int) -> LentBuffer:
    """The kernel's own memory, to take an amd64 structure."""
    return LentBuffer(_KERNEL, bytearray(size))


def ptrace(system: System, td: Thread, request_: int, pid: int, addr: Argument, data: int,
           mem: UserMemory) -> int | Request:
    """The result, or a generator that ends with it, as the other's."""
    if not system.settings.get("security.bsd.allow_ptrace", 1):
        raise Refused(ENOSYS)
    register = REGISTERS.get(request_)
    if register is not None:
        return register(system, td, request_, pid, addr, mem)
    if request_ >= n.PT_FIRSTMACH:
        _, td2 = target_of(system, td, request_, pid)
        return _machine(td2, request_, addr, data, mem)
    convert = CONVERTED.get(request_)
    if convert is not None:
        return convert(system, td, request_, pid, addr, data, mem)
    return wide_ptrace(system, td, request_, pid, addr, data, mem)


# -- registers -----------------------------------------------------------------
Register = Callable[["System", "Thread", int, int, "Argument", "UserMemory"], int]


def _reader(fill: Callable[[Thread], bytes]) -> Register:
    def work(system: System, td: Thread, request_: int, pid: int, addr: Argument,
             mem: UserMemory) -> int:
        _, td2 = target_of(system, td, request_, pid)
        copyout(mem, addr, fill(td2))
        return 0
    return work


def _writer(size: int, set_: Callable[[Thread, bytes], None]) -> Register:
    def work(system: System, td: Thread, request_: int, pid: int, addr: Argument,
             mem: UserMemory) -> int:
        given = copyin(mem, addr, size)
        p, td2 = target_of(system, td, request_, pid)
        td2.dbgflags |= TDB.USERWR
        if p.sysent != ELF32.name:
            raise Refused(EINVAL)
        set_(td2, given)
        return 0
    return work


def getdbregs(td: Thread) -> bytes:
    """fill_dbregs32."""
    return regs.DBREG.pack(*(word & M32 for word in debug.DBREG.unpack(debug.getdbregs(td))[:8]))


def setdbregs(td: Thread, data: bytes) -> None:
    debug.setdbregs(td, debug.DBREG.pack(*regs.DBREG.unpack(data), *[0] * 8))


REGISTERS: Final[dict[int, Register]] = {
    n.PT_GETREGS: _reader(regs.getregs),
    n.PT_SETREGS: _writer(regs.REG.size, regs.setregs),
    n.PT_GETFPREGS: _reader(regs.getfpregs),
    n.PT_SETFPREGS: _writer(regs.FPREG_SIZE, regs.setfpregs),
    n.PT_GETDBREGS: _reader(getdbregs),
    n.PT_SETDBREGS: _writer(regs.DBREG.size, setdbregs),
}


# -- the machine's own: cpu32_ptrace --------------------------------------------
def _machine(td: Thread, request_: int, addr: Argument, data: int, mem: UserMemory) -> int:
    if request_ == PT_I386_GETXMMREGS:
        copyout(mem, addr, fpu.fpu_get(td))
    elif request_ == PT_I386_SETXMMREGS:
        fpu.fpu_set(td, copyin(mem, addr, fpu.SAVEFPU))
    elif request_ == request.PT_GETXSTATE_INFO:
        if data != XSTATE_INFO.size:
            raise Refused(EINVAL)
        copyout(mem, addr, XSTATE_INFO.pack(fpu.XSAVE_MASK, fpu.XSTATE_SIZE))
    elif request_ in request.XSTATE:
        request.XSTATE[request_](td, number(addr), data, mem)
    elif request_ in BASES:
        name, sets = BASES[request_]
        if td.proc.sysent != ELF32.name:
            raise Refused(EINVAL)
        if sets:
            request.set_base(td, name, int.from_bytes(copyin(mem, addr, 4), "little"))
        else:
            copyout(mem, addr, (context_of(td).get(name) & M32).to_bytes(4, "little"))
    else:
        raise Refused(EINVAL)
    return 0


BASES: Final = {
    request.PT_GETFSBASE: ("fs_base", False), request.PT_SETFSBASE: ("fs_base", True),
    request.PT_GETGSBASE: ("gs_base", False), request.PT_SETGSBASE: ("gs_base", True),
}


# -- structures of another size ---------------------------------------------------
Convert = Callable[["System", "Thread", int, int, "Argument", int, "UserMemory"],
                   "int | Request"]


def _done(result: int | Request) -> int:
    """Of a request that the tracee does not have to serve itself."""
    assert isinstance(result, int)
    return result


def _io(system: System, td: Thread, request_: int, pid: int, addr: Argument, data: int,
        mem: UserMemory) -> int:
    op, offset, address, size = IO_DESC.unpack(copyin(mem, addr, IO_DESC.size))
    out = scratch(wide.IO_DESC.size)
    result = _done(perform(system, td, request_, pid, out, data, mem,
                           wide.IO_DESC.pack(op, offset, address, size)))
    done = wide.IO_DESC.unpack(out.read())[3]
    copyout(mem, addr, IO_DESC.pack(op, offset, address, done))
    return result


def _vm_entry(system: System, td: Thread, request_: int, pid: int, addr: Argument, data: int,
              mem: UserMemory) -> int:
    asked = VM_ENTRY.unpack(copyin(mem, addr, VM_ENTRY.size))
    out = scratch(WIDE_VM_ENTRY.size)
    result = _done(perform(system, td, request_, pid, out, data, mem,
                           WIDE_VM_ENTRY.pack(*asked)))
    entry, stamp, start, end, offset, prot, length, fileid, fsid, _ = WIDE_VM_ENTRY.unpack(
        out.read())
    copyout(mem, addr, VM_ENTRY.pack(
        entry, stamp, start & M32, end & M32, offset & M32, prot, length,
        (fileid & M32 ^ 0x80000000) - 0x80000000, fsid, asked[-1]))
    return result


def _lwpinfo(system: System, td: Thread, request_: int, pid: int, addr: Argument, data: int,
             mem: UserMemory) -> int:
    """A size that leaves the signal's information out gives none; even 0 is a size."""
    if not 0 <= data <= LWPINFO.size:
        raise Refused(EINVAL)
    size = wide.LWPINFO.size if data >= SIGINFO_END else WIDE_SIGINFO_START
    out = scratch(wide.LWPINFO.size)
    result = _done(perform(system, td, request_, pid, out, size, mem, b""))
    lwpid, event, flags, mask, pending, info, name, child, code, narg = wide.LWPINFO.unpack(
        whole_lwpinfo(system, td, pid, out, size))
    copyout(mem, addr, LWPINFO.pack(
        lwpid, event, flags, mask, pending, narrow_siginfo(info), name, child, code,
        narg)[:data])
    return result


def whole_lwpinfo(system: System, td: Thread, pid: int, out: LentBuffer, size: int) -> bytes:
    """The kernel's whole record, of which a caller that gives less room is
    told no signal; the fields behind it are told all the same."""
    if size == wide.LWPINFO.size:
        return out.read()
    rest = scratch(wide.LWPINFO.size)
    perform(system, td, n.PT_LWPINFO, pid, rest, wide.LWPINFO.size, _KERNEL, b"")
    return out.read(0, WIDE_SIGINFO_START) + bytes(80) + rest.read(WIDE_SIGINFO_START + 80)


def narrow_siginfo(info: bytes) -> bytes:
    """siginfo_to_siginfo32."""
    signo, errno, code, pid, uid, status, address, value, reason = WIDE_SIGINFO.unpack(info)
    trapno = int.from_bytes(reason[:4], "little", signed=True)
    return SIGINFO.pack(signo, errno, code, pid, uid, status, address & M32, value & M32, trapno)


def _regset(system: System, td: Thread, request_: int, pid: int, addr: Argument, data: int,
            mem: UserMemory) -> int:
    """The sets are those of the tracee, whatever the debugger is."""
    base, size = IOVEC.unpack(copyin(mem, addr, IOVEC.size))
    out = scratch(wide.IOVEC.size)
    result = _done(perform(system, td, request_, pid, out, data, mem,
                           wide.IOVEC.pack(base, size)))
    if request_ == n.PT_GETREGSET:
        copyout(mem, addr, IOVEC.pack(base, wide.IOVEC.unpack(out.read())[1]))
    return result


def _sc_args(system: System, td: Thread, request_: int, pid: int, addr: Argument, data: int,
             mem: UserMemory) -> int:
    out = scratch(8 * remote.SC_ARGS_MAX)
    result = _done(perform(system, td, request_, pid, out, len(out), mem, b""))
    _narrow_target(system, td, request_, pid)
    words = struct.unpack(f"<{remote.SC_ARGS_MAX}Q", out.read())
    narrow = struct.pack(f"<{remote.SC_ARGS_MAX}I", *(w & M32 for w in words))
    copyout(mem, addr, narrow[:_room(data, len(narrow))])
    return result


def _sc_ret(system: System, td: Thread, request_: int, pid: int, addr: Argument, data: int,
            mem: UserMemory) -> int:
    out = scratch(remote.SC_RET.size)
    result = _done(perform(system, td, request_, pid, out, len(out), mem, b""))
    _narrow_target(system, td, request_, pid)
    copyout(mem, addr, narrow_result(out.read())[:_room(data, SC_RET.size)])
    return result


def _narrow_target(system: System, td: Thread, request_: int, pid: int) -> None:
    """EINVAL for a 64-bit process: its words are not to be cut."""
    if target_of(system, td, request_, pid)[0].sysent != ELF32.name:
        raise Refused(EINVAL)


def _room(data: int, size: int) -> int:
    """MIN() of an int and a size: a negative one is large."""
    return data if 0 <= data < size else size


def narrow_result(data: bytes) -> bytes:
    """ptrace_sc_ret_to32."""
    first, second, error = remote.SC_RET.unpack_from(data)
    return SC_RET.pack(first & M32, second & M32, error)


def _coredump(system: System, td: Thread, request_: int, pid: int, addr: Argument, data: int,
              mem: UserMemory) -> int | Request:
    if data != COREDUMP.size:
        raise Refused(EINVAL)
    return perform(system, td, request_, pid, addr, remote.COREDUMP.size, mem,
                   copyin(mem, addr, COREDUMP.size))


def _sc_remote(system: System, td: Thread, request_: int, pid: int, addr: Argument, data: int,
               mem: UserMemory) -> Request:
    if data != SC_REMOTE.size:
        raise Refused(EINVAL)
    *_, code, nargs, where = SC_REMOTE.unpack(copyin(mem, addr, SC_REMOTE.size))
    if nargs > remote.SC_ARGS_MAX:
        raise Refused(EINVAL)
    args = struct.unpack(f"<{nargs}I", mem.copyin(where, 4 * nargs))
    out = scratch(remote.SC_REMOTE.size)
    result = perform(
        system, td, request_, pid, out, remote.SC_REMOTE.size, mem,
        remote.SC_REMOTE.pack(0, 0, 0, code, nargs, 0) + struct.pack(f"<{nargs}Q", *args))
    if not isinstance(result, int):
        result = yield from result
    copyout(mem, addr, narrow_result(out.read()))
    return result


CONVERTED: Final[dict[int, Convert]] = {
    n.PT_IO: _io,
    n.PT_VM_ENTRY: _vm_entry,
    n.PT_LWPINFO: _lwpinfo,
    n.PT_GETREGSET: _regset,
    n.PT_SETREGSET: _regset,
    n.PT_GET_SC_ARGS: _sc_args,
    n.PT_GET_SC_RET: _sc_ret,
    n.PT_COREDUMP: _coredump,
    n.PT_SC_REMOTE: _sc_remote,
}
