/*
 * Counts the time in `ticks`, a hundred a second, until it is told to end.
 *
 * ticker           until SIGTERM, then exits with 0
 * ticker daemon    the same far from home: forks twice in a session of its own,
 *                  and the first process is done
 */
#include "system.h"

SEEN long ticks;
SEEN int stopped;

PLACE void
handler(int signal)
{
	stopped = signal;
}

PLACE void
tick(void)
{
	struct span pause = { 0, 10000000 };

	CALL2(nanosleep, &pause, 0);
	ticks++;
}

int
main(int argc, char **argv)
{
	on(SIG_TERM, handler);
	if (argc > 1 && equal(argv[1], "daemon")) {
		if (CALL0(fork) != 0)
			return (0);
		CALL0(setsid);
		if (CALL0(fork) != 0)
			return (0);
	}
	while (stopped == 0)
		tick();
	return (0);
}
