/*
 * The little C that bsdproc cannot do in Python: the system calls with errno
 * cleared first, and fork, PT_TRACE_ME and execve in one call.
 *
 * Compiled on FreeBSD, NetBSD and DragonFly against the system's own headers,
 * as the preamble of the cffi module _native.  What a release lacks is guarded
 * by the macros that came with it.
 */
#if !defined(__FreeBSD__) && !defined(__NetBSD__) && !defined(__DragonFly__)
#error "bsdproc's native module is for FreeBSD, NetBSD and DragonFly only"
#endif

/* NetBSD keeps PT_LWPINFO and its structure for programs that ask for them. */
#define __LEGACY_PT_LWPINFO

#include <sys/param.h>
#include <sys/types.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#if !defined(__FreeBSD__)
#include <sys/statvfs.h>
#endif
#include <sys/sysctl.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <machine/reg.h>
#if !defined(__NetBSD__)
#include <sys/procctl.h>
#include <sys/user.h>
#endif
#if defined(__DragonFly__)
#include <sys/kinfo.h>
#endif
#if defined(__NetBSD__)
#include <sys/lwp.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* -- system calls ----------------------------------------------------------
 * Each returns what the call did; cffi saves errno behind it.  A result of -1
 * may be a word of the tracee's, hence the zero before.
 */

static int bsdproc_ptrace(int request, int pid, uintptr_t addr, int data)
{
	errno = 0;
	return (ptrace(request, (pid_t)pid, (void *)addr, data));
}

static int bsdproc_procctl(int idtype, int64_t id, int command, uintptr_t data)
{
#if defined(__NetBSD__)
	(void)idtype, (void)id, (void)command, (void)data;
	errno = ENOSYS;
	return (-1);
#else
	errno = 0;
	return (procctl((idtype_t)idtype, (id_t)id, command, (void *)data));
#endif
}

static int bsdproc_sysctl(const int *mib, unsigned int count, uintptr_t old, size_t *size,
    const void *fresh, size_t fresh_size)
{
	errno = 0;
	return (sysctl((int *)(uintptr_t)mib, count, (void *)old, size, (void *)(uintptr_t)fresh,
	    fresh_size));
}

static int bsdproc_sysctlbyname(const char *name, uintptr_t old, size_t *size, const void *fresh,
    size_t fresh_size)
{
	errno = 0;
	return (sysctlbyname(name, (void *)old, size, (void *)(uintptr_t)fresh, fresh_size));
}

static int bsdproc_wait4(int pid, int *status, int options, void *usage)
{
	errno = 0;
	return ((int)wait4((pid_t)pid, status, options, (struct rusage *)usage));
}

#if defined(__NetBSD__)
typedef struct wrusage bsdproc_wrusage;
#elif defined(__FreeBSD__)
typedef struct __wrusage bsdproc_wrusage;
#else
typedef char bsdproc_wrusage;		/* DragonFly's measured interface has none */
#endif

static int bsdproc_wait6(int idtype, int64_t id, int *status, int options, void *usage, void *info)
{
#if defined(__DragonFly__)
	(void)idtype, (void)id, (void)status, (void)options, (void)usage, (void)info;
	errno = ENOSYS;
	return (-1);
#else
	errno = 0;
	return ((int)wait6((idtype_t)idtype, (id_t)id, status, options, (bsdproc_wrusage *)usage,
	    (siginfo_t *)info));
#endif
}

static int bsdproc_kill(int pid, int sig)
{
	errno = 0;
	return (kill((pid_t)pid, sig));
}

static size_t bsdproc_sizeof_rusage(void)
{
	return (sizeof(struct rusage));
}

static size_t bsdproc_sizeof_wrusage(void)
{
	return (sizeof(bsdproc_wrusage));
}

static size_t bsdproc_sizeof_siginfo(void)
{
	return (sizeof(siginfo_t));
}

static size_t bsdproc_sizeof_id(void)
{
	return (sizeof(id_t));
}

/* -- file systems ----------------------------------------------------------*/

static int bsdproc_mount(const char *fstype, const char *path, int flags, uintptr_t data,
    size_t size)
{
	errno = 0;
#if defined(__NetBSD__)
	return (mount(fstype, path, flags, (void *)data, size));
#else
	(void)size;
	return (mount(fstype, path, flags, (void *)data));
#endif
}

