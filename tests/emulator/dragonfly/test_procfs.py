"""procfs as a real DragonFly 5.9 showed it, in the order of its record."""

from __future__ import annotations

import re
import stat
import struct

import pytest

from bsdproc.kernel import Kernel
from bsdproc.kernel.port import Stat

from .world import (
    GETREGS,
    O_CREAT,
    O_EXCL,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    WNOHANG,
    World,
    refused,
)

NODES = ["mem", "regs", "fpregs", "dbregs", "ctl", "status", "note", "notepg", "map", "etype",
         "cmdline", "rlimit", "file"]
OF_THE_KERNEL = ["mem", "ctl", "status", "note", "notepg", "cmdline", "rlimit", "file"]
NUMBERS = {"file": 3, "mem": 4, "regs": 5, "fpregs": 6, "dbregs": 7, "ctl": 8, "status": 9,
           "note": 10, "notepg": 11, "map": 12, "etype": 13, "cmdline": 14, "rlimit": 15}
MODES = {"mem": 0o600, "regs": 0o600, "fpregs": 0o600, "dbregs": 0o600, "ctl": 0o200,
         "status": 0o444, "note": 0o200, "notepg": 0o200, "map": 0o444, "etype": 0o444,
         "cmdline": 0o444, "rlimit": 0o444}
SIZES = {"regs": 200, "fpregs": 512, "dbregs": 128}
NOBODY = 99998


class TestNames:
    def test_the_root(self, world: World) -> None:
        dead, living = world.settled("exit 1"), world.settled("rest")
        found = world.kernel.listdir("/proc")
        assert found[:3] == ["curproc", "0", "1"]
        assert str(living) in found
        assert str(dead) not in found
        root = world.kernel.lstat("/proc")
        assert (root.mode, root.size, root.ino, root.nlink) == (0o40555, 512, 2, 1)
        link = world.kernel.lstat("/proc/curproc")
        assert (link.mode, link.ino) == (0o120444, 3)
        assert world.kernel.readlink("/proc/curproc") == str(world.kernel.getpid())

    @pytest.mark.parametrize("uid", [0, 1001])
    def test_a_process(self, world: World, uid: int) -> None:
        pid = world.settled("rest", uid=uid)
        folder = f"/proc/{pid}"
        assert world.kernel.listdir(folder) == NODES
        assert world.kernel.lstat(folder) == Stat(0o40555, 512, uid, uid, (pid + 1) * 16 + 2, 15)
        for name in NODES:
            found = world.kernel.lstat(f"{folder}/{name}")
            assert found.ino == (pid + 1) * 16 + NUMBERS[name]
            assert (found.uid, found.gid, found.nlink) == (uid, uid, 1)
            if name == "file":
                assert (found.mode, found.size) == (0o120555, len("/bin/act"))
            else:
                assert (found.mode, found.size) == (
                    stat.S_IFREG | MODES[name], SIZES.get(name, 0))

    @pytest.mark.parametrize("pid", [0, 1])
    def test_system_processes(self, world: World, pid: int) -> None:
        assert world.kernel.listdir(f"/proc/{pid}") == OF_THE_KERNEL
        for name in set(NODES) - set(OF_THE_KERNEL):
            with refused("ENOENT"):
                world.kernel.open(f"/proc/{pid}/{name}", O_RDONLY)

    def test_names_of_processes(self, world: World) -> None:
        assert world.kernel.listdir("/proc/01") == OF_THE_KERNEL
        for name in ("-1", "self", str(NOBODY), str(world.settled("exit 1")), "1x", ""):
            if name:
                with refused("ENOENT"):
                    world.kernel.listdir(f"/proc/{name}")

    def test_links(self, world: World) -> None:
        pid = world.settled("rest")
        assert world.kernel.readlink(f"/proc/{pid}/file") == "/bin/act"
        assert world.kernel.readlink("/proc/1/file") == "/sbin/init"
        assert world.kernel.readlink("/proc/0/file") == "unknown"

    def test_file_system(self, world: World) -> None:
        found = world.kernel.statvfs("/proc")
        assert (found.fstype, found.mounted_from, found.bsize, found.files) == (
            "procfs", "procfs", 4096, 1476)
        world.kernel.mkdir("/mnt2")
        world.kernel.mount("procfs", "/mnt2", 0)
        assert "1" in world.kernel.listdir("/mnt2")
        world.kernel.unmount("/mnt2")
        assert world.kernel.listdir("/mnt2") == []

    def test_ids_that_changed(self, world: World) -> None:
        """What may be secret is nobody's; memory is root's."""
        pid = world.settled("uid 1001", "rest")
        for name in ("mem", "regs", "fpregs", "dbregs", "ctl"):
            found = world.kernel.lstat(f"/proc/{pid}/{name}")
            assert found.mode & 0o777 == 0
            assert found.uid == (0 if name == "mem" else 1001)

        def owner(kernel: Kernel) -> None:
            for name in ("mem", "regs", "ctl"):
                with refused("EACCES"):
                    kernel.open(f"/proc/{pid}/{name}", O_RDONLY)

        world.kernel.run_child(owner, uid=1001)

    def test_hidden_processes(self, world: World) -> None:
        pid = world.settled("rest")
        world.kernel.sysctl("security.ps_showallprocs", new=bytes(4))

        def user(kernel: Kernel) -> None:
            with refused("ENOENT"):
                kernel.open(f"/proc/{pid}/status", O_RDONLY)
            assert str(pid) not in kernel.listdir("/proc")

        world.kernel.run_child(user, uid=7)


