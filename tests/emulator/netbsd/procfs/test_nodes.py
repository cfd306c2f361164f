"""Every node: its kind, mode, number, and where it is shown."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from bsdproc.emulator.errno import ENOENT, ENOTDIR, EOPNOTSUPP, EROFS, Refused
from bsdproc.emulator.netbsd.procfs import types
from bsdproc.emulator.netbsd.procfs.mount import Revision
from bsdproc.emulator.netbsd.procfs.node import NODEV, PfsNode
from bsdproc.emulator.vnode import Access

from .fake import Cred, File, Machine

RECORDED = """
    fd 723 dir 0500 2 512
    mem 710 reg 0600 1 233472
    regs 711 reg 0600 1 208
    fpregs 712 reg 0600 1 512
    stat 714 reg 0444 1 0
    status 715 reg 0444 1 0
    note 716 reg 0200 1 0
    notepg 717 reg 0200 1 0
    map 718 reg 0400 1 0
    maps 722 reg 0400 1 0
    cmdline 719 reg 0444 1 0
    exe 709 lnk 0555 1 18
    cwd 726 lnk 0555 1 4
    root 727 lnk 0555 1 1
    emul 728 reg 0444 1 6
    statm 732 reg 0444 1 0
    task 734 dir 0555 2 512
"""
"""Of process 21 on 7.99.4: number, kind, mode, links, size."""

OF_PROCESS = {line.split()[0]: line.split()[1:] for line in RECORDED.strip().splitlines()}
LATER = {"auxv": 0o400, "environ": 0o400, "limit": 0o444, "limits": 0o444}
IN_ROOT = {"meminfo": 48, "cpuinfo": 49, "uptime": 52, "mounts": 53, "devices": 57, "stat": 58,
           "loadavg": 59, "version": 61}


@pytest.fixture
def shown(machine: Machine) -> Machine:
    """With process 21 as it was recorded, but for the length of its path."""
    target = machine.target()
    target.cwd = machine.host.fs.lookup("/etc")
    assert target.text is not None
    machine.host.fs.make_directories("/job")
    machine.host.fs.rename("/bin/target_static", "/job/target_static")
    target.text_path = "/job/target_static"
    return machine


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "fileno", "mode-fd", "mode-mem", "mode-regs",
                  "mode-fpregs", "mode-stat", "mode-status", "mode-note", "mode-notepg",
                  "mode-map", "mode-maps", "mode-cmdline", "mode-exe", "mode-cwd", "mode-chroot",
                  "mode-emul", "mode-statm", "mode-task")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "fileno", "mode-fd", "mode-mem", "mode-regs",
                  "mode-fpregs", "mode-stat", "mode-status", "mode-note", "mode-notepg",
                  "mode-map", "mode-maps", "mode-cmdline", "mode-exe", "mode-cwd", "mode-chroot",
                  "mode-emul", "mode-statm", "mode-task")
@pytest.mark.parametrize("name", OF_PROCESS)
def test_a_process_s_nodes(shown: Machine, name: str) -> None:
    at = shown.find(f"/proc/21/{name}").attributes()
    recorded = [str(at.ino), at.kind, f"{at.mode:04o}", str(at.nlink), str(at.size)]
    assert recorded == OF_PROCESS[name]
    assert (at.fsid, at.rdev) == (NODEV, NODEV)
    assert at.blksize == (16384 if name in ("map", "maps") else 4096)
    assert at.birthtime == shown.host.table[21].started
    assert at.mtime == at.ctime == at.atime == 10**18


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "mode-auxv", "mode-environ", "mode-limit")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "mode-auxv", "mode-environ", "mode-limit")
@pytest.mark.parametrize("name", LATER)
def test_a_process_s_later_nodes(shown: Machine, name: str) -> None:
    at = shown.find(f"/proc/21/{name}").attributes()
    assert (at.kind, at.mode, at.nlink) == ("reg", LATER[name], 1)
    assert at.size == (1060 if name == "auxv" else 0)


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "mode-meminfo", "mode-cpuinfo", "mode-uptime",
                  "mode-mounts", "mode-devices", "mode-cpustat", "mode-loadavg", "mode-version")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "mode-meminfo", "mode-cpuinfo", "mode-uptime",
                  "mode-mounts", "mode-devices", "mode-cpustat", "mode-loadavg", "mode-version")
@pytest.mark.parametrize("name", IN_ROOT)
def test_the_root_s_nodes(machine: Machine, name: str) -> None:
    at = machine.find(f"/proc/{name}").attributes()
    assert (at.ino, at.kind, at.mode, at.nlink, at.size, at.uid, at.gid) == (
        IN_ROOT[name], "reg", 0o444, 1, 0, 0, 0)


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "mode-root", "mode-proc", "mode-curproc",
                  "mode-self", "mode-task-link")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "mode-root", "mode-proc", "mode-curproc",
                  "mode-self", "mode-task-link")
def test_directories_and_links(shown: Machine) -> None:
    def seen(path: str) -> tuple[str, int, int, int, int]:
        at = shown.find(path).attributes()
        return at.kind, at.mode, at.ino, at.nlink, at.size

    assert seen("/proc") == ("dir", 0o555, 2, 1, 512)
    assert seen("/proc/21") == ("dir", 0o555, 707, 2, 512)
    assert seen("/proc/curproc") == ("lnk", 0o555, 3, 1, 1)
    assert seen("/proc/self") == ("lnk", 0o555, 4, 1, 1)
    assert seen("/proc/21/task/21") == ("lnk", 0o555, 1441822, 1, 2)
    assert shown.find("/proc/sysvipc").attributes().mode == 0o555


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "no-other")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "no-other")
def test_there_are_no_others(shown: Machine) -> None:
    for name in ("ctl", "rlimit", "etype", "dbregs", "chroot", "osrel", "psinfo", "comm"):
        assert shown.errno(f"/proc/21/{name}") == ENOENT
    for name in ("filesystems", "net", "cmdline"):
        assert shown.errno(f"/proc/{name}") == ENOENT


def test_file_numbers_are_all_different(shown: Machine) -> None:
    numbers = [types.fileno(pid, type) for pid in range(6)
               for type in (types.PROC, *types.IN_PROCESS)]
    numbers += [types.fileno(0, type)
                for type in (types.ROOT, types.CURPROC, types.SELF, *types.IN_ROOT)]
    assert len(numbers) == len(set(numbers))


# -- descriptors
@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "fd-vnode", "fd-directory", "fd-pipe", "fd-socket",
                  "fd-other", "fileno")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "fd-vnode", "fd-directory", "fd-pipe", "fd-socket",
                  "fd-other", "fileno")
def test_descriptors(shown: Machine) -> None:
    host = shown.host
    file, etc = host.fs.install("/etc/rc", b"x", 0o644), host.fs.lookup("/etc")
    target = host.table[21]
    target.open = {3: File("vnode", file), 4: File("vnode", etc), 5: File("pipe"),
                   7: File("socket"), 10: File("kqueue"), 11: File("misc"), 12: File("sem"),
                   13: File("vnode", host.fs.root)}
    assert shown.find("/proc/21/fd/3") is file
    assert shown.find("/proc/21/fd/03") is file

    def seen(fd: int) -> tuple[str, int, int]:
        at = shown.find(f"/proc/21/fd/{fd}").attributes()
        return at.kind, at.mode, at.ino

    assert seen(4) == ("lnk", 0o555, 1441939)
    assert seen(5) == ("fifo", 0o600, 1441971)
    assert seen(7) == ("sock", 0o600, 1442035)
    assert [seen(fd)[:2] for fd in (10, 11, 12)] == [("lnk", 0o555)] * 3
    assert [shown.find(f"/proc/21/fd/{fd}").readlink() for fd in (4, 10, 11, 12, 13)] == [
        "/etc", "[kqueue]", "[misc]", "[ksem]", "/"]
    assert shown.find("/proc/21/fd/4").attributes().size == 512
    assert shown.find("/proc/21/fd/4", follow=True) is etc
    with pytest.raises(Refused):
        shown.find("/proc/21/fd/10", follow=True)


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "fd-unknown", "refused-node")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "fd-unknown", "refused-node")
def test_a_descriptor_of_nothing_known(shown: Machine) -> None:
    shown.host.table[21].open = {6: File("mqueue")}
    before = len(shown.procfs.nodes())
    assert shown.errno("/proc/21/fd/6") == EOPNOTSUPP
    assert len(shown.procfs.nodes()) == before


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "fd-process")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "fd-process")
def test_descriptors_that_are_not_there(shown: Machine) -> None:
    shown.host.table[21].open = {5: File("pipe")}
    directory = shown.find("/proc/21/fd")
    for name in ("99", "x", "-1", "5x"):
        assert shown.errno(f"/proc/21/fd/{name}") == ENOENT
    shown.host.table[21].zombie = True
    with pytest.raises(Refused, match="ENOENT"):
        directory.lookup("5")
    with pytest.raises(Refused, match="ENOENT"):
        shown.procfs.node(types.FD, 21, 5)


def test_a_descriptor_s_node_is_of_who_opened_it(shown: Machine) -> None:
    shown.host.table[21].open = {5: File("pipe", cred=Cred(1000, 7, 1000))}
    node = shown.find("/proc/21/fd/5")
    assert (node.attributes().uid, node.attributes().gid, node.attributes().size) == (1000, 7, 0)
    del shown.host.table[21].open[5]
    with pytest.raises(Refused, match="EBADF"):
        node.attributes()


def test_what_readdir_lists_of_descriptors(shown: Machine) -> None:
    """It stops two short of the room in the table: 18 and 19 are open and not listed."""
    shown.host.table[21].open = {fd: File("pipe") for fd in (0, 3, 17, 18, 19)}
    listed = shown.find("/proc/21/fd").entries()
    assert [(entry.name, entry.ino, entry.kind) for entry in listed][:2] == [
        ("0", 1441811, "fifo"), ("3", 1441907, "fifo")]
    assert [entry.name for entry in listed] == ["0", "3", "17"]
    assert shown.errno("/proc/21/fd/19") == 0
    shown.host.table[21].slots = 50
    assert len(shown.find("/proc/21/fd").entries()) == 5


# -- one node
@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "one-node", "hashed", "flags-none")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "one-node", "hashed", "flags-none")
def test_one_node_for_each(shown: Machine, revision: Revision) -> None:
    mem = shown.find("/proc/21/mem")
    assert shown.find("/proc/21/mem") is mem
    assert shown.find("/proc/1/mem") is not mem
    shown.mount("/mnt")
    assert shown.find("/mnt/21/mem") is not mem
    assert isinstance(mem, PfsNode)
    assert not mem.written
    assert not mem.exclusive
    shown.host.table[21].sugid = True
    shown.module.executed(shown.host.table[21])
    assert mem.dead
    assert shown.find("/proc/21/mem") is not mem


def test_nodes_are_not_kept_for_nothing(shown: Machine) -> None:
    for name in OF_PROCESS:
        shown.find(f"/proc/21/{name}")
    gc.collect()
    assert [node for node in shown.procfs.nodes() if node.pid == 21] == []


# -- where they are shown
LISTED = ["fd", "file", "mem", "regs", "fpregs", "stat", "status", "note", "notepg", "map", "maps",
          "cmdline", "exe", "cwd", "root", "emul", "statm", "task", "auxv", "environ", "limit",
          "limits"]


def test_what_a_process_lists(shown: Machine) -> None:
    """As recorded, then what came later.  The kinds are what readdir says of them."""
    entries = shown.find("/proc/21").entries()
    assert [entry.name for entry in entries] == LISTED
    kinds = {entry.name: entry.kind for entry in entries}
    assert (kinds["exe"], kinds["emul"], kinds["root"], kinds["fd"]) == ("reg", "lnk", "lnk", "dir")
    assert {entry.name: entry.ino for entry in entries}["file"] == 708


def test_the_kernel_s_own_process_shows_less(shown: Machine) -> None:
    recorded = {"cmdline", "cwd", "emul", "fd", "mem", "note", "notepg", "root", "status"}
    listed = {entry.name for entry in shown.find("/proc/0").entries()}
    assert listed == recorded | {"environ", "limit"}
    for name in ("stat", "statm", "map", "exe", "file", "regs", "auxv"):
        assert shown.errno(f"/proc/0/{name}") == ENOENT
    assert shown.find("/proc/0/mem").attributes().size >= 0


def test_zombies_are_not_there(shown: Machine) -> None:
    directory = shown.find("/proc/21")
    shown.host.table[21].zombie = True
    assert "21" not in [entry.name for entry in shown.find("/proc").entries()]
    for path in ("21", "21/mem", "21/fd", "21/cwd", "21/file"):
        assert shown.errno(f"/proc/{path}") == ENOENT
    with pytest.raises(Refused, match="ENOENT"):
        directory.lookup("status")


def test_the_root_lists_the_newest_first(shown: Machine) -> None:
    listed = [(entry.name, entry.ino, entry.kind) for entry in shown.find("/proc").entries()]
    assert listed[:6] == [("curproc", 3, "lnk"), ("self", 4, "lnk"), ("21", 707, "dir"),
                          ("2", 99, "dir"), ("1", 67, "dir"), ("0", 35, "dir")]
    assert [name for name, _, _ in listed[6:]] == [*IN_ROOT, "sysvipc", "sys"]


@pytest.mark.parametrize(("name", "number"), [
    ("0021", 707), ("4294967297", 67), ("curproc", 3), ("-1", None), ("+1", None), ("1x", None),
    ("99999", None), ("CURPROC", None), ("", 2),
])
def test_names_of_processes(shown: Machine, name: str, number: int | None) -> None:
    if number is None:
        assert shown.errno(f"/proc/{name}") == ENOENT
    else:
        assert shown.find(f"/proc/{name}").attributes().ino == number


def test_an_lwp_s_number_is_its_process_s_for_linux(shown: Machine) -> None:
    shown.host.lwps = {77: 21}
    shown.mount("/mnt", 0)
    assert shown.read("/proc/77/status").startswith(b"target_static 21 ")
    assert shown.errno("/mnt/77") == ENOENT


def test_curtain_hides_others(shown: Machine) -> None:
    shown.host.curtain = True
    node = shown.find("/proc/1/status")
    shown.host.table[2].cred = Cred(1000, 1000, 1000)
    listed = [entry.name for entry in shown.find("/proc").entries(shown.who())]
    assert "2" in listed
    assert not {"0", "1", "21"} & set(listed)
    assert shown.errno("/proc/1/status") == ENOENT
    with pytest.raises(Refused, match="ENOENT"):
        shown.find("/proc/1").attributes(shown.who())
    with pytest.raises(Refused, match="ENOENT"):
        node.attributes(shown.who())
    with pytest.raises(Refused, match="ESRCH"):
        shown.procfs.node(types.FD, 21).entries(shown.who())


# -- dots and links
def test_parents_and_dots(shown: Machine) -> None:
    shown.host.table[21].open = {5: File("pipe")}
    for path, parent in (("21", "."), ("21/fd", "21"), ("21/fd/5", "21/fd"), ("21/mem", "21"),
                         ("sysvipc/msg", "sysvipc"), ("sys/fs/mqueue", "sys/fs"),
                         ("curproc", "."), ("21/task/21", "21/task")):
        assert shown.find(f"/proc/{path}").parent() is shown.find(f"/proc/{parent}")
    for path, name in (("21", "21"), ("21/fd", "fd"), ("21/fd/5", "5"), ("21/task/21", "21")):
        place = shown.find(f"/proc/{path}").place()
        assert place is not None
        assert place[1] == name
    assert shown.find("/proc/21/fd").dots() == shown.find("/proc/21").dots() == (707, 2)
    assert shown.find("/proc").dots() == (2, 2)
    assert shown.find("/proc/sys/fs").dots() == (10, 9)
    assert shown.find("/proc/21/fd/..").attributes().ino == 707
    assert shown.host.fs.path_of(shown.find("/proc/21/fd")) == "/proc/21/fd"


def test_links(shown: Machine) -> None:
    assert shown.find("/proc/curproc").readlink() == "2"
    assert shown.find("/proc/self").readlink() == "curproc"
    assert shown.find("/proc/self", follow=True) is shown.find("/proc/2")
    assert shown.find("/proc/21/task/21").readlink() == ".."
    assert shown.find("/proc/21/cwd").readlink() == "/etc"
    assert shown.find("/proc/21/root").readlink() == "/"
    assert shown.find("/proc/21/exe").readlink() == "/job/target_static"
    assert shown.find("/proc/21/file") is shown.host.table[21].text
    for name in ("status", "fd", "emul"):
        with pytest.raises(Refused, match="EINVAL"):
            shown.find(f"/proc/21/{name}").readlink()
    assert shown.errno("/proc/21/task/22") == ENOENT
    assert [entry.name for entry in shown.find("/proc/21/task").entries()] == ["21"]


def test_links_never_fail(shown: Machine) -> None:
    """7.99.4: unlinked, renamed or out of reach is "/"."""
    fs, target = shown.host.fs, shown.host.table[21]
    fs.rename("/job/target_static", "/job/other")
    assert shown.find("/proc/21/exe").readlink() == "/"
    fs.rename("/job/other", "/job/target_static")
    shown.host.outside.add(2)
    assert [shown.find(f"/proc/21/{name}").readlink() for name in ("exe", "cwd", "root")] == [
        "/", "/", "/"]
    shown.host.outside.clear()
    fs.unlink("/job/target_static")
    assert shown.find("/proc/21/exe").readlink() == "/"
    target.cwd = None
    assert shown.find("/proc/21/cwd").readlink() == "/"
    target.cwd = shown.find("/proc/21/fd")
    assert shown.find("/proc/21/cwd").readlink() == "/"


# -- nothing can be made
def test_no_names_are_made_or_taken_away(shown: Machine) -> None:
    fs, who = shown.host.fs, shown.who()
    for where in ("/proc", "/proc/21", "/proc/sys"):
        new = f"{where}/new"
        changes: tuple[tuple[Callable[..., object], tuple[object, ...]], ...] = (
            (fs.mkdir, (new, 0o755, who)), (fs.create, (new, 0o644, who)),
            (fs.symlink, ("x", new, who)), (fs.unlink, (new, who)), (fs.rmdir, (new, who)),
            (fs.rename, (new, "/x", who)))
        for change, arguments in changes:
            with pytest.raises(Refused) as refused:
                change(*arguments)
            assert refused.value.errno == EROFS
    with pytest.raises(Refused) as refused:
        fs.rename("/etc", "/proc/new", who)
    assert refused.value.errno == EROFS
    for where in ("fd", "task"):
        with pytest.raises(Refused) as refused:
            fs.create(f"/proc/21/{where}/new", 0o644, who)
        assert refused.value.errno == ENOENT
    node = shown.find("/proc/21/status")
    with pytest.raises(Refused) as refused:
        node.add("x", node)
    assert refused.value.errno == ENOTDIR
    with pytest.raises(Refused) as refused:
        node.entries()
    assert refused.value.errno == ENOTDIR


def test_attributes_are_set_without_effect(shown: Machine) -> None:
    node = shown.find("/proc/21/status")
    node.set_attributes(shown.who(), mode=0, uid=7)
    node.truncate(100)
    assert node.attributes().mode == 0o444
    assert node.attributes(Access(Cred())).uid == 0
