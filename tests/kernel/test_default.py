"""The default kernel: blocks, nesting, threads, tasks, exceptions."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import cast

import pytest

from bsdproc import Debugger, freebsd, kernel, netbsd
from bsdproc.kernel import NoKernel
from bsdproc.kernel.default import pop, push
from bsdproc.kernel.port import Kernel


class Stand:
    """Something to be the default kernel; nothing here calls it."""

    system = "freebsd"


def stand() -> Kernel:
    return cast(Kernel, Stand())


def in_thread(work: Callable[[], Kernel]) -> Kernel | NoKernel:
    """What work() gives or raises in a thread started here."""
    found: list[Kernel | NoKernel] = []

    def run() -> None:
        try:
            found.append(work())
        except NoKernel as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def none_is_set() -> bool:
    """Whether the host's own kernel is the default one, be it that there is none."""
    try:
        return kernel.default() is kernel.host()
    except NoKernel as error:
        return "emulator" in str(error)


off_bsd = pytest.mark.skipif(
    sys.platform.startswith(("freebsd", "netbsd", "dragonfly")), reason="this host is a BSD"
)


@off_bsd
def test_without_any_the_emulator_is_named() -> None:
    with pytest.raises(NoKernel, match=r"with bsdproc\.emulator\.FreeBSD\(\): .*--emulate"):
        kernel.default()
    with pytest.raises(NoKernel):
        kernel.resolve(None)
    with pytest.raises(NoKernel):
        kernel.host()


def test_resolve_takes_the_given_one() -> None:
    one, two = stand(), stand()
    with kernel.use(one):
        assert kernel.resolve(two) is two
        assert kernel.resolve(None) is one


@pytest.mark.parametrize(("given", "named"), [
    (3, "not int"), ("freebsd", "not str"), (int, "not the class int")])
def test_what_is_no_kernel(given: object, named: str) -> None:
    wrong = cast(Kernel, given)
    for call in (lambda: kernel.resolve(wrong), lambda: Debugger(kernel=wrong),
                 lambda: freebsd.ptrace.attach(1, kernel=wrong),
                 lambda: netbsd.kinfo.processes(kernel=wrong)):
        with pytest.raises(TypeError, match=f"kernel= takes a kernel, {named}"):
            call()


def test_blocks_nest() -> None:
    one, two = stand(), stand()
    with kernel.use(one) as entered:
        assert entered is one
        with kernel.use(two):
            assert kernel.default() is two
            with kernel.use(one):
                assert kernel.default() is one
            assert kernel.default() is two
        assert kernel.default() is one


def test_an_exception_leaves_the_block() -> None:
    one, two = stand(), stand()
    with kernel.use(one):
        with pytest.raises(ZeroDivisionError), kernel.use(two):
            raise ZeroDivisionError
        assert kernel.default() is one
    assert none_is_set()


def test_a_kernel_that_is_none_cannot_be_left() -> None:
    with pytest.raises(RuntimeError, match="no default kernel"):
        pop(stand())


def test_blocks_left_out_of_order() -> None:
    one, two = stand(), stand()
    push(one)
    push(two)
    pop(one)
    assert kernel.default() is two
    pop(two)
    assert none_is_set()


def test_a_thread_started_inside_has_it() -> None:
    one, two = stand(), stand()
    with kernel.use(one):
        assert in_thread(kernel.default) is one
        assert in_thread(lambda: cast(Kernel, in_thread(kernel.default))) is one
        with kernel.use(two):
            assert in_thread(kernel.default) is two


def test_a_threads_own_block_is_its_own() -> None:
    one, two = stand(), stand()

    def work() -> Kernel:
        with kernel.use(two):
            assert kernel.default() is two
        return kernel.default()

    with kernel.use(one):
        assert in_thread(work) is one
        assert kernel.default() is one


def test_two_threads_with_two_kernels_do_not_mix() -> None:
    barrier = threading.Barrier(2)
    wrong: list[object] = []

    def run() -> None:
        mine = stand()
        for _ in range(20):
            with kernel.use(mine):
                barrier.wait()
                if kernel.default() is not mine:
                    wrong.append(mine)
                barrier.wait()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_thread_from_before_sees_what_is_set_elsewhere() -> None:
    one, two = stand(), stand()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        with kernel.use(one):
            assert pool.submit(kernel.default).result() is one
            with kernel.use(two):
                assert pool.submit(kernel.default).result() is two


def test_a_thread_from_before_does_not_guess() -> None:
    one, two = stand(), stand()
    inside, done = threading.Barrier(2), threading.Event()

    def hold() -> None:
        with kernel.use(two):
            inside.wait()
            done.wait()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        holder = threading.Thread(target=hold)
        holder.start()
        inside.wait()
        with kernel.use(one):
            with pytest.raises(NoKernel, match="2 default kernels"):
                pool.submit(kernel.default).result()
        done.set()
        holder.join()


def test_a_thread_that_outlives_the_block_never_gets_the_hosts() -> None:
    one, two = stand(), stand()
    with ThreadPoolExecutor(1) as pool:
        with kernel.use(one):
            assert pool.submit(kernel.default).result() is one
        with pytest.raises(NoKernel, match="has been left"):
            pool.submit(kernel.default).result()
        with kernel.use(two):
            assert pool.submit(kernel.default).result() is two


def test_tasks_have_their_own() -> None:
    async def work(mine: Kernel) -> bool:
        right = True
        for _ in range(5):
            with kernel.use(mine):
                await asyncio.sleep(0)
                right = right and kernel.default() is mine
                right = right and await asyncio.to_thread(kernel.default) is mine
        return right

    async def main() -> list[bool]:
        return list(await asyncio.gather(*(work(stand()) for _ in range(3))))

    outer = stand()
    with kernel.use(outer):
        assert asyncio.run(main()) == [True, True, True]
        assert kernel.default() is outer


def test_a_generator_that_is_closed_elsewhere_leaves_its_block() -> None:
    one, two = stand(), stand()

    def hold() -> Generator[None, None, None]:
        with kernel.use(two):
            yield

    with kernel.use(one):
        generator = hold()
        next(generator)
        assert kernel.default() is two
        Context().run(generator.close)
        assert kernel.default() is one