class TestTexts:
    def test_status(self, world: World) -> None:
        me, pid = world.kernel.getpid(), world.settled("rest", uid=1001)
        assert re.fullmatch(
            rf"act {pid} {me} {me} {me} -1,-1 noflags \d+,\d+ \d+,\d+ \d+,\d+ nanslp"
            r" 1001 1001 1001,1001 -\n", world.cat(f"/proc/{pid}/status").decode())
        assert world.cat("/proc/1/status").startswith(b"init 1 0 1 1 -1,-1 sldr ")
        assert world.cat("/proc/0/status").split()[-5:] == [b"nowork", b"0", b"0", b"0,0", b"-"]
        assert world.cat(f"/proc/{world.settled('spin')}/status").split()[10] == b"nochan"

    def test_parts(self, world: World) -> None:
        pid = world.settled("rest")
        fd = world.kernel.open(f"/proc/{pid}/cmdline", O_RDONLY)
        assert [world.kernel.read(fd, 5) for _ in range(4)] == [
            b"/bin/", b"act\0r", b"est\0", b""]

    def test_cmdline(self, world: World) -> None:
        pid = world.settled("rest", "a b", "c")
        assert world.cat(f"/proc/{pid}/cmdline") == b"/bin/act\0rest\0a b\0c\0"
        assert world.cat("/proc/1/cmdline") == b"/sbin/init\0--\0"
        assert world.cat("/proc/0/cmdline") == b"swapper".ljust(16, b"\0")
        me = (1, 14, 7, world.kernel.getpid())
        world.kernel.sysctl(me, new=b"a new title")
        assert world.cat("/proc/curproc/cmdline") == b"a new title"
        world.kernel.sysctl(me, new=b"")
        assert world.cat("/proc/curproc/cmdline") == b"/usr/local/bin/python3\0"

    def test_etype_and_rlimit(self, world: World) -> None:
        pid = world.settled("rest")
        assert world.cat(f"/proc/{pid}/etype") == b"DragonFly ELF64\n"
        assert world.cat("/proc/1/rlimit") == (
            b"cpu -1 -1\nfsize -1 -1\ndata 134217728 34359738368\nstack 8388608 536870912\n"
            b"core -1 -1\nrss 551370752 -1\nmemlock 183790250 551370752\nnproc 1476 1476\n"
            b"nofile 23616 23616\nsbsize -1 -1\nvmem -1 -1\nposixlock -1 -1\n")

    def test_map(self, world: World) -> None:
        pid = world.settled("rest")
        lines = world.cat(f"/proc/{pid}/map").decode().splitlines()
        for line in lines:
            assert re.fullmatch(
                r"0x[0-9a-f]{16} 0x[0-9a-f]{16} -1 -1 0xfffff8[0-9a-f]{10} [r-][w-][x-] \d+ 0"
                r" 0x[0-9a-f]{4} N?COW N?NC (vnode|default) (/bin/act|-)", line), line
        words = [line.split() for line in lines]
        assert [(w[0], w[1], w[5]) for w in words[-3:]] == [
            ("0x00007fffffde0000", "0x00007fffffdfe000", "rw-"),
            ("0x00007fffffdfe000", "0x00007fffffdff000", "r-x"),
            ("0x00007fffffdff000", "0x00007fffffe00000", "rw-")]
        assert {w[-2] for w in words if w[-1] == "/bin/act"} == {"vnode"}

    def test_notes(self, world: World) -> None:
        pid = world.settled("rest")
        for name in ("note", "notepg"):
            fd = world.kernel.open(f"/proc/{pid}/{name}", O_RDWR)
            with refused("EINVAL"):
                world.kernel.read(fd, 100)
            with refused("EOPNOTSUPP"):
                world.kernel.write(fd, b"to whom it may concern")
            with refused("EMSGSIZE"):
                world.kernel.write(fd, b"x" * 64)


