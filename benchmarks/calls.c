/*
 * Makes so many system calls and ends.  For benchmarks/tracing.py.
 *
 *     calls COUNT
 */
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	long i, count;

	count = argc > 1 ? atol(argv[1]) : 1000;
	for (i = 0; i < count; i++)
		getppid();
	return (0);
}
