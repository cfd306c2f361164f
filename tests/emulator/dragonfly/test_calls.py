"""What programs ask of the kernel: processes, lwps, signals, descriptors."""

from __future__ import annotations

import pytest

from bsdproc.kernel import Kernel

from .world import World, refused


@pytest.mark.parametrize(("words", "status"), [
    (("exit 3",), 0x300),
    (("kill 30",), 30),
    (("int3",), 5),
    (("fault 0",), 11),
    (("fork", "exit 3", "end", "wait 768", "exit 4"), 0x400),
    (("vfork", "exit 3", "end", "wait 768", "exit 4"), 0x400),
    (("rfork", "exit 3", "end", "wait 768", "exit 4"), 0x400),
    (("vfork", "exec /bin/act", "exit 7", "end", "wait 0", "exit 4"), 0x400),
    (("fork", "kill 9", "end", "wait 9", "exit 4"), 0x400),
    (("exec /bin/act", "/bin/act", "exit 7"), 0x700),
    (("lwp", "sleep 10", "umtx-wake", "end", "umtx-wait", "exit 5"), 0x500),
    (("lwp", "exit 6", "end", "rest"), 0x600),
    (("lwp", "exit-lwp 6", "end", "sleep 5", "exit 8"), 0x800),
    (("lwp", "rest", "end", "sleep 5", "kill-lwp 2 15", "rest"), 15),
    (("lwp", "rest", "end", "sleep 5", "exec /bin/act", "/bin/act", "exit 7"), 0x700),
    (("catch 30", "kill 30", "await 30 1", "exit 9"), 0x900),
    (("catch 30", "then-exit 30 11", "kill 30", "rest"), 0xB00),
    (("ignore 30", "kill 30", "exit 9"), 0x900),
    (("catch 30", "block 30", "kill 30", "sleep 5", "then-exit 30 11", "unblock 30", "rest"),
     0xB00),
    (("uid 5", "exit 2"), 0x200),
    (("session", "exit 2"), 0x100 * 101),
    (("fork", "session", "exit 2", "end", "wait 512"), 0),
    (("reap", "fork", "fork", "sleep 20", "exit 1", "end", "end", "wait 0", "wait 256", "exit 2"),
     0x200),
], ids=lambda value: " ".join(value) if isinstance(value, tuple) else None)
def test_a_program_ends_as_it_should(world: World, words: tuple[str, ...], status: int) -> None:
    pid = world.act(*words, new_group=words[0] == "session")
    world.wait(pid, status)
    assert world.kernel.log == []


@pytest.mark.parametrize(("number", "name"), [
    (2000, "no system call has number 2000"), (55, "system call 55 (reboot) is not implemented")])
def test_a_call_that_there_is_not(world: World, number: int, name: str) -> None:
    """nosys(): SIGSYS to the lwp, and EINVAL to one that lives on."""
    world.wait(world.act(f"call {number} 22"), 12)
    world.wait(world.act("ignore 12", f"call {number} 22", "exit 1"), 0x100)
    assert [line.partition(": ")[2] for line in world.kernel.log] == [name, name]


def test_a_program_of_another_system_does_not_run(world: World) -> None:
    foreign = bytearray(world.kernel._system.vfs.lookup("/bin/act").read_at(0, 1 << 20))
    at = foreign.index(b"DragonFly\0")
    foreign[at : at + 10] = b"NetBSD\0\0\0\0"
    world.kernel.install("/bin/foreign", bytes(foreign))
    with pytest.raises(OSError, match="execve"):
        world.act(path="/bin/foreign")
    assert "execve /bin/foreign" in world.kernel.log[0]


def test_bytes_go_through_a_pipe(world: World) -> None:
    ours, theirs = world.kernel.pipe()
    pid = world.act("tell 4", "exit 3", fds={4: theirs})
    assert world.kernel.read(ours, 1) == b"\0"
    world.wait(pid, 0x300)


def test_the_flags_of_open(world: World) -> None:
    """O_CLOEXEC and O_DIRECTORY are DragonFly's numbers."""
    world.kernel.close(world.kernel.open("/tmp", 0x08000000))
    with refused("ENOTDIR"):
        world.kernel.open("/bin/act", 0x08000000)
    fd = world.kernel.open("/bin/act", 0x20000)
    assert world.proc(world.kernel.getpid()).files.slot(fd).cloexec


def test_a_parent_that_its_child_traces(world: World) -> None:
    """A ring of parents: nobody who goes up it goes round for ever."""
    me = world.kernel.getpid()

    def child(kernel: Kernel) -> None:
        kernel.ptrace(10, me, 0, 0)
        assert world.proc(me).parent is world.proc(kernel.getpid())
        with refused("EBUSY"):
            kernel.ptrace(10, me, 0, 0)
        assert not list(kernel.sysctl((1, 14, 1, 99998)))

    world.kernel.run_child(child)
