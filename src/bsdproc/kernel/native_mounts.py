"""Mounting on the host's kernel: the arguments of the C, and what statfs says."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bsdproc.kernel import requests
from bsdproc.kernel.errors import KernelError, from_errno, not_supported
from bsdproc.kernel.lent import Lender, NativeBuffer
from bsdproc.kernel.port import Buffer, StatVfs

if TYPE_CHECKING:
    from bsdproc.abi import Target
    from bsdproc.kernel._native import FFI, CData, Lib


class Mounter:
    """The four calls of one host; the lender's memory is what they may be given."""

    def __init__(self, ffi: FFI, lib: Lib, target: Target, lender: Lender) -> None:
        self._ffi = ffi
        self._lib = lib
        self._target = target
        self._lender = lender

    def _failure(self, call: str, request: str | None) -> KernelError:
        return from_errno(self._target.system, self._ffi.errno, call=call, request=request)

    def mount(self, fstype: bytes, path: bytes, flags: int, data: int, size: int) -> int:
        found = self._lib.bsdproc_mount(fstype, path, flags, data, size)
        if found == -1:
            raise self._failure("mount", os.fsdecode(path))
        return found

    def nmount(self, iov: Sequence[bytes | Buffer], flags: int) -> None:
        if self._target.system != "freebsd":
            raise not_supported(self._target.system, call="nmount")
        # Held until the call is over: a buffer's memory goes when nobody has the buffer.
        parts = [self._part(part) for part in iov]
        record = self._target.struct("struct iovec")
        vector = self._lender.lend(b"".join(
            record.pack({"iov_base": part.address if len(part) else 0, "iov_len": len(part)})
            for part in parts
        ))
        if self._lib.bsdproc_nmount(vector.address, len(parts), flags) == -1:
            raise self._failure("nmount", requests.mount_option(iov, "fspath"))

    def _part(self, part: bytes | Buffer) -> NativeBuffer:
        if isinstance(part, NativeBuffer):
            return part
        if isinstance(part, bytes | bytearray | memoryview):
            return self._lender.lend(bytes(part))
        raise TypeError("an iovec must be bytes or a buffer of this kernel's, not "
                        f"{type(part).__name__}")

    def unmount(self, path: bytes, flags: int) -> None:
        if self._lib.bsdproc_unmount(path, flags) == -1:
            raise self._failure("unmount", os.fsdecode(path))

    def statvfs(self, path: bytes) -> StatVfs:
        found = self._ffi.new("struct bsdproc_statvfs *")
        if self._lib.bsdproc_statvfs(path, found) == -1:
            raise self._failure("statvfs", os.fsdecode(path))

        def text(value: CData) -> str:
            return os.fsdecode(self._ffi.string(value))

        return StatVfs(
            bsize=found.bsize, frsize=found.frsize, iosize=found.iosize, blocks=found.blocks,
            bfree=found.bfree, bavail=found.bavail, files=found.files, ffree=found.ffree,
            namemax=found.namemax, flags=found.flags, fsid=(found.fsid[0], found.fsid[1]),
            owner=found.owner, fstype=text(found.fstype), mounted_from=text(found.source),
            mounted_on=text(found.on),
        )
