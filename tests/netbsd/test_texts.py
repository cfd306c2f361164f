"""Nodes that came after the captured kernels, as NetBSD's sources write them."""

from __future__ import annotations

import pytest

from bsdproc.netbsd import procfs
from bsdproc.netbsd.constants import Limit
from bsdproc.netbsd.kinfo import Rlimit
from bsdproc.netbsd.procfs import LinuxLimit, LinuxStatus, Malformed, Status, StatusFlag

LABELS = ("cpu-time", "file-size", "data-size", "stack-size", "core-dump-size",
          "resident-memory-size", "locked-memory-size", "processes-number", "files-number",
          "socket-buffer-size", "virtual-memory-size", "threads-number")


def limit_line(label: str, soft: int | None, hard: int | None) -> str:
    def shown(value: int | None) -> str:
        return f"{0x7FFFFFFFFFFFFFFF:#20x}" if value is None else f"{value:20d}"

    return f"{label[:20]:>20} {shown(soft)} {shown(hard)}\n"


LIMIT = "".join(limit_line(label, 1000 * index, None) for index, label in enumerate(LABELS))


def test_limit() -> None:
    found = procfs.parse_limit(LIMIT.encode())
    assert list(found) == list(Limit)
    assert found[Limit.RLIMIT_RSS] == Rlimit(5000, None)
    later = procfs.parse_limit((LIMIT + limit_line("swap-size", 3, 4)).encode())
    assert later["swap-size"] == Rlimit(3, 4)
    assert procfs.parse_limit(b"") == {}
    for wrong in (b"x", LIMIT.encode()[:-1], b"cpu-time 1\n", b"cpu-time one 2\n",
                  b"cpu-time 0x7f 0100\n"):
        with pytest.raises(Malformed):
            procfs.parse_limit(wrong)


LIMITS = (
    "Limit                     Soft Limit           Hard Limit           Units     \n"
    "Max cpu time              unlimited            unlimited            seconds   \n"
    "Max open files            128                  3404                 files     \n"
    "Max nice priority         0                    0                              \n"
    "Max realtime timeout      unlimited            unlimited            us        \n"
)


def test_limits() -> None:
    found = procfs.parse_limits(LIMITS.encode())
    assert found == {
        "Max cpu time": LinuxLimit(None, None, "seconds"),
        "Max open files": LinuxLimit(128, 3404, "files"),
        "Max nice priority": LinuxLimit(0, 0, ""),
        "Max realtime timeout": LinuxLimit(None, None, "us"),
    }
    for wrong in (b"", LIMITS.encode()[:-1], LIMITS[LIMITS.index("Max"):].encode(),
                  LIMITS.encode() + b"Max\n"):
        with pytest.raises(Malformed):
            procfs.parse_limits(wrong)


def test_groups_and_flags_of_status() -> None:
    found = procfs.parse_status(
        b"sh 53 14 2 2 8,0 ctty,sldr 10,5 0,1 2,3 nochan 1000 100,100,0,5\n")
    assert found == Status("sh", 53, 14, 2, 2, (8, 0), frozenset(StatusFlag), 10.000005,
                           0.000001, 2.000003, None, 1000, 100, (100, 0, 5))


@pytest.mark.parametrize("wrong", [
    b"", b"sh 53", b"sh 53 14 2 2 8,0 ctty 10,5 0,1 2,3 nochan 1000 100",
    b"sh 53 14 2 2 8,0 other 10,5 0,1 2,3 nochan 1000 100\n",
    b"sh 53 14 2 2 8 ctty 10,5 0,1 2,3 nochan 1000 100\n",
    b"sh x 14 2 2 8,0 ctty 10,5 0,1 2,3 nochan 1000 100\n",
    b"sh " + b"9" * 5000 + b" 14 2 2 8,0 ctty 10,5 0,1 2,3 nochan 1000 100\n",
])
def test_what_is_no_status(wrong: bytes) -> None:
    with pytest.raises(Malformed):
        procfs.parse_status(wrong)


def test_status_in_linuxs_form() -> None:
    data = (b"Name:\tls\nPid:\t5\nPPid:\t1\nTracerPid:\t0\nGroups:\t0 5 \n"
            b"VmPeak:\t  262144 kB\nVmSize:\t  262144 kB\nVmRSS:\t     100 kB\n")
    assert procfs.parse_linux_status(data) == LinuxStatus(
        "ls", 5, 1, 0, (0, 5), 262144, 262144, 100)
    with pytest.raises(Malformed):
        procfs.parse_linux_status(data[:-1])
    with pytest.raises(Malformed):
        procfs.parse_status(data)


MSG = ("       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid"
       "      stime      rtime      ctime\n")
