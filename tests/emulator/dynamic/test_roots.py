"""A folder of the host as an emulated system's files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bsdproc import emulator
from bsdproc.kernel import KernelError

from .conftest import ROOTS, Make

EXAMPLES = ROOTS.parent / "programs" / "bin"
O_RDONLY, O_RDWR, O_CREAT, O_TRUNC = 0, 2, 0x200, 0x400


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Some files, folders and links."""
    (tmp_path / "etc/deep/er").mkdir(parents=True)
    (tmp_path / "etc/one").write_bytes(b"first")
    (tmp_path / "etc/deep/er/two").write_bytes(b"second")
    (tmp_path / "etc/one").chmod(0o4751)
    os.utime(tmp_path / "etc/one", ns=(5, 1_600_000_000 * 10**9 + 7))
    (tmp_path / "etc/link").symlink_to("deep/er/two")
    (tmp_path / "etc/out").symlink_to("/etc/one")
    (tmp_path / "etc/up").symlink_to("../../../../../etc/one")
    (tmp_path / "etc/gone").symlink_to("/no/such/thing")
    os.mkfifo(tmp_path / "etc/fifo")
    return tmp_path


@pytest.mark.parametrize("machine", [emulator.FreeBSD, emulator.NetBSD, emulator.DragonFly])
def test_what_is_in_it_is_there(
        machine: type[emulator.FreeBSD | emulator.NetBSD | emulator.DragonFly],
        folder: Path) -> None:
    with machine(root=folder) as kernel:
        assert sorted(kernel.listdir("/etc")) == ["deep", "gone", "link", "one", "out", "up"]
        assert kernel.read_file("/etc/one") == b"first"
        assert kernel.read_file("/etc/link") == b"second"
        assert kernel.read_file("/etc/out") == kernel.read_file("/etc/up") == b"first"
        assert kernel.readlink("/etc/link") == "deep/er/two"
        told = kernel.lstat("/etc/one")
        assert (told.mode & 0o7777, told.uid, told.gid, told.size) == (0o4751, 0, 0, 5)
        assert kernel.lstat("/etc").nlink == 3
        with pytest.raises(FileNotFoundError):
            kernel.read_file("/etc/gone")
        assert {"tmp", "dev"} <= set(kernel.listdir("/")), "what it boots with stays"


def test_it_is_looked_at_when_it_is_asked_for(folder: Path) -> None:
    with emulator.FreeBSD() as kernel:
        kernel.install_tree("/usr/here", folder)
        (folder / "etc/late").write_bytes(b"came later")
        (folder / "etc/one").write_bytes(b"changed")
        assert kernel.read_file("/usr/here/etc/late") == b"came later"
        assert kernel.read_file("/usr/here/etc/one") == b"changed"
        (folder / "etc/one").write_bytes(b"and again")
        (folder / "etc/later").write_bytes(b"too late")
        assert kernel.read_file("/usr/here/etc/one") == b"changed"
        with pytest.raises(FileNotFoundError):
            kernel.read_file("/usr/here/etc/later")


def test_nothing_of_the_hosts_is_written(folder: Path) -> None:
    def state() -> dict[str, object]:
        return {str(path): (path.lstat().st_mode, path.is_file() and path.read_bytes())
                for path in folder.rglob("*") if not path.is_fifo() and not path.is_symlink()}

    before = state()
    with emulator.FreeBSD(root=folder) as kernel:
        fd = kernel.open("/etc/one", O_RDWR)
        kernel.pwrite(fd, b"F", 0)
        kernel.close(fd)
        assert kernel.read_file("/etc/one") == b"First"
        kernel.close(kernel.open("/etc/deep/er/two", O_RDWR | O_TRUNC))
        assert kernel.read_file("/etc/deep/er/two") == b""
        kernel.close(kernel.open("/etc/new", O_RDWR | O_CREAT, 0o600))
        kernel.chmod("/etc/one", 0o600)
        kernel.unlink("/etc/one")
        kernel.unlink("/etc/deep/er/two")
        kernel.rmdir("/etc/deep/er")
        kernel.mkdir("/etc/deep/dir")
        assert kernel.listdir("/etc/deep") == ["dir"]
    assert state() == before


