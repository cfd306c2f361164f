"""What an open node answers after an exit and after an exec, in each revision."""

from __future__ import annotations

import pytest

from bsdproc.emulator.errno import EBADF, EINVAL, EIO, ENOENT, ESRCH, Refused
from bsdproc.emulator.netbsd.procfs.mount import ARGS, MNT_UPDATE, Procfs
from bsdproc.emulator.vnode import Vnode

from .fake import File, Lwp, Machine, Process

FILES = ("mem", "regs", "fpregs", "status", "map", "maps", "cmdline", "emul", "stat", "statm",
         "auxv", "environ", "limit", "limits")
WRITTEN = ("note", "notepg")
DIRECTORIES = (".", "fd", "task")
DEAD = (EIO, EBADF, EBADF)
"""read and write; fstat; getdents."""


def answers(machine: Machine, path: str = "/proc/21") -> dict[str, Vnode]:
    """Everything of process 21, opened."""
    return {name: machine.open(f"{path}/{name}", write=name in WRITTEN)
            for name in (*FILES, *WRITTEN, *DIRECTORIES)}


def errno(call: object, *arguments: object) -> int:
    assert callable(call)
    try:
        call(*arguments)
    except Refused as refused:
        return refused.errno
    return 0


def said(machine: Machine, name: str, node: Vnode) -> tuple[int, ...]:
    """Its errors: of a transfer, of fstat and, for a directory, of getdents."""
    who = machine.who()
    offset = 0x400000 if name == "mem" else 0
    if name in WRITTEN:
        transfer = errno(node.write_at, offset, b"x", who)
    else:
        transfer = errno(node.read_at, offset, 64, who)
    attributes = errno(node.attributes, who)
    if name in DIRECTORIES:
        return transfer, attributes, errno(node.entries, who)
    return transfer, attributes


@pytest.fixture
def target(machine: Machine) -> Process:
    return machine.target()


def assert_dead(machine: Machine, nodes: dict[str, Vnode]) -> None:
    for name, node in nodes.items():
        assert said(machine, name, node) == DEAD[:3 if name in DIRECTORIES else 2], name


def assert_alive(machine: Machine, nodes: dict[str, Vnode]) -> None:
    for name, node in nodes.items():
        if name not in (*WRITTEN, *DIRECTORIES):
            assert said(machine, name, node) == (0, 0), name
        assert errno(node.attributes, machine.who()) == 0


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "exec-sugid", "own-nodes")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "exec-hook", "exec-sugid", "vgone", "by-pid",
                  "until-none")
def test_an_exec_that_changes_credentials(machine: Machine, target: Process) -> None:
    nodes, others = answers(machine), answers(machine, "/proc/1")
    target.sugid = True
    machine.module.executed(target)
    assert_dead(machine, nodes)
    assert_alive(machine, others)
    assert machine.errno("/proc/21/status") == 0
    assert machine.read("/proc/21/mem", 4, 0x400000) == bytes(4)    # by root, opened again


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "exec-sugid")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "exec-sugid")
def test_an_ordinary_exec(machine: Machine, target: Process) -> None:
    """All old descriptors work, and on the new program; memory where it is mapped."""
    nodes = answers(machine)
    target.comm = b"plain"
    machine.module.executed(target)
    assert_alive(machine, nodes)
    assert nodes["status"].read_at(0, 5) == b"plain"
    with pytest.raises(Refused) as refused:
        nodes["mem"].read_at(0x600000, 4)
    assert refused.value.errno == EINVAL


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "no-exit-hook")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "exit-hook", "exit-all")
@pytest.mark.parametrize("sugid", [False, True])
def test_an_exit(machine: Machine, target: Process, sugid: bool) -> None:
    """1.112: as recorded, the zombie and what is reaped say the same.  1.114: all are dead."""
    nodes, target.sugid = answers(machine), sugid
    file, directory = machine.find("/proc/21/file"), machine.host.fs.root
    machine.module.exited(target)
    target.zombie, target.lwp = True, None
    for reaped in (False, True):
        if reaped:
            del machine.host.table[21]
            machine.module.ended(21)
        if machine.module.revision == "1.114":
            assert_dead(machine, nodes)
        else:
            for name, node in nodes.items():
                getdents = () if name not in DIRECTORIES else (0 if name == "." else ESRCH,)
                assert said(machine, name, node) == (ESRCH, ENOENT, *getdents), name
            assert nodes["."].entries() == []
        assert machine.errno("/proc/21/status") == ENOENT
    assert errno(file.read_at, 0, 4) == errno(directory.attributes) == 0


