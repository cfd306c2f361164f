"""The suite's Kernel over bsdproc's port: the emulated kernel, or the host's own.

BSDPROC_KERNEL says which, "emulated" unless told.  Everything goes through the
port; structures are the suite's bytes, lent to the kernel and copied back.

The suite opens the programs under control on the host as well, for their
symbols, so on the emulated kernel they lie at the same paths on both sides.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import struct
import time
import traceback
from collections.abc import Callable, Sequence
from typing import TypeVar

from bsdproc import kernel as kernels
from bsdproc.kernel import Address, Buffer, Kernel

T = TypeVar("T")

EMULATED = os.environ.get("BSDPROC_KERNEL", "emulated") == "emulated"
HERE = os.path.realpath(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.realpath(os.environ.get("CONFORMANCE_TRACEES", os.path.join(HERE, "tracees", "bin")))

O_WRONLY, O_CREAT, O_TRUNC = 0x1, 0x200, 0x400      # FreeBSD's
NOT_EXECUTED = 127
VM_ENTRY = ("entry", "timestamp", "start", "end", "offset", "prot", "pathlen", "fileid", "fsid")
ALL_ADDRESSES = 0xFFFFFFFFFFFFFFFF

if EMULATED:
    from bsdproc import emulator

    FreeBSD = emulator.FreeBSD      # loaded before the drivers are forked, once for all


class TransferFailed(OSError):
    """What PT_IO refused, with the length that came back."""

    def __init__(self, error: OSError, piod_len: int) -> None:
        super().__init__(error.errno, str(error))
        self.piod_len = piod_len


class HelperFailed(OSError):
    """What a helper raised, with its traceback."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.errno, str(error))
        self.trace = "".join(traceback.format_exception(error))


def _int32(number: int) -> int:
    return (number + 0x80000000 & 0xFFFFFFFF) - 0x80000000


