"""Tables of records, from bytes: cutting, laziness, longer and broken records."""

from __future__ import annotations

import copy
import pickle
import pydoc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsdproc import abi
from bsdproc.freebsd.constants import (
    CredentialFlags,
    FileFlags,
    FileSlot,
    FileType,
    KvmeProtection,
    ProcFlags,
    ProcState,
    Signal,
    VmType,
    VnodeType,
)
from bsdproc.freebsd.kinfo import (
    KinfoFile,
    KinfoKstack,
    KinfoOfile,
    KinfoOvmentry,
    KinfoProc,
    KinfoSigtramp,
    KinfoVmentry,
    KinfoVmLayout,
    Malformed,
    Rusage,
)
from bsdproc.freebsd.kinfo.file import (
    EventfdDetail,
    Inet6Address,
    InetAddress,
    OtherAddress,
    PipeDetail,
    ProcdescDetail,
    SocketDetail,
    UnixAddress,
    VnodeDetail,
    sockaddr,
)
from bsdproc.freebsd.kinfo.misc import KinfoKnote
from bsdproc.freebsd.ptrace import LwpInfo
from bsdproc.freebsd.records import Record

MACHINES = [machine for system, machine in abi.targets() if system == "freebsd"]
KINDS: list[type[Record]] = [
    KinfoProc, KinfoFile, KinfoOfile, KinfoVmentry, KinfoOvmentry, KinfoVmLayout, KinfoKstack,
    KinfoSigtramp, KinfoKnote, Rusage, LwpInfo,
]


def packed(kind: type[Record], machine: str = "amd64", **values: abi.Value) -> bytes:
    return abi.target("freebsd", machine).struct(kind.struct).pack(values)


def proc(machine: str = "amd64", **values: abi.Value) -> bytes:
    size = abi.target("freebsd", machine).struct("struct kinfo_proc").size
    return packed(KinfoProc, machine, **{"ki_structsize": size, **values})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("machine", MACHINES)
def test_fields_are_the_structs(kind: type[Record], machine: str) -> None:
    """Each numeric field equals what `Struct.get` says, singly and all at once."""
    layout = abi.target("freebsd", machine).struct(kind.struct)
    data = bytes((7 * at + 3) % 251 for at in range(layout.size))
    bound = kind.of(machine)
    at_once = bound(data).asdict()
    for name in bound.names():
        field = vars(bound)[name]
        single = getattr(bound(data), name)
        assert single == at_once[name]
        value = layout.get(data, field.cname)
        if isinstance(single, int) and isinstance(value, int):
            assert single == value


@pytest.mark.parametrize("kind", KINDS)
def test_no_member_is_forgotten(kind: type[Record]) -> None:
    """Every member of the struct is a field, or one of what is kept free."""
    spare = ("spare", "_pad", "pad0", "pad1", "ispare", "_kf_", "_kve_", "kf_un", "kf_vnode_type",
             "kf_sock_", "kf_sa_", "kve_type_spec", "knt_vnode", "knt_pipe", "knt_event")
    layout = abi.target("freebsd", "amd64").struct(kind.struct)
    bound = kind.of("amd64")
    named = {vars(bound)[name].cname.partition(".")[0] for name in bound.names()}
    missing = [field.name for field in layout.fields
               if field.name not in named and not any(part in field.name for part in spare)]
    assert not missing


def test_a_process() -> None:
    data = proc(
        ki_pid=42, ki_ppid=1, ki_comm=b"hello", ki_tdname=b"a-long-thread-na",
        ki_moretdname=b"me", ki_stat=4, ki_flag=0x10004800, ki_nice=-5,
        ki_ngroups=2, ki_groups=(7, 8) + (0,) * 14, ki_start={"tv_sec": 5, "tv_usec": 250000},
        ki_sigmask={"__bits": (1 << 8, 0, 0, 1 << 31)}, ki_cr_flags=0x80000001,
        ki_rusage={"ru_maxrss": 640, "ru_utime": {"tv_sec": 1, "tv_usec": 500000}},
    )
    (found,) = KinfoProc.sized("amd64", data)
    assert (found.pid, found.ppid, found.comm) == (42, 1, "hello")
    assert found.tdname == "a-long-thread-name"
    assert found.stat is ProcState.SSTOP
    assert ProcFlags.P_TRACED in found.flag
    assert found.nice == -5
    assert found.groups == (7, 8)
    assert found.gid == 7
    assert found.start == 5.25
    assert found.sigmask == {Signal.SIGKILL, 128}
    assert CredentialFlags.KI_CRF_GRP_OVERFLOW in found.cr_flags
    assert found.rusage.maxrss == 640
    assert found.rusage.utime == 1.5
    assert "pid=42" in repr(found)


