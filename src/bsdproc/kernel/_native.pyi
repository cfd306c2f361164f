"""The compiled module: cffi's ffi and lib over _native.c, as far as bsdproc uses them."""

from collections.abc import Sequence
from typing import Literal, final, overload

class CData:
    """Something of C's that Python holds."""

class IntegerArray(CData):
    """`int[]`, `size_t[]`, `unsigned int[]`, or a pointer to one."""

    def __getitem__(self, index: int) -> int: ...
    def __setitem__(self, index: int, value: int) -> None: ...

@final
class Memory:
    """`ffi.buffer`: bytes that lie in C's memory."""

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> bytes: ...
    def __setitem__(self, index: slice, value: bytes) -> None: ...
    def __len__(self) -> int: ...

class Fd(CData):
    child: int
    parent: int
    spare: int

class FdArray(CData):
    def __getitem__(self, index: int) -> Fd: ...

class Spawn(CData):
    """`struct bsdproc_spawn *`."""

    path: CData
    argv: CData
    envp: CData
    cwd: CData
    traced: int
    new_group: int
    set_uid: int
    set_gid: int
    uid: int
    gid: int
    groups: CData
    ngroups: int
    fds: FdArray
    nfds: int
    step: int

class StatVfs(CData):
    """`struct bsdproc_statvfs *`."""

    bsize: int
    frsize: int
    iosize: int
    blocks: int
    bfree: int
    files: int
    flags: int
    bavail: int
    ffree: int
    namemax: int
    owner: int
    fsid: IntegerArray
    fstype: CData
    source: CData
    on: CData

class CField:
    offset: int

class CType:
    fields: list[tuple[str, CField]] | None

class FFI:
    NULL: CData
    errno: int
    error: type[Exception]

    @overload
    def new(self, cdecl: Literal["struct bsdproc_spawn *"]) -> Spawn: ...
    @overload
    def new(self, cdecl: Literal["struct bsdproc_statvfs *"]) -> StatVfs: ...
    @overload
    def new(self, cdecl: Literal["struct bsdproc_fd[]"], init: int) -> FdArray: ...
    @overload
    def new(
        self, cdecl: Literal["int[]", "unsigned int[]", "size_t[]"], init: int | Sequence[int]
    ) -> IntegerArray: ...
    @overload
    def new(self, cdecl: Literal["char[]"], init: int | bytes) -> CData: ...
    @overload
    def new(self, cdecl: Literal["char *[]"], init: Sequence[CData]) -> CData: ...
    def cast(self, cdecl: Literal["char *"], source: int) -> CData: ...
    def string(self, cdata: CData) -> bytes: ...
    def buffer(self, cdata: CData, size: int = ...) -> Memory: ...
    def sizeof(self, cdecl: str) -> int: ...
    def typeof(self, cdecl: str) -> CType: ...
    def list_types(self) -> tuple[list[str], list[str], list[str]]: ...

class Lib:
    def bsdproc_ptrace(self, request: int, pid: int, addr: int, data: int) -> int: ...
    def bsdproc_procctl(self, idtype: int, id: int, command: int, data: int) -> int: ...
    def bsdproc_sysctl(
        self, mib: CData, count: int, old: int, size: CData, fresh: CData, fresh_size: int
    ) -> int: ...
    def bsdproc_sysctlbyname(
        self, name: bytes, old: int, size: CData, fresh: CData, fresh_size: int
    ) -> int: ...
    def bsdproc_wait4(self, pid: int, status: CData, options: int, usage: CData) -> int: ...
    def bsdproc_wait6(
        self, idtype: int, id: int, status: CData, options: int, usage: CData, info: CData
    ) -> int: ...
    def bsdproc_kill(self, pid: int, sig: int) -> int: ...
    def bsdproc_sizeof_rusage(self) -> int: ...
    def bsdproc_sizeof_wrusage(self) -> int: ...
    def bsdproc_sizeof_siginfo(self) -> int: ...
    def bsdproc_sizeof_id(self) -> int: ...
    def bsdproc_map(self, room: int, count: int) -> int: ...
    def bsdproc_unmap(self, base: int, room: int, count: int) -> int: ...
    def bsdproc_spawn(self, s: Spawn) -> int: ...
    def bsdproc_mount(
        self, fstype: bytes, path: bytes, flags: int, data: int, size: int
    ) -> int: ...
    def bsdproc_nmount(self, iov: int, count: int, flags: int) -> int: ...
    def bsdproc_unmount(self, path: bytes, flags: int) -> int: ...
    def bsdproc_statvfs(self, path: bytes, found: StatVfs) -> int: ...

ffi: FFI
lib: Lib
