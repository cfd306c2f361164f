/*
 * act WORD ...     does what its arguments say, one after the other.
 *
 * A word is a verb with its numbers, all in one argument: "exit 3".  What
 * goes otherwise than a word expects ends the process with the status
 * 200 plus the word's place.  At the end of the words it exits with 0.
 *
 * Itself
 *   exit CODE              end
 *   stop                   SIGSTOP to itself
 *   raise SIG              kill(2) itself with SIG, getpid(2) first
 *   raise-here SIG         thr_kill(2): the signal to this very thread
 *   getpid  probe  badclose    getpid; kill(pid, 0); close(12345), which fails
 *   int3                   a breakpoint
 *   sleep MS  rest         nanosleep(2); for ever
 *   slept MS               nanosleep, and that it was not cut short
 *   spin N                 count to N
 *   exec PATH              execve(2) of PATH with the words that follow
 *   no-core                RLIMIT_CORE 0
 *   reap                   PROC_REAP_ACQUIRE
 *   procctl CMD VALUE      procctl(2) on itself with an int
 *   procctl-is CMD VALUE   that the int it gives is VALUE
 *
 * Children: the words up to the matching `end` are the child's alone; then
 * it exits with 0.  `fork`, `vfork` and `pdfork` remember the pid.
 *   wait CODE              wait for it: exits with CODE
 *   wait-signal SIG        wait for it: ends by SIG, without a core
 *   watch                  until it has exited, without collecting it
 *   none                   that wait4(WNOHANG) for it has no news
 *   childless              wait4 for any child, and that there is none
 *   childless-but CODE     the same behind one more, which exits with CODE
 *   pdclose                close pdfork's descriptor
 *   tell-pid FD  tell-child FD  tell-ppid FD    write that pid, 4 bytes
 *
 * Threads: `thread` .. `end` starts one that does those words and ends.
 *   join                   until every thread that was started has ended
 *   meet N                 until words like this were met N times by all
 *
 * Signals
 *   catch SIG  ignore SIG  block SIG  unblock SIG  block-all
 *   then-exit SIG N CODE   its handler exits when called for the Nth time
 *   then-raise SIG OTHER   its handler raises OTHER
 *   await SIG N            until it was caught N times, and it was no more
 *   caught SIG N           that it was caught N times
 *   sigwait SIG FD         sigwaitinfo(2); write the siginfo_t to FD
 *   kqueue SIG             have kevent(2) report SIG from now on
 *   kevent SIG             sleep in it until it does
 *
 * Descriptors
 *   read FD  eof FD        read a byte; or that nothing is left to come
 *   write FD  close FD
 *   open PATH              for reading; `lock` and `unlock` it by flock(2)
 *
 * As a debugger
 *   trace-me               PT_TRACE_ME
 *   prey FD                read a pid, 4 bytes
 *   hunt                   the prey is the own child
 *   attach                 PT_ATTACH to it, wait for its SIGSTOP
 *   expect-stop SIG        wait for its stop with SIG
 *   any-stop SIG           the same by wait4(-1), which has to find it
 *   cont SIG  detach       PT_CONTINUE with SIG; PT_DETACH
 *   expect-exit CODE       wait for its exit
 */
#include "freebsd.h"

#define SIGNALS 33
#define THREADS 4

static char **words;
static volatile int caught[SIGNALS];
static volatile struct { int at, code, raises; } then[SIGNALS];
static volatile word child, prey;
static volatile int counter;
static volatile int descriptor = -1, queue = -1, file = -1, met, threads;
static volatile word gone[THREADS];
static char stacks[THREADS][16384] __attribute__((aligned(16)));

static int do_words(int at, int nested);

static int
verb(const char *said, const char *name)
{
	while (*name != 0 && *said == *name)
		said++, name++;
	return (*name == 0 && (*said == 0 || *said == ' '));
}

/* The number after so many blanks. */
static int
number(const char *said, int which)
{
	int value = 0;

	for (; which > 0; which--) {
		while (*said != 0 && *said != ' ')
			said++;
		if (*said == ' ')
			said++;
	}
	while (*said >= '0' && *said <= '9')
		value = value * 10 + (*said++ - '0');
	return (value);
}

static const char *
text(const char *said)
{
	while (*said != ' ')
		said++;
	return (said + 1);
}

