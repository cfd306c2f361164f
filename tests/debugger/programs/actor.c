/*
 * What the debugger's tests have under them.  `station` is where breakpoints
 * are put; `passed` counts how often it was entered.
 *
 * actor count N          enters it N times and exits with the count
 * actor threads N        two threads enter it N times each, then exits with the count
 * actor handler N        sends itself SIGUSR1 N times; the handler enters it
 * actor interrupted N    enters it N times, with SIGUSR1 sent before each
 * actor fork             enters it, the forked child as well; exits with the
 *                        child's count * 16 + its own
 * actor vfork            the same by vfork
 * actor vexec PROGRAM ARG ...   a child made by vfork executes that; exits with
 *                        the child's status
 * actor exec PROGRAM ARG ...    executes that
 * actor trap             catches its own breakpoint instruction; exits with 1
 * actor fault            catches SIGSEGV of a store at `at_store`, makes the page
 *                        writable, exits with the number of faults
 * actor pipe             a thread reads at `at_read` what another one writes
 *                        once it has yielded often enough; exits with the byte
 * actor spin             counts in `counter` until `quit` is set
 * actor nap              sleeps until `quit` is set
 * actor nappers          two threads enter it at the same moments, for ever
 * actor write N          writes 1 .. N to `counter`, exits with N
 * actor forkers          two threads, one of them forks while the other enters
 *                        `station` for ever
 * actor brood N          leaves N grandchildren that sleep for ever, exits with N
 * actor hopper           forks and exits, so that a child goes on, for ever
 * actor stuck            reads from a pipe that nobody writes to
 * actor signal N         sends itself the signal N and exits with 9
 */
#include "../../../examples/programs/freebsd.h"

SEEN long counter, passed, faults, trapped, finished;
SEEN long quit;
SEEN int caught;
static char stacks[2][16384] __attribute__((aligned(16)));
static int pipes[2];
static long rounds;

PLACE void
station(void)
{
	__atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
}

PLACE void
handler(int signal)
{
	caught = signal;
	station();
}

PLACE void
quiet_handler(int signal)
{
	caught = signal;
	counter++;
}

static long
number(const char *text)
{
	long n = 0;

	while (*text >= '0' && *text <= '9')
		n = n * 10 + (*text++ - '0');
	return (n);
}

struct thread {
	void (*start)(void *);
	void *argument;
	char *stack;
	unsigned long stack_size;
	char *tls;
	unsigned long tls_size;
	long *child, *parent;
	int flags;
	void *priority, *spare[3];
};

static void
thread(int i, void (*start)(void *))
{
	static long ids[4];
	struct thread new = { 0 };

	new.start = start;
	new.stack = stacks[i];
	new.stack_size = sizeof stacks[i];
	new.child = &ids[2 * i];
	new.parent = &ids[2 * i + 1];
	CALL2(thr_new, &new, sizeof new);
}

static void
thread_end(void)
{
	__atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
	CALL1(thr_exit, 0);
}

static void
pass_all(void *unused)
{
	(void)unused;
	for (long i = 0; i < rounds; i++)
		station();
	thread_end();
}

static void
for_ever(void *unused)
{
	(void)unused;
	while (quit == 0)
		station();
	thread_end();
}

static void
nap_for_ever(void *unused)
{
	struct span until = { 0, 0 };

	(void)unused;
	while (quit == 0) {
		until.nanoseconds = 2000000;
		CALL2(nanosleep, &until, 0);
		station();
	}
	thread_end();
}

static void
write_later(void *unused)
{
	char byte = 42;

	(void)unused;
	for (int i = 0; i < 20; i++)
		CALL0(sched_yield);
	CALL3(write, pipes[1], &byte, 1);
	thread_end();
}

static int
exit_status(long child)
{
	int status = 0;

	CALL4(wait4, child, &status, 0, 0);
	return ((status & 127) != 0 ? 100 + (status & 127) : status >> 8 & 255);
}

