"""The native kernel: the BSD that this Python runs on.

Every pointer that the kernel is handed is memory lent by `buffer`, or none of
the caller's; see `lent` and `pointers`.  Arguments are looked at before C sees
them, and the result of a call after it: errno, cleared before the call, tells
a -1 that is a tracee's word from one that is an error.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from bsdproc import abi
from bsdproc.kernel import checks, errors, native_child, native_spawn, requests
from bsdproc.kernel import errno as numbers
from bsdproc.kernel.build_native import GROWN
from bsdproc.kernel.default import pop, push
from bsdproc.kernel.hosts import machine, system
from bsdproc.kernel.lent import PAGE, Lender, NativeBuffer, is_lent
from bsdproc.kernel.native_files import HostFiles
from bsdproc.kernel.native_mounts import Mounter
from bsdproc.kernel.pointers import pointers
from bsdproc.kernel.port import Address, Buffer, Caller, Kernel, StatVfs, Waited, Waited6

if TYPE_CHECKING:
    from bsdproc.kernel._native import FFI, CData, CType, Lib

T = TypeVar("T")

_ROUNDS: Final = 8
"""How often a sysctl table may outgrow a quarter more than the size it had."""
_RECORD: Final = 2048
"""More than any record of a table takes.  Tables of records of many sizes end without
an error where the next one does not fit; an answer that leaves this much is whole."""


class NativeKernel(HostFiles):
    """The host's own kernel, as the calling process sees it.

    `errors.NoKernel` where the native module does not fit this host: it was
    built for headers with another layout than bsdproc declares."""

    def __init__(
        self, ffi: FFI | None = None, lib: Lib | None = None, *, platform: str = sys.platform
    ) -> None:
        if ffi is None or lib is None:
            from bsdproc.kernel import _native

            ffi, lib = _native.ffi, _native.lib
        name = system(platform)
        if name is None:
            raise errors.NoKernel(f"{platform} is no BSD")
        super().__init__(name)
        self._ffi = ffi
        self._lib = lib
        self._interrupted = numbers.number(name, "EINTR")
        self._lender = Lender(ffi, lib, name)
        # Nodes whose last answer took more than a page: their size is asked for first.
        self._tables: set[str | tuple[int, ...]] = set()
        architecture = self.sysctl("hw.machine_arch").rstrip(b"\0").decode()
        # What every typed function asks for first is no property.
        self.target = abi.target(name, machine(name, architecture))
        self.machine = self.target.machine
        self._passed_on, self._nested, self._nested_commands = pointers(self.target)
        self._bits = 8 * self.target.pointer
        self._addresses = 1 << self._bits
        self._id_bits = 8 * lib.bsdproc_sizeof_id()
        self.release = os.uname().release
        revision = "kern.osrevision" if name == "netbsd" else "kern.osreldate"
        self.version = int.from_bytes(self.sysctl(revision), sys.byteorder)
        self._mounter = Mounter(ffi, lib, self.target, self._lender)
        verify_layouts(ffi, self.target)

    def __repr__(self) -> str:
        return f"<the host's kernel, {self.system} {self.release} {self.machine}>"

    def __enter__(self) -> Kernel:
        push(self)
        return self

    def __exit__(self, *exc: object) -> None:
        pop(self)

    # -- the caller and its memory ------------------------------------------
    def buffer(self, contents: int | bytes | bytearray | memoryview) -> NativeBuffer:
        return self._lender.lend(contents)

    def getpid(self) -> int:
        return os.getpid()

    def caller(self) -> Caller:
        if self.system == "netbsd":
            svuid, svgid = self._saved_ids()
        else:
            svuid, svgid = os.getresuid()[2], os.getresgid()[2]
        return Caller(
            pid=os.getpid(), ppid=os.getppid(), pgid=os.getpgid(0), sid=os.getsid(0),
            uid=os.geteuid(), ruid=os.getuid(), svuid=svuid,
            gid=os.getegid(), rgid=os.getgid(), svgid=svgid,
            groups=tuple(os.getgroups()),
        )

    def _saved_ids(self) -> tuple[int, int]:
        """NetBSD has no getresuid(2); its process table knows."""
        constants, struct = self.target.constants, self.target.struct("struct kinfo_proc2")
        table = self.sysctl([
            constants["CTL_KERN"], constants["KERN_PROC2"], constants["KERN_PROC_PID"],
            os.getpid(), struct.size, 1,
        ])
        svuid, svgid = struct.reader("p_svuid", "p_svgid")(table, 0)
        return svuid, svgid

    # -- processes ----------------------------------------------------------
    def spawn(
        self,
        path: str,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        traced: bool = False,
        new_group: bool = False,
        uid: int | None = None,
        gid: int | None = None,
        groups: Sequence[int] | None = None,
        cwd: str | None = None,
        fds: Mapping[int, int] | None = None,
    ) -> int:
        return native_spawn.spawn(
            self._ffi, self._lib, self.system, path, argv, env, traced=traced,
            new_group=new_group, uid=uid, gid=gid, groups=groups, cwd=cwd, fds=fds,
        )

    def wait4(self, pid: int, options: int = 0, detail: bool = True) -> Waited:
        if not type(pid) is type(options) is int or (pid | options) >> 31:
            checks.int32("pid", pid)
            checks.int32("options", options)
        usage = self._lender.lend(self._lib.bsdproc_sizeof_rusage()) if detail else None
        where = self._ffi.NULL if usage is None else self._pointer(usage)
        status = self._ffi.new("int[]", 1)
        while (found := self._lib.bsdproc_wait4(pid, status, options, where)) == -1:
            self._try_again("wait4", pid)
        if found == 0:
            return Waited(0, 0, b"")
        return Waited(found, status[0], b"" if usage is None else usage.read())

    def wait6(self, idtype: int, id: int, options: int, detail: bool = True) -> Waited6:
        if not type(idtype) is type(id) is type(options) is int or (idtype | id | options) >> 31:
            checks.int32("idtype", idtype)
            self._check_id(id)
            checks.int32("options", options)
        if self.system == "dragonfly":
            raise errors.not_supported(self.system, call="wait6")
        status = self._ffi.new("int[]", 1)
        usage = info = None
        usage_at = info_at = self._ffi.NULL
        if detail:
            usage = self._lender.lend(self._lib.bsdproc_sizeof_wrusage())
            info = self._lender.lend(self._lib.bsdproc_sizeof_siginfo())
            usage_at, info_at = self._pointer(usage), self._pointer(info)
        while (found := self._lib.bsdproc_wait6(
                idtype, id, status, options, usage_at, info_at)) == -1:
            self._try_again("wait6", id)
        if found == 0:
            return Waited6(0, 0, b"", b"")
        if usage is None or info is None:
            return Waited6(found, status[0], b"", b"")
        return Waited6(found, status[0], usage.read(), info.read())

    def _try_again(self, name: str, id: int) -> None:
        """A wait has failed: its error, unless a signal has broken it off.

        Python's handlers run before the wait's next round, and may raise (PEP 475)."""
        if self._ffi.errno != self._interrupted:
            raise self._failure(name, target=id)

    def kill(self, pid: int, signal: int) -> None:
        checks.int32("pid", pid)
        checks.int32("signal", signal)
        if self._lib.bsdproc_kill(pid, signal) == -1:
            raise self._failure("kill", target=pid)

    def run_child(self, work: Callable[[Kernel], T], *, uid: int | None = None,
                  gid: int | None = None) -> T:
        return native_child.run_child(self, work, uid=uid, gid=gid)

    def settle(self, seconds: float) -> None:
        checks.seconds(seconds)
        time.sleep(seconds)

    # -- process control ----------------------------------------------------
    def ptrace(self, request: int, pid: int, addr: Address, data: int) -> int:
        if not type(request) is type(pid) is type(data) is int or (request | pid | data) >> 31:
            checks.request(request, pid, data)
        if type(addr) is NativeBuffer and request not in self._nested:
            where = addr.address
        elif request in self._passed_on:
            where = (addr if type(addr) is int and 0 <= addr < self._addresses
                     else self._address("addr", addr))
        else:
            return self._lending(
                "addr", addr, self._nested.get(request),
                lambda where: self._ptrace(request, pid, where, data),
            )
        return self._ptrace(request, pid, where, data)

    def _ptrace(self, request: int, pid: int, addr: int, data: int) -> int:
        result = self._lib.bsdproc_ptrace(request, pid, addr, data)
        if result == -1 and self._ffi.errno != 0:
            raise self._failure("ptrace", requests.ptrace_name(self.target, request), pid)
        return result

    def procctl(self, idtype: int, id: int, command: int, data: Address) -> int:
        checks.int32("idtype", idtype)
        self._check_id(id)
        checks.int32("command", command)
        if self.system == "netbsd":
            raise errors.not_supported("netbsd", call="procctl")
        return self._lending(
            "data", data, self._nested_commands.get(command),
            lambda where: self._procctl(idtype, id, command, where),
        )

    def _procctl(self, idtype: int, id: int, command: int, data: int) -> int:
        result = self._lib.bsdproc_procctl(idtype, id, command, data)
        if result == -1 and self._ffi.errno != 0:
            raise self._failure("procctl", requests.procctl_name(self.target, command), id)
        return result

    # -- sysctl -------------------------------------------------------------
    def sysctl(self, mib: Sequence[int] | str, *, new: bytes | None = None,
               room: int | None = None) -> bytes:
        checks.sysctl(mib, new, room)
        call = self._sysctl_call(mib, new)
        if room is None and new is not None:
            room = 0
        if room is not None:
            return self._fetch(call, room)
        node = mib if isinstance(mib, str) else tuple(mib[:3])
        if node in self._tables:
            old = self._sized(call)
            if len(old) <= PAGE - _RECORD:
                self._tables.discard(node)
            return old
        try:
            old = self._fetch(call, PAGE)
        except errors.KernelError as error:
            if error.errno != numbers.number(self.system, "ENOMEM"):
                raise
        else:
            if len(old) <= PAGE - _RECORD:
                return old
        self._tables.add(node)
        return self._sized(call)

    def _sized(self, call: Callable[[int, int], int]) -> bytes:
        """An old value of any size, which may grow meanwhile."""
        too_little = numbers.number(self.system, "ENOMEM")
        for _ in range(_ROUNDS):
            size = call(0, 0)
            try:
                return self._fetch(call, size + size // 4 + PAGE)
            except errors.KernelError as error:
                if error.errno != too_little:
                    raise
        return self._fetch(call, 4 * call(0, 0) + 64 * PAGE)

    def sysctl_size(self, mib: Sequence[int] | str) -> int:
        checks.sysctl(mib, None, None)
        return self._sysctl_call(mib, None)(0, 0)

    def _fetch(self, call: Callable[[int, int], int], room: int) -> bytes:
        """The old value in a buffer of that size; without one for 0."""
        old = self._lender.lend(room)
        size = call(old.address if room else 0, room)
        return old.read(0, min(size, room))

    def _sysctl_call(self, mib: Sequence[int] | str,
                     new: bytes | None) -> Callable[[int, int], int]:
        """The call as a function of the old value's address and room, giving its size."""
        ffi, lib = self._ffi, self._lib
        fresh: CData = ffi.NULL
        fresh_size = 0
        if new is not None:
            fresh, fresh_size = ffi.new("char[]", bytes(new)), len(new)
        if isinstance(mib, str):
            name = mib.encode()
            label = mib

            def call(old: int, size: CData) -> int:
                return lib.bsdproc_sysctlbyname(name, old, size, fresh, fresh_size)
        else:
            wanted = list(mib)
            label = requests.sysctl_name(tuple(wanted))
            numbered = ffi.new("int[]", wanted)

            def call(old: int, size: CData) -> int:
                return lib.bsdproc_sysctl(numbered, len(wanted), old, size, fresh, fresh_size)

        def run(old: int, room: int) -> int:
            size = ffi.new("size_t[]", [room])
            # A null size as well says that no old value is wanted.
            if call(old, ffi.NULL if new is not None and room == 0 else size) == -1:
                raise self._failure("sysctl", label)
            return size[0]

        return run

    # -- file systems ---------------------------------------------------------
    def mount(self, fstype: str, path: str, flags: int, data: Address = 0, size: int = 0) -> int:
        kind, where = checks.path("fstype", fstype), checks.path("path", path)
        bits = checks.mount_flags(flags)
        checks.size("size", size)
        return self._lending("data", data, None, lambda at: self._mounter.mount(
            kind, where, bits, at, size))

    def nmount(self, iov: Sequence[bytes | Buffer], flags: int) -> None:
        self._mounter.nmount(iov, checks.mount_flags(flags))

    def unmount(self, path: str, flags: int = 0) -> None:
        self._mounter.unmount(checks.path("path", path), checks.mount_flags(flags))

    def statvfs(self, path: str) -> StatVfs:
        return self._mounter.statvfs(checks.path("path", path))

    # -- what the calls share -------------------------------------------------
    def _failure(self, call: str, request: str | None = None,
                 target: int | None = None) -> errors.KernelError:
        return errors.from_errno(
            self.system, self._ffi.errno, call=call, request=request, target=target
        )

    def _pointer(self, buffer: NativeBuffer) -> CData:
        return self._ffi.cast("char *", buffer.address)

    def _check_id(self, id: int) -> None:
        checks.within("id", id, -(1 << self._id_bits - 1), (1 << self._id_bits - 1) - 1)

    def _address(self, name: str, address: Address) -> int:
        if isinstance(address, NativeBuffer):
            return address.address
        return checks.address(name, address, self._bits)

    def _mine(self, address: int) -> int:
        """A pointer into the caller's memory as the kernel may see it: what was
        not lent is not there, so that it answers EFAULT in its own good time."""
        return address if address < PAGE or is_lent(address) else self._lender.hole

    def _lending(self, name: str, pointer: Address, nested: int | None,
                 call: Callable[[int], int]) -> int:
        """Call with a pointer into the caller's memory.

        `nested` is where a pointer to more of it lies in the structure there;
        while the call lasts, that one is such as the kernel may see, too."""
        address = self._address(name, pointer)
        if not isinstance(pointer, NativeBuffer):
            if nested is not None and is_lent(address):
                raise TypeError(f"{name} must be the lent buffer itself, not its address: it "
                                "holds a pointer")
            return call(self._mine(address))
        width = self.target.pointer
        if nested is None or len(pointer) < nested + width:
            return call(address)
        stored = pointer.read(nested, width)
        allowed = self._mine(int.from_bytes(stored, sys.byteorder)).to_bytes(width, sys.byteorder)
        if allowed == stored:
            return call(address)
        pointer.write(allowed, nested)
        try:
            return call(address)
        finally:
            pointer.write(stored, nested)


def verify_layouts(ffi: FFI, target: abi.Target) -> None:
    """Have cffi hold every declared layout against what the compiler saw.

    `NoKernel` that names the structures that differ: the system's headers are
    newer than this bsdproc knows them, or older."""
    differing = []
    _, structs, unions = ffi.list_types()
    for name in [f"struct {s}" for s in structs] + [f"union {u}" for u in unions]:
        try:
            seen = ffi.typeof(name)
            if name in GROWN:
                _compare(seen, ffi.sizeof(name), target.struct(name))
        except (ffi.error, ValueError) as error:
            differing.append(f"{name}: {error}")
    if differing:
        raise errors.NoKernel(
            "this system's headers lay out other structures than this bsdproc declares; "
            + "; ".join(differing)
        )


def _compare(seen: CType, size: int, declared: abi.Struct) -> None:
    """`ValueError` where a structure that cffi took from the compiler is another one."""
    if size != declared.size:
        raise ValueError(f"{size} bytes large, not {declared.size}")
    for name, field in seen.fields or ():
        if field.offset != declared.field(name).offset:
            raise ValueError(f"{name} at {field.offset}, not at {declared.field(name).offset}")