static void
sleep_for(word ms)
{
	struct moment m = { ms / 1000, ms % 1000 * 1000000 };

	kernel(NANOSLEEP, &m, 0, 0, 0);
}

static void
wake(volatile void *what)
{
	kernel(UMTX_OP, what, 3, 0x7fffffff, 0);
}

/* Sleep while a word of memory has that value. */
static void
while_int(volatile int *what, int value)
{
	kernel(UMTX_OP, what, 11, value, 0);
}

static void
handler(int sig)
{
	caught[sig]++;
	wake(&caught[sig]);
	if (then[sig].at != 0 && caught[sig] == then[sig].at)
		kernel(EXIT, then[sig].code, 0, 0, 0);
	if (then[sig].raises != 0)
		kernel(KILL, kernel(GETPID, 0, 0, 0, 0), then[sig].raises, 0, 0);
}

static void
dispose(int sig, void (*to)(int))
{
	struct action a = { to, 0, { { 0, 0, 0, 0 } } };

	kernel(SIGACTION, sig, &a, 0, 0);
}

static void
mask(int how, int sig)
{
	struct set s = { { 0, 0, 0, 0 } };

	if (sig == 0)
		s.bits[0] = s.bits[1] = s.bits[2] = s.bits[3] = ~0u;
	else
		s.bits[0] = 1u << (sig - 1);
	kernel(SIGPROCMASK, how, &s, 0, 0);
}

/* The place behind the `end` that belongs to the word before `at`. */
static int
skip(int at)
{
	int depth = 1;

	for (; words[at] != 0 && depth > 0; at++) {
		if (verb(words[at], "end"))
			depth--;
		else if (verb(words[at], "fork") || verb(words[at], "vfork") ||
		    verb(words[at], "pdfork") || verb(words[at], "thread"))
			depth++;
	}
	return (at);
}

static void
in_thread(void *argument)
{
	int i = (int)(word)argument & 0xff;

	do_words((int)((word)argument >> 8), 1);
	kernel(THR_EXIT, &gone[i], 0, 0, 0);
}

static int
begin_thread(int at)
{
	struct thread t;
	word a, b;
	volatile char *raw = (volatile char *)&t;
	uword i;

	for (i = 0; i < sizeof t; i++)
		raw[i] = 0;
	t.start = in_thread;
	t.argument = (void *)((word)at << 8 | threads);
	t.stack = stacks[threads];
	t.stack_size = sizeof stacks[0];
	t.child_id = &a;
	t.parent_id = &b;
	threads++;
	return (kernel(THR_NEW, &t, sizeof t, 0, 0) == 0);
}

/* fork or pdfork. */
static word
give_birth(const char *said)
{
	int fd;
	word pid;

	if (said[0] == 'f')
		return (kernel(FORK, 0, 0, 0, 0));
	pid = kernel(PDFORK, &fd, 0, 0, 0);
	if (pid > 0)
		descriptor = fd;
	return (pid);
}

/* wait4 for one process, with the status it ends or stops with. */
static int
waited(word pid, int expected)
{
	int status = -1;

	return (kernel(WAIT4, pid, &status, 0, 0) == pid && status == expected);
}

/* read(2) again and again: a debugger's attach interrupts it. */
static word
received(int fd, void *to, word size)
{
	word n;

	do
		n = kernel(READ, fd, to, size, 0);
	while (n == -EINTR);
	return (n);
}

static int
told(int fd, word pid)
{
	int value = (int)pid;

	return (kernel(WRITE, fd, &value, 4, 0) == 4);
}