@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "exit-hook")
def test_a_number_that_is_used_again() -> None:
    """In 1.112 an old node shows the process that has the number now."""
    for revision, shown in (("1.112", b"newcomer"), ("1.114", None)):
        machine = Machine("1.112" if revision == "1.112" else "1.114")
        status = (machine.target(), machine.open("/proc/21/status"))[1]
        machine.module.exited(machine.host.table[21])
        del machine.host.table[21]
        machine.module.ended(21)
        machine.host.add(21, comm=b"newcomer")
        if shown is None:
            assert errno(status.read_at, 0, 8) == EIO
        else:
            assert status.read_at(0, 8) == shown


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "mount-hook")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "exec-hook", "all-mounts")
def test_hooks_and_mounts(machine: Machine, target: Process) -> None:
    """Nodes of both mounts die: by a hook of each, or by one for both."""
    machine.mount("/mnt")
    here, there = answers(machine), answers(machine, "/mnt/21")
    if machine.module.revision == "1.112":
        assert (len(machine.module.exec_hooks), len(machine.module.exit_hooks)) == (2, 0)
    else:
        assert (len(machine.module.exec_hooks), len(machine.module.exit_hooks)) == (1, 1)
    target.sugid = True
    machine.module.executed(target)
    assert_dead(machine, here)
    assert_dead(machine, there)


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "mount-hook", "own-nodes", "hook-gone",
                  "mount-hook-order")
def test_each_hook_has_its_own_mount() -> None:
    machine = Machine("1.112")
    target = machine.target()
    first = machine.module.exec_hooks[0]
    second = machine.mount("/mnt")
    here, there = answers(machine), answers(machine, "/mnt/21")
    target.sugid = True
    first(target)
    assert_dead(machine, here)
    assert_alive(machine, there)
    with pytest.raises(Refused):
        machine.module.mount(machine.host.fs.clock, ARGS.pack(7, 0))
    with pytest.raises(Refused):
        machine.module.mount(machine.host.fs.clock, ARGS.pack(1, 0), MNT_UPDATE)
    assert len(machine.module.exec_hooks) == 2
    machine.module.unmounted(second, force=False)
    assert machine.module.exec_hooks == [first]


@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "unused")
def test_a_node_that_nobody_uses(machine: Machine, target: Process) -> None:
    """It goes; who comes later has a new one."""
    machine.open("/proc/21/mem", write=True)
    target.sugid = True
    machine.module.executed(target)
    assert [node for node in machine.procfs.nodes() if node.pid == 21] == []
    machine.open("/proc/21/mem", write=True, exclusive=True)    # the mark is gone with it


def test_dead_nodes_of_links_and_descriptors(machine: Machine, target: Process) -> None:
    target.open = {5: File("pipe")}
    link, pipe = machine.find("/proc/21/cwd"), machine.find("/proc/21/fd/5")
    directory = machine.find("/proc/21")
    target.sugid = True
    machine.module.executed(target)
    assert errno(link.readlink) == EIO
    assert errno(pipe.attributes) == EBADF
    assert errno(directory.lookup, "status") == ENOENT


def test_the_root_is_never_revoked(machine: Machine, target: Process) -> None:
    root, curproc = machine.find("/proc"), machine.find("/proc/curproc")
    system = machine.host.table[0]
    target.lwp = Lwp()
    target.sugid = True
    machine.module.executed(target)
    machine.module.exited(target)
    assert isinstance(machine.procfs, Procfs)
    assert machine.find("/proc") is root
    assert curproc.readlink() == "2"
    assert system.pid == 0
