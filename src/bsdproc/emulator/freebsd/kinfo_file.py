"""struct kinfo_file: a process's descriptors and directories.

The subject of kern_proc_filedesc_out and its parts in kern_descrip.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bsdproc import abi
from bsdproc.emulator.bsd.file import (
    FREAD,
    FWRITE,
    O_APPEND,
    O_NONBLOCK,
    Kind,
    Pipe,
    access,
)
from bsdproc.emulator.bsd.filetable import Slot
from bsdproc.emulator.bsd.kqueue import Kqueue
from bsdproc.emulator.bsd.shm import ShmFile
from bsdproc.emulator.bsd.socketrules import AF_LOCAL, NO_NAME
from bsdproc.emulator.bsd.sockets import CANT_RECEIVE, CANT_SEND, Socket
from bsdproc.emulator.bsd.state import Proc, Thread
from bsdproc.emulator.errno import Refused
from bsdproc.emulator.freebsd import capsicum
from bsdproc.emulator.freebsd.eventfd import EventFd
from bsdproc.emulator.freebsd.procdesc import ProcDesc
from bsdproc.emulator.vnode import Access, Attributes, Dead, Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.kinfo import Fields
    from bsdproc.emulator.freebsd.system import System

FD_CWD, FD_ROOT, FD_JAIL, FD_TRACE, FD_TEXT, FD_CTTY = range(-1, -7, -1)
VTYPES = {"reg": 1, "dir": 2, "blk": 3, "chr": 4, "lnk": 5, "sock": 6, "fifo": 7, "bad": 8}
S_IFREG = 0o100000
ATTR_VALID = 1
FLAGS = {
    FREAD: 0x1, FWRITE: 0x2, O_APPEND: 0x4, 0x40: 0x8, 0x80: 0x10, O_NONBLOCK: 0x20,
    0x10000: 0x40, 0x40000: 0x2000,
}  # fmt: skip
"""KF_FLAG_ bits by the file's own."""
OLD = struct.Struct("<iiiii4xqiiii1024s128s128s")
"""struct kinfo_ofile of FreeBSD 7."""


def flags(flag: int) -> int:
    """xlate_fflags."""
    return sum(shown for bit, shown in FLAGS.items() if flag & bit)


def path(system: System, node: Vnode, viewer: Proc) -> bytes:
    """A file's path as the caller sees it; nothing when it lost its name."""
    if isinstance(node, Dead):
        return b""
    text = system.vfs.path_of(node, viewer.root)
    return text.encode("utf-8", "surrogateescape")[:1023]


def _vnode(system: System, node: Vnode, who: Access, viewer: Proc) -> Fields:
    """vn_fill_kinfo_vnode."""
    fields: Fields = {"kf_type": Kind.VNODE, "kf_path": path(system, node, viewer)}
    file: Fields = {"kf_file_type": VTYPES.get(node.kind, 0)}
    try:
        at = node.attributes(who)
    except Refused:
        at = None
    if at is not None:
        file |= attributes(at)
        fields["kf_status"] = ATTR_VALID
    fields["kf_un"] = {"kf_file": file}
    return fields


def attributes(at: Attributes) -> Fields:
    return {
        "kf_file_fsid": at.fsid,
        "kf_file_fsid_freebsd11": at.fsid & 0xFFFFFFFF,
        "kf_file_fileid": at.ino,
        "kf_file_mode": at.st_mode,
        "kf_file_size": at.size,
        "kf_file_rdev": at.rdev,
        "kf_file_rdev_freebsd11": at.rdev & 0xFFFFFFFF,
        "kf_file_nlink": at.nlink,
    }


def file_fields(system: System, slot: Slot, fd: int, td: Thread) -> Fields:
    """export_file_to_kinfo: all but the record's size."""
    file, rights = slot.file, capsicum.limits(slot).rights
    if file.vnode is not None:
        fields = _vnode(system, file.vnode, access(td), td.proc)
        fields["kf_type"] = file.kind
    else:
        fields = {"kf_type": file.kind, "kf_status": ATTR_VALID}
        if isinstance(file, Pipe):
            fields["kf_un"] = {"kf_pipe": _pipe(file)}
        elif isinstance(file, ProcDesc):
            pid = file.proc.pid if file.proc is not None else -1
            fields["kf_un"] = {"kf_proc": {"kf_pid": pid}}
        elif isinstance(file, Kqueue):
            fields["kf_un"] = {"kf_kqueue": _kqueue(file)}
        elif isinstance(file, EventFd):
            fields["kf_un"] = {"kf_eventfd": {
                "kf_eventfd_value": file.value, "kf_eventfd_flags": file.flags,
                "kf_eventfd_addr": _address(file.number)}}
        elif isinstance(file, ShmFile):
            fields["kf_un"] = {"kf_file": {
                "kf_file_mode": S_IFREG | file.object.mode, "kf_file_size": file.object.size}}
            fields["kf_path"] = file.object.path.encode("utf-8", "surrogateescape")
        elif isinstance(file, Socket):
            fields["kf_un"], fields["kf_path"] = {"kf_sock": _socket(file)}, b"local"
    fields |= {
        "kf_fd": fd,
        "kf_ref_count": file.refs,
        "kf_flags": flags(file.flag),
        "kf_offset": file.offset,
        "kf_cap_rights": {"cr_rights": (rights & (1 << 64) - 1, rights >> 64)},
    }
    return fields