static int
signals_word(const char *said, int first, int second)
{
	char info[80];
	struct event e = { 0, -6, 1, 0, 0, 0, { 0, 0, 0, 0 } };

	if (verb(said, "catch"))
		dispose(first, handler);
	else if (verb(said, "ignore"))
		dispose(first, (void (*)(int))1);
	else if (verb(said, "block"))
		mask(1, first);
	else if (verb(said, "unblock"))
		mask(2, first);
	else if (verb(said, "block-all"))
		mask(1, 0);
	else if (verb(said, "then-exit")) {
		then[first].at = second;
		then[first].code = number(said, 3);
	} else if (verb(said, "then-raise"))
		then[first].raises = second;
	else if (verb(said, "await")) {
		while (caught[first] < second)
			while_int(&caught[first], caught[first]);
		return (caught[first] == second);
	} else if (verb(said, "caught"))
		return (caught[first] == second);
	else if (verb(said, "sigwait")) {
		struct set s = { { 1u << (first - 1), 0, 0, 0 } };
		word sig;

		do
			sig = kernel(SIGWAITINFO, &s, info, 0, 0);
		while (sig == -EINTR);
		return (sig == first &&
		    kernel(WRITE, second, info, sizeof info, 0) == sizeof info);
	} else if (verb(said, "kqueue")) {
		queue = (int)kernel(KQUEUE, 0, 0, 0, 0);
		e.ident = (uword)first;
		return (queue >= 0 &&
		    kernel6(KEVENT, queue, (word)&e, 1, 0, 0, 0) == 0);
	} else if (verb(said, "kevent")) {
		word n;

		do
			n = kernel6(KEVENT, queue, 0, 0, (word)&e, 1, 0);
		while (n == -EINTR);
		return (n == 1 && e.ident == (uword)first && e.filter == -6);
	} else
		return (-1);
	return (1);
}

static int
debugger_word(const char *said, int first)
{
	if (verb(said, "trace-me"))
		return (kernel(PTRACE, 0, 0, 0, 0) == 0);
	if (verb(said, "prey")) {
		int pid = 0;

		if (received(first, &pid, 4) != 4)
			return (0);
		prey = pid;
		return (1);
	}
	if (verb(said, "hunt")) {
		prey = child;
		return (1);
	}
	if (verb(said, "attach"))
		return (kernel(PTRACE, 10, prey, 0, 0) == 0 &&
		    waited(prey, 17 << 8 | 0x7f));
	if (verb(said, "expect-stop"))
		return (waited(prey, first << 8 | 0x7f));
	if (verb(said, "any-stop")) {
		int status = -1;

		return (kernel(WAIT4, -1, &status, 0, 0) == prey &&
		    status == (first << 8 | 0x7f));
	}
	if (verb(said, "expect-exit"))
		return (waited(prey, first << 8));
	if (verb(said, "cont"))
		return (kernel(PTRACE, 7, prey, 1, first) == 0);
	if (verb(said, "detach"))
		return (kernel(PTRACE, 11, prey, 1, 0) == 0);
	return (-1);
}

static int
files_word(const char *said, int first)
{
	char byte = '.';

	if (verb(said, "read"))
		return (received(first, &byte, 1) == 1);
	if (verb(said, "eof")) {
		word n;

		do
			n = received(first, &byte, 1);
		while (n > 0);
		return (n == 0);
	}
	if (verb(said, "write"))
		return (kernel(WRITE, first, &byte, 1, 0) == 1);
	if (verb(said, "close"))
		return (kernel(CLOSE, first, 0, 0, 0) == 0);
	if (verb(said, "open")) {
		file = (int)kernel(OPEN, text(said), 0, 0, 0);
		return (file >= 0);
	}
	if (verb(said, "lock"))
		return (kernel(FLOCK, file, 2, 0, 0) == 0);
	if (verb(said, "unlock"))
		return (kernel(FLOCK, file, 8, 0, 0) == 0);
	return (-1);
}

static int
children_word(const char *said, int first)
{
	int status;

	if (verb(said, "wait"))
		return (waited(child, first << 8));
	if (verb(said, "wait-signal"))
		return (waited(child, first));
	if (verb(said, "watch"))
		return (kernel6(WAIT6, 0, child, (word)&status, 8 | 16, 0, 0) == child);
	if (verb(said, "none"))
		return (kernel(WAIT4, child, &status, 1, 0) == 0);
	if (verb(said, "childless"))
		return (kernel(WAIT4, -1, &status, 0, 0) == -ECHILD);
	if (verb(said, "childless-but"))
		return (kernel(WAIT4, -1, &status, 0, 0) > 0 && status == first << 8 &&
		    kernel(WAIT4, -1, &status, 0, 0) == -ECHILD);
	if (verb(said, "pdclose"))
		return (kernel(CLOSE, descriptor, 0, 0, 0) == 0);
	if (verb(said, "tell-pid"))
		return (told(first, kernel(GETPID, 0, 0, 0, 0)));
	if (verb(said, "tell-child"))
		return (told(first, child));
	if (verb(said, "tell-ppid"))
		return (told(first, kernel(GETPPID, 0, 0, 0, 0)));
	return (-1);
}

