"""sigfastblock(2): signals that a word of the program's own holds back."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .held import how
from .tracee import (
    CODE,
    DATA,
    LWPINFO_SIZE,
    NOP,
    NUMBERS,
    TARGET,
    Bring,
    Tracee,
    action,
    call,
)

SIGFASTBLOCK, SIGACTION, GETPID, NANOSLEEP, FORK = 573, 416, 20, 240, 2
KILL, EXECVE = 37, 59
SETPTR, UNBLOCK, UNSETPTR = 1, 2, 3
PENDING, ONE = 0x1, 0x10
WORD, KEPT = DATA + 0x100, DATA + 0x140
SIGUSR1, SIGTRAP, SIGSTOP = 30, 5, 17
EINTR, EFAULT, EBUSY, EINVAL = 4, 14, 16, 22


@pytest.fixture
def t(kernel: Kernel, tracee: Bring) -> Tracee:
    return Tracee.with_room(kernel, tracee("spin"))


def store(address: int, value: int) -> bytes:
    """Code that sets a word."""
    return b"\xc7\x04\x25" + struct.pack("<II", address, value)


def copy(address: int, to: int) -> bytes:
    """Code that copies one; rax is lost."""
    return b"\x8b\x04\x25" + struct.pack("<I", address) + b"\x89\x04\x25" + struct.pack("<I", to)


def ask(t: Tracee, *calls: tuple[int, int]) -> list[int]:
    """What sigfastblock calls answer one after the other."""
    t.run(b"".join(call(SIGFASTBLOCK, *one, keep=8 * i) for i, one in enumerate(calls)))
    assert t.wait() == "SIGTRAP"
    return [t.kept(8 * i) for i in range(len(calls))]


def registered(kernel: Kernel, pid: int) -> int:
    """kern.proc.sigfastblk."""
    value: int = struct.unpack("<Q", kernel.sysctl([1, 14, 44, pid]))[0]
    return value


def test_a_word_is_registered_once(t: Tracee) -> None:
    assert ask(t, (SETPTR, WORD + 2), (SETPTR, WORD), (SETPTR, WORD), (7, WORD)) == [
        EINVAL, 0, EBUSY, EINVAL]
    assert registered(t.k, t.pid) == WORD
    assert ask(t, (UNSETPTR, 0), (UNSETPTR, 0), (UNBLOCK, 0)) == [0, EINVAL, EINVAL]
    assert how(lambda: registered(t.k, t.pid)) == "ENOTTY"


def test_any_address_is_taken_and_none_believed(t: Tracee) -> None:
    """The word is looked at by what needs it, which then forgets it."""
    assert ask(t, (SETPTR, 0x1000), (UNBLOCK, 0), (UNBLOCK, 0)) == [0, EFAULT, EINVAL]
    assert ask(t, (SETPTR, 0), (UNSETPTR, 0), (UNSETPTR, 0)) == [0, EFAULT, EINVAL]


def under(value: int, *code: bytes) -> bytes:
    """Code while the word holds that, which is kept at `KEPT` before it counts
    nothing again: the breakpoint behind would not wait."""
    return store(WORD, value) + b"".join(code) + copy(WORD, KEPT) + store(WORD, 0)


def word(t: Tracee) -> int:
    """What `under` found in the end."""
    return int.from_bytes(t.read(KEPT, 4), "little")


@pytest.mark.parametrize(("value", "answer"), [
    (0, (EBUSY, 0)), (PENDING, (0, 0)), (ONE, (EBUSY, ONE)),
    (ONE | PENDING, (EBUSY, ONE | PENDING)), (2, (EBUSY, 2)),
])
def test_unblock_wants_the_mark_and_no_count(
        t: Tracee, value: int, answer: tuple[int, int]) -> None:
    ask(t, (SETPTR, WORD))
    t.run(under(value, call(SIGFASTBLOCK, UNBLOCK, 0)))
    assert t.wait() == "SIGTRAP"
    assert (t.kept(), word(t)) == answer


@pytest.mark.parametrize(("value", "answer"), [(ONE, EBUSY), (2, EBUSY), (PENDING, 0), (0, 0)])
def test_unset_wants_no_count(t: Tracee, value: int, answer: int) -> None:
    ask(t, (SETPTR, WORD))
    t.run(under(value, call(SIGFASTBLOCK, UNSETPTR, 0)))
    assert t.wait() == "SIGTRAP"
    assert t.kept() == answer


def test_a_signal_waits_and_the_word_says_so(t: Tracee) -> None:
    ask(t, (SETPTR, WORD))
    t.run(under(ONE, call(KILL, t.pid, SIGUSR1), call(GETPID)))
    assert t.wait() == "SIGTRAP", "the breakpoint's own signal has the lower number"
    assert word(t) == ONE | PENDING
    assert t.kept() == t.pid
    t.go()
    assert t.wait() == "SIGUSR1"


def test_unblock_lets_it_come(t: Tracee) -> None:
    ask(t, (SETPTR, WORD))
    before = call(KILL, t.pid, SIGUSR1) + call(GETPID) + store(WORD, PENDING)
    t.run(under(ONE, before, call(SIGFASTBLOCK, UNBLOCK, 0, keep=8), call(GETPID, keep=16)))
    assert t.wait() == "SIGUSR1"
    assert (t.kept(), t.kept(16)) == (t.pid, 0)
    assert t.read(WORD, 4) == bytes(4)
    t.go()
    assert t.wait() == "SIGTRAP"
    assert t.kept(8) == 0


def test_a_trap_under_it_loses_handler_and_word(t: Tracee) -> None:
    """As under a mask, where nothing else would end the loop."""
    ask(t, (SETPTR, WORD))
    t.write(DATA + 0x200, action(CODE + 0x800))
    t.run(call(SIGACTION, SIGTRAP, DATA + 0x200, 0))
    assert t.wait() == "SIGTRAP"
    t.write(WORD, struct.pack("<I", ONE))
    t.run(NOP)
    assert t.wait() == "SIGTRAP"
    assert how(lambda: registered(t.k, t.pid)) == "ENOTTY"
    t.run(call(SIGACTION, SIGTRAP, 0, DATA + 0x200))
    assert t.wait() == "SIGTRAP"
    assert struct.unpack("<Q", t.read(DATA + 0x200, 8)) == (0,)


def test_sigstop_does_not_wait(t: Tracee) -> None:
    ask(t, (SETPTR, WORD))
    t.run(under(ONE, call(KILL, t.pid, SIGSTOP), call(GETPID)))
    assert t.wait() == "SIGSTOP"
    assert t.kept() == 0
    t.go()
    assert t.wait() == "SIGTRAP"
    assert word(t) == ONE


def test_what_came_at_a_stop_is_taken_with_it(t: Tracee) -> None:
    """The word is read once for all signals that are acted on."""
    ask(t, (SETPTR, WORD))
    t.kill("SIGUSR1")
    t.run(under(ONE, call(GETPID)))
    assert t.wait() == "SIGUSR1"
    assert t.kept() == 0


def test_a_word_that_is_gone_is_a_segmentation_fault(kernel: Kernel, tracee: Bring) -> None:
    """As soon as there is a signal to act on."""
    t = Tracee.with_room(kernel, tracee("spin"))
    ask(t, (SETPTR, 0x1000))
    t.ask("PT_DETACH", 1, 0)
    t.kill("SIGUSR1")
    assert t.wait() == "killed by 11"


@pytest.mark.privileged
@pytest.mark.parametrize("always", [0, 1])
def test_a_sleep_ends_once_and_then_no_more(t: Tracee, always: int) -> None:
    """A signal wakes a sleeper whatever the word says, and is kept only then; that it
    is read at each system call (kern.sigfastblock_fetch_always) does not help."""
    t.k.sysctl("kern.sigfastblock_fetch_always", new=bytes([always]))
    ask(t, (SETPTR, WORD))
    t.write(DATA + 0x200, action(CODE + 0x800))
    t.write(DATA + 0x240, struct.pack("<qq", 1, 0))
    nap = call(NANOSLEEP, DATA + 0x240, 0, keep=8), call(NANOSLEEP, DATA + 0x240, 0, keep=16)
    t.run(call(SIGACTION, SIGUSR1, DATA + 0x200, 0) + under(ONE, *nap))
    t.k.settle(0.1)
    t.kill("SIGUSR1")
    assert t.wait() == "SIGTRAP"
    t.k.sysctl("kern.sigfastblock_fetch_always", new=b"\0")
    assert (t.kept(8), t.kept(16)) == (EINTR, 0)
    assert word(t) == ONE | PENDING


def test_a_child_has_its_parent_s(t: Tracee) -> None:
    ask(t, (SETPTR, WORD))
    t.events(NUMBERS["PTRACE_FORK"])
    t.run(call(FORK))
    assert t.wait() == "SIGTRAP"
    info = TARGET.struct("struct ptrace_lwpinfo").unpack(t.record("PT_LWPINFO", LWPINFO_SIZE))
    child = info["pl_child_pid"]
    assert isinstance(child, int)
    assert (registered(t.k, t.pid), registered(t.k, child)) == (WORD, WORD)


def test_execve_forgets_it(t: Tracee) -> None:
    ask(t, (SETPTR, WORD))
    path = t.k.readlink(f"/proc/{t.pid}/file").encode()
    t.write(DATA + 0x200, path + b"\0")
    t.write(DATA + 0x600, struct.pack("<QQ", DATA + 0x200, 0))
    t.run(call(EXECVE, DATA + 0x200, DATA + 0x600, 0))
    assert t.wait() == "SIGTRAP"
    assert how(lambda: registered(t.k, t.pid)) == "ENOTTY"
