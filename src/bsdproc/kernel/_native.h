int bsdproc_ptrace(int request, int pid, uintptr_t addr, int data);
int bsdproc_procctl(int idtype, int64_t id, int command, uintptr_t data);
int bsdproc_sysctl(const int *mib, unsigned int count, uintptr_t old, size_t *size,
    const void *fresh, size_t fresh_size);
int bsdproc_sysctlbyname(const char *name, uintptr_t old, size_t *size, const void *fresh,
    size_t fresh_size);
int bsdproc_wait4(int pid, int *status, int options, void *usage);
int bsdproc_wait6(int idtype, int64_t id, int *status, int options, void *usage, void *info);
int bsdproc_kill(int pid, int sig);
size_t bsdproc_sizeof_rusage(void);
size_t bsdproc_sizeof_wrusage(void);
size_t bsdproc_sizeof_siginfo(void);
size_t bsdproc_sizeof_id(void);
uintptr_t bsdproc_map(size_t room, size_t count);
int bsdproc_unmap(uintptr_t base, size_t room, size_t count);

struct bsdproc_fd {
	int child;
	int parent;
	int spare;
};

struct bsdproc_spawn {
	const char *path;
	char *const *argv;
	char *const *envp;
	const char *cwd;
	int traced, new_group, set_uid, set_gid;
	unsigned int uid, gid;
	const unsigned int *groups;
	int ngroups;
	struct bsdproc_fd *fds;
	int nfds;
	int step;
};

int bsdproc_spawn(struct bsdproc_spawn *s);

struct bsdproc_statvfs {
	uint64_t bsize, frsize, iosize, blocks, bfree, files, flags;
	int64_t bavail, ffree;
	uint32_t namemax, owner, fsid[2];
	char fstype[32], source[1024], on[1024];
};

int bsdproc_mount(const char *fstype, const char *path, int flags, uintptr_t data, size_t size);
int bsdproc_nmount(uintptr_t iov, unsigned int count, int flags);
int bsdproc_unmount(const char *path, int flags);
int bsdproc_statvfs(const char *path, struct bsdproc_statvfs *found);
