"""kern.proc.args, cwd, pathname and sigtramp: the rules, and what a running kernel answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bsdproc.kernel import Kernel

from .world import ACT, World, refused

ALL, PID, PGRP, SESSION, TTY, UID, RUID, ARGS, CWD, PATHNAME, SIGTRAMP = range(11)
NOBODY = 99998


def as_child(world: World, work: Callable[[Kernel], None], uid: int | None = None) -> None:
    world.kernel.run_child(work, uid=uid)


class TestArguments:
    @pytest.mark.rule("dragonfly-kern_proc", "args-length")
    def test_how_many_numbers(self, world: World) -> None:
        for args in ((), (1, 1, 1)):
            with refused("EINVAL"):
                world.kernel.sysctl((1, 14, ARGS, *args))
        pid = world.settled("rest")
        assert world.kernel.sysctl((1, 14, ARGS, pid, 77)) == b"/bin/act\0rest\0"

    @pytest.mark.rule("dragonfly-kern_proc", "args-none")
    def test_nobody(self, world: World) -> None:
        dead = world.settled("exit 1")
        for pid in (NOBODY, -1, 0, dead):
            assert world.kernel.sysctl((1, 14, ARGS, pid)) == b""
        assert world.kernel.sysctl((1, 14, ARGS, NOBODY), new=b"title") == b""

    @pytest.mark.rule("dragonfly-kern_proc", "args-closed")
    def test_closed(self, world: World) -> None:
        pid = world.settled("rest")
        world.kernel.sysctl("kern.ps_argsopen", new=bytes(4))

        def look(kernel: Kernel) -> None:
            assert kernel.sysctl((1, 14, ARGS, pid)) == b""
            assert kernel.sysctl((1, 14, ARGS, pid), new=b"title") == b""
            assert kernel.sysctl((1, 14, PATHNAME, pid)) == b"/bin/act\0"

        as_child(world, look, uid=7)
        assert world.kernel.sysctl((1, 14, ARGS, pid)) == b"/bin/act\0rest\0"

    @pytest.mark.rule("dragonfly-kern_proc", "args-others")
    def test_anothers_title_is_not_set(self, world: World) -> None:
        with refused("EPERM"):
            world.kernel.sysctl((1, 14, ARGS, world.settled("rest")), new=b"title")

    @pytest.mark.rule("dragonfly-kern_proc", "args-read", "args-size", "args-set", "args-both",
                      "args-anybody")
    def test_ones_own_title(self, world: World) -> None:
        def work(kernel: Kernel) -> None:
            me = (1, 14, ARGS, kernel.getpid())
            before = kernel.sysctl(me)
            assert before == b"/usr/local/bin/python3\0"
            assert kernel.sysctl_size(me) == 0
            assert kernel.sysctl(me, new=b"new title\0and more", room=100) == before
            assert kernel.sysctl(me) == b"new title\0"
            with refused("ENOMEM"):
                kernel.sysctl(me, room=3)
            for nothing in (b"\0", b""):
                kernel.sysctl(me, new=b"again")
                kernel.sysctl(me, new=nothing)
                assert kernel.sysctl(me) == before

        as_child(world, work, uid=7)

    def test_a_program_sets_it(self, world: World) -> None:
        pid = world.settled("title worker 3", "fork", "rest", "end", "rest")
        assert world.kernel.sysctl((1, 14, ARGS, pid)) == b"worker 3\0"
        assert world.cat(f"/proc/{pid}/cmdline") == b"worker 3"
        child = world.proc(pid).children[0].pid
        assert world.kernel.sysctl((1, 14, ARGS, child)).startswith(b"/bin/act\0title worker 3\0")

    @pytest.mark.rule("dragonfly-kern_proc", "args-limit")
    def test_a_title_that_is_too_long(self, world: World) -> None:
        me = (1, 14, ARGS, world.kernel.getpid())
        world.kernel.sysctl(me, new=b"short")
        world.kernel.sysctl(me, new=b"x" * 245)
        assert world.kernel.sysctl(me) == b"short\0"
        world.kernel.sysctl(me, new=b"x" * 240)
        assert world.kernel.sysctl(me) == b"x" * 240 + b"\0"

    @pytest.mark.parametrize("total", range(201, 402, 20))
    def test_arguments_are_kept_up_to_a_limit(self, world: World, total: int) -> None:
        """In bytes with their NULs: 241 are, 261 not."""
        pid = world.settled("rest", "x" * (total - len("/bin/act\0rest\0") - 1))
        found = world.kernel.sysctl((1, 14, ARGS, pid))
        assert len(found) == (total if total <= 241 else 0)
        if total > 241:
            assert world.cat(f"/proc/{pid}/cmdline") == b"act".ljust(16, b"\0")

    def test_odd_arguments(self, world: World) -> None:
        pid = world.act("trace-me", "exec /bin/act")
        world.wait(pid, 0x057F)
        assert world.kernel.sysctl((1, 14, ARGS, pid)) == b"/bin/act\0"
        pid = world.kernel.spawn("/bin/act", ["", "", "x", ""], {}, traced=True)
        assert world.kernel.sysctl((1, 14, ARGS, pid)) == b"\0\0x\0\0"
        pid = world.kernel.spawn("/bin/act", ["\udcff\udcfe\x01 a\nb", "é"], {}, traced=True)
        assert world.kernel.sysctl((1, 14, ARGS, pid)) == b"\xff\xfe\x01 a\nb\0\xc3\xa9\0"


class TestPaths:
    def test_cwd(self, world: World) -> None:
        world.kernel.mkdir("/tmp/dd")
        pid = world.settled("rest", cwd="/tmp/dd")
        mib = (1, 14, CWD, pid)
        assert world.kernel.sysctl(mib) == b"/tmp/dd\0"
        assert world.kernel.sysctl_size(mib) == 0
        world.kernel.rmdir("/tmp/dd")
        assert world.kernel.sysctl(mib) == b"/tmp/dd\0"
        assert world.kernel.sysctl((1, 14, CWD, 0)) == b"/\0"
        for nobody in (NOBODY, -1, world.settled("exit 1")):
            assert world.kernel.sysctl((1, 14, CWD, nobody)) == b""

    def test_pathname(self, world: World) -> None:
        for name in ("/tmp/del", "/tmp/ren1"):
            world.kernel.install(name, ACT)
        gone, moved = (world.settled("rest", path=name) for name in ("/tmp/del", "/tmp/ren1"))
        world.kernel.unlink("/tmp/del")
        world.system.vfs.rename("/tmp/ren1", "/tmp/ren2")
        for pid, path in ((gone, "/tmp/del"), (moved, "/tmp/ren2"), (1, "/sbin/init"),
                          (-1, "/usr/local/bin/python3")):
            assert world.kernel.sysctl((1, 14, PATHNAME, pid)) == path.encode() + b"\0"
            assert world.kernel.sysctl_size((1, 14, PATHNAME, pid)) == len(path) + 1
        assert world.kernel.readlink(f"/proc/{gone}/file") == "/tmp/del"
        for nobody in (NOBODY, world.settled("exit 1")):
            with refused("ESRCH"):
                world.kernel.sysctl((1, 14, PATHNAME, nobody))

    def test_sigtramp(self, world: World) -> None:
        data = world.kernel.sysctl((1, 14, SIGTRAMP))
        start, end = (int.from_bytes(data[i : i + 8], "little") for i in (0, 8))
        assert (start, end - start) == (0x7FFFFFDFE000, 32)

    @pytest.mark.parametrize("name", [
        "all", "pid", "pgrp", "tty", "uid", "ruid", "args", "cwd", "pathname", "sigtramp",
        *(f"{kind}_lwp" for kind in ("all", "pid", "pgrp", "tty", "uid", "ruid"))])
    def test_names(self, world: World, name: str) -> None:
        world.kernel.sysctl((0, 3), new=f"kern.proc.{name}".encode(), room=48)
        with refused("ENOENT"):
            world.kernel.sysctl("kern.proc.session")
