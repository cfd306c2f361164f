"""Where an instruction leads, held against what the processor does and what is written of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bsdproc import Debugger, emulator, events
from bsdproc.debugger.x86_flow import following

PROGRAMS = Path(__file__).parents[2] / "examples" / "programs" / "bin" / "dragonfly"


@pytest.mark.emulated
@pytest.mark.parametrize("name", ["hello", "ticker", "faulty"])
def test_where_programs_go(name: str) -> None:
    told = 0
    with emulator.DragonFly() as kernel, Debugger() as debugger:
        kernel.install(f"/bin/{name}", PROGRAMS / name)
        process = debugger.spawn([f"/bin/{name}"])
        for _ in range(600):
            pc = process.thread.pc
            places = following(process.memory.read(pc, 15), pc)
            process.step()
            if not isinstance(debugger.wait(), events.Stepped):
                break
            if places is not None:
                assert process.thread.pc in places, hex(pc)
                told += 1
    assert told > 10


@pytest.mark.parametrize(("code", "places"), [
    ("90", (1,)),                               # nop
    ("f30f1efa", (4,)),                         # endbr64
    ("55", (1,)),                               # push rbp
    ("4889e5", (3,)),                           # mov rbp, rsp
    ("4883ec10", (4,)),                         # sub rsp, 16
    ("4881ec00010000", (7,)),                   # sub rsp, 256
    ("48b88877665544332211", (10,)),            # movabs rax, imm64
    ("66b83412", (4,)),                         # mov ax, imm16
    ("b878563412", (5,)),                       # mov eax, imm32
    ("a18877665544332211", (9,)),               # mov eax, [moffs64]
    ("8b0425d8ffffff", (7,)),                   # mov eax, [disp32] by SIB
    ("8b05d8ffffff", (6,)),                     # mov eax, [rip-40]
    ("8b44240c", (4,)),                         # mov eax, [rsp+12]
    ("66c705640000003412", (9,)),               # mov word [rip+100], imm16
    ("c7450000000000", (7,)),                   # mov dword [rbp], imm32
    ("f605640000000a", (7,)),                   # test byte [rip+100], 10
    ("f7d8", (2,)),                             # neg eax: no immediate
    ("f7c001000000", (6,)),                     # test eax, 1
    ("0f05", (2,)),                             # syscall
    ("0fa2", (2,)),                             # cpuid
    ("0fb6c0", (3,)),                           # movzx eax, al
    ("0fc8", (2,)),                             # bswap eax
    ("0fba e007", (4,)),                        # bt eax, 7
    ("660f3a0fc108", (6,)),                     # palignr xmm0, xmm1, 8
    ("660f3800c1", (5,)),                       # pshufb xmm0, xmm1
    ("c5f877", (3,)),                           # vzeroupper
    ("c5f96fc1", (4,)),                         # vmovdqa xmm0, xmm1
    ("c5f970c1e4", (5,)),                       # vpshufd xmm0, xmm1, imm8
    ("c4e3790fc108", (6,)),                     # vpalignr
    ("c4e27d58c1", (5,)),                       # vpbroadcastd
    ("62f17c48 10 00", (6,)),                   # vmovups zmm0, [rax]
    ("c8100000", (4,)),                         # enter 16, 0
    ("cd80", (2,)),                             # int 0x80
    ("7405", (2, 7)),                           # je +5
    ("eb05", (7,)),                             # jmp +5
    ("ebfe", (0,)),                             # jmp to itself
    ("e2fe", (2, 0)),                           # loop
    ("0f8401000000", (6, 7)),                   # je near
    ("e910000000", (21,)),                      # jmp near
    ("e810000000", (21,)),                      # call: the breakpoint is in the function
    ("48e810000000", (22,)),                    # with a prefix that means nothing
])
def test_instructions(code: str, places: tuple[int, ...]) -> None:
    data = bytes.fromhex(code)
    assert following(data + bytes(15), 0) == places


@pytest.mark.parametrize("code", [
    "c3", "c20800", "cb", "cf",                 # returns
    "ffd0", "ffe0", "ff1500000000", "ff2500000000", "41ff24c5 00000000",
    "06", "0f0b", "62", "", "e810", "66666666666666666666666666666690",
])
def test_what_the_bytes_do_not_say(code: str) -> None:
    assert following(bytes.fromhex(code), 0) is None


def test_a_jump_below_the_first_address() -> None:
    assert following(bytes.fromhex("ebf0"), 0x4) == (0xFFFFFFFFFFFFFFF6,)
