"""What procctl(2) says of a process: tracing, randomisation, its parent's death.

    python examples/settings.py
"""

from __future__ import annotations

import os
import sys

from _kernel import kernel_for

from bsdproc import freebsd
from bsdproc.freebsd import procctl

PROGRAM = os.path.abspath("tests/conformance/tracees/bin/sleeper")


def main() -> int:
    with kernel_for(PROGRAM) as kernel:
        procctl.reap_acquire()
        pid = kernel.spawn(PROGRAM, [PROGRAM])
        print("aslr      ", procctl.aslr(pid))
        print("stack gap ", procctl.stackgap(pid))
        print("traced by ", procctl.trace(pid))
        print("reaper    ", procctl.reap_status())
        print("its pids  ", procctl.reap_getpids())
        print("killed    ", procctl.reap_kill(freebsd.Signal.SIGTERM))
        print(freebsd.wait(pid))
        procctl.reap_release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
