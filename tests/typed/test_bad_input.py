"""Every public function of every system's surface, with what no user should pass: the
answer is a value, or one of the documented errors, and comes soon.

The functions are those of each module's `__all__`: a new one is here by being there.
"""

from __future__ import annotations

import inspect
import io
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

from bsdproc import Debugger, Reaper, emulator
from bsdproc.debugger import Breakpoints, Memory, Process, Thread, Watchpoints
from bsdproc.kernel import KernelError, NotSupported
from bsdproc.tools.main import COMMANDS, main

pytestmark = pytest.mark.emulated

SYSTEMS = ("freebsd", "netbsd", "dragonfly")
MODULES = ("", ".ptrace", ".kinfo", ".procfs", ".procctl", ".waiting", ".core", ".surface",
           ".registers")
PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "programs" / "bin"
DOCUMENTED = (ValueError, TypeError, KernelError)
CALLS = 30
"""Of each function: the seed is its name."""
SOON = 5.0
"""Seconds, on a busy machine."""

BAD: tuple[object, ...] = (
    None, True, -1, 0, 1, 3, 99999, 2**31 - 1, 2**31, 2**32, 2**63, 2**64, 2**70, -2**31 - 1,
    -2**63, -2**70, 1.5, float("nan"), float("inf"), "", "x", "a\0b", "x" * 5000, "\ud800",
    "/proc", b"", b"\0", b"x" * 5000, bytearray(3), memoryview(b"abcd"),
    memoryview(b"abcdefgh").cast("H"), [], (), {}, object(), [None], ["a\0"], ["a", 1], [1, 2],
    set(), {1: "x"}, {"A=": "b"}, int, len)


def functions(system: str) -> Iterator[tuple[str, FunctionType]]:
    for name in MODULES:
        try:
            module: ModuleType = import_module(f"bsdproc.{system}{name}")
        except ModuleNotFoundError:
            assert (system, name) == ("netbsd", ".procctl")
            continue
        public: Sequence[str] = module.__all__
        for one in public:
            value = getattr(module, one)
            if isinstance(value, FunctionType):
                yield f"{system}{name}.{one}", value


FUNCTIONS = [(name, function) for system in SYSTEMS for name, function in functions(system)]


class Stage:
    """A kernel with a stopped tracee, a stopped job and a zombie."""

    def __init__(self) -> None:
        self.kernel: emulator.FreeBSD | emulator.NetBSD | emulator.DragonFly | None = None
        self.pids: tuple[int, ...] = ()

    def set_up(self, system: str) -> None:
        """As it is to be, whatever the last call has made of it."""
        self.tear_down()
        made = {"freebsd": emulator.FreeBSD, "netbsd": emulator.NetBSD,
                "dragonfly": emulator.DragonFly}[system]
        self.kernel = kernel = made(stdout=io.BytesIO())
        kernel.__enter__()
        folder = PROGRAMS / ("" if system == "freebsd" else system)
        for name in ("hello", "ticker"):
            kernel.install(f"/bin/{name}", folder / name)
        traced = kernel.spawn("/bin/ticker", ["ticker"], traced=True)
        kernel.wait4(traced, 0, False)
        job = kernel.spawn("/bin/ticker", ["ticker"])
        kernel.kill(job, 17)        # SIGSTOP, on each of them
        done = kernel.spawn("/bin/hello", ["hello"])
        kernel.settle(0.2)
        self.pids = (traced, job, done)

    def tear_down(self) -> None:
        if self.kernel is not None:
            self.kernel.__exit__(None, None, None)
            self.kernel = None

    def as_it_was(self) -> bool:
        """Whether the tracee stands there still."""
        if self.kernel is None:
            return False
        surface = import_module(f"bsdproc.{self.kernel.system}")
        try:
            surface.ptrace.getregs(self.pids[0], kernel=self.kernel)
        except (KernelError, RuntimeError):
            return False
        return True


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.tear_down()


def arguments(chosen: random.Random, function: Callable[..., object],
              pids: Sequence[int]) -> tuple[list[object], dict[str, object]]:
    """Something for each parameter, seldom what it should be."""
    given: list[object] = []
    named: dict[str, object] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        value: object = chosen.choice((*BAD, *pids))
        if name in ("pid", "lwp", "tid") and chosen.random() < 0.5:
            value = pids[0]
        if parameter.kind is parameter.VAR_POSITIONAL:
            given += [value] * chosen.randrange(3)
        elif name == "kernel" or parameter.kind is parameter.VAR_KEYWORD or (
                parameter.default is not parameter.empty and chosen.random() < 0.6):
            continue
        elif parameter.kind is parameter.POSITIONAL_ONLY:
            given.append(value)
        else:
            named[name] = value
    return given, named