static int bsdproc_nmount(uintptr_t iov, unsigned int count, int flags)
{
	errno = 0;
#if defined(__FreeBSD__)
	return (nmount((struct iovec *)iov, count, flags));
#else
	(void)iov, (void)count, (void)flags;
	errno = ENOSYS;
	return (-1);
#endif
}

static int bsdproc_unmount(const char *path, int flags)
{
	errno = 0;
	return (unmount(path, flags));
}

struct bsdproc_statvfs {
	uint64_t bsize, frsize, iosize, blocks, bfree, files, flags;
	int64_t bavail, ffree;
	uint32_t namemax, owner, fsid[2];
	char fstype[32], source[1024], on[1024];
};

static void bsdproc_name(char *to, size_t room, const char *from, size_t size)
{
	size_t length;

	length = strnlen(from, size < room ? size : room - 1);
	memcpy(to, from, length);
	to[length] = '\0';
}

#define BSDPROC_NAME(to, from) bsdproc_name((to), sizeof(to), (from), sizeof(from))

static int bsdproc_statvfs(const char *path, struct bsdproc_statvfs *found)
{
#if defined(__NetBSD__)
	struct statvfs fs;

	errno = 0;
	if (statvfs(path, &fs) == -1)
		return (-1);
	memset(found, 0, sizeof(*found));
	found->bsize = fs.f_bsize;
	found->frsize = fs.f_frsize;
	found->flags = fs.f_flag;
	found->namemax = (uint32_t)fs.f_namemax;
	memcpy(found->fsid, &fs.f_fsidx, sizeof(found->fsid));
#else
	struct statfs fs;

	errno = 0;
	if (statfs(path, &fs) == -1)
		return (-1);
	memset(found, 0, sizeof(*found));
	found->flags = (uint64_t)fs.f_flags;
	memcpy(found->fsid, &fs.f_fsid, sizeof(found->fsid));
#if defined(__DragonFly__)
	struct statvfs more;

	if (statvfs(path, &more) == -1)
		return (-1);
	found->bsize = more.f_bsize;
	found->frsize = more.f_frsize;
	found->namemax = (uint32_t)more.f_namemax;
#else
	found->bsize = fs.f_iosize;
	found->frsize = fs.f_bsize;
	found->namemax = fs.f_namemax;
#endif
#endif
	found->iosize = (uint64_t)fs.f_iosize;
	found->blocks = (uint64_t)fs.f_blocks;
	found->bfree = (uint64_t)fs.f_bfree;
	found->bavail = (int64_t)fs.f_bavail;
	found->files = (uint64_t)fs.f_files;
	found->ffree = (int64_t)fs.f_ffree;
	found->owner = (uint32_t)fs.f_owner;
	BSDPROC_NAME(found->fstype, fs.f_fstypename);
	BSDPROC_NAME(found->source, fs.f_mntfromname);
	BSDPROC_NAME(found->on, fs.f_mntonname);
	return (0);
}

/* -- memory to lend --------------------------------------------------------
 * `count` areas of `room` bytes each, a guard page behind every one: what a
 * kernel writes past an area's end is EFAULT, as in any process.  `room` is a
 * number of whole pages.  Returns 0 with errno set when there is none to have.
 */
static uintptr_t bsdproc_map(size_t room, size_t count)
{
	size_t i, page, step;
	char *base;
	int error;

	page = (size_t)getpagesize();
	step = room + page;
	if (room < page || room % page != 0 || count == 0 || step < room ||
	    count > (SIZE_MAX >> 1) / step) {
		errno = EINVAL;
		return (0);
	}
	base = mmap(NULL, step * count, PROT_NONE, MAP_ANON | MAP_PRIVATE, -1, 0);
	if (base == MAP_FAILED)
		return (0);
	for (i = 0; i < count; i++)
		if (mprotect(base + i * step, room, PROT_READ | PROT_WRITE) == -1) {
			error = errno;
			(void)munmap(base, step * count);
			errno = error;
			return (0);
		}
	return ((uintptr_t)base);
}