class Port:
    """The protocol of suite/kernel.py."""

    def __init__(self, kernel: Kernel, scratch: str) -> None:
        self._k = kernel
        self._scratch = scratch

    # -- processes
    def getpid(self) -> int:
        return self._k.getpid()

    def tracee(self, name: str, mode: int | None = None) -> str:
        path = os.path.join(BIN, name)
        if mode is None:
            return path
        copy = self.scratch(name)
        shutil.copyfile(path, copy)
        if EMULATED:
            with contextlib.suppress(FileNotFoundError):
                self._k.unlink(copy)
            self.bring(copy, mode)
        else:
            os.chmod(copy, mode)
        return copy

    def bring(self, path: str, mode: int) -> None:
        """Put a file of the host's where the emulated kernel has it, too."""
        _make_folder(self._k, os.path.dirname(path))
        with open(path, "rb") as file:
            contents = file.read()
        fd = self._k.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o755)
        done = 0
        while done < len(contents):
            done += self._k.pwrite(fd, contents[done:], done)
        self._k.close(fd)
        self._k.chmod(path, mode)

    def spawn(self, path: str, argv: Sequence[str] = (), *, traced: bool = False,
              env: Sequence[str] = (), newpgrp: bool = False, uid: int | None = None) -> int:
        try:
            return self._k.spawn(
                path, [path, *argv], dict(_split(entry) for entry in env), traced=traced,
                new_group=newpgrp, uid=uid,
            )
        except OSError:
            # The suite's child lives on with the status of a failed execve.
            exiter = self.tracee("exiter")
            return self._k.spawn(exiter, [exiter, str(NOT_EXECUTED)], {})

    def wait(self, pid: int, options: int = 0) -> tuple[int, int]:
        found, status, _ = self._k.wait4(pid, options)
        return found, status

    def kill(self, pid: int, sig: int) -> None:
        self._k.kill(pid, sig)

    def helper(self, work: Callable[[Port], T], *, uid: int | None = None) -> T:
        try:
            return self._k.run_child(lambda k: work(Port(k, self._scratch)), uid=uid)
        except OSError as error:
            raise HelperFailed(error) from error

    def settle(self, seconds: float) -> None:
        self._k.settle(seconds)

    # -- ptrace
    def ptrace(self, request: int, pid: int, addr: int | bytearray, data: int) -> int:
        if isinstance(addr, bytearray):
            return self._lent(addr, lambda b: self._k.ptrace(request, pid, b, _int32(data)))
        return self._k.ptrace(request, pid, addr & ALL_ADDRESSES, _int32(data))

    def _lent(self, contents: bytearray, call: Callable[[Buffer], T]) -> T:
        """Call with a buffer of these bytes, which get what the kernel made of
        them, also when it failed in the midst of it."""
        buffer = self._k.buffer(contents)
        try:
            return call(buffer)
        finally:
            contents[:] = buffer.read()

    def io(self, pid: int, op: int, offset: int, buffer: bytearray) -> int:
        def call(inner: Buffer) -> int:
            record = bytearray(struct.pack("<iiQQQ", op, 0, offset, inner.address, len(buffer)))
            try:
                self.ptrace(12, pid, record, 0)
            except OSError as error:
                raise TransferFailed(error, _u64(record, 24)) from None
            return _u64(record, 24)
        return self._lent(buffer, call)

    def vm_entry(self, pid: int, entry: int, pathlen: int) -> dict[str, int | str]:
        path = bytearray(max(pathlen, 8))

        def call(inner: Buffer) -> bytearray:
            record = bytearray(struct.pack(
                "<iiQQQIIqIIQ", entry, 0, 0, 0, 0, 0, pathlen, 0, 0, 0, inner.address))
            self.ptrace(41, pid, record, 0)
            return record
        record = self._lent(path, call)
        result: dict[str, int | str] = dict(
            zip(VM_ENTRY, struct.unpack_from("<iiQQQIIqI", record), strict=True))
        result["path"] = bytes(path).split(b"\0")[0].decode()
        return result

    def regset(self, pid: int, note: int, buffer: bytearray | None, *, write: bool = False) -> int:
        def call(address: int, size: int) -> int:
            vector = bytearray(struct.pack("<QQ", address, size))
            self.ptrace(43 if write else 42, pid, vector, note)
            return _u64(vector, 8)
        if buffer is None:
            return call(0, 0)
        return self._lent(buffer, lambda inner: call(inner.address, len(buffer)))

    def sc_remote(self, pid: int, number: int, args: Sequence[int]) -> tuple[int, int]:
        def call(inner: Buffer) -> tuple[int, int]:
            record = bytearray(struct.pack(
                "<qqiiIIQ", 0, 0, 0, 0, number, len(args), inner.address))
            self.ptrace(44, pid, record, len(record))
            value, _, error = struct.unpack_from("<qqi", record)
            return error, value
        return self._lent(bytearray(struct.pack(f"<{len(args)}q", *args)), call)

    def getlwplist(self, pid: int, room: int) -> list[int]:
        ids = bytearray(4 * max(room, 1))
        count = self.ptrace(15, pid, ids, room)
        return list(struct.unpack_from(f"<{count}i", ids))

    # -- procctl
    def procctl(self, idtype: int, id: int, cmd: int,
                data: int | bytearray | None = None) -> int | None:
        def call(where: Address) -> int:
            return self._k.procctl(idtype, id, cmd, where)
        if data is None:
            call(0)
            return None
        if isinstance(data, bytearray):
            self._lent(data, call)
            return None
        number = bytearray(struct.pack("<i", _int32(data)))
        self._lent(number, call)
        return int.from_bytes(number, "little", signed=True)

    def reap_getpids(self, idtype: int, id: int, count: int) -> list[tuple[int, int, int]]:
        entries = bytearray(72 * max(count, 1))

        def call(inner: Buffer) -> None:
            request = bytearray(72)
            struct.pack_into("<I", request, 0, count)
            struct.pack_into("<Q", request, 64, inner.address)
            self.procctl(idtype, id, 5, request)
        self._lent(entries, call)
        found: list[tuple[int, int, int]] = [
            struct.unpack_from("<iiI", entries, 72 * i) for i in range(count)]
        return [entry for entry in found if entry[2] & 1]

    # -- sysctl
    def sysctl(self, mib: Sequence[int], new: bytes | None = None,
               room: int | None = None) -> bytes:
        return self._k.sysctl([_int32(n) for n in mib], new=new, room=room)

    def sysctl_size(self, mib: Sequence[int]) -> int:
        return self._k.sysctl_size([_int32(n) for n in mib])

    def sysctl_name(self, name: str, new: bytes | None = None) -> bytes:
        return self._k.sysctl(name, new=new)

    # -- files
    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        return self._k.open(path, flags, mode)

    def close(self, fd: int) -> None:
        self._k.close(fd)

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        return self._k.pread(fd, size, offset)

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        return self._k.pwrite(fd, data, offset)

    def unlink(self, path: str) -> None:
        self._k.unlink(path)

    def listdir(self, path: str) -> list[str]:
        return self._k.listdir(path)

    def readlink(self, path: str) -> str:
        return self._k.readlink(path)

    def stat(self, path: str) -> tuple[int, int]:
        s = self._k.lstat(path)
        return s.mode, s.size

    def scratch(self, name: str) -> str:
        return os.path.join(self._scratch, name)