def test_two_folders_become_one(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "etc/deep").mkdir(parents=True)
    (other / "etc/one").write_bytes(b"the other's")
    (other / "etc/deep/three").write_bytes(b"third")
    (other / "dev").mkdir()
    (other / "dev/null").write_bytes(b"a file")
    with emulator.FreeBSD(root=folder) as kernel:
        kernel.install_tree("/", other)
        assert kernel.read_file("/etc/one") == b"the other's"
        assert kernel.read_file("/etc/deep/three") == b"third"
        assert kernel.read_file("/etc/deep/er/two") == b"second"
        assert kernel.read_file("/dev/null") == b"", "what is mounted stays"
        (other / "etc/deep/four").write_bytes(b"fourth")
        (other / "etc/link").mkdir()
        kernel.install_tree("/", other)
        assert kernel.listdir("/etc/link") == [], "a link gives way"


def test_a_file_cannot_take_a_full_folders_place(
        folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "etc").write_bytes(b"")
    with emulator.FreeBSD(root=folder) as kernel:
        with pytest.raises(ValueError, match="/etc is a directory that has files already"):
            kernel.install_tree("/", other)
        (other / "etc").unlink()
        (other / "home").symlink_to("usr/home")
        kernel.install_tree("/", other)
        assert kernel.readlink("/home") == "usr/home", "an empty one gives way"


def test_what_the_host_does_not_give(folder: Path) -> None:
    with emulator.FreeBSD(root=folder) as kernel:
        kernel.listdir("/etc")
        (folder / "etc/one").unlink()
        with pytest.raises(KernelError) as lost:
            kernel.open("/etc/one", O_RDONLY)
        assert lost.value.name == "EIO"
        assert f"{folder}/etc/one: the host does not give it" in kernel.log[-1]
        assert kernel.listdir("/etc/deep") == ["er"]
        (folder / "etc/deep/er/two").unlink()
        (folder / "etc/deep/er").rmdir()
        with pytest.raises(KernelError) as lost:
            kernel.listdir("/etc/deep/er")
        assert lost.value.name == "EIO"


def test_no_link_of_the_hosts_is_followed(folder: Path) -> None:
    """Not even one that has taken a file's place since."""
    with emulator.FreeBSD(root=folder) as kernel:
        kernel.listdir("/etc")
        (folder / "etc/one").unlink()
        (folder / "etc/one").symlink_to("/etc/passwd")
        with pytest.raises(KernelError) as lost:
            kernel.open("/etc/one", O_RDONLY)
        assert lost.value.name == "EIO"


def test_wrong_folders_and_paths(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        emulator.FreeBSD(root=tmp_path / "none")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        emulator.NetBSD(root=tmp_path / "file")
    with emulator.FreeBSD() as kernel:
        with pytest.raises(ValueError, match="no absolute path"):
            kernel.install_tree("usr", tmp_path)
        kernel.install("/etc/file", b"")
        with pytest.raises(NotADirectoryError):
            kernel.install_tree("/etc/file", tmp_path)
        with pytest.raises(PermissionError):
            kernel.install("/etc", b"")
        with pytest.raises(TypeError, match="path must be a str"):
            kernel.install_tree(tmp_path, tmp_path)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="NUL"):
            kernel.install("/a\0b", b"")
        with pytest.raises(TypeError):
            kernel.install_tree("/", 5)  # type: ignore[arg-type]


def test_a_program_that_is_built_again(tmp_path: Path) -> None:
    """After it was listed, and larger now."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/hello").write_bytes(b"not yet")
    with emulator.FreeBSD() as kernel:
        kernel.install_tree("/usr/local", tmp_path)
        assert kernel.lstat("/usr/local/bin/hello").size == 7
        shutil.copy(EXAMPLES / "hello", tmp_path / "bin/hello")
        (tmp_path / "bin/hello").chmod(0o755)
        kernel.chmod("/usr/local/bin/hello", 0o755)
        pid = kernel.spawn("/usr/local/bin/hello", ["hello"])
        assert kernel.wait4(pid).status == 0


def test_programs_of_two_machines_share_a_root(make: Make) -> None:
    """What one writes the other does not see."""
    first, second = make("freebsd"), make("freebsd")
    for world in (first, second):
        pid = world.kernel.spawn("/bin/hello", ["hello"])
        assert world.kernel.wait4(pid).status == 0
    assert first.out.getvalue() == second.out.getvalue()
    first.kernel.unlink("/bin/hello")
    assert second.kernel.read_file("/bin/hello") == (ROOTS / "freebsd/bin/hello").read_bytes()