static int bsdproc_unmap(uintptr_t base, size_t room, size_t count)
{
	return (munmap((void *)base, (room + (size_t)getpagesize()) * count));
}

/* -- spawn -----------------------------------------------------------------
 * Between fork and execve nothing but async-signal-safe calls, so that any
 * thread of a threaded Python may spawn.
 */

enum {
	STEP_PARENT, STEP_SIGNALS, STEP_SETPGID, STEP_CHDIR, STEP_DUP, STEP_SETGROUPS, STEP_SETGID,
	STEP_SETUID, STEP_TRACE_ME, STEP_EXECVE
};

struct bsdproc_fd {
	int child;			/* the number it gets */
	int parent;			/* the caller's that it stands for */
	int spare;			/* for the child: where it is kept meanwhile */
};

struct bsdproc_spawn {
	const char *path;
	char *const *argv;
	char *const *envp;
	const char *cwd;		/* or NULL */
	int traced, new_group, set_uid, set_gid;
	unsigned int uid, gid;
	const unsigned int *groups;	/* or NULL */
	int ngroups;
	struct bsdproc_fd *fds;		/* in increasing order of .child */
	int nfds;
	int step;			/* out: which step failed */
};

struct bsdproc_failure {
	int step;
	int error;
};

static void bsdproc_report(int channel, int step)
{
	struct bsdproc_failure failure;
	ssize_t n;

	failure.step = step;
	failure.error = errno;
	do {
		n = write(channel, &failure, sizeof(failure));
	} while (n == -1 && errno == EINTR);
	_exit(127);
}

/* Whether the child keeps a descriptor that is none of 0, 1 and 2. */
static int bsdproc_kept(const struct bsdproc_spawn *s, int fd, int channel)
{
	int i;

	if (fd == channel)
		return (1);
	for (i = 0; i < s->nfds; i++)
		if (s->fds[i].child == fd)
			return (1);
	return (0);
}

/*
 * Give the child its descriptors and no others.  Returns where the channel to
 * the parent has gone.
 */
static int bsdproc_arrange(struct bsdproc_spawn *s, int channel)
{
	int fd, i, moved, slot, top;

	top = 2;
	for (i = 0; i < s->nfds; i++)
		if (s->fds[i].child > top)
			top = s->fds[i].child;
	/* The lowest number above 2 that is to be nobody's. */
	for (slot = 3; bsdproc_kept(s, slot, -1); slot++)
		;
	if (slot > top)
		top = slot;
	/* First out of the way with everything, since targets may be sources too. */
	if (channel != slot) {
		moved = fcntl(channel, F_DUPFD_CLOEXEC, top + 1);
		if (moved == -1)
			bsdproc_report(channel, STEP_DUP);
		channel = moved;
	}
	for (i = 0; i < s->nfds; i++) {
		s->fds[i].spare = fcntl(s->fds[i].parent, F_DUPFD_CLOEXEC, top + 1);
		if (s->fds[i].spare == -1)
			bsdproc_report(channel, STEP_DUP);
	}
	for (i = 0; i < s->nfds; i++)
		if (dup2(s->fds[i].spare, s->fds[i].child) == -1)
			bsdproc_report(channel, STEP_DUP);
	if (channel != slot) {
		if (dup2(channel, slot) == -1 || fcntl(slot, F_SETFD, FD_CLOEXEC) == -1)
			bsdproc_report(channel, STEP_DUP);
		channel = slot;
	}
	for (fd = 3; fd < top; fd++)
		if (!bsdproc_kept(s, fd, channel))
			(void)close(fd);
	(void)closefrom(top + 1);
	return (channel);
}