@pytest.mark.parametrize(("name", "function"), FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_documented_errors_alone(
        stage: Stage, name: str, function: Callable[..., object]) -> None:
    system = name.partition(".")[0]
    chosen = random.Random(name)
    assert isinstance(function, FunctionType)
    for _ in range(CALLS):
        if stage.kernel is None or stage.kernel.system != system or not stage.as_it_was():
            stage.set_up(system)
        given, named = arguments(chosen, function, stage.pids)
        began = time.perf_counter()
        what = f"{name}(*{given!r:.200}, **{named!r:.300})"
        # A core may be a file of the host's, which has errors of its own.
        expected = (*DOCUMENTED, OSError) if name.endswith("core.read") else DOCUMENTED
        try:
            with suppress(*expected):
                repr(function(*given, **named))
        except Exception as error:
            raise AssertionError(f"{what}: {error!r}") from error
        assert time.perf_counter() - began < SOON, what


# -- the debugger's objects ------------------------------------------------------------
OBJECTS = (Debugger, Process, Thread, Memory, Breakpoints, Watchpoints, Reaper)
PLUMBING = {
    # These are for the rest of the package; what they are given is its own.
    "Debugger.adopt", "Debugger.forget", "Process.report",
}
METHODS = [(kind, name) for kind in OBJECTS for name, value in vars(kind).items()
           if isinstance(value, FunctionType) and f"{kind.__name__}.{name}" not in PLUMBING
           and (name[0] != "_" or name in ("__getitem__", "__setitem__", "__contains__"))]


def found(kind: type[object], debugger: Debugger, reaper: Reaper | None) -> object:
    """An object of that kind, of a process that stands."""
    if kind is Reaper:
        return reaper
    if kind is Debugger:
        return debugger
    process = next(iter(debugger.processes.values()), None) or debugger.spawn(["/bin/ticker"])
    return {Process: process, Thread: process.thread, Memory: process.memory,
            Breakpoints: process.breakpoints, Watchpoints: process.watchpoints}[kind]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(("kind", "name"), METHODS,
                         ids=[f"{kind.__name__}.{name}" for kind, name in METHODS])
def test_methods(stage: Stage, system: str, kind: type[object], name: str) -> None:
    if kind is Reaper and system == "netbsd":
        stage.set_up(system)
        with pytest.raises(NotSupported):
            Reaper(kernel=stage.kernel)
        return
    chosen = random.Random(f"{system} {kind.__name__} {name}")
    stage.set_up(system)
    assert stage.kernel is not None
    documented = (*DOCUMENTED, LookupError, RuntimeError, TimeoutError)
    # A ticker that nothing stops is waited for for ever, as it should be.
    waits = name in ("wait", "kill_all") and kind in (Debugger, Reaper)
    with Debugger(kernel=stage.kernel) as debugger:
        reaper = Reaper(kernel=stage.kernel) if kind is Reaper else None
        with reaper or nullcontext():
            for _ in range(CALLS):
                one = found(kind, debugger, reaper)
                function = getattr(one, name)
                given, named = arguments(chosen, function, stage.pids)
                if waits and not any(isinstance(value, float | int) and 0 <= value < 1
                                     for value in named.values()):
                    named = {"timeout": chosen.choice(BAD[5:])} if (
                        isinstance(named.get("timeout"), str | bytes)) else {"timeout": 0.01}
                what = f"{kind.__name__}.{name}(*{given!r:.200}, **{named!r:.300})"
                began = time.perf_counter()
                try:
                    with suppress(*documented):
                        repr(function(*given, **named))
                except Exception as error:
                    raise AssertionError(f"{what}: {error!r}") from error
                assert time.perf_counter() - began < SOON, what
                if kind is Debugger and debugger._closed:
                    break
    kinfo = import_module(f"bsdproc.{system}").kinfo
    own = {p.pid for p in kinfo.processes(kernel=stage.kernel)
           if p.comm in ("ticker", "hello")}
    assert own <= set(stage.pids) or name == "detach"       # which lets it go on


# -- command lines -------------------------------------------------------------------------
WORDS = ("", "-", "--", "-p", "-o", "-x", "-s", "-f", "-c", "--emulate", "--emulate=", "freebsd",
         "netbsd/amd64", "freebsd/vax", "dragonfly/x86_64", "freebsd/amd64/", "-1", "0",
         "99999999999999999999", "x" * 5000, "/", "/nonexistent", "--json",
         "struct reg", "aslr", "-m", "-q", "-v", "--after", "nan", "-a", "--help", "--timeout")


@pytest.mark.parametrize("command", COMMANDS)
def test_command_lines(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = random.Random(command)
    for _ in range(CALLS):
        words = [command, *(chosen.choice(WORDS) for _ in range(chosen.randrange(1, 6)))]
        try:
            status = main(words)
        except SystemExit as end:       # argparse
            status = end.code if isinstance(end.code, int) else 1
        except Exception as error:
            raise AssertionError(f"{words!r:.300}: {error!r}") from error
        out, err = capsys.readouterr()
        assert status in (0, 1, 2, 127) or out or err, words
        assert status == 0 or err, words


def test_all_surfaces_are_here() -> None:
    assert len(FUNCTIONS) > 300
