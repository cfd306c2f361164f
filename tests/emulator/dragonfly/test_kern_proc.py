"""The kern.proc sysctls: the rules of kern_proc.c, and what a running kernel answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bsdproc.emulator.dragonfly import fork
from bsdproc.emulator.dragonfly.cred import Prison
from bsdproc.emulator.dragonfly.state import P, Tty
from bsdproc.kernel import Kernel

from .world import ACT, KINFO_SIZE, World, refused

ALL, PID, PGRP, SESSION, TTY, UID, RUID, ARGS, CWD, PATHNAME, SIGTRAMP = range(11)
LWP = 0x10
NOBODY = 99998
NOUDEV = 0xFFFFFFFF
KTHREADS = 41


def pids(world: World, op: int, *args: int) -> list[int]:
    return [record["kp_pid"] for record in world.records(op, *args)]


def jailed(kernel: Kernel) -> None:
    """The process whose view it is goes into a jail."""
    proc = kernel._proc     # type: ignore[attr-defined]
    proc.cred = proc.cred.copy(prison=Prison(1, "/", "cell"))


def as_child(world: World, work: Callable[[Kernel], None], uid: int | None = None) -> None:
    world.kernel.run_child(work, uid=uid)


class TestGroups:
    @pytest.mark.rule("dragonfly-kern_proc", "pfind", "pid-one")
    def test_a_pid_is_its_process(self, world: World) -> None:
        pid = world.settled("rest")
        assert pids(world, PID, pid) == [pid]

    @pytest.mark.rule("dragonfly-kern_proc", "inferior")
    def test_only_below_oneself_a_group_is_set(self, world: World) -> None:
        from bsdproc.emulator.dragonfly import proctree
        from bsdproc.emulator.errno import ESRCH, Refused

        middle = world.settled("fork", "rest", "end", "rest")
        below = world.proc(middle).children[0]
        proctree.setpgid(world.system, world.proc(middle), below.pid, 0)
        assert below.pgid == below.pid
        with pytest.raises(Refused) as caught:
            proctree.setpgid(world.system, below, middle, 0)
        assert caught.value.errno == ESRCH

    @pytest.mark.rule("dragonfly-kern_proc", "pgfind", "enter-new", "group-ends", "leave")
    def test_a_group_comes_and_goes(self, world: World) -> None:
        pid = world.settled("rest", new_group=True)
        assert world.kinfo(pid)["kp_pgid"] == pid
        assert world.kinfo(pid)["kp_sid"] == world.kernel.getpid()
        assert pids(world, PGRP, pid) == [pid]
        world.kernel.kill(-pid, 9)
        world.wait(pid, 9)
        assert pids(world, PGRP, pid) == []
        with refused("ESRCH"):
            world.kernel.kill(-pid, 9)

    @pytest.mark.rule("dragonfly-kern_proc", "enter-same")
    def test_the_same_group_again(self, world: World) -> None:
        pid = world.settled("group", "group", "rest")
        assert world.proc(pid).pgrp.members == [world.proc(pid)]

    @pytest.mark.rule("dragonfly-kern_proc", "session-new", "record-leader", "record-login")
    def test_a_session(self, world: World) -> None:
        world.system.allproc[world.kernel.getpid()].session.login = "operator"
        pid = world.settled("session", "rest")
        found = world.kinfo(pid)
        assert (found["kp_sid"], found["kp_pgid"], found["kp_auxflags"]) == (pid, pid, 2)
        assert found["kp_login"].startswith(b"operator\0")
        assert found["kp_tdev"] == NOUDEV

    @pytest.mark.rule("dragonfly-kern_proc", "session-taken")
    def test_a_leader_makes_no_session(self, world: World) -> None:
        world.wait(world.act("session", new_group=True), 101 << 8)

    @pytest.mark.rule("dragonfly-kern_proc", "jobc-parent", "record-group")
    def test_who_counts_for_job_control(self, world: World) -> None:
        pid = world.settled("rest", new_group=True)
        assert world.kinfo(pid)["kp_jobc"] == 1
        assert world.kinfo(world.kernel.getpid())["kp_jobc"] == 0

    @pytest.mark.rule("dragonfly-kern_proc", "jobc-children", "orphaned")
    def test_stopped_orphans_are_hung_up(self, world: World) -> None:
        """The parent's end leaves the child's group without anybody who counts."""
        pid = world.settled("fork", "group", "catch 1", "catch 19", "await 1 1", "await 19 1",
                            "exit 7", "end", "sleep 100")
        child = world.proc(pid).children[0].pid
        world.kernel.kill(child, 17)
        world.kernel.settle(0.02)
        assert world.kp(child).stat == 3
        world.wait(pid, 0)
        world.kernel.settle(0.1)
        assert child not in world.system.allproc

    @pytest.mark.rule("dragonfly-kern_proc", "orphaned-running")
    def test_others_are_not(self, world: World) -> None:
        pid = world.settled("fork", "group", "rest", "end", "sleep 100")
        child = world.proc(pid).children[0].pid
        world.wait(pid, 0)
        world.kernel.settle(0.1)
        assert world.kp(child).stat == 2


class TestRecords:
    @pytest.mark.rule("dragonfly-kern_proc", "thread-counts", "thread-message")
    def test_times_and_what_it_waits_for(self, world: World) -> None:
        spins, sleeps = world.settled("spin"), world.settled("rest")
        lwp = world.kinfo(spins)["kp_lwp"]
        assert lwp["kl_uticks"] > 0
        assert lwp["kl_wmesg"][:1] == b"\0"
        assert world.kp(sleeps).wmesg == "nanslp"

    @pytest.mark.rule("dragonfly-kern_proc", "thread-pid", "threads")
    def test_kernel_threads(self, world: World) -> None:
        threads = [r for r in world.records(ALL) if r["kp_pid"] == -1]
        assert len(threads) == KTHREADS
        for found in threads:
            lwp = found["kp_lwp"]
            assert (found["kp_ppid"], lwp["kl_pid"], lwp["kl_tid"]) == (0, -1, -1)
            assert (found["kp_flags"], found["kp_nthreads"], found["kp_tdev"]) == (0x200, 1, NOUDEV)
            assert found["kp_stat"] == (1 if found["kp_comm"].startswith(b"idle_") else 2)
            assert lwp["kl_rtprio"]["type"] == 3
            assert found["kp_ktaddr"]
        world.kernel.sysctl("security.ps_showallthreads", new=bytes(4))
        assert -1 not in pids(world, ALL)

    def test_the_kernels_own_process_and_init(self, world: World) -> None:
        swapper, init = world.kinfo(0), world.kinfo(1)
        assert (swapper["kp_ppid"], swapper["kp_nthreads"], swapper["kp_flags"]) == (-1, 0, 0x200)
        assert (init["kp_ppid"], init["kp_flags"], world.kp(1).wmesg) == (0, 0x4600, "wait")

    @pytest.mark.rule("dragonfly-kern_proc", "record-cred")
    def test_credentials(self, world: World) -> None:
        pid = world.settled("rest", uid=7, gid=8, groups=[8, 9])
        found = world.kinfo(pid)
        assert (found["kp_uid"], found["kp_ruid"], found["kp_svuid"]) == (7, 7, 7)
        assert (found["kp_rgid"], found["kp_svgid"], found["kp_ngroups"]) == (8, 8, 2)
        assert found["kp_groups"][:2] == (8, 9)

    @pytest.mark.rule("dragonfly-kern_proc", "record-signals")
    def test_signals(self, world: World) -> None:
        pid = world.settled("catch 30", "ignore 31", "block 15", "kill 15", "rest")
        found = world.kinfo(pid)
        assert found["kp_sigcatch"]["__bits"][0] == 0x20000000
        assert found["kp_sigignore"]["__bits"][0] == 0xD8488000
        assert found["kp_lwp"]["kl_sigmask"]["__bits"][0] == 0x4000
        assert found["kp_siglist"]["__bits"][0] == 0x4000
        assert world.kinfo(world.settled("rest"))["kp_sigignore"]["__bits"][0] == 0x98488000

    @pytest.mark.rule("dragonfly-kern_proc", "record-memory")
    def test_memory(self, world: World) -> None:
        pid, dead = world.settled("rest"), world.settled("exit 1")
        found = world.kinfo(pid)
        assert found["kp_vm_map_size"] > 0x20000
        assert (found["kp_vm_rssize"] > 0, found["kp_vm_tsize"] > 0) == (True, True)
        assert found["kp_vm_ssize"] == 32
        zombie = next(r for r in world.records(ALL) if r["kp_pid"] == dead)
        assert (zombie["kp_vm_map_size"], zombie["kp_vm_rssize"]) == (0, 0)
        assert (zombie["kp_stat"], zombie["kp_flags"], zombie["kp_nthreads"]) == (4, 0x6440, 0)

    @pytest.mark.rule("dragonfly-kern_proc", "record-parent")
    def test_the_parent_of_a_traced_process(self, world: World) -> None:
        middle = world.settled("fork", "rest", "end", "rest")
        pid = world.proc(middle).children[0].pid
        world.attach(pid)
        assert world.kp(pid).ppid == middle
        assert world.cat(f"/proc/{pid}/status").split()[2] == b"%d" % world.kernel.getpid()

    @pytest.mark.rule("dragonfly-kern_proc", "record-tty", "by-tty")
    def test_a_terminal(self, world: World) -> None:
        pid = world.settled("session", "rest")
        p = world.proc(pid)
        world.system.ttys[pid] = Tty(0x1700, p.pgrp, p.session)
        p.flag |= P.CONTROLT
        found = world.kinfo(pid)
        assert (found["kp_tdev"], found["kp_tpgid"], found["kp_tsid"]) == (0x1700, pid, pid)
        assert (found["kp_auxflags"], found["kp_flags"]) == (3, 0x4402)
        assert world.cat(f"/proc/{pid}/status").split()[5:7] == [b"23,0", b"ctty,sldr"]
        assert pids(world, TTY, 0x1700) == [pid]
        p.flag &= ~P.CONTROLT
        assert pids(world, TTY, 0x1700) == []

    @pytest.mark.rule("dragonfly-kern_proc", "record-no-tty")
    def test_none(self, world: World) -> None:
        assert world.kinfo(world.kernel.getpid())["kp_tdev"] == NOUDEV
        assert pids(world, TTY, -1) == pids(world, TTY, 0) == []

    @pytest.mark.parametrize(("name", "comm"), [
        ("a b", b"a b"), ("x(1) 2", b"x(1) 2"), ("été", "été".encode()),
        ("new\nline", b"new\nline"), ("1234567890123456", b"1234567890123456"),
        ("12345678901234567", b"1234567890123456")])
    def test_odd_names(self, world: World, name: str, comm: bytes) -> None:
        world.kernel.install(f"/tmp/{name}", ACT)
        pid = world.settled("rest", path=f"/tmp/{name}")
        found = world.kinfo(pid)
        assert found["kp_comm"].rstrip(b"\0") == found["kp_lwp"]["kl_comm"].rstrip(b"\0") == comm
        assert world.cat(f"/proc/{pid}/status").startswith(comm + b" %d " % pid)
        assert world.kernel.sysctl((1, 14, PATHNAME, pid)) == f"/tmp/{name}\0".encode()

    def test_many_groups_and_a_large_uid(self, world: World) -> None:
        pid = world.settled("rest", uid=4294967294, gid=0, groups=[*range(1000, 1016)])
        assert pids(world, UID, -2) == [pid]
        found = world.kinfo(pid)
        assert (found["kp_uid"], found["kp_ngroups"]) == (4294967294, 16)

    def test_lwps(self, world: World) -> None:
        """One record of all, number -1; with the flag one for each."""
        pid = world.settled("lwp", "rest", "end", "lwp", "spin", "end", "rest")
        one = world.records(PID, pid)
        assert [r["kp_lwp"]["kl_tid"] for r in one] == [-1]
        assert one[0]["kp_nthreads"] == 3
        each = world.records(PID | LWP, pid)
        assert [r["kp_lwp"]["kl_tid"] for r in each] == [1, 2, 3]
        assert one[0]["kp_lwp"]["kl_uticks"] == sum(r["kp_lwp"]["kl_uticks"] for r in each)

    def test_a_stopped_sleeper_and_a_stopped_spinner(self, world: World) -> None:
        for words, lstat, wmesg in (("rest", 3, "nanslp"), ("spin", 2, "stop")):
            pid = world.settled(words)
            world.kernel.kill(pid, 17)
            world.kernel.settle(0.01)
            assert world.kp(pid)[1::2] == (3, lstat, wmesg)

    def test_a_parent_in_vfork_and_its_child(self, world: World) -> None:
        pid = world.settled("vfork", "rest", "end")
        child = world.proc(pid).children[0].pid
        assert world.kp(pid)[2:] == (0x4400, 3, 0, "ppwait")
        assert world.kp(child)[2] == 0x410


class TestTables:
    @pytest.mark.rule("dragonfly-kern_proc", "pid-length", "one-length", "all-length")
    def test_how_many_numbers(self, world: World) -> None:
        for op in (PID, PGRP, TTY, UID, RUID):
            for lwp in (0, LWP):
                for args in ((), (1, 1)):
                    with refused("EINVAL"):
                        world.kernel.sysctl((1, 14, op | lwp, *args))
        with refused("ENOTDIR"):
            world.kernel.sysctl((1, 14, ALL, 1))
        with refused("EINVAL"):
            world.kernel.sysctl((1, 14, ALL | LWP, 1))
        with refused("ENOTDIR"):
            world.kernel.sysctl((1, 14, SIGTRAMP, 1))

    @pytest.mark.rule("dragonfly-kern_proc", "unknown-kind")
    def test_what_there_is_not(self, world: World) -> None:
        for op in (SESSION, 11, 15, 99, -1):
            with refused("ENOENT"):
                world.kernel.sysctl((1, 14, op, 1))
        with refused("EISDIR"):
            world.kernel.sysctl((1, 14))

    @pytest.mark.rule("dragonfly-kern_proc", "pid-none", "pfind-zombie")
    def test_nobody_is_no_error(self, world: World) -> None:
        dead = world.settled("exit 1")
        for pid in (NOBODY, -1, dead):
            assert pids(world, PID, pid) == pids(world, PID | LWP, pid) == []
            assert world.kernel.sysctl_size((1, 14, PID, pid)) == 0
        for op in (PGRP, UID, RUID, TTY):
            assert pids(world, op, NOBODY) == []
        assert dead in pids(world, ALL)
        assert [r["kp_lwp"]["kl_tid"] for r in world.records(ALL | LWP)
                if r["kp_pid"] == dead] == [1]

    @pytest.mark.rule("dragonfly-kern_proc", "estimate", "estimate-pid")
    def test_sizes(self, world: World) -> None:
        pid = world.settled("rest")
        assert world.kernel.sysctl_size((1, 14, PID, pid)) == KINFO_SIZE
        assert world.kernel.sysctl_size((1, 14, PGRP, NOBODY)) == 4960
        for mib in ((ALL,), (PGRP, pid), (UID, 0), (RUID, 0), (TTY, 0), (ALL | LWP,)):
            exact = len(world.kernel.sysctl((1, 14, *mib)))
            assert world.kernel.sysctl_size((1, 14, *mib)) == exact + 5 * KINFO_SIZE

    @pytest.mark.rule("dragonfly-kern_proc", "too-small")
    def test_too_little_room(self, world: World) -> None:
        """The buffer is full to its last byte, and its size is told."""
        from bsdproc.emulator.dragonfly import sysctl

        td = world.system.allproc[world.kernel.getpid()].lwps[0]
        whole = world.kernel.sysctl((1, 14, ALL))
        for room in (100, KINFO_SIZE, KINFO_SIZE + 1):
            with refused("ENOMEM"):
                world.kernel.sysctl((1, 14, ALL), room=room)
            answer = sysctl.ask(world.system, td, (1, 14, ALL), room, None)
            assert (answer.data, answer.size) == (whole[:room], room)

    @pytest.mark.rule("dragonfly-kern_proc", "order")
    def test_zombies_come_after_the_living(self, world: World) -> None:
        dead, living = world.settled("exit 1"), world.settled("rest")
        found = pids(world, ALL)
        assert found.index(living) < found.index(dead) < found.index(-1)
        assert found.index(dead) == len([pid for pid in found if pid != -1]) - 1

    @pytest.mark.rule("dragonfly-kern_proc", "embryonic")
    def test_embryonic_processes_are_left_out(self, world: World) -> None:
        pid = world.settled("rest")
        new = fork.new_process(world.system, world.proc(pid))
        for mib in ((ALL,), (UID, 0), (PGRP, world.kernel.getpid())):
            found = pids(world, *mib)
            assert pid in found
            assert new.pid not in found

    @pytest.mark.rule("dragonfly-kern_proc", "by-group", "by-uid", "by-ruid")
    def test_by_what_they_are(self, world: World) -> None:
        first = world.settled("fork", "rest", "end", "rest", new_group=True)
        second = world.proc(first).children[0].pid
        third = world.settled("rest", uid=7)
        p = world.proc(third)
        p.cred = p.cred.copy(ruid=8)
        assert sorted(pids(world, PGRP, first)) == [first, second]
        assert pids(world, UID, 7) == [third] == pids(world, RUID, 8)
        assert pids(world, UID, 8) == pids(world, RUID, 7) == []

    @pytest.mark.rule("dragonfly-kern_proc", "show-own", "pid-all")
    def test_only_ones_own(self, world: World) -> None:
        roots, own = world.settled("rest"), world.settled("rest", uid=7)
        world.kernel.sysctl("security.ps_showallprocs", new=bytes(4))

        def look(kernel: Kernel) -> None:
            data = kernel.sysctl((1, 14, UID, 0))
            assert data == b""
            everybody = [r["kp_pid"] for r in parsed(world, kernel.sysctl((1, 14, ALL)))]
            assert own in everybody
            assert roots not in everybody
            assert everybody.count(-1) == KTHREADS
            assert len(kernel.sysctl((1, 14, PID, roots))) == KINFO_SIZE

        as_child(world, look, uid=7)
        assert roots in pids(world, ALL)

    @pytest.mark.rule("dragonfly-kern_proc", "threads-all")
    def test_kernel_threads_are_of_no_group_and_no_user(self, world: World) -> None:
        assert -1 in pids(world, ALL | LWP)
        for mib in ((UID, 0), (RUID, 0), (PGRP, 0), (TTY, -1)):
            assert -1 not in pids(world, *mib)

    @pytest.mark.rule("dragonfly-kern_proc", "jail", "pid-jail", "threads-jail")
    def test_from_within_a_jail(self, world: World) -> None:
        outside = world.settled("rest")

        def look(kernel: Kernel) -> None:
            jailed(kernel)
            found = parsed(world, kernel.sysctl((1, 14, ALL)))
            assert [r["kp_pid"] for r in found] == [kernel.getpid()]
            assert found[0]["kp_jailid"] == 1
            assert found[0]["kp_flags"] & 0x1000000
            for pid in (outside, 1):
                assert kernel.sysctl((1, 14, PID, pid)) == b""
            # Arguments and paths are told of everybody.
            assert kernel.sysctl((1, 14, ARGS, 1)) == b"/sbin/init\0--\0"
            assert kernel.sysctl((1, 14, CWD, 1)) == b"/\0"
            with refused("ENOENT"):
                kernel.open("/proc/1/status", 0)
            with refused("ESRCH"):
                kernel.ptrace(10, outside, 0, 0)

        as_child(world, look)

    def test_a_jailed_program(self, world: World) -> None:
        pid = world.settled("jail", "rest")
        found = world.kinfo(pid)
        assert found["kp_jailid"] == 1
        assert world.cat(f"/proc/{pid}/status").endswith(b" cell\n")

    @pytest.mark.rule("dragonfly-kern_proc", "read-only")
    def test_nothing_is_set(self, world: World) -> None:
        me = world.kernel.getpid()
        for mib in ((ALL,), (PID, me), (CWD, me), (PATHNAME, me), (SIGTRAMP,)):
            with refused("EPERM"):
                world.kernel.sysctl((1, 14, *mib), new=b"x")


def parsed(world: World, data: bytes) -> list[dict[str, int]]:
    layout = world.kernel.target.struct("struct kinfo_proc")
    return [dict(layout.unpack(data[i : i + KINFO_SIZE]))      # type: ignore[arg-type]
            for i in range(0, len(data), KINFO_SIZE)]