static void bsdproc_child(struct bsdproc_spawn *s, int channel)
{
	struct sigaction act;
	sigset_t none;
	int sig;

	/* Python ignores SIGPIPE and SIGXFSZ; a program starts with the defaults. */
	memset(&act, 0, sizeof(act));
	act.sa_handler = SIG_DFL;
	sigemptyset(&act.sa_mask);
	for (sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &act, NULL);
	if (s->new_group && setpgid(0, 0) == -1)
		bsdproc_report(channel, STEP_SETPGID);
	if (s->cwd != NULL && chdir(s->cwd) == -1)
		bsdproc_report(channel, STEP_CHDIR);
	channel = bsdproc_arrange(s, channel);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) == -1)
		bsdproc_report(channel, STEP_SIGNALS);
	/* Before the ids: NetBSD refuses it to one that has changed them and is not root. */
	if (s->traced && ptrace(PT_TRACE_ME, 0, NULL, 0) == -1)
		bsdproc_report(channel, STEP_TRACE_ME);
	if (s->groups != NULL && setgroups(s->ngroups, (const gid_t *)s->groups) == -1)
		bsdproc_report(channel, STEP_SETGROUPS);
	if (s->set_gid && setgid((gid_t)s->gid) == -1)
		bsdproc_report(channel, STEP_SETGID);
	if (s->set_uid && setuid((uid_t)s->uid) == -1)
		bsdproc_report(channel, STEP_SETUID);
	(void)execve(s->path, s->argv, s->envp);
	bsdproc_report(channel, STEP_EXECVE);
}

/*
 * A traced child stops for any signal, also for one that comes before its
 * execve; nobody would ever continue it there.  The stop of the execve itself
 * is left for the caller's wait: by then the channel is closed.
 */
static void bsdproc_unstick(pid_t pid, int channel)
{
#if !defined(__DragonFly__)
	struct pollfd ready;
	siginfo_t info;
	int status;

	memset(&info, 0, sizeof(info));
	if (wait6(P_PID, (id_t)pid, &status, WTRAPPED | WSTOPPED | WNOHANG | WNOWAIT, NULL,
	    &info) != pid || !WIFSTOPPED(status))
		return;
	ready.fd = channel;
	ready.events = POLLIN;
	ready.revents = 0;
	if (poll(&ready, 1, 0) != 0)
		return;
	if (wait4(pid, &status, WNOHANG | WUNTRACED, NULL) == pid && WIFSTOPPED(status))
		(void)ptrace(PT_CONTINUE, pid, (void *)1, WSTOPSIG(status));
#else
	(void)pid, (void)channel;
#endif
}

/* Read the child's report: its size, or 0 when the channel closed on execve. */
static ssize_t bsdproc_await(pid_t pid, int channel, int traced, struct bsdproc_failure *failure)
{
	struct pollfd ready;
	ssize_t n;
	int found;

	for (;;) {
		ready.fd = channel;
		ready.events = POLLIN;
		ready.revents = 0;
		found = poll(&ready, 1, traced ? 50 : -1);
		if (found == 0)
			bsdproc_unstick(pid, channel);
		if (found <= 0)
			continue;
		n = read(channel, failure, sizeof(*failure));
		if (n != -1 || errno != EINTR)
			return (n);
	}
}

/* Collect a child that has reported a failure and is on its way out. */
static void bsdproc_collect(pid_t pid, int traced)
{
	int status;
	pid_t got;

	for (;;) {
		got = wait4(pid, &status, 0, NULL);
		if (got == -1 && errno == EINTR)
			continue;
		if (got != pid || WIFEXITED(status) || WIFSIGNALED(status))
			return;
		/* A signal's stop came between the report and the exit. */
		if (traced)
			(void)ptrace(PT_CONTINUE, pid, (void *)1, SIGKILL);
	}
}

/* The child's pid, or -1 with errno and .step set and no child left. */
static int bsdproc_spawn(struct bsdproc_spawn *s)
{
	struct bsdproc_failure failure;
	sigset_t all, before;
	int channel[2], error;
	ssize_t n;
	pid_t pid;

	s->step = STEP_PARENT;
	if (pipe2(channel, O_CLOEXEC) == -1)
		return (-1);
	/* No handler of Python's may run in the child. */
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0) {
		(void)close(channel[0]);
		bsdproc_child(s, channel[1]);
	}
	error = errno;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)close(channel[1]);
	if (pid == -1) {
		(void)close(channel[0]);
		errno = error;
		return (-1);
	}
	n = bsdproc_await(pid, channel[0], s->traced, &failure);
	(void)close(channel[0]);
	if (n != (ssize_t)sizeof(failure))
		return ((int)pid);
	bsdproc_collect(pid, s->traced);
	s->step = failure.step;
	errno = failure.error;
	return (-1);
}