def _u64(record: bytearray, at: int) -> int:
    return int.from_bytes(record[at:at + 8], "little")


def _split(entry: str) -> tuple[str, str]:
    name, _, value = entry.partition("=")
    return name, value


def _make_folder(kernel: Kernel, path: str) -> None:
    """A folder and those above it, which every user can pass: /root, where
    the suite may lie on the host, is closed on a fresh FreeBSD."""
    if path in ("", "/"):
        return
    _make_folder(kernel, os.path.dirname(path))
    try:
        kernel.mkdir(path, 0o755)
    except FileExistsError:
        kernel.chmod(path, kernel.lstat(path).mode & 0o7777 | 0o111)


def _scratch(pid: int) -> str:
    return os.path.join("/tmp", f"conformance.{pid}")


def _open() -> Kernel:
    return FreeBSD() if EMULATED else kernels.host()


# -- what the runner calls ------------------------------------------------------

def begin() -> None:
    """In a new driver process: a place of its own on the host; and for the
    host's kernel the state that the suite starts from."""
    where = _scratch(os.getpid())
    shutil.rmtree(where, ignore_errors=True)    # of one whose pid this was, and that was killed
    os.mkdir(where, 0o755)
    if EMULATED:
        return
    import resource

    os.setsid()
    os.chdir("/")
    os.umask(0o022)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):       # the threads library's own
            continue
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chmod(where, 0o755)


def open_kernel() -> Port:
    """The Kernel of the calling process."""
    kernel = _open()
    where = _scratch(os.getpid())
    port = Port(kernel, where)
    if EMULATED:
        _make_folder(kernel, where)
        for name in os.listdir(BIN):        # now, as uid 0: a helper that is a user could not
            port.bring(os.path.join(BIN, name), 0o755)
    return port


def sweep(pid: int) -> None:
    """After a driver has ended: what it left behind goes, too."""
    if not EMULATED:
        _sweep_session(kernels.host(), pid)
    shutil.rmtree(_scratch(pid), ignore_errors=True)


def _sweep_session(kernel: Kernel, session: int) -> None:
    record = kernel.target.struct("struct kinfo_proc")
    read = record.reader("ki_pid", "ki_stat")
    for _ in range(50):
        try:
            table = kernel.sysctl([1, 14, 3, session])
        except OSError:
            break
        found = [read(table, at) for at in range(0, len(table), record.size)]
        alive = [pid for pid, state in found if state != 5]     # a zombie is no one's worry
        for pid in alive:
            try:
                kernel.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        if not alive:
            break
        time.sleep(0.02)
    try:
        kernel.sysctl("security.bsd.unprivileged_proc_debug", new=struct.pack("<i", 1))
    except OSError:
        return


def describe() -> dict[str, str | int]:
    """Facts for the head of a golden file."""
    with _open() as kernel:
        return {
            "sysname": "FreeBSD" if kernel.system == "freebsd" else kernel.system,
            "release": kernel.release,
            "machine": kernel.machine,
            "osreldate": kernel.version,
        }