def test_a_process_of_a_big_endian_machine() -> None:
    data = proc("powerpc64", ki_pid=42, ki_comm=b"hello", ki_flag=0x80000000)
    (found,) = KinfoProc.sized("powerpc64", data)
    assert (found.pid, found.comm, found.flag) == (42, "hello", ProcFlags.P_PPTRACE)


def test_flags_of_32_bits_have_no_sign() -> None:
    data = proc("i386", ki_flag=-0x80000000)
    assert KinfoProc.sized("i386", data)[0].flag is ProcFlags.P_PPTRACE


def test_names_that_are_no_utf8_survive() -> None:
    (found,) = KinfoProc.sized("amd64", proc(ki_comm=b"a\xff\xfe"))
    assert found.comm.encode("utf-8", "surrogateescape") == b"a\xff\xfe"


def test_decoded_when_read_and_once() -> None:
    (found,) = KinfoProc.sized("amd64", proc(ki_pid=42, ki_comm=b"hello"))
    assert not vars(found)
    assert found.pid == 42
    assert not vars(found), "a number is read again, not kept"
    assert found.comm == "hello"
    assert set(vars(found)) == {"comm"}
    assert found.comm is found.comm
    for name in ("stat", "flag", "wmesg", "login"):
        getattr(found, name)
    assert "tdflags" in vars(found), "the rest follows when many are read"
    assert found.pid == 42


def test_records_are_immutable_values() -> None:
    one, two = KinfoProc.sized("amd64", proc(ki_pid=1) + proc(ki_pid=1))
    assert one == two
    assert hash(one) == hash(two)
    assert one != KinfoProc.sized("amd64", proc(ki_pid=2))[0]
    assert pickle.loads(pickle.dumps(one)) == one
    assert isinstance(one, KinfoProc)
    with pytest.raises(AttributeError, match="cannot be changed"):
        one.pid = 3
    with pytest.raises(AttributeError, match="cannot be changed"):
        del one.pid


# -- tables ---------------------------------------------------------------------------


def test_records_of_a_newer_kernel_are_longer() -> None:
    size = len(proc())
    table = b"".join(
        proc(ki_pid=pid, ki_structsize=size + 64) + bytes(64) for pid in (1, 2, 3)
    )
    assert [one.pid for one in KinfoProc.sized("amd64", table)] == [1, 2, 3]
    mixed = proc(ki_pid=1) + proc(ki_pid=2, ki_structsize=size + 8) + bytes(8)
    assert [one.pid for one in KinfoProc.sized("amd64", mixed)] == [1, 2]


@pytest.mark.parametrize("size", [0, -1, 1087, 4, 1089])
def test_records_of_a_wrong_size(size: int) -> None:
    with pytest.raises(Malformed, match="says that it has"):
        KinfoProc.sized("amd64", proc(ki_structsize=size))