/* read(2), with a name for the instruction that makes the call. */
PLACE long
read_at(long fd, char *buffer, long size)
{
	long answer;

	__asm__ volatile(".globl at_read\nat_read:\n\tsyscall"
	    : "=a"(answer) : "0"(CALL_read), "D"(fd), "S"(buffer), "d"(size)
	    : "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
	return (answer);
}

PLACE void
store_at(long *where, long value)
{
	__asm__ volatile(".globl at_store\nat_store:\n\tmovq %1, (%0)"
	    : : "r"(where), "r"(value) : "memory");
}

static long *page;

static void
make_writable(int signal)
{
	(void)signal;
	faults++;
	CALL3(mprotect, page, 4096, 3);
}

static void
on_trap(int signal)
{
	(void)signal;
	trapped++;
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "count";
	long n = argc > 2 ? number(argv[2]) : 1, child;
	long self = CALL0(getpid);

	rounds = n;
	if (equal(mode, "count")) {
		for (long i = 0; i < n; i++)
			station();
		return ((int)passed);
	}
	if (equal(mode, "threads")) {
		thread(0, pass_all);
		thread(1, pass_all);
		while (finished < 2)
			CALL0(sched_yield);
		return ((int)passed);
	}
	if (equal(mode, "handler")) {
		on(SIG_USR1, handler);
		for (long i = 0; i < n; i++)
			CALL2(kill, self, SIG_USR1);
		return ((int)passed);
	}
	if (equal(mode, "interrupted")) {
		on(SIG_USR1, quiet_handler);
		for (long i = 0; i < n; i++) {
			CALL2(kill, self, SIG_USR1);
			station();
		}
		return ((int)passed);
	}
	if (equal(mode, "fork") || equal(mode, "vfork")) {
		child = equal(mode, "fork") ? CALL0(fork) : CALL0(vfork);
		if (child == 0) {
			station();
			CALL1(exit, passed);
		}
		station();
		return (exit_status(child) * 16 + (int)passed);
	}
	if (equal(mode, "vexec")) {
		child = CALL0(vfork);
		if (child == 0) {
			CALL3(execve, argv[2], argv + 2, argv + argc);
			CALL1(exit, 99);
		}
		return (exit_status(child));
	}
	if (equal(mode, "exec")) {
		station();
		CALL3(execve, argv[2], argv + 2, argv + argc);
		return (99);
	}
	if (equal(mode, "trap")) {
		on(SIG_TRAP, on_trap);
		__asm__ volatile(".globl at_trap\nat_trap:\n\tint3");
		return ((int)trapped);
	}
	if (equal(mode, "fault")) {
		page = (long *)CALL6(mmap, 0, 4096, 1, 0x1002, -1, 0);
		on(SIG_SEGV, make_writable);
		store_at(page, 7);
		return (*page == 7 ? (int)faults : 90);
	}
	if (equal(mode, "pipe")) {
		char byte = 0;

		CALL2(pipe2, pipes, 0);
		thread(0, write_later);
		read_at(pipes[0], &byte, 1);
		return (byte);
	}
	if (equal(mode, "spin")) {
		while (quit == 0)
			counter++;
		return ((int)quit);
	}
	if (equal(mode, "nap")) {
		struct span nap = { 0, 5000000 };

		while (quit == 0) {
			CALL2(nanosleep, &nap, 0);
			counter++;
		}
		return ((int)quit);
	}
	if (equal(mode, "nappers")) {
		thread(0, nap_for_ever);
		nap_for_ever(0);
	}
	if (equal(mode, "write")) {
		for (long i = 1; i <= n; i++)
			counter = i;
		return ((int)n);
	}
	if (equal(mode, "forkers")) {
		thread(0, for_ever);
		while (quit == 0) {
			child = CALL0(fork);
			if (child == 0)
				CALL1(exit, 0);
			exit_status(child);
			counter++;
		}
		return ((int)quit);
	}
	if (equal(mode, "brood")) {
		struct span nap = { 1000, 0 };

		for (long i = 0; i < n; i++) {
			child = CALL0(fork);
			if (child == 0) {
				if (CALL0(fork) == 0)
					for (;;)
						CALL2(nanosleep, &nap, 0);
				CALL1(exit, 0);
			}
			exit_status(child);
		}
		return ((int)n);
	}
	if (equal(mode, "hopper")) {
		struct span nap = { 0, 300000 };

		for (;;) {
			CALL2(nanosleep, &nap, 0);
			if (CALL0(fork) != 0)
				CALL1(exit, 0);
		}
	}
	if (equal(mode, "stuck")) {
		char byte;

		CALL2(pipe2, pipes, 0);
		return ((int)CALL3(read, pipes[0], &byte, 1));
	}
	if (equal(mode, "signal")) {
		CALL2(kill, self, n);
		return (9);
	}
	return (98);
}
