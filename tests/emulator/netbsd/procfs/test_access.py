"""Who may open what: modes, the rule for memory and registers, exclusive opens."""

from __future__ import annotations

import pytest

from bsdproc.emulator.errno import EACCES, EBUSY, ENOENT, EPERM, Refused
from bsdproc.emulator.vnode import Access

from .fake import Cred, File, Machine, Process

USER, OTHER, ROOT = Cred(1000, 1000, 1000), Cred(1001, 1001, 1001), Cred()


@pytest.fixture
def target(machine: Machine) -> Process:
    """Process 21 of uid 1000; the caller is that user, too."""
    machine.host.table[2].cred = USER
    return machine.target(cred=USER)


def errno(machine: Machine, name: str, write: bool = False, exclusive: bool = False,
          both: bool = False) -> int:
    try:
        machine.open(f"/proc/21/{name}", write, exclusive, both)
    except Refused as refused:
        return refused.errno
    return 0


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "listener-regs", "listener-fpregs", "listener-mem")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "listener-regs", "listener-fpregs", "listener-mem")
@pytest.mark.parametrize("name", ["regs", "fpregs", "mem"])
def test_memory_and_registers_are_the_user_s_own(machine: Machine, target: Process,
                                                 name: str) -> None:
    assert errno(machine, name) == errno(machine, name, write=True, both=True) == 0
    machine.host.table[2].cred = OTHER
    assert errno(machine, name) == errno(machine, name, write=True) == EACCES


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "listener-real")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "listener-real")
@pytest.mark.parametrize("name", ["regs", "fpregs", "mem"])
def test_real_users_are_compared(machine: Machine, target: Process, name: str) -> None:
    """The modes go by effective ids, which are the same here."""
    machine.host.table[2].cred = Cred(1000, 1000, 0)
    assert errno(machine, name) == EPERM
    machine.host.table[2].cred, target.cred = USER, Cred(1000, 1000, 1001)
    assert errno(machine, name) == EPERM


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "listener-sugid")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "listener-sugid")
@pytest.mark.parametrize("name", ["regs", "fpregs", "mem"])
def test_who_was_set_id_is_not_its_user_s(machine: Machine, target: Process, name: str) -> None:
    node = machine.open(f"/proc/21/{name}")
    target.sugid = True
    assert node.attributes().mode == 0
    assert errno(machine, name) == EACCES
    with pytest.raises(Refused) as refused:
        node.read_at(0x400000 if name == "mem" else 0, 1, machine.who())
    assert refused.value.errno == EPERM
    assert machine.find("/proc/21/status").attributes().mode == 0o444


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "listener-defer")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "listener-defer")
@pytest.mark.parametrize("name", ["regs", "fpregs", "mem"])
def test_root_may_all_the_same(machine: Machine, target: Process, name: str) -> None:
    machine.host.table[2].cred = ROOT
    target.sugid = True
    assert errno(machine, name, write=True, both=True) == 0


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "listener-others")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "listener-others")
def test_everything_else_goes_by_its_mode(machine: Machine, target: Process) -> None:
    """As recorded: what is world-readable is, of set-id processes, too."""
    target.sugid = True
    closed = ("map", "maps", "note", "notepg", "fd", "environ", "auxv")
    for name in ("status", "stat", "cmdline", "emul", "statm", "limit", "limits"):
        assert errno(machine, name) == 0
        assert errno(machine, name, write=True) == EACCES
    for name in ("map", "maps", "fd"):
        assert errno(machine, name) == 0
    assert errno(machine, "note") == EACCES
    assert errno(machine, "note", write=True) == 0
    machine.host.table[2].cred = OTHER
    for name in closed:
        assert errno(machine, name) == errno(machine, name, write=True) == EACCES
    for name in ("status", "stat", "cmdline", "emul", "statm"):
        assert errno(machine, name) == 0


def test_owners(machine: Machine, target: Process) -> None:
    for name, uid in (("mem", 1000), ("status", 1000), ("fd", 1000), ("task", 1000), (".", 1000),
                      ("exe", 0), ("cwd", 0), ("root", 0), ("task/21", 0)):
        at = machine.find(f"/proc/21/{name}").attributes()
        assert (at.uid, at.gid) == (uid, uid)


def test_inside_another_s_descriptors(machine: Machine, target: Process) -> None:
    """The directory cannot be read by others, but names in it are found."""
    file = machine.host.fs.install("/etc/rc", b"x", 0o644)
    target.open = {3: File("vnode", file), 5: File("pipe", cred=USER)}
    machine.host.table[2].cred = OTHER
    assert errno(machine, "fd") == EACCES
    assert machine.open("/proc/21/fd/3") is file
    assert errno(machine, "fd/5") == EACCES


def test_who_asks_again_is_asked_again(machine: Machine, target: Process) -> None:
    """The right is looked at for each transfer: a descriptor that was handed on is of no use."""
    mem = machine.open("/proc/21/mem")
    assert mem.read_at(0x400000, 4, machine.who()) == bytes(4)
    machine.host.table[2].cred = OTHER
    with pytest.raises(Refused) as refused:
        mem.read_at(0x400000, 4, machine.who())
    assert refused.value.errno == EPERM


def test_init_is_not_written_to_while_secured(machine: Machine) -> None:
    """7.99.4 at securelevel 1; below 0 and of others everything goes."""
    def of(pid: int, name: str, write: bool) -> int:
        try:
            machine.open(f"/proc/{pid}/{name}", write)
        except Refused as refused:
            return refused.errno
        return 0

    machine.target()
    for level, error in ((-1, 0), (0, EPERM), (1, EPERM)):
        machine.host.securelevel = level
        for name in ("mem", "regs", "note"):
            assert of(1, name, True) == error
            assert of(21, name, True) == 0
        assert of(1, "mem", False) == of(1, "regs", False) == 0


def test_from_a_chroot(machine: Machine) -> None:
    """7.99.4: EPERM for memory and registers of a process outside; the rest is open."""
    machine.host.outside.add(1)
    for name, error in (("mem", EPERM), ("regs", EPERM), ("fpregs", EPERM), ("status", 0)):
        try:
            machine.open(f"/proc/1/{name}")
            found = 0
        except Refused as refused:
            found = refused.errno
        assert found == error


def test_exclusive_opens_of_memory(machine: Machine, target: Process) -> None:
    """Whoever opened it for writing leaves a mark for good; who had it alone takes it along."""
    node = machine.open("/proc/21/mem", write=True, exclusive=True)
    assert errno(machine, "mem", write=True) == EBUSY
    assert errno(machine, "mem") == 0
    node.closed(True)
    assert errno(machine, "mem", write=True) == 0
    machine.find("/proc/21/mem").closed(True)
    assert errno(machine, "mem", write=True, exclusive=True) == EBUSY
    assert errno(machine, "mem", exclusive=True) == EBUSY
    assert errno(machine, "mem", write=True) == 0
    assert errno(machine, "regs", write=True, exclusive=True) == 0
    machine.mount("/mnt")
    machine.open("/mnt/21/mem", write=True, exclusive=True)


def test_opening_what_is_gone(machine: Machine, target: Process) -> None:
    node = machine.find("/proc/21/status")
    target.zombie = True
    with pytest.raises(Refused) as refused:
        node.opened(False, Access(USER))
    assert refused.value.errno == ENOENT
