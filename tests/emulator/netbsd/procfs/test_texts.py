"""The texts, held against what NetBSD 7.99.4 wrote for the same state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bsdproc.emulator.errno import ENOMEM, Refused
from bsdproc.emulator.netbsd.procfs import texts
from bsdproc.emulator.netbsd.procfs.linux import (
    Ipc,
    Messages,
    Semaphores,
    SharedMemory,
    sysvipc_msg,
    sysvipc_sem,
    sysvipc_shm,
)
from bsdproc.emulator.netbsd.procfs.texts import MapEntry

from .fake import Cred, Machine, Process

MAP = [
    MapEntry(0x400000, 0x42F000, 5, 7, True, True),
    MapEntry(0x62F000, 0x630000, 3, 7, True, True, offset=0x2F000),
    MapEntry(0x630000, 0x635000, 3, 7, True, False),
    MapEntry(0x7F7FF8000000, 0x7F7FFFC00000, 0, 7, True, True),
]


@pytest.fixture
def target(machine: Machine) -> Process:
    return machine.target()


def test_status(machine: Machine, target: Process) -> None:
    assert machine.read("/proc/21/status") == (
        b"target_static 21 16 2 2 8,0 ctty 1795298333,469510 0,0 0,19579 pause 0 0\n")


def test_status_of_others() -> None:
    base = Process(1).status()
    init = replace(base, comm=b"init", pid=1, ppid=0, pgid=1, sid=1, terminal=None, ctty=False,
                   leader=True, started=1795298333_000018_000, user=18821_000, system=65874_000,
                   waits="wait")
    assert init.text() == b"init 1 0 1 1 -1,-1 sldr 1795298333,18 0,18821 0,65874 wait 0 0\n"
    system = replace(init, comm=b"system", pid=0, ppid=0, pgid=0, sid=0, leader=False, user=0,
                     system=21274_000, waits="physiod")
    assert system.text() == (
        b"system 0 0 0 0 -1,-1 noflags 1795298333,18 0,0 0,21274 physiod 0 0\n")
    user = replace(base, comm=b"a (b) c", waits="", leader=True, uid=1000, gid=2, groups=(3, 4))
    assert user.text().endswith(b" nochan 1000 2,3,4\n")
    assert b"a (b) c 1 16 2 2 8,0 ctty,sldr " in user.text()
    long = replace(base, comm=b"abcdefghijklmnopqrst", user=2_000_005_000)
    assert long.text().startswith(b"abcdefghijklmnop 1 ")
    assert b" 2,5 " in long.text()


def test_stat(machine: Machine, target: Process) -> None:
    assert machine.read("/proc/21/stat") == (
        b"21 (target_static) S 16 2 2 2048 2 16518 198 0 0 0 0 1 0 0 85 0 1 0 179529833346 315 268 "
        b"514420736 4194304 4386816 140187732537344 0 0 0 0 2558164999 0 18446742424478067072 4 0 "
        b"20 0\n")
    stopped = replace(target.pid_stat(), state=4)
    assert stopped.line().startswith(b"21 (target_static) T ")
    assert replace(stopped, state=99).line().startswith(b"21 (target_static) 0 ")


def test_statm_and_emul(machine: Machine, target: Process) -> None:
    assert machine.read("/proc/21/statm") == b"57 0 0 47 6 4 0\n"
    assert machine.read("/proc/21/emul") == b"netbsd"


def test_map(machine: Machine, target: Process) -> None:
    target.entries = MAP
    assert machine.read("/proc/21/map").decode() == (
        "0x400000 0x42f000 r-x rwx COW NC 1 0 0\n"
        "0x62f000 0x630000 rw- rwx COW NC 1 0 0\n"
        "0x630000 0x635000 rw- rwx COW NNC 1 0 0\n"
        "0x7f7ff8000000 0x7f7fffc00000 --- rwx COW NC 1 0 0\n")
    shared = replace(MAP[0], copy_on_write=False, needs_copy=False, max_protection=5)
    assert shared.map_line() == "0x400000 0x42f000 r-x r-x NCOW NNC 1 0 0\n"


def test_maps(machine: Machine, target: Process) -> None:
    assert target.text is not None
    target.text.ino = 3462
    target.entries = [replace(MAP[0], file=target.text), replace(MAP[1], file=target.text),
                      *MAP[2:]]
    assert machine.read("/proc/21/maps").decode() == (
        "0000000000400000-000000000042f000 r-xp 0000000000000000 00:00 3462                       "
        "        /bin/target_static\n"
        "000000000062f000-0000000000630000 rw-p 000000000002f000 00:00 3462                       "
        "        /bin/target_static\n"
        "0000000000630000-0000000000635000 rw-p 0000000000000000 00:00 0                          "
        "        \n"
        "00007f7ff8000000-00007f7fffc00000 ---p 0000000000000000 00:00 0                          "
        "        \n")
    assert "r-xs" in replace(MAP[0], copy_on_write=False).maps_line(16, (1, 2), 7, "/x")
    assert " 01:02 7 " in MAP[0].maps_line(16, (1, 2), 7, "/x")


def test_a_map_is_not_read_beyond_a_limit(machine: Machine, target: Process) -> None:
    target.entries = MAP[:1] * 8000
    for name in ("map", "maps"):
        with pytest.raises(Refused) as refused:
            machine.read(f"/proc/21/{name}", 512)
        assert refused.value.errno == ENOMEM


def test_texts_are_read_in_pieces(machine: Machine, target: Process) -> None:
    node = machine.open("/proc/21/status")
    whole = node.read_at(0, 4096)
    assert b"".join(node.read_at(at, 7) for at in range(0, 80, 7)) == whole
    assert node.read_at(500, 7) == b""


def test_arguments_and_environment(machine: Machine, target: Process) -> None:
    target.args = b"/job/target_static\0/tmp/pids\0arg one\0\0tab\tx\0last\0"
    assert machine.read("/proc/21/cmdline") == target.args
    assert machine.read("/proc/21/environ") == b"A=1\0B=two\0"
    assert machine.read("/proc/0/cmdline") == b"(system)\0"


def test_limit(machine: Machine, target: Process) -> None:
    lines = machine.read("/proc/21/limit").decode().splitlines()
    assert [line.split() for line in (lines[0], lines[10], lines[11])] == [
        ["cpu-time", "0x7fffffffffffffff", "0x7fffffffffffffff"],
        ["virtual-memory-size", "1073741824", "0x7fffffffffffffff"],
        ["threads-number", "160", "1024"]]
    assert {len(line) for line in lines} == {62}
    assert len(lines) == len(texts.LIMITS) == 12


def test_limits(machine: Machine, target: Process) -> None:
    lines = machine.read("/proc/21/limits").decode().splitlines()
    assert lines[0].split() == ["Limit", "Soft", "Limit", "Hard", "Limit", "Units"]
    assert lines[-1].split() == ["Max", "address", "space", "1073741824", "unlimited", "bytes"]
    assert {len(line) for line in lines} == {25 + 20 + 20 + 10 + 3}


def test_cpuinfo(machine: Machine) -> None:
    assert machine.read("/proc/cpuinfo").decode() == (
        "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 15\nmodel\t\t: 11\n"
        "model name\t: QEMU Virtual CPU version 2.5+\nstepping\t: 1\ncpu MHz\t\t: 2598.1\n"
        "fdiv_bug\t: no\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 13\nwp\t\t: yes\n"
        "flags\t\t: fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush "
        "mmx fxsr sse sse2 \n\n")


def test_meminfo(machine: Machine) -> None:
    assert machine.read("/proc/meminfo").decode() == (
        "        total:    used:    free:  shared: buffers: cached:\n"
        "Mem:  515620864  8892416 506728448        0  1114112  4100096\n"
        "Swap:        0        0        0\n"
        "MemTotal:    503536 kB\nMemFree:     494852 kB\nMemShared:        0 kB\n"
        "Buffers:       1088 kB\nCached:        4004 kB\nSwapTotal:        0 kB\n"
        "SwapFree:         0 kB\n")


def test_the_other_root_texts(machine: Machine) -> None:
    machine.host.add(40)
    machine.host.table.update(dict.fromkeys(range(41, 48), machine.host.table[40]))
    assert machine.read("/proc/mounts") == (
        b"/dev/wd0a / ffs rw 0 0\nprocfs /proc proc rw 0 0\n"
        b"procfs /proc2 proc ro,nosuid,noexec,nodev 0 0\n")
    assert machine.read("/proc/uptime") == b"4.41 2.06\n"
    assert machine.read("/proc/loadavg") == b"0.00 0.00 0.00 1/11 30000\n"
    assert machine.read("/proc/version") == (
        b"NetBSD version 7.99.4 (netbsd@localhost) (gcc version 4.5.4) "
        b"NetBSD 7.99.4 (NBSD7) #1: Sat Nov 21 21:57:16 UTC 2026\n")
    assert machine.read("/proc/stat") == (
        b"cpu 36 0 95 206\ncpu0 36 0 95 206\ndisk 0 0 0 0\npage 0 0\nswap 0 0\nintr 261\n"
        b"ctxt 2216\nbtime 1795298333\n")
    assert machine.read("/proc/devices") == (
        b"Character devices:\n160 crypto\n  0 cons\n 10 wt\n\nBlock devices:\n  0 wd\n142 xbd\n")


def test_sysvipc(machine: Machine) -> None:
    assert machine.read("/proc/sysvipc/msg").split() == (
        b"key msqid perms cbytes qnum lspid lrpid uid gid cuid cgid stime rtime ctime".split())
    assert machine.read("/proc/sysvipc/sem").split()[:4] == [b"key", b"semid", b"perms", b"nsems"]
    assert machine.read("/proc/sysvipc/shm").split()[-2:] == [b"rss", b"swap"]
    perm = Ipc(0x1234, 65536, 0o1600, 1, 2, 3, 4)
    rows = (sysvipc_msg([Messages(perm, 5, 6, 7, 8, 9, 10, 11)]),
            sysvipc_sem([Semaphores(perm, 5, 6, 7)]),
            sysvipc_shm([SharedMemory(perm, 5, 6, 7, 8, 9, 10, 11)]))
    assert [row.splitlines()[1].split() for row in rows] == [
        b"4660 65536 1600 5 6 7 8 1 2 3 4 9 10 11".split(),
        b"4660 65536 1600 5 1 2 3 4 6 7".split(),
        b"4660 65536 1600 5 6 7 8 1 2 3 4 9 10 11 0 0".split()]
    for row in rows:
        head, line = row.splitlines()
        assert len(head) == len(line)


def test_mqueue(machine: Machine) -> None:
    where = "/proc/sys/fs/mqueue/"
    found = {entry.name: int(machine.read(where + entry.name))
             for entry in machine.find(where).entries()}
    assert found == {"msg_default": 32, "msg_max": 512, "msgsize_default": 1024,
                     "msgsize_max": 16384, "queues_max": 512}


def test_a_user_s_groups_are_the_credential_s(machine: Machine) -> None:
    machine.target(cred=Cred(1000, 2, 1000, (5,)))
    assert machine.read("/proc/21/status").endswith(b" 1000 2,5\n")
