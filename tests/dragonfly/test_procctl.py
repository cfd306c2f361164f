"""procctl(2), typed: over the answers that a real kernel gave."""

from __future__ import annotations

import re

import pytest

from bsdproc.dragonfly import Signal, procctl
from bsdproc.dragonfly.constants import ReaperStatusFlags
from bsdproc.dragonfly.constants.procctl import LaterCommand, ProcctlCommand
from bsdproc.kernel.errors import KernelError, TooOld, WouldBlock

from . import captured
from .recorded import Memory, Recorded, refusal

STATUS = re.compile(r"P\[(\d+)\] .* procctl\(0,\1,3,&st\) -> 0 ok flags=(\w+) refs=(\d+) "
                    r"pid_head=(-?\d+)")


def statuses() -> list[tuple[str, bytes | None]]:
    """Each answer to PROC_REAP_STATUS, with the struct's bytes where they were printed."""
    found = captured.lines(captured.PROCCTL)
    return [(line, bytes.fromhex(after.split()[1]) if after.startswith("   RAW ") else None)
            for line, after in zip(found, [*found[1:], ""], strict=True) if STATUS.match(line)]


@pytest.mark.parametrize("at", range(len(statuses())))
def test_status_as_recorded(at: int) -> None:
    line, raw = statuses()[at]
    said = STATUS.match(line)
    assert said is not None
    pid, flags, refs, head = (int(word, 0) for word in said.groups())
    kernel = Recorded()
    kernel.pid = pid
    layout = kernel.target.struct("union reaper_info")

    def answer(idtype: int, id: int, command: int, data: object) -> int:
        assert (idtype, id, command) == (0, pid, 3)
        assert isinstance(data, Memory)
        assert len(data) == layout.size == 192
        data.write(raw or kernel.target.struct("struct reaper_status").pack(
            {"flags": flags, "refs": refs, "pid_head": head}))
        return 0

    kernel.on_procctl = answer
    assert procctl.reap_status(kernel=kernel.port) == procctl.ReaperStatus(
        ReaperStatusFlags(flags), refs, None if head == -1 else head)


def test_there_are_answers() -> None:
    said = [line for line in captured.lines(captured.PROCCTL) if ",3,&st) -> 0 ok" in line]
    assert len(statuses()) == len(said) >= 10
    assert sum(raw is not None for _, raw in statuses()) >= 4


def refusing(name: str) -> Recorded:
    kernel = Recorded()

    def answer(idtype: int, id: int, command: int, data: object) -> int:
        raise refusal(name)

    kernel.on_procctl = answer
    return kernel


def test_acquire_and_release() -> None:
    kernel = Recorded()
    asked: list[tuple[object, ...]] = []
    kernel.on_procctl = lambda *call: asked.append(call) or 0       # type: ignore[func-returns-value]
    procctl.reap_acquire(kernel=kernel.port)
    procctl.reap_release(kernel=kernel.port)
    assert asked == [(0, 2, ProcctlCommand.PROC_REAP_ACQUIRE, 0),
                     (0, 2, ProcctlCommand.PROC_REAP_RELEASE, 0)]


def test_refusals() -> None:
    with pytest.raises(WouldBlock, match="a reaper already") as caught:
        procctl.reap_acquire(kernel=refusing("EALREADY").port)
    assert (caught.value.request, caught.value.target) == ("PROC_REAP_ACQUIRE", 2)
    with pytest.raises(KernelError, match=r"PROC_REAP_RELEASE of 2: ENOTCONN.*no reaper"):
        procctl.reap_release(kernel=refusing("ENOTCONN").port)


def test_the_parents_death_is_told_by_later_kernels() -> None:
    """5.9 has no command 4: "cmd 4 .. EINVAL"."""
    assert any("procctl(0,2,4,&st) -> -1 EINVAL" in line
               for line in captured.lines(captured.PROCCTL))
    kernel = refusing("EINVAL")
    with pytest.raises(TooOld, match=r"PROC_PDEATHSIG_STATUS.*after 5\.9"):
        procctl.pdeathsig(kernel=kernel.port)
    with pytest.raises(TooOld, match="PROC_PDEATHSIG_CTL"):
        procctl.set_pdeathsig(Signal.SIGTERM, kernel=kernel.port)


def test_the_parents_death() -> None:
    kernel = Recorded()
    now = [0]

    def answer(idtype: int, id: int, command: int, data: object) -> int:
        assert isinstance(data, Memory)
        if command == LaterCommand.PROC_PDEATHSIG_CTL:
            now[0] = int.from_bytes(data.read(), "little")
        else:
            data.write(now[0].to_bytes(4, "little"))
        return 0

    kernel.on_procctl = answer
    assert procctl.pdeathsig(kernel=kernel.port) is None
    procctl.set_pdeathsig(Signal.SIGTERM, kernel=kernel.port)
    assert procctl.pdeathsig(kernel=kernel.port) is Signal.SIGTERM
    procctl.set_pdeathsig(None, kernel=kernel.port)
    assert procctl.pdeathsig(kernel=kernel.port) is None
    with pytest.raises(ValueError, match="1 to 128"):
        procctl.set_pdeathsig(0, kernel=kernel.port)
    kernel = refusing("EFAULT")
    with pytest.raises(KernelError, match="PROC_PDEATHSIG_STATUS of 2: EFAULT"):
        procctl.pdeathsig(kernel=kernel.port)
