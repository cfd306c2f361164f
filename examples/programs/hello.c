/*
 * A parent and its child: the child says hello and sends its parent a signal,
 * the parent waits for both and tells what it saw.
 */
#include "system.h"

SEEN long greetings;
SEEN int caught;

/* Writes one line, digits appended. */
PLACE void
greet(const char *who, const char *what, long number)
{
	char line[80], digits[20];
	long n = 0, d = 0;

	while (*who != 0)
		line[n++] = *who++;
	line[n++] = ':';
	line[n++] = ' ';
	while (*what != 0)
		line[n++] = *what++;
	do
		digits[d++] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	while (d > 0)
		line[n++] = digits[--d];
	line[n++] = '\n';
	greetings++;
	CALL3(write, 1, line, n);
}

PLACE void
handler(int signal)
{
	caught = signal;
}

static int
child(long parent)
{
	struct span nap = { 0, 20000000 };

	greet("child", "hello from " SYSTEM ", parent ", parent);
	CALL2(nanosleep, &nap, 0);
	CALL2(kill, parent, SIG_USR1);
	return (3);
}

int
main(int argc, char **argv)
{
	sigset usr1 = only(SIG_USR1), before;
	int status = 0;
	long pid, self = CALL0(getpid);

	(void)argc, (void)argv;
	on(SIG_USR1, handler);
	CALL3(sigprocmask, MASK_BLOCK, &usr1, &before);
	pid = CALL0(fork);
	if (pid == 0)
		return (child(self));
	while (caught == 0)
		CALL1(sigsuspend, &before);
	greet("parent", "the child sent signal ", caught);
	CALL4(wait4, pid, &status, 0, 0);
	greet("parent", "the child exited with ", status >> 8 & 255);
	return (0);
}
