/*
 * What ptrace(2) costs without Python: a tracee is stepped, or let go on to the
 * next end of a system call, so many times.  For benchmarks/tracing.py.
 *
 *     step_loop step|calls COUNT PROGRAM [ARGUMENT ...]
 *
 * Prints the microseconds of each stop.
 */
#include <sys/types.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (t.tv_sec + t.tv_nsec / 1e9);
}

int
main(int argc, char **argv)
{
	struct ptrace_lwpinfo info;
	double began;
	long count, i;
	int calls, status;
	pid_t pid;

	if (argc < 4)
		errx(2, "usage: step_loop step|calls count program [argument ...]");
	calls = strcmp(argv[1], "calls") == 0;
	count = atol(argv[2]);
	pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid == 0) {
		if (ptrace(PT_TRACE_ME, 0, NULL, 0) == -1)
			_exit(126);
		execv(argv[3], argv + 3);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) == -1 || !WIFSTOPPED(status))
		errx(1, "the program did not start");
	began = now();
	for (i = 0; i < count; i++) {
		if (ptrace(calls ? PT_SYSCALL : PT_STEP, pid, (caddr_t)1, 0) == -1)
			err(1, "ptrace");
		if (waitpid(pid, &status, 0) == -1 || !WIFSTOPPED(status))
			errx(1, "the program ended");
		if (calls && ptrace(PT_LWPINFO, pid, (caddr_t)&info, sizeof(info)) == -1)
			err(1, "PT_LWPINFO");
	}
	printf("%.3f\n", (now() - began) / count * 1e6);
	ptrace(PT_KILL, pid, NULL, 0);
	waitpid(pid, &status, 0);
	return (0);
}
