/*
 * posix_spawn(2) with attributes and file actions, part by part.  The layouts are those of
 * <sys/spawn.h>; the child is this program again.  Built by build.py beside it.
 */
#include "netbsd.h"

enum { OPEN, DUP2, CLOSE, CHDIR, FCHDIR };
enum { RESETIDS = 1, SETPGROUP = 2, SETSCHEDULER = 8, SETSIGDEF = 16, SETSIGMASK = 32,
    RETURNERROR = 64 };
enum { CREATE = 0x601, DIRECTORY = 0x200000, CLOEXEC = 0x400000 };

struct attributes { short flags; int group, priority, policy; sigset standard, mask; };
struct action_entry {
	int action, fd;
	union {
		struct { const char *path; int flags, mode; } open;
		struct { int to; } dup2;
	} data;
};
struct actions { unsigned int size, count; struct action_entry *entries; };

static struct attributes attributes;
static struct action_entry entries[8];
static struct actions actions = { 8, 0, entries };
static int child = -1;

static void
add(int action, int fd, const char *path, int number)
{
	struct action_entry *entry = &entries[actions.count++];

	entry->action = action, entry->fd = fd;
	if (action == DUP2)
		entry->data.dup2.to = number;
	else {
		entry->data.open.path = path;
		entry->data.open.flags = number, entry->data.open.mode = 0640;
	}
}

static long
spawn(const char *program, const char *part)
{
	const char *arguments[] = { "spawner", part, 0 }, *none[] = { 0 };

	return (CALL6(posix_spawn, &child, program, actions.count ? &actions : 0, &attributes,
	    arguments, none));
}

/* The child's status, as an exit code: a signal counts from 200. */
static int
end(void)
{
	int status = 0;

	if (CALL4(wait4, -1, &status, 0, 0) < 0)
		return (199);
	return (status & 127 ? 200 + (status & 127) : status >> 8);
}

int
main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "", *self = "/bin/spawner";
	long error;
	int fd;

	if (equal(part, "writes"))
		return (CALL3(write, 5, "hello\n", 6) == 6 && CALL1(close, 0) == -9 ? 3 : 4);
	if (equal(part, "makes"))
		return (CALL3(open, "made", CREATE, 0600) >= 0 ? 3 : 4);
	if (equal(part, "dies")) {
		CALL2(kill, CALL0(getpid), SIG_USR2);
		CALL2(kill, CALL0(getpid), SIG_USR1);
		return (4);
	}
	if (equal(part, "leads"))
		return (call(207, 0, 0, 0, 0, 0, 0) == CALL0(getpid) ? 3 : 4);
	if (equal(part, "users"))
		return ((int)call(25, 0, 0, 0, 0, 0, 0) / 100);

	if (equal(part, "files")) {
		add(OPEN, 1, "/out", CREATE);
		add(DUP2, 1, 0, 5);
		add(CLOSE, 0, 0, 0);
		return (spawn(self, "writes") == 0 ? end() : 1);
	} else if (equal(part, "kept")) {	/* dup2 of a descriptor that the exec closes */
		fd = CALL3(open, "/out", CREATE | CLOEXEC, 0600);
		add(DUP2, fd, 0, 5);
		add(CLOSE, 0, 0, 0);
		return (spawn(self, "writes") == 0 ? end() : 1);
	} else if (equal(part, "chdir")) {
		add(CHDIR, 0, "/tmp", 0);
		return (spawn("bin/spawner", "makes") == 0 ? end() : 1);
	} else if (equal(part, "fchdir")) {
		fd = CALL3(open, "/tmp", DIRECTORY, 0);
		add(FCHDIR, fd, 0, 0);
		return (spawn("bin/spawner", "makes") == 0 ? end() : 1);
	} else if (equal(part, "signals")) {
		on(SIG_USR1, (void (*)(int))1);
		attributes.flags = SETSIGDEF | SETSIGMASK;
		attributes.standard = only(SIG_USR1);
		attributes.mask = only(SIG_USR2);
		return (spawn(self, "dies") == 0 ? end() : 1);
	} else if (equal(part, "group")) {
		attributes.flags = SETPGROUP;
		return (spawn(self, "leads") == 0 ? end() : 1);
	} else if (equal(part, "nogroup")) {
		attributes.flags = SETPGROUP, attributes.group = 30000;
		error = spawn(self, "leads");
		return (end() == 127 && child == -1 ? (int)error : 198);
	} else if (equal(part, "ids")) {
		call(126, 500, 0, 0, 0, 0, 0);
		attributes.flags = RESETIDS;
		return (spawn(self, "users") == 0 ? end() : 1);
	} else if (equal(part, "missing")) {
		add(OPEN, 1, "/nowhere/out", CREATE);
		error = spawn(self, "writes");
		return (error == 0 && child > 0 ? end() : 198);
	} else if (equal(part, "closed")) {
		attributes.flags = RETURNERROR;
		add(CLOSE, 77, 0, 0);
		error = spawn(self, "writes");
		return (end() == 127 && child == -1 ? (int)error : 198);
	} else if (equal(part, "absent")) {	/* there is no child, and no file either */
		add(OPEN, 1, "/out", CREATE);
		error = spawn("/bin/absent", "writes");
		return (end() == 199 && child == -1 ? (int)error : 198);
	} else if (equal(part, "many")) {
		actions.count = 4000000000u;
		error = spawn(self, "writes");
		return (end() == 199 ? (int)error : 198);
	} else if (equal(part, "policy")) {
		attributes.flags = SETSCHEDULER;
		error = spawn(self, "writes");
		return (end() == 199 ? (int)error : 198);
	}
	return (100);
}