def _address(number: int) -> int:
    """Where the kernel's record with that number would lie."""
    return 0xFFFFF80003000000 + number * 0x400


def _kqueue(file: Kqueue) -> Fields:
    return {"kf_kqueue_addr": _address(file.number), "kf_kqueue_count": len(file.queue),
            "kf_kqueue_state": 0}


def _socket(file: Socket) -> Fields:
    """soo_fill_kinfo."""
    fields: Fields = {
        "kf_sock_domain0": AF_LOCAL, "kf_sock_type0": file.type, "kf_sock_protocol0": 0,
        "kf_sock_pcb": _address(file.number), "kf_sa_local": _name(file.name),
        "kf_sa_peer": _name(file.peer.name if file.peer is not None else None),
    }
    if file.peer is not None:
        fields |= {
            "kf_sock_unpconn": _address(file.peer.number),
            "kf_sock_rcv_sb_state": CANT_RECEIVE if file.cant_receive else 0,
            "kf_sock_snd_sb_state": CANT_SEND if file.cant_send else 0,
            "kf_sock_recvq": file.used,
        }
    return fields


def _name(name: bytes | None) -> Fields:
    """struct sockaddr_storage."""
    name = (name or NO_NAME).ljust(128, b"\0")
    words = int.from_bytes(name[8:16], "little", signed=True)
    return {"ss_len": name[0], "ss_family": name[1], "__ss_pad1": name[2:8],
            "__ss_align": words, "__ss_pad2": name[16:128]}


def _pipe(file: Pipe) -> Fields:
    reads = file.reads
    if reads is None:
        return {}
    size = 65536
    return {
        "kf_pipe_addr": reads.number << 8,
        "kf_pipe_peer": file.writes.number << 8 if file.writes is not None else 0,
        "kf_pipe_buffer_cnt": len(reads.data),
        "kf_pipe_buffer_in": (reads.taken + len(reads.data)) % size,
        "kf_pipe_buffer_out": reads.taken % size,
        "kf_pipe_buffer_size": size,
    }


def vnode_fields(system: System, node: Vnode, fd: int, flag: int, td: Thread) -> Fields:
    """export_vnode_to_kinfo."""
    fields = _vnode(system, node, access(td), td.proc)
    fields |= {"kf_fd": fd, "kf_flags": flags(flag), "kf_ref_count": -1, "kf_offset": -1,
               "kf_cap_rights": {"cr_rights": (0x0200_0000_0000_0000, 0x0400_0000_0000_0000)}}
    return fields


def special(system: System, p: Proc, td: Thread, text: bool = True) -> Iterator[Fields]:
    """The entries without a descriptor: program, directories, a jail's root."""
    fs = system.vfs
    if p is system.kernel_proc:
        return
    if text and p.text is not None:
        yield vnode_fields(system, p.text, FD_TEXT, FREAD, td)
    places = [(FD_CWD, p.cwd), (FD_ROOT, p.root)]
    if p.jail_dir:
        places.append((FD_JAIL, p.jail_dir))
    for fd, where in places:
        try:
            node = fs.lookup(where)
        except Refused:
            continue
        yield vnode_fields(system, node, fd, FREAD, td)


def records(system: System, p: Proc, td: Thread) -> Iterator[bytes]:
    """Each as long as its path needs, in the kernel's order."""
    layout = system.target.struct("struct kinfo_file")
    for fields in special(system, p, td):
        yield packed(layout, fields, "kf_structsize", "kf_path")
    for fd, slot in p.files.items():
        yield packed(layout, file_fields(system, slot, fd, td), "kf_structsize", "kf_path")


def packed(layout: abi.Struct, fields: Fields, size_field: str, path_field: str) -> bytes:
    """A record without what is behind its path, rounded up to 8 bytes."""
    text = fields.get(path_field, b"")
    assert isinstance(text, bytes)
    size = (layout.field(path_field).offset + len(text) + 1 + 7) // 8 * 8
    return layout.pack({**fields, size_field: size})[:size]


def whole(layout: abi.Struct, fields: Fields) -> bytes:
    return layout.pack({**fields, "kf_structsize": layout.size})


def cwd_record(system: System, p: Proc, td: Thread) -> bytes:
    """KERN_PROC_CWD's: of full length."""
    node = system.vfs.lookup(p.cwd)
    return whole(system.target.struct("struct kinfo_file"),
                 vnode_fields(system, node, FD_CWD, FREAD, td))


def old_records(system: System, p: Proc, td: Thread) -> Iterator[bytes]:
    """KERN_PROC_OFILEDESC's, which know no program text."""
    listed = [*special(system, p, td, text=False)]
    listed += [file_fields(system, slot, fd, td) for fd, slot in p.files.items()]
    for fields in listed:
        kind, union = fields["kf_type"], fields.get("kf_un")
        vtype: object = 0
        if kind == Kind.VNODE and isinstance(union, dict):
            file = union["kf_file"]
            assert isinstance(file, dict)
            vtype = file["kf_file_type"]
        shown = fields["kf_flags"]
        assert isinstance(shown, int)
        if fields["kf_ref_count"] == -1:
            shown = 0
        yield OLD.pack(OLD.size, kind, fields["kf_fd"], fields["kf_ref_count"], shown & 0xFF,
                       fields["kf_offset"], vtype, 0, 0, 0, fields.get("kf_path", b""), b"", b"")
