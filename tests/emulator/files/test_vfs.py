"""The name space: paths, permissions, links, mounts."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest

from bsdproc.emulator.errno import (
    EACCES,
    EBUSY,
    EEXIST,
    EINVAL,
    EISDIR,
    ELOOP,
    ENAMETOOLONG,
    ENOENT,
    ENOTDIR,
    ENOTEMPTY,
    ENXIO,
    EPERM,
    EXDEV,
    NAMES,
    Refused,
)
from bsdproc.emulator.vfs import (
    EXEC,
    READ,
    WRITE,
    Access,
    Attributes,
    Directory,
    FileSystem,
    Mount,
    base_system,
)
from bsdproc.emulator.vnode import allowed


@dataclass(frozen=True)
class User:
    uid: int
    gid: int
    groups: tuple[int, ...] = ()


ALICE = Access(User(1001, 1001, (20,)))
BOB = Access(User(1002, 1002))


@pytest.fixture
def fs() -> FileSystem:
    return base_system(lambda: 0, bytes)


def refused(errno: int) -> AbstractContextManager[object]:
    return pytest.raises(Refused, match=f"^{NAMES[errno]}$")


def test_the_tree_a_kernel_boots_with(fs: FileSystem) -> None:
    names = {entry.name for entry in fs.root.entries()}
    assert {"bin", "tmp", "dev", "proc", "etc", "root", "home", "usr", "var"} <= names
    assert fs.lookup("/tmp").attributes().st_mode == 0o041777
    assert fs.lookup("/dev/null").attributes().st_mode == 0o020666
    assert fs.lookup("/").ino == 2


@pytest.mark.parametrize("path", ["/bin/../bin/./tool", "//bin///tool", "/usr/bin/../../bin/tool",
                                  "/../../bin/tool", "/dev/../bin/tool"])
def test_one_file_by_many_paths(fs: FileSystem, path: str) -> None:
    tool = fs.install("/bin/tool", b"x")
    assert fs.lookup(path) is tool
    assert fs.path_of(tool) == "/bin/tool"


@pytest.mark.parametrize(("path", "errno"), [
    ("", ENOENT), ("/nothing", ENOENT), ("/nothing/here", ENOENT), ("/bin/tool/x", ENOTDIR),
    ("/bin/tool/", ENOTDIR), ("/bin/tool/..", ENOTDIR), ("/" + "x" * 256, ENAMETOOLONG),
    ("/x" * 512, ENAMETOOLONG),
])  # fmt: skip
def test_paths_that_lead_nowhere(fs: FileSystem, path: str, errno: int) -> None:
    fs.install("/bin/tool", b"x")
    with refused(errno):
        fs.lookup(path)


def test_relative_paths_start_at_the_working_directory(fs: FileSystem) -> None:
    tool = fs.install("/bin/tool", b"x")
    assert fs.lookup("tool", cwd="/bin") is tool
    assert fs.lookup("../bin/tool", cwd="/usr") is tool
    assert fs.lookup("tool", cwd=fs.lookup("/bin")) is tool


def test_nothing_leads_out_of_a_changed_root(fs: FileSystem) -> None:
    inner = fs.install("/home/jail/bin/tool", b"inner")
    fs.install("/bin/tool", b"outer")
    fs.symlink("/bin/tool", "/home/jail/link")
    for path in ("/bin/tool", "/../bin/tool", "/bin/../../../bin/tool", "/link"):
        assert fs.lookup(path, root="/home/jail") is inner
    assert fs.path_of(inner, root="/home/jail") == "/bin/tool"


def test_symbolic_links(fs: FileSystem) -> None:
    tool = fs.install("/bin/tool", b"x")
    fs.symlink("../bin/tool", "/usr/relative")
    fs.symlink("/bin", "/usr/directory")
    assert fs.lookup("/usr/relative") is tool
    assert fs.lookup("/usr/directory/tool") is tool
    assert fs.lookup("/usr/directory", follow=False).readlink() == "/bin"
    assert fs.lookup("/usr/directory/", follow=False) is fs.lookup("/bin")
    with refused(EINVAL):
        tool.readlink()


def test_a_circle_of_links_ends(fs: FileSystem) -> None:
    fs.symlink("/tmp/b", "/tmp/a")
    fs.symlink("/tmp/a", "/tmp/b")
    with refused(ELOOP):
        fs.lookup("/tmp/a")


@pytest.mark.parametrize(("uid", "gid", "mode", "want", "may"), [
    (1001, 1, 0o400, READ, True), (1001, 1, 0o377, READ, False), (1, 1001, 0o040, READ, True),
    (1, 20, 0o040, READ, True), (1, 1, 0o770, READ, False), (1, 1, 0o006, READ | WRITE, True),
    (1, 1, 0o004, READ | WRITE, False), (1, 1, 0o001, EXEC, True),
])  # fmt: skip
def test_rights_by_owner_group_and_others(
    uid: int, gid: int, mode: int, want: int, may: bool
) -> None:
    file = Attributes("reg", mode, uid, gid, 3, 1, 0, 1)
    assert allowed(ALICE.cred, file, want) is may


def test_the_superuser_executes_only_what_somebody_may(fs: FileSystem) -> None:
    root = User(0, 0)
    assert allowed(root, Attributes("reg", 0, 5, 5, 3, 1, 0, 1), READ | WRITE)
    assert not allowed(root, Attributes("reg", 0o666, 5, 5, 3, 1, 0, 1), EXEC)
    assert allowed(root, Attributes("reg", 0o001, 5, 5, 3, 1, 0, 1), EXEC)
    assert allowed(root, Attributes("dir", 0, 5, 5, 3, 1, 0, 1), EXEC)


def test_a_directory_must_be_searchable(fs: FileSystem) -> None:
    fs.install("/home/alice/file", b"x")
    fs.lookup("/home/alice").set_attributes(mode=0o700, uid=1001)
    assert fs.find("/home/alice/file", ALICE)
    with refused(EACCES):
        fs.find("/home/alice/file", BOB)
    with refused(EACCES):
        fs.create("/home/mine", 0o644, BOB)


def test_new_files_belong_to_their_maker_and_their_directorys_group(fs: FileSystem) -> None:
    node = fs.create("/tmp/file", 0o640, ALICE)
    assert (node.uid, node.gid, node.mode) == (1001, 0, 0o640)
    with refused(EEXIST):
        fs.create("/tmp/file", 0o640, ALICE)


def test_a_sticky_directory_keeps_others_files(fs: FileSystem) -> None:
    fs.create("/tmp/file", 0o666, ALICE)
    with refused(EPERM):
        fs.unlink("/tmp/file", BOB)
    with refused(EPERM):
        fs.rename("/tmp/file", "/tmp/stolen", BOB)
    fs.unlink("/tmp/file", ALICE)
    with refused(ENOENT):
        fs.lookup("/tmp/file")


def test_changing_attributes(fs: FileSystem) -> None:
    node = fs.create("/tmp/file", 0o6755, ALICE)
    with refused(EPERM):
        node.set_attributes(BOB, mode=0o777)
    with refused(EPERM):
        node.set_attributes(ALICE, uid=1002)
    node.set_attributes(ALICE, gid=20)
    assert (node.gid, node.mode) == (20, 0o755)
    node.set_attributes(mode=0o4755, uid=0)
    assert (node.uid, node.mode) == (0, 0o4755)


def test_writing_takes_set_id_away_but_not_from_the_superuser(fs: FileSystem) -> None:
    node = fs.create("/tmp/file", 0o4777)
    node.write_at(0, b"x")
    assert node.mode == 0o4777
    node.write_at(0, b"y", ALICE)
    assert node.mode == 0o777


def test_what_is_written_is_read_where_it_was_written(fs: FileSystem) -> None:
    node = fs.create("/tmp/file", 0o644)
    assert node.write_at(4, b"word") == 4
    assert node.read_at(0, 100) == b"\0\0\0\0word"
    node.truncate(6)
    assert node.read_at(4, 100) == b"wo"
    node.truncate(8)
    assert node.read_at(6, 100) == b"\0\0"
    assert node.read_at(100, 5) == b""
    with refused(EISDIR):
        fs.lookup("/tmp").read_at(0, 1)
    with refused(EINVAL):
        node.truncate(-1)


def test_hard_links(fs: FileSystem) -> None:
    node = fs.create("/tmp/a", 0o644)
    fs.link("/tmp/a", "/tmp/b")
    assert node.nlink == 2
    fs.unlink("/tmp/a")
    assert node.nlink == 1
    assert fs.path_of(node) == "/tmp/b"
    fs.unlink("/tmp/b")
    assert fs.path_of(node) == ""
    with refused(EPERM):
        fs.link("/tmp", "/tmp/c")
    with refused(EPERM):
        fs.unlink("/tmp")


def test_directories(fs: FileSystem) -> None:
    made = fs.mkdir("/tmp/d")
    assert (fs.lookup("/tmp").nlink, made.nlink) == (3, 2)
    fs.create("/tmp/d/file", 0o644)
    with refused(ENOTEMPTY):
        fs.rmdir("/tmp/d")
    with refused(EINVAL):
        fs.rmdir("/tmp/d/.")
    with refused(ENOTDIR):
        fs.rmdir("/tmp/d/file")
    with refused(EBUSY):
        fs.rmdir("/dev")
    fs.unlink("/tmp/d/file")
    fs.rmdir("/tmp/d/")
    with refused(ENOENT):
        made.add("late", fs.new(made, "reg", 0o644, 0))


def test_renaming(fs: FileSystem) -> None:
    node = fs.create("/tmp/a", 0o644)
    fs.create("/tmp/b", 0o644)
    fs.rename("/tmp/a", "/tmp/b")
    assert fs.lookup("/tmp/b") is node
    assert node.nlink == 1
    fs.mkdir("/tmp/d")
    with refused(EISDIR):
        fs.rename("/tmp/b", "/tmp/d")
    with refused(ENOTDIR):
        fs.rename("/tmp/d", "/tmp/b")
    with refused(EINVAL):
        fs.rename("/tmp/d", "/tmp/d/inside")
    with refused(EXDEV):
        fs.rename("/tmp/b", "/dev/b")
    fs.rename("/tmp/d", "/home/d")
    assert fs.path_of(fs.lookup("/home/d")) == "/home/d"


def test_devices_give_and_take_as_theirs_do(fs: FileSystem) -> None:
    null, zero, tty = (fs.lookup(f"/dev/{name}") for name in ("null", "zero", "tty"))
    assert null.read_at(0, 10) == b""
    assert null.write_at(0, b"gone") == 4
    assert zero.read_at(99, 3) == b"\0\0\0"
    with refused(ENXIO):
        tty.opened(False, ALICE)


def test_a_mount_covers_a_directory(fs: FileSystem) -> None:
    below = fs.create("/mnt/hidden", 0o644)
    other = Mount("test", fs.new_fsid(), fs.clock)
    other.root = Directory(other, 0o755)
    fs.mount(other, "/mnt")
    file = fs.create("/mnt/seen", 0o644)
    assert [entry.name for entry in fs.lookup("/mnt").entries()] == ["seen"]
    assert fs.path_of(file) == "/mnt/seen"
    assert fs.lookup("/mnt/..") is fs.root
    assert file.attributes().fsid != below.attributes().fsid
    with refused(EXDEV):
        fs.link("/mnt/seen", "/tmp/seen")
    with refused(EINVAL):
        fs.unmount("/tmp")
    fs.unmount("/mnt")
    assert fs.lookup("/mnt/hidden") is below


def test_installing_over_a_file_leaves_the_old_one_to_who_has_it(fs: FileSystem) -> None:
    old = fs.install("/opt/tool", b"old", 0o755)
    new = fs.install("/opt/tool", b"new", 0o4755, 5, 6)
    assert old.read_at(0, 9) == b"old"
    assert fs.lookup("/opt/tool") is new
    assert (new.uid, new.gid, new.mode) == (5, 6, 0o4755)
