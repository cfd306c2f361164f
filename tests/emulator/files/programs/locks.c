/*
 * Threads on a mutex, a condition, a read-write lock and a semaphore, which they
 * use as libthr does: words in memory, and _umtx_op(2) when there is something to
 * wait for.  Exits with the number of the first check that fails, 0 for none.
 */
#include "freebsd.h"

enum {
	MUTEX_LOCK = 5, MUTEX_UNLOCK, CV_WAIT = 8, CV_SIGNAL, CV_BROADCAST, RW_RDLOCK = 12,
	RW_WRLOCK, RW_UNLOCK, MUTEX_WAIT = 17, MUTEX_WAKE2 = 22, SEM2_WAIT, SEM2_WAKE
};
enum { THREADS = 3, ROUNDS = 40, E_TIMEDOUT = 60, E_PERM = 1, E_BUSY = 16 };
#define CONTESTED	0x80000000u
#define HAS_WAITERS	0x80000000u

struct mutex { unsigned owner, flags, ceilings[2]; long link; unsigned spare[2]; };
struct condition { unsigned has_waiters, flags, clock, spare; };
struct rwlock { unsigned state, flags, blocked_readers, blocked_writers, spare[4]; };
struct semaphore { unsigned count, flags; };
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

static struct mutex mutex;
static struct condition condition;
static struct rwlock rwlock;
static struct semaphore semaphore, done;
static volatile long counter, inside, worst, turns, readers, torn, pair[2];
static char stacks[THREADS][16384] __attribute__((aligned(16)));
static long ids[THREADS];

#define OP(object, op, value)	CALL5(umtx_op, object, op, value, 0, 0)

static unsigned
self(void)
{
	long id = 0;

	CALL1(thr_self, &id);
	return ((unsigned)id);
}

static int
swap(unsigned *word, unsigned from, unsigned to)
{
	return (__atomic_compare_exchange_n(word, &from, to, 0, __ATOMIC_SEQ_CST,
	    __ATOMIC_SEQ_CST));
}

static void
lock(unsigned me, int wait)
{
	for (;;) {
		if (swap(&mutex.owner, 0, me) || swap(&mutex.owner, CONTESTED, me | CONTESTED))
			return;
		if (!wait) {
			if (OP(&mutex, MUTEX_LOCK, 0) == 0)
				return;
		} else
			OP(&mutex, MUTEX_WAIT, 0);
	}
}

static void
unlock(unsigned me, int wake2)
{
	if (swap(&mutex.owner, me, 0))
		return;
	if (wake2) {
		__atomic_store_n(&mutex.owner, 0, __ATOMIC_SEQ_CST);
		OP(&mutex, MUTEX_WAKE2, mutex.flags);
	} else
		OP(&mutex, MUTEX_UNLOCK, 0);
}

static void
post(struct semaphore *s)
{
	unsigned before = __atomic_fetch_add(&s->count, 1, __ATOMIC_SEQ_CST);

	if ((before & HAS_WAITERS) != 0)
		OP(s, SEM2_WAKE, 0);
}

static void
take(struct semaphore *s)
{
	unsigned count;

	for (;;) {
		count = __atomic_load_n(&s->count, __ATOMIC_SEQ_CST);
		if ((count & ~HAS_WAITERS) != 0) {
			if (swap(&s->count, count, count - 1))
				return;
		} else
			OP(s, SEM2_WAIT, 0);
	}
}

static void
work(void *argument)
{
	long i, number = (long)argument, old;
	unsigned me = self();

	for (i = 0; i < ROUNDS; i++) {		/* a mutex, in both of its ways */
		lock(me, i & 1);
		if (++inside > worst)
			worst = inside;
		old = counter;
		if (i % 8 < 4)
			CALL0(sched_yield);
		counter = old + 1;
		inside--;
		unlock(me, i & 2);
	}
	for (i = 0; i < 4; i++) {		/* turn by turn, by a condition */
		lock(me, 0);
		while (turns % THREADS != number) {
			CALL5(umtx_op, &condition, CV_WAIT, 0, &mutex, 0);
			lock(me, 0);
		}
		turns++;
		if (condition.has_waiters)
			OP(&condition, CV_BROADCAST, 0);
		unlock(me, 0);
	}
	for (i = 0; i < 10; i++) {		/* a pair that is always whole */
		if (number == 0) {
			if (CALL5(umtx_op, &rwlock, RW_WRLOCK, 0, 0, 0) != 0)
				torn += 100;
			pair[0]++;
			CALL0(sched_yield);
			pair[1]++;
		} else {
			if (CALL5(umtx_op, &rwlock, RW_RDLOCK, 0, 0, 0) != 0)
				torn += 100;
			readers++;
			CALL0(sched_yield);
			if (pair[0] != pair[1])
				torn++;
		}
		OP(&rwlock, RW_UNLOCK, 0);
	}
	take(&semaphore);
	post(&done);
	CALL1(thr_exit, 0);
}

int
main(int argc, char **argv)
{
	struct thread new = { 0 };
	struct span moment = { 0, 1000000 };
	unsigned me = self();
	long i;

	(void)argc, (void)argv;
	for (i = 0; i < THREADS; i++) {
		new.start = work;
		new.argument = (void *)i;
		new.stack = stacks[i];
		new.stack_size = sizeof stacks[i];
		new.child = new.parent = &ids[i];
		if (CALL2(thr_new, &new, sizeof new) != 0)
			return (1);
	}
	for (i = 0; i < THREADS; i++)
		post(&semaphore);
	for (i = 0; i < THREADS; i++)
		take(&done);
	if (counter != THREADS * ROUNDS || worst != 1)
		return (2);
	if (turns != 4 * THREADS)
		return (3);
	if (torn != 0 || readers != 10 * (THREADS - 1) || pair[0] != 10)
		return (4);
	if (mutex.owner != 0 || rwlock.state != 0 || rwlock.blocked_readers != 0 ||
	    rwlock.blocked_writers != 0 || semaphore.count != 0)
		return (5);
	/* What is refused, and what takes too long. */
	if (OP(&mutex, MUTEX_UNLOCK, 0) != -E_PERM || OP(&rwlock, RW_UNLOCK, 0) != -E_PERM)
		return (6);
	lock(me, 0);
	if (OP(&mutex, 4, 0) != -E_BUSY)		/* MUTEX_TRYLOCK */
		return (7);
	if (CALL5(umtx_op, &mutex, MUTEX_LOCK, 0, sizeof moment, &moment) != -E_TIMEDOUT)
		return (8);
	if (mutex.owner != (me | CONTESTED))
		return (9);
	if (CALL5(umtx_op, &condition, CV_WAIT, 0, &mutex, &moment) != -E_TIMEDOUT)
		return (10);
	if (mutex.owner != 0 || condition.has_waiters != 0)
		return (11);
	if (CALL5(umtx_op, &semaphore, SEM2_WAIT, 0, sizeof moment, &moment) != -E_TIMEDOUT)
		return (12);
	CALL5(umtx_op, &rwlock, RW_WRLOCK, 0, 0, 0);
	if (CALL5(umtx_op, &rwlock, RW_RDLOCK, 0, sizeof moment, &moment) != -E_TIMEDOUT)
		return (13);
	if (rwlock.state != 0x80000000u || rwlock.blocked_readers != 0)
		return (14);
	return (0);
}