class TestRegisters:
    @pytest.mark.parametrize(("name", "size"), SIZES.items())
    def test_they_are_read_again_and_again(self, world: World, name: str, size: int) -> None:
        pid = world.settled("spin")
        fd = world.kernel.open(f"/proc/{pid}/{name}", O_RDONLY)
        first = world.kernel.read(fd, 4096)
        assert len(first) == size
        assert world.kernel.read(fd, 4096) == first
        assert world.kernel.read(fd, 100) == world.kernel.read(fd, 100) == first[:100]
        assert world.kernel.pread(fd, 100, 100) == first[100:200]
        with refused("EINVAL"):
            world.kernel.pread(fd, 100, size + 1)

    def test_what_ptrace_tells(self, world: World) -> None:
        pid = world.stopped("spin")
        buffer = world.kernel.buffer(200)
        world.ask(GETREGS, pid, buffer)
        assert world.cat(f"/proc/{pid}/regs") == buffer.read()

    def test_writing(self, world: World) -> None:
        """The general ones of a stopped process, the others of a stopped lwp."""
        pid = world.settled("rest")
        files = {name: world.kernel.open(f"/proc/{pid}/{name}", O_RDWR) for name in SIZES}
        data = {name: world.kernel.pread(fd, 512, 0) for name, fd in files.items()}
        for name, fd in files.items():
            with refused("EBUSY"):
                world.kernel.write(fd, data[name])
        world.ctl(pid, "attach")
        assert world.kernel.write(files["regs"], data["regs"]) == 200
        for name in ("fpregs", "dbregs"):
            with refused("EBUSY"):
                world.kernel.write(files[name], data[name])

    def test_nobody_elses(self, world: World) -> None:
        pid = world.settled("spin")

        def user(kernel: Kernel) -> None:
            for name in ("mem", "regs", "ctl"):
                with refused("EACCES"):
                    kernel.open(f"/proc/{pid}/{name}", O_WRONLY)
            with refused("EACCES"):
                kernel.open("/proc/1/mem", O_RDONLY)
            assert kernel.readlink("/proc/1/file") == "/sbin/init"
            assert world.cat("/proc/1/status", kernel=kernel).startswith(b"init 1 ")

        world.kernel.run_child(user, uid=1001)


class TestMemory:
    def test_opening(self, world: World) -> None:
        pid = world.settled("rest")
        for name, flags in (("mem", O_RDWR), ("ctl", O_RDWR), ("ctl", O_RDONLY),
                            ("status", O_RDWR)):
            world.kernel.close(world.kernel.open(f"/proc/{pid}/{name}", flags))
        for system in (0, 1):
            world.kernel.close(world.kernel.open(f"/proc/{system}/mem", O_RDONLY))
        with refused("ENOENT"):
            world.kernel.open(f"/proc/{pid}/nosuch", O_RDONLY)
        with refused("EROFS"):
            world.kernel.open(f"/proc/{pid}/newfile", O_RDWR | O_CREAT)

    def test_reading_and_writing(self, world: World) -> None:
        pid = world.settled("rest")
        rip = struct.unpack_from("<Q", world.cat(f"/proc/{pid}/regs"), 160)[0]
        fd = world.kernel.open(f"/proc/{pid}/mem", O_RDWR)
        text = world.kernel.pread(fd, 16, rip)
        assert len(text) == 16
        for address in (0, 0x7FFFFFFFFFFFF000):
            with refused("EFAULT"):
                world.kernel.pread(fd, 16, address)
        assert world.kernel.pwrite(fd, b"\xcc", rip) == 1
        assert world.kernel.pread(fd, 2, rip) == b"\xcc" + text[1:2]
        assert world.kernel.pwrite(fd, text, rip) == 16

    def test_one_writer_who_is_alone(self, world: World) -> None:
        pid = world.settled("rest")
        fd = world.kernel.open(f"/proc/{pid}/mem", O_RDWR | O_EXCL)
        with refused("EBUSY"):
            world.kernel.open(f"/proc/{pid}/mem", O_RDWR)
        world.kernel.close(fd)
        world.kernel.close(world.kernel.open(f"/proc/{pid}/mem", O_RDWR))


