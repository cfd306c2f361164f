/*
 * A FreeBSD/amd64 program without a C library.  The numbers are those of
 * <sys/syscall.h>.
 */
#ifndef FREEBSD_H
#define FREEBSD_H

enum call {
	CALL_exit = 1, CALL_fork = 2, CALL_read = 3, CALL_write = 4, CALL_open = 5,
	CALL_close = 6, CALL_wait4 = 7, CALL_getpid = 20, CALL_kill = 37, CALL_getppid = 39,
	CALL_execve = 59, CALL_vfork = 66, CALL_munmap = 73, CALL_mprotect = 74,
	CALL_nanosleep = 240, CALL_sched_yield = 331, CALL_sigprocmask = 340,
	CALL_sigsuspend = 341, CALL_setsid = 147, CALL_sigaction = 416, CALL_thr_exit = 431, CALL_thr_self = 432,
	CALL_thr_kill = 433, CALL_umtx_op = 454, CALL_thr_new = 455, CALL_mmap = 477,
	CALL_pipe2 = 542
};

#define SYSTEM "FreeBSD"

#include "common.h"

/* NT_FREEBSD_ABI_TAG: FreeBSD 13.2. */
__asm__(".pushsection .note.tag, \"a\", @note\n\t.balign 4\n\t.long 8, 4, 1\n"
    "\t.asciz \"FreeBSD\"\n\t.long 1302001\n\t.popsection\n");

#endif