static int
threads_word(const char *said, int first)
{
	int i;

	if (verb(said, "join")) {
		for (i = 0; i < threads; i++)
			while (gone[i] == 0)
				kernel(UMTX_OP, &gone[i], 2, 0, 0);
		return (1);
	}
	if (verb(said, "meet")) {
		__atomic_add_fetch(&met, 1, __ATOMIC_SEQ_CST);
		wake(&met);
		while ((i = met) < first)
			while_int(&met, i);
		return (1);
	}
	return (-1);
}

static int
own_word(const char *said, int first, int second, int at)
{
	struct limit none = { 0, 0 };
	int value = second;
	word id;

	if (verb(said, "exit"))
		kernel(EXIT, first, 0, 0, 0);
	else if (verb(said, "stop"))
		kernel(KILL, kernel(GETPID, 0, 0, 0, 0), 17, 0, 0);
	else if (verb(said, "raise"))
		kernel(KILL, kernel(GETPID, 0, 0, 0, 0), first, 0, 0);
	else if (verb(said, "raise-here")) {
		kernel(THR_SELF, &id, 0, 0, 0);
		kernel(THR_KILL, id, first, 0, 0);
	} else if (verb(said, "getpid"))
		kernel(GETPID, 0, 0, 0, 0);
	else if (verb(said, "probe"))
		kernel(KILL, kernel(GETPID, 0, 0, 0, 0), 0, 0, 0);
	else if (verb(said, "badclose"))
		kernel(CLOSE, 12345, 0, 0, 0);
	else if (verb(said, "int3"))
		breakpoint();
	else if (verb(said, "spin"))
		while (counter < first)
			counter++;
	else if (verb(said, "sleep"))
		sleep_for(first);
	else if (verb(said, "slept")) {
		struct moment m = { first / 1000, first % 1000 * 1000000 };

		return (kernel(NANOSLEEP, &m, 0, 0, 0) == 0);
	} else if (verb(said, "rest"))
		for (;;)
			sleep_for(100000);
	else if (verb(said, "exec")) {
		char *none_such[] = { 0 };

		kernel(EXECVE, text(said), &words[at], none_such, 0);
		return (0);
	} else if (verb(said, "no-core"))
		kernel(SETRLIMIT, 4, &none, 0, 0);
	else if (verb(said, "reap"))
		return (kernel(PROCCTL, 0, 0, 2, 0) == 0);
	else if (verb(said, "procctl"))
		return (kernel(PROCCTL, 0, 0, first, &value) == 0);
	else if (verb(said, "procctl-is"))
		return (kernel(PROCCTL, 0, 0, first, &value) == 0 && value == second);
	else
		return (-1);
	return (1);
}

/* Do the words from `at`; those of a child or thread up to their `end`. */
static int
do_words(int at, int nested)
{
	for (; words[at] != 0; at++) {
		const char *said = words[at];
		int first = number(said, 1), second = number(said, 2), good;

		if (verb(said, "end") && nested)
			return (at);
		if (verb(said, "thread")) {
			good = begin_thread(at + 1);
			at = skip(at + 1) - 1;
		} else if (verb(said, "fork") || verb(said, "vfork") || verb(said, "pdfork")) {
			/* vfork's child uses this stack: nobody else may return. */
			word pid = said[0] == 'v' ? kernel_vfork() : give_birth(said);

			if (pid == 0) {
				do_words(at + 1, 1);
				kernel(EXIT, 0, 0, 0, 0);
			}
			child = pid;
			good = pid > 0;
			at = skip(at + 1) - 1;
		} else {
			good = own_word(said, first, second, at);
			if (good < 0)
				good = children_word(said, first);
			if (good < 0)
				good = signals_word(said, first, second);
			if (good < 0)
				good = files_word(said, first);
			if (good < 0)
				good = threads_word(said, first);
			if (good < 0)
				good = debugger_word(said, first);
		}
		if (good != 1)
			kernel(EXIT, 200 + at, 0, 0, 0);
	}
	return (at);
}

void
start(word *argc)
{
	words = (char **)(argc + 1) + 1;
	do_words(0, 0);
	kernel(EXIT, 0, 0, 0, 0);
}
