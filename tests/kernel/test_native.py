"""The host's own kernel, what an emulated one has no part in: descriptors, handlers, threads."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import pytest

from bsdproc import kernel as kernels
from bsdproc.kernel import Kernel, default

pytestmark = pytest.mark.native

WNOHANG, SIGKILL = 1, 9

Programs = Callable[[str], str]


@pytest.fixture
def kernel() -> Kernel:
    """The host's, whatever BSDPROC_KERNEL says."""
    return kernels.host()


def no_child_is_left(kernel: Kernel) -> None:
    with pytest.raises(ChildProcessError):
        kernel.wait4(-1, WNOHANG)


def test_no_descriptor_leaks(kernel: Kernel, tracee: Programs) -> None:
    path = tracee("exiter")
    before = len(os.listdir("/dev/fd"))
    for _ in range(20):
        kernel.wait4(kernel.spawn(path, [path, "0"], {}))
        with pytest.raises(FileNotFoundError):
            kernel.spawn("/no/such", ["x"], {}, traced=True)
        kernel.run_child(lambda k: None)
    assert len(os.listdir("/dev/fd")) == before


def test_the_child_gets_what_it_is_given(kernel: Kernel) -> None:
    """Descriptors exchanged, environment, folder; and no signal ignored or blocked."""
    reader, writer = os.pipe()
    spare = os.dup(writer)
    script = 'echo out; echo err >&2; echo "$A $(pwd)"; echo spare >&7; ls /dev/fd'
    old = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    try:
        pid = kernel.spawn("/bin/sh", ["sh", "-c", script], {"A": "b", "PATH": "/bin:/usr/bin"},
                           cwd="/tmp", fds={1: writer, 2: writer, 7: spare})
    finally:
        signal.signal(signal.SIGUSR1, old)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR2])
    assert kernel.wait4(pid).status == 0
    os.close(writer)
    os.close(spare)
    with os.fdopen(reader) as pipe:
        lines = pipe.read().split("\n")
    assert lines[:4] == ["out", "err", "b /tmp", "spare"]
    assert set(lines[4:]) <= {"0", "1", "2", "7", "3", "4", ""}     # ls has some of its own


def test_descriptors_change_places(kernel: Kernel) -> None:
    """Each of two pipes' writing ends takes the number of the other."""
    (reader, writer), (reader2, writer2) = os.pipe(), os.pipe()
    script = f"import os; os.write({writer}, b'first'); os.write({writer2}, b'second')"
    pid = kernel.spawn(sys.executable, ["python", "-S", "-c", script],
                       fds={writer: writer2, writer2: writer})
    assert kernel.wait4(pid).status == 0
    os.close(writer)
    os.close(writer2)
    assert os.read(reader, 100) == b"second"
    assert os.read(reader2, 100) == b"first"
    os.close(reader)
    os.close(reader2)


def test_signals_are_as_a_program_expects_them(kernel: Kernel, tracee: Programs) -> None:
    path = tracee("spin")
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    try:
        pid = kernel.spawn(path, [path], {})
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR2])
    record = kernel.target.struct("struct kinfo_proc")
    table = kernel.sysctl([1, 14, 1, pid])
    start = record.field("ki_sigmask").offset
    assert table[start:start + 16] == bytes(16)
    start = record.field("ki_sigignore").offset
    assert not table[start + 1] & 0x10      # SIGPIPE, which Python ignores
    kernel.kill(pid, SIGKILL)
    kernel.wait4(pid)


def test_an_interrupted_wait_goes_on(kernel: Kernel, tracee: Programs) -> None:
    path = tracee("sleeper")
    called: list[int] = []
    old = signal.signal(signal.SIGALRM, lambda *_: called.append(1))
    try:
        pid = kernel.spawn(path, [path, "400"], {})
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        assert kernel.wait4(pid)[:2] == (pid, 13 << 8)
    finally:
        signal.signal(signal.SIGALRM, old)
    assert called == [1]


def test_a_handler_that_raises_ends_the_wait(kernel: Kernel, tracee: Programs) -> None:
    path = tracee("spin")

    def handler(*_: object) -> None:
        raise TimeoutError("enough")

    pid = kernel.spawn(path, [path], {})
    old = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(TimeoutError, match="enough"):
            kernel.wait4(pid)
    finally:
        signal.signal(signal.SIGALRM, old)
    kernel.kill(pid, SIGKILL)
    assert kernel.wait4(pid).status == SIGKILL


def test_many_threads_spawn(kernel: Kernel, tracee: Programs) -> None:
    path = tracee("exiter")
    failures: list[object] = []

    def work(code: int) -> None:
        for _ in range(25):
            pid = kernel.spawn(path, [path, str(code)], {})
            status = kernel.wait4(pid).status
            if status != code << 8:
                failures.append(status)

    def fork() -> None:
        for _ in range(25):
            pid = os.fork()
            if pid == 0:
                time.sleep(0.01)
                os._exit(0)
            os.waitpid(pid, 0)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
    threads.append(threading.Thread(target=fork))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    no_child_is_left(kernel)


def test_a_child_that_dies_says_nothing(kernel: Kernel) -> None:
    with pytest.raises(RuntimeError, match="ended without an answer, status 0x9"):
        kernel.run_child(lambda k: os.kill(os.getpid(), SIGKILL))
    no_child_is_left(kernel)


def test_the_host_is_the_default_on_a_bsd() -> None:
    assert default() is kernels.host()