def test_a_table_that_ends_early() -> None:
    table = proc(ki_pid=1) + proc(ki_pid=2)
    for end in (len(table) - 1, len(table) // 2 + 3, 5, 1):
        with pytest.raises(Malformed):
            KinfoProc.sized("amd64", table[:end])
    assert KinfoProc.sized("amd64", b"") == []
    with pytest.raises(Malformed, match=r"KinfoProc\.of\(machine\)"):
        KinfoProc(bytes(1088))
    with pytest.raises(Malformed, match="whole number"):
        KinfoKstack.fixed("amd64", bytes(1097))
    with pytest.raises(Malformed, match="48 bytes"):
        KinfoSigtramp.single("amd64", bytes(47))


# -- columns --------------------------------------------------------------------------


def many(machine: str = "amd64", count: int = 200, longer: int = 0) -> bytes:
    """A table large enough for columns."""
    size = abi.target("freebsd", machine).struct("struct kinfo_proc").size + longer
    return b"".join(
        proc(machine, ki_structsize=size, ki_pid=n, ki_comm=f"p{n % 7}".encode(), ki_flag=n,
             ki_stat=n % 9, ki_start={"tv_sec": n, "tv_usec": 250000},
             ki_sigmask={"__bits": (n, 0, 0, 0)}) + bytes(longer)
        for n in range(count)
    )


@pytest.mark.parametrize("longer", [0, 8, 64])
@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_read_of_many_is_what_each_has(machine: str, longer: int) -> None:
    """Read field by field of all, or record by record, it is the same."""
    data = many(machine, longer=longer)
    alone = [KinfoProc.of(machine)(one.raw) for one in KinfoProc.sized(machine, data)]
    by_record = KinfoProc.sized(machine, data)
    for one, expected in zip(by_record, alone, strict=True):
        for name in one.names():
            assert getattr(one, name) == getattr(expected, name), name
    for name in KinfoProc.of(machine).names():
        by_field = KinfoProc.sized(machine, data)
        assert [getattr(one, name) for one in by_field] == [
            getattr(expected, name) for expected in alone], name
        assert [one.asdict() for one in by_field[::50]] == [one.asdict() for one in alone[::50]]


def test_two_fields_of_many_decode_no_third() -> None:
    table = KinfoProc.sized("amd64", many())
    assert [(one.pid, one.comm) for one in table] == [(n, f"p{n % 7}") for n in range(200)]
    assert {name for one in table for name in vars(one)} == {"pid", "comm"}


def test_a_few_reads_decode_no_column() -> None:
    table = KinfoProc.sized("amd64", many())
    assert table[5].comm == "p5"
    assert [len(vars(one)) for one in table].count(0) == 199


def test_a_list_that_is_changed_keeps_its_records_right() -> None:
    """Columns go by where records lie, not by where they stand in the list."""
    table = KinfoProc.sized("amd64", many())
    table.reverse()
    del table[::3]
    table.sort(key=lambda one: -one.pid)
    assert [one.pid for one in table] == sorted((one.pid for one in table), reverse=True)
    assert all(one.comm == f"p{one.pid % 7}" for one in table)
    assert all(one.start == one.pid + 0.25 for one in table)


def test_a_record_does_not_keep_the_others() -> None:
    table = KinfoProc.sized("amd64", many())
    one, gone = table[7], weakref.ref(table)
    del table
    assert gone() is None
    for _ in range(300):
        assert (one.pid, one.stat, one.start) == (7, 7, 7.25)


def test_a_table_is_a_list() -> None:
    table = KinfoProc.sized("amd64", many())
    assert isinstance(table, list)
    assert type(table[:3]) is type(table + table) is list
    for again in (pickle.loads(pickle.dumps(table)), copy.copy(table)):
        assert type(again) is list
        assert again == table


@given(st.binary(max_size=4000))
def test_any_bytes_are_a_table_or_malformed(data: bytes) -> None:
    for kind in (KinfoProc, KinfoFile, KinfoVmentry, KinfoOfile, KinfoOvmentry):
        try:
            found = kind.sized("amd64", data)
        except Malformed:
            continue
        assert sum(len(one.raw) for one in found) == len(data)


@given(st.data())
def test_damaged_records_decode_or_are_malformed(choose: st.DataObject) -> None:
    """Whatever a record holds, its fields are values."""
    kind = choose.draw(st.sampled_from([KinfoProc, KinfoFile, KinfoVmentry]))
    machine = choose.draw(st.sampled_from(MACHINES))
    size = kind.of(machine).sizeof
    order = abi.target("freebsd", machine).byteorder
    data = bytearray(choose.draw(st.binary(min_size=size, max_size=size)))
    data[:4] = size.to_bytes(4, order)
    (found,) = kind.sized(machine, bytes(data))
    assert set(found.asdict()) == set(kind.of(machine).names())
    assert repr(found)
    if isinstance(found, KinfoFile):
        detail = found.detail
        assert detail is None or repr(detail)
        assert found.slot is None or found.fd < 0


# -- files ------------------------------------------------------------------------------


def file(path: bytes = b"", machine: str = "amd64", **values: abi.Value) -> bytes:
    """A record as the kernel cuts it: after the path, to a multiple of eight."""
    whole = packed(KinfoFile, machine, kf_path=path, **values)
    at = abi.target("freebsd", machine).struct("struct kinfo_file").field("kf_path").offset
    size = (at + len(path) + 1 + 7) // 8 * 8
    order = abi.target("freebsd", machine).byteorder
    return size.to_bytes(4, order) + whole[4:size]


def test_files() -> None:
    table = file(b"/", kf_type=1, kf_fd=-1, kf_flags=1) + file(
        b"/tmp/a-file", kf_type=1, kf_fd=3, kf_flags=3, kf_offset=17,
        kf_un={"kf_file": {"kf_file_type": 1, "kf_file_size": 100, "kf_file_mode": 0o100644}},
    )
    cwd, opened = KinfoFile.sized("amd64", table)
    assert (cwd.path, cwd.slot, cwd.structsize) == ("/", FileSlot.KF_FD_TYPE_CWD, 376)
    assert opened.path == "/tmp/a-file"
    assert opened.slot is None
    assert opened.flags == FileFlags.KF_FLAG_READ | FileFlags.KF_FLAG_WRITE
    assert opened.offset == 17
    detail = opened.detail
    assert isinstance(detail, VnodeDetail)
    assert (detail.type, detail.size, detail.mode) == (VnodeType.KF_VTYPE_VREG, 100, 0o100644)


@pytest.mark.parametrize("machine", MACHINES)
def test_what_other_descriptors_are(machine: str) -> None:
    def one(kind: FileType | int, **values: abi.Value) -> KinfoFile:
        return KinfoFile.sized(machine, file(machine=machine, kf_type=kind, kf_un=values))[0]

    pipe = one(FileType.KF_TYPE_PIPE, kf_pipe={"kf_pipe_buffer_cnt": 5}).detail
    assert isinstance(pipe, PipeDetail)
    assert pipe.buffer_cnt == 5
    descriptor = one(FileType.KF_TYPE_PROCDESC, kf_proc={"kf_pid": 77}).detail
    assert isinstance(descriptor, ProcdescDetail)
    assert descriptor.pid == 77
    event = one(FileType.KF_TYPE_EVENTFD, kf_eventfd={"kf_eventfd_value": 1 << 60}).detail
    assert isinstance(event, EventfdDetail)
    assert event.value == 1 << 60
    sock = one(FileType.KF_TYPE_SOCKET,
               kf_sock={"kf_sock_domain0": 2, "kf_sock_type0": 1, "kf_sock_recvq": 9}).detail
    assert isinstance(sock, SocketDetail)
    assert (sock.domain, sock.type, sock.recvq, sock.local) == (2, 1, 9, None)
    assert one(FileType.KF_TYPE_NONE).detail is None
    unknown = one(99)
    assert (unknown.type, unknown.detail) == (99, None)


@pytest.mark.parametrize(("data", "expected"), [
    (bytes(128), None),
    (b"\x10\x02\x1f\x90\x7f\0\0\x01" + bytes(120), InetAddress("127.0.0.1", 8080)),
    (b"\x1c\x1c\0\x50\0\0\0\x05" + bytes(15) + b"\x01\x02\0\0\0" + bytes(100),
     Inet6Address("::1", 80, 5, 2)),
    (b"\x6a\x01/var/run/log\0" + bytes(113), UnixAddress("/var/run/log")),
    (b"\x04\x12\xaa\xbb" + bytes(124), OtherAddress(18, b"\xaa\xbb")),
])
def test_socket_addresses(data: bytes, expected: object) -> None:
    assert sockaddr(data, "little") == expected


def test_mappings() -> None:
    whole = packed(KinfoVmentry, kve_type=2, kve_start=0x200000, kve_end=0x201000,
                   kve_protection=0x70005, kve_path=b"/bin/spin", kve_vn_type=1,
                   kve_type_spec={"_kve_vn_fsid": 77})
    cut = (152).to_bytes(4, "little") + whole[4:152]
    (found,) = KinfoVmentry.sized("amd64", cut)
    assert found.type is VmType.KVME_TYPE_VNODE
    assert found.path == "/bin/spin"
    assert KvmeProtection.KVME_PROT_EXEC in found.protection
    assert KvmeProtection.KVME_MAX_PROT_WRITE in found.protection
    assert found.vn_fsid == found.obj == 77
    assert 0x200FFF in found
    assert 0x201000 not in found


def test_a_path_that_is_cut_off() -> None:
    """The kernel ends paths with a NUL; a record without one ends the path."""
    whole = packed(KinfoVmentry, kve_path=b"/bin/spin")
    short = (140).to_bytes(4, "little") + whole[4:140]
    assert KinfoVmentry.sized("amd64", short)[0].path == "/bin"
    with pytest.raises(Malformed):
        KinfoVmentry.sized("amd64", (132).to_bytes(4, "little") + whole[4:132])


def test_help_shows_the_c_name_and_type_of_each_field() -> None:
    shown = pydoc.plain(pydoc.render_doc(KinfoFile))
    for line in ("fd = <kf_fd: int>", "flags = <kf_flags: FileFlags>", "path = <kf_path: str>",
                 "type = <kf_type: FileType | int>"):
        assert f" {line}\n" in shown
    for kind in KINDS:
        for name in kind.names():
            assert not repr(getattr(kind, name)).endswith(" object>"), (kind, name)