SEM = "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n"
SHM = ("       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid"
       "  cgid      atime      dtime      ctime                   rss                  swap\n")


def test_sysvipc() -> None:
    (queue,) = procfs.parse_sysvipc_msg(
        (MSG + "1280589690     131072   644           0          0     0     0  1000   100  1000"
         "   100          0          0 1714979389\n").encode())
    assert (queue.key, queue.id, queue.mode, queue.ctime) == (1280589690, 131072, 0o644,
                                                              1714979389)
    (semaphores,) = procfs.parse_sysvipc_sem(
        (SEM + " 236286385     131072  1644          2  1000   100  1000   100          0"
         " 1714979389\n").encode())
    assert (semaphores.mode, semaphores.nsems, semaphores.otime) == (0o1644, 2, 0)
    (memory,) = procfs.parse_sysvipc_shm(
        (SHM + "-2095488851     196608  4644                  1024  8269     0      0  1000   100"
         "  1000   100          0          0 1714979389                     0"
         "                     0\n").encode())
    assert (memory.key, memory.size, memory.cpid, memory.nattch) == (-2095488851, 1024, 8269, 0)
    assert procfs.parse_sysvipc_msg(MSG.encode()) == ()
    for parse, head in ((procfs.parse_sysvipc_msg, MSG), (procfs.parse_sysvipc_sem, SEM),
                        (procfs.parse_sysvipc_shm, SHM)):
        for wrong in (b"", head.encode()[:-1], head.encode() + b"1 2 3\n",
                      head.encode() + b"x " * 16 + b"\n",
                      head.encode().replace(b"uid", b"pid", 1)):
            with pytest.raises(Malformed):
                parse(wrong)


def test_octal_permissions() -> None:
    row = " 1 2 9 1 0 0 0 0 0 0\n"
    with pytest.raises(Malformed):
        procfs.parse_sysvipc_sem((SEM + row).encode())


def test_numbers() -> None:
    assert procfs.parse_number(b"32\n") == 32
    assert procfs.parse_number(b"24") == 24
    for wrong in (b"", b"\n", b"-1\n", b"1 2\n", b"9" * 30):
        with pytest.raises(Malformed):
            procfs.parse_number(wrong)


def test_strings() -> None:
    assert procfs.parse_strings(b"A=1\0B=\xff\0") == ("A=1", "B=\udcff")
    assert procfs.parse_strings(b"") == ()
    with pytest.raises(Malformed):
        procfs.parse_strings(b"A=1\0B")


def test_auxv() -> None:
    data = b"".join(value.to_bytes(8, "big") for value in (6 << 32, 8192, 0, 0))
    assert procfs.parse_auxv("sparc64", data) == ((6, 8192),)
    assert procfs.parse_auxv("amd64", b"") == ()
    for wrong in (data[:-16], data[:-17], b"x"):
        with pytest.raises(Malformed):
            procfs.parse_auxv("sparc64", wrong)


def test_maps_of_a_32_bit_machine() -> None:
    (found,) = procfs.parse_maps(
        b"00400000-00402000 r-xs 00001000 0a:1f 123456789" + b" " * 27 + b"/a b (c)\n")
    assert (found.end, found.offset, found.device, found.private) == (
        0x402000, 0x1000, (10, 31), False)
    assert found.path == "/a b (c)"


def test_a_name_that_the_mounts_do_not_part() -> None:
    (found,) = procfs.parse_mounts(b"a disk /mnt of mine ffs rw,noatime 0 0\n")
    assert (found.device, found.path, found.options) == ("a disk", "/mnt of mine",
                                                         ("rw", "noatime"))
    for wrong in (b"a b ffs rw 0 0\n", b"a /b ffs rw 0 0", b"\n", b"a /b ffs 0 0\n"):
        with pytest.raises(Malformed):
            procfs.parse_mounts(wrong)
    assert procfs.parse_mounts(b"") == ()


def test_a_version_with_parentheses() -> None:
    found = procfs.parse_version(
        b"NetBSD version 10.1 (netbsd@localhost) (gcc version 10.5.0 (nb3)) NetBSD 10.1 (GENERIC)"
        b" #0: Mon\n")
    assert (found.compiler, found.version) == ("10.5.0 (nb3)", "NetBSD 10.1 (GENERIC) #0: Mon")


def test_machines_without_cpuinfo() -> None:
    assert procfs.parse_cpuinfo(b"") == ()
    two = procfs.parse_cpuinfo(b"processor\t: 0\na b\t\t: x\n\nprocessor\t: 1\n\n")
    assert [one["processor"] for one in two] == ["0", "1"]
    for wrong in (b"processor\t: 0", b"nothing\n"):
        with pytest.raises(Malformed):
            procfs.parse_cpuinfo(wrong)
