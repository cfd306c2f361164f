"""The kernel's own threads, as a machine with one processor has them: name and
what each waits for, in the order in which kern.proc lists them."""

from __future__ import annotations

from typing import Final

KTHREADS: Final = (
    ("syncer6", "syncer"), ("syncer4", "syncer"), ("vnlru", "vlruwt"),
    ("bufdaemon_hw", "psleep"), ("emergpager", "psleep"), ("pagedaemon", "psleep"),
    ("unp taskq", "tqthr"), ("syncer2", "syncer"), ("xpt_thrd", "ccb_scan"),
    ("firmware taskq", "tqthr"), ("devfs_msg_core", "waitport"), ("syncer5", "syncer"),
    ("consttyd", "waiting"), ("bufdaemon", "psleep"), ("vmdaemon", "psleep"),
    ("swapcached", "csleep"), ("syncer3", "syncer"), ("random", "rwait"),
    ("kcollect", "sleep"), ("syncer1", "syncer"), ("ithread4 0", ""), ("ithread192 0", ""),
    ("ithread1 0", ""), ("ithread9 0", ""), ("acpi_task", "waitport"),
    ("crypto returns", "crypto_r"), ("crypto 0", "crypto_w"), ("sensors 0", "waittask"),
    ("cpuhelper 0", "waitport"), ("netisr 0", "waitport"), ("disk_msg_core", "waitport"),
    ("taskq_cpu 0", "tqthr"), ("usched 0", "schslp"), ("usched 0", "sched_th"),
    ("dsched 0", ""), ("ithread195 0", ""), ("ithread196 0", ""), ("ithread197 0", ""),
    ("ithreadE 0", ""), ("softclock 0", ""), ("idle_0", ""),
)