class TestControl:
    def test_the_recorded_attachment(self, world: World) -> None:
        pid, me = world.settled("rest"), world.kernel.getpid()
        for verb in ("bogus", "", "wait2", "USR1", "sigusr1"):
            with refused("EOPNOTSUPP"):
                world.ctl(pid, verb)
        for verb in ("step", "run"):
            with refused("EBUSY"):
                world.ctl(pid, verb)
        assert world.ctl(pid, "detach") == 6
        with refused("EINVAL"):
            world.ctl(me, "attach")
        assert world.ctl(pid, "attach") == 6
        assert world.kp(pid) == (me, 3, 0x4C00, 3, 0, "nanslp")
        with refused("EBUSY"):
            world.ctl(pid, "attach")
        assert (world.ctl(pid, "wait"), world.ctl(pid, "wait\n")) == (4, 5)
        world.wait(pid, 0x7F)
        assert world.ctl(pid, "run\n") == 4
        assert world.kp(pid) == (me, 2, 0x5C00, 3, 0, "nanslp")
        for verb in ("run", "step"):
            with refused("EBUSY"):
                world.ctl(pid, verb)
        assert world.ctl(pid, "stop") == 4
        assert world.kp(pid) == (me, 3, 0x4C00, 3, 17, "nanslp")
        world.wait(pid, 0x117F)

    def test_steps_and_signals(self, world: World) -> None:
        pid, me = world.settled("spin"), world.kernel.getpid()
        assert world.ctl(pid, "attach") == 6
        assert world.kp(pid) == (me, 3, 0x4C00, 1, 0, "")
        assert world.ctl(pid, "wait") == 4
        world.kernel.settle(0.01)
        assert world.ctl(pid, "step") == 4
        world.kernel.settle(0.01)
        assert world.kp(pid) == (me, 3, 0x4C00, 2, 5, "stop")
        assert world.ctl(pid, "run") == 3
        world.kernel.settle(0.01)
        assert world.ctl(pid, "usr1") == 4
        world.kernel.settle(0.01)
        assert world.kp(pid) == (me, 3, 0x4C00, 2, 30, "stop")
        world.wait(pid, 0x1E7F)
        assert world.ctl(pid, "term") == 4
        world.wait(pid, 0x000F)

    def test_anothers_child_goes_back(self, world: World) -> None:
        middle = world.settled("fork", "rest", "end", "rest")
        pid = world.proc(middle).children[0].pid
        assert world.ctl(pid, "attach") == 6
        assert (world.kp(pid).ppid, world.proc(pid).parent) == (
            middle, world.proc(world.kernel.getpid()))
        world.wait(pid, 0x7F)
        assert world.ctl(pid, "detach") == 6
        assert world.kp(pid)[:3] == (middle, 2, 0x400)
        assert world.proc(pid).parent is world.proc(middle)

    def test_ones_own(self, world: World) -> None:
        pid = world.settled("rest", uid=1001)

        def user(kernel: Kernel) -> None:
            assert world.ctl(pid, "attach", kernel) == 6
            assert kernel.wait4(pid)[:2] == (pid, 0x7F)

        world.kernel.run_child(user, uid=1001)

    def test_reading_it(self, world: World) -> None:
        fd = world.kernel.open(f"/proc/{world.settled('rest')}/ctl", O_RDWR)
        with refused("EOPNOTSUPP"):
            world.kernel.read(fd, 100)
        with refused("EMSGSIZE"):
            world.kernel.write(fd, b"detached")
        with refused("EINVAL"):
            world.kernel.pwrite(fd, b"run", 5)

    def test_a_process_that_is_gone(self, world: World) -> None:
        pid = world.settled("sleep 20")
        fd = world.kernel.open(f"/proc/{pid}/status", O_RDONLY)
        world.kernel.settle(0.05)
        assert world.kernel.wait4(pid, WNOHANG).pid == pid
        with refused("EINVAL"):
            world.kernel.read(fd, 100)


class TestKernelBugs:
    """What a real kernel does not survive is refused, and noted."""

    def test_the_path_of_process_0(self, world: World) -> None:
        with refused("EOPNOTSUPP"):
            world.kernel.sysctl((1, 14, 9, 0))
        assert world.kernel.log == ["kern.proc.pathname of process 0 panics DragonFly 5.9: refused"]

    def test_an_attachment_to_process_0(self, world: World) -> None:
        with refused("EOPNOTSUPP"):
            world.ctl(0, "attach")
        assert "panics" in world.kernel.log[0]

    def test_a_wait_that_never_ends(self, world: World) -> None:
        pid = world.settled("rest")
        with refused("EOPNOTSUPP"):
            world.ctl(pid, "wait")
        assert "never ends" in world.kernel.log[0]

    def test_a_child_that_nobody_could_collect(self, world: World) -> None:
        pid = world.settled("rest")
        world.ctl(pid, "attach")
        with refused("EOPNOTSUPP"):
            world.ctl(pid, "detach")
        assert world.kp(pid)[:3] == (world.kernel.getpid(), 3, 0x4C00)
