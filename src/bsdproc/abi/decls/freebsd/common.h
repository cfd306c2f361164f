/*
 * What FreeBSD 14's machines share.  A machine's text includes this after the types that it
 * needs.
 */

/* <sys/wait.h> */
enum idtype {
    P_PID = 0,
    P_PPID = 1,
    P_PGID = 2,
    P_SID = 3,
    P_CID = 4,
    P_UID = 5,
    P_GID = 6,
    P_ALL = 7,
    P_LWPID = 8,
    P_TASKID = 9,
    P_PROJID = 10,
    P_POOLID = 11,
    P_JAILID = 12,
    P_CTID = 13,
    P_CPUID = 14,
    P_PSETID = 15,
};

/* <sys/types.h> */
typedef uint64_t dev_t;
typedef uint32_t fixpt_t;
typedef uint32_t gid_t;
typedef int64_t id_t;
typedef int32_t lwpid_t;
typedef uint16_t mode_t;
typedef int64_t off_t;
typedef int32_t pid_t;
typedef int64_t rlim_t;
typedef long suseconds_t;
typedef uint32_t uid_t;
typedef register_t syscallarg_t;

/* <sys/_sigset.h> */
struct __sigset {
    uint32_t __bits[4];
};

/* <sys/_timeval.h> */
struct timeval {
    time_t tv_sec;
    suseconds_t tv_usec;
};

/* <sys/_timespec.h> */
struct timespec {
    time_t tv_sec;
    long tv_nsec;
};

/* <sys/select.h> */
typedef struct __sigset sigset_t;

/* <sys/_sigaltstack.h> */
struct sigaltstack {
    void *ss_sp;
    size_t ss_size;
    int ss_flags;
};
typedef struct sigaltstack stack_t;

/* <sys/_sigval.h> */
union sigval {
    int sival_int;
    void *sival_ptr;
    int sigval_int;
    void *sigval_ptr;
};

/* <sys/signal.h> */
struct __siginfo {
    int si_signo;
    int si_errno;
    int si_code;
    pid_t si_pid;
    uid_t si_uid;
    int si_status;
    void *si_addr;
    union sigval si_value;
    union {
        struct {
            int _trapno;
        } _fault;
        struct {
            int _timerid;
            int _overrun;
        } _timer;
        struct {
            int _mqd;
        } _mesgq;
        struct {
            long _band;
        } _poll;
        struct {
            int _syscall;
        } _capsicum;
        struct {
            long __spare1__;
            int __spare2__[7];
        } __spare__;
    } _reason;
};
typedef struct __siginfo siginfo_t;
struct sigaction {
    union {
        void (*__sa_handler)(int);
        void (*__sa_sigaction)(int, struct __siginfo *, void *);
    } __sigaction_u;
    int sa_flags;
    sigset_t sa_mask;
};

/* <sys/ptrace.h> */
struct ptrace_io_desc {
    int piod_op;
    void *piod_offs;
    void *piod_addr;
    size_t piod_len;
};
struct ptrace_lwpinfo {
    lwpid_t pl_lwpid;
    int pl_event;
    int pl_flags;
    sigset_t pl_sigmask;
    sigset_t pl_siglist;
    struct __siginfo pl_siginfo;
    char pl_tdname[20];
    pid_t pl_child_pid;
    unsigned int pl_syscall_code;
    unsigned int pl_syscall_narg;
};
struct ptrace_sc_ret {
    syscallarg_t sr_retval[2];
    int sr_error;
};
struct ptrace_vm_entry {
    int pve_entry;
    int pve_timestamp;
    unsigned long pve_start;
    unsigned long pve_end;
    unsigned long pve_offset;
    unsigned int pve_prot;
    unsigned int pve_pathlen;
    long pve_fileid;
    uint32_t pve_fsid;
    char *pve_path;
};
struct ptrace_coredump {
    int pc_fd;
    uint32_t pc_flags;
    off_t pc_limit;
};
struct ptrace_sc_remote {
    struct ptrace_sc_ret pscr_ret;
    unsigned int pscr_syscall;
    unsigned int pscr_nargs;
    syscallarg_t *pscr_args;
};

/* <sys/wait.h> */
typedef enum idtype idtype_t;

/* <sys/procctl.h> */
struct procctl_reaper_status {
    unsigned int rs_flags;
    unsigned int rs_children;
    unsigned int rs_descendants;
    pid_t rs_reaper;
    pid_t rs_pid;
    unsigned int rs_pad0[15];
};
struct procctl_reaper_pidinfo {
    pid_t pi_pid;
    pid_t pi_subtree;
    unsigned int pi_flags;
    unsigned int pi_pad0[15];
};
struct procctl_reaper_pids {
    unsigned int rp_count;
    unsigned int rp_pad0[15];
    struct procctl_reaper_pidinfo *rp_pids;
};
struct procctl_reaper_kill {
    int rk_sig;
    unsigned int rk_flags;
    pid_t rk_subtree;
    unsigned int rk_killed;
    pid_t rk_fpid;
    unsigned int rk_pad0[15];
};

/* <sys/event.h> */
struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    int64_t data;
    void *udata;
    uint64_t ext[4];
};

/* <sys/resource.h> */
struct rusage {
    struct timeval ru_utime;
    struct timeval ru_stime;
    long ru_maxrss;
    long ru_ixrss;
    long ru_idrss;
    long ru_isrss;
    long ru_minflt;
    long ru_majflt;
    long ru_nswap;
    long ru_inblock;
    long ru_oublock;
    long ru_msgsnd;
    long ru_msgrcv;
    long ru_nsignals;
    long ru_nvcsw;
    long ru_nivcsw;
};
struct __wrusage {
    struct rusage wru_self;
    struct rusage wru_children;
};
struct rlimit {
    rlim_t rlim_cur;
    rlim_t rlim_max;
};

/* <sys/_iovec.h> */
struct iovec {
    void *iov_base;
    size_t iov_len;
};

/* <sys/priority.h> */
struct priority {
    unsigned char pri_class;
    unsigned char pri_level;
    unsigned char pri_native;
    unsigned char pri_user;
};

/* <sys/_ucontext.h> */
struct __ucontext {
    sigset_t uc_sigmask;
    mcontext_t uc_mcontext;
    struct __ucontext *uc_link;
    struct sigaltstack uc_stack;
    int uc_flags;
    int __spare__[4];
};
typedef struct __ucontext ucontext_t;

/* <sys/_sockaddr_storage.h> */
struct sockaddr_storage {
    unsigned char ss_len;
    uint8_t ss_family;
    char __ss_pad1[6];
    int64_t __ss_align;
    char __ss_pad2[112];
};

/* <sys/user.h> */
struct kinfo_proc {
    int ki_structsize;
    int ki_layout;
    struct pargs *ki_args;
    struct proc *ki_paddr;
    struct user *ki_addr;
    struct vnode *ki_tracep;
    struct vnode *ki_textvp;
    struct filedesc *ki_fd;
    struct vmspace *ki_vmspace;
    const void *ki_wchan;
    pid_t ki_pid;
    pid_t ki_ppid;
    pid_t ki_pgid;
    pid_t ki_tpgid;
    pid_t ki_sid;
    pid_t ki_tsid;
    short ki_jobc;
    short ki_spare_short1;
    uint32_t ki_tdev_freebsd11;
    sigset_t ki_siglist;
    sigset_t ki_sigmask;
    sigset_t ki_sigignore;
    sigset_t ki_sigcatch;
    uid_t ki_uid;
    uid_t ki_ruid;
    uid_t ki_svuid;
    gid_t ki_rgid;
    gid_t ki_svgid;
    short ki_ngroups;
    short ki_spare_short2;
    gid_t ki_groups[16];
    vm_size_t ki_size;
    segsz_t ki_rssize;
    segsz_t ki_swrss;
    segsz_t ki_tsize;
    segsz_t ki_dsize;
    segsz_t ki_ssize;
    unsigned short ki_xstat;
    unsigned short ki_acflag;
    fixpt_t ki_pctcpu;
    unsigned int ki_estcpu;
    unsigned int ki_slptime;
    unsigned int ki_swtime;
    unsigned int ki_cow;
    uint64_t ki_runtime;
    struct timeval ki_start;
    struct timeval ki_childtime;
    long ki_flag;
    long ki_kiflag;
    int ki_traceflag;
    char ki_stat;
    signed char ki_nice;
    char ki_lock;
    char ki_rqindex;
    unsigned char ki_oncpu_old;
    unsigned char ki_lastcpu_old;
    char ki_tdname[17];
    char ki_wmesg[9];
    char ki_login[18];
    char ki_lockname[9];
    char ki_comm[20];
    char ki_emul[17];
    char ki_loginclass[18];
    char ki_moretdname[4];
    char ki_sparestrings[46];
    int ki_spareints[2];
    uint64_t ki_tdev;
    int ki_oncpu;
    int ki_lastcpu;
    int ki_tracer;
    int ki_flag2;
    int ki_fibnum;
    unsigned int ki_cr_flags;
    int ki_jid;
    int ki_numthreads;
    lwpid_t ki_tid;
    struct priority ki_pri;
    struct rusage ki_rusage;
    struct rusage ki_rusage_ch;
    struct pcb *ki_pcb;
    void *ki_kstack;
    void *ki_udata;
    struct thread *ki_tdaddr;
    struct pwddesc *ki_pd;
    void *ki_uerrmsg;
    void *ki_spareptrs[4];
    long ki_sparelongs[12];
    long ki_sflag;
    long ki_tdflags;
};
struct kinfo_ofile {
    int kf_structsize;
    int kf_type;
    int kf_fd;
    int kf_ref_count;
    int kf_flags;
    off_t kf_offset;
    int kf_vnode_type;
    int kf_sock_domain;
    int kf_sock_type;
    int kf_sock_protocol;
    char kf_path[1024];
    struct sockaddr_storage kf_sa_local;
    struct sockaddr_storage kf_sa_peer;
};

/* <sys/caprights.h> */
struct cap_rights {
    uint64_t cr_rights[2];
};

/* <sys/user.h> */
struct kinfo_file {
    int kf_structsize;
    int kf_type;
    int kf_fd;
    int kf_ref_count;
    int kf_flags;
    int kf_pad0;
    int64_t kf_offset;
    union {
        struct {
            int kf_vnode_type;
            int kf_sock_domain;
            int kf_sock_type;
            int kf_sock_protocol;
            struct sockaddr_storage kf_sa_local;
            struct sockaddr_storage kf_sa_peer;
        };
        union {
            struct {
                uint32_t kf_sock_sendq;
                int kf_sock_domain0;
                int kf_sock_type0;
                int kf_sock_protocol0;
                struct sockaddr_storage kf_sa_local;
                struct sockaddr_storage kf_sa_peer;
                uint64_t kf_sock_pcb;
                uint64_t kf_sock_inpcb;
                uint64_t kf_sock_unpconn;
                uint16_t kf_sock_snd_sb_state;
                uint16_t kf_sock_rcv_sb_state;
                uint32_t kf_sock_recvq;
            } kf_sock;
            struct {
                int kf_file_type;
                int kf_spareint[3];
                uint64_t kf_spareint64[29];
                uint64_t kf_file_nlink;
                uint64_t kf_file_fsid;
                uint64_t kf_file_rdev;
                uint64_t kf_file_fileid;
                uint64_t kf_file_size;
                uint32_t kf_file_fsid_freebsd11;
                uint32_t kf_file_rdev_freebsd11;
                uint16_t kf_file_mode;
                uint16_t kf_file_pad0;
                uint32_t kf_file_pad1;
            } kf_file;
            struct {
                uint32_t kf_spareint[4];
                uint64_t kf_spareint64[32];
                uint32_t kf_sem_value;
                uint16_t kf_sem_mode;
            } kf_sem;
            struct {
                uint32_t kf_spareint[4];
                uint64_t kf_spareint64[32];
                uint64_t kf_pipe_addr;
                uint64_t kf_pipe_peer;
                uint32_t kf_pipe_buffer_cnt;
                uint32_t kf_pipe_buffer_in;
                uint32_t kf_pipe_buffer_out;
                uint32_t kf_pipe_buffer_size;
            } kf_pipe;
            struct {
                uint32_t kf_spareint[4];
                uint64_t kf_spareint64[32];
                uint32_t kf_pts_dev_freebsd11;
                uint32_t kf_pts_pad0;
                uint64_t kf_pts_dev;
                uint32_t kf_pts_pad1[4];
            } kf_pts;
            struct {
                uint32_t kf_spareint[4];
                uint64_t kf_spareint64[32];
                pid_t kf_pid;
            } kf_proc;
            struct {
                uint64_t kf_eventfd_value;
                uint32_t kf_eventfd_flags;
                uint32_t kf_eventfd_spareint[3];
                uint64_t kf_eventfd_addr;
            } kf_eventfd;
            struct {
                uint32_t kf_timerfd_clockid;
                uint32_t kf_timerfd_flags;
                uint64_t kf_timerfd_addr;
            } kf_timerfd;
            struct {
                int32_t kf_jid;
            } kf_jail;
            struct {
                uint64_t kf_kqueue_addr;
                int32_t kf_kqueue_count;
                int32_t kf_kqueue_state;
            } kf_kqueue;
            struct {
                uint64_t kf_inotify_npending;
                uint64_t kf_inotify_nbpending;
            } kf_inotify;
        } kf_un;
    };
    uint16_t kf_status;
    uint16_t kf_pad1;
    int _kf_ispare0;
    struct cap_rights kf_cap_rights;
    uint64_t _kf_cap_spare;
    char kf_path[1024];
};
struct kinfo_lockf {
    int kl_structsize;
    int kl_rw;
    int kl_type;
    int kl_pid;
    int kl_sysid;
    int kl_pad0;
    uint64_t kl_file_fsid;
    uint64_t kl_file_rdev;
    uint64_t kl_file_fileid;
    off_t kl_start;
    off_t kl_len;
    char kl_path[1024];
};
struct kinfo_ovmentry {
    int kve_structsize;
    int kve_type;
    void *kve_start;
    void *kve_end;
    int kve_flags;
    int kve_resident;
    int kve_private_resident;
    int kve_protection;
    int kve_ref_count;
    int kve_shadow_count;
    char kve_path[1024];
    void *_kve_pspare[8];
    off_t kve_offset;
    uint64_t kve_fileid;
    uint32_t kve_fsid;
    int _kve_ispare[3];
};
struct kinfo_vmentry {
    int kve_structsize;
    int kve_type;
    uint64_t kve_start;
    uint64_t kve_end;
    uint64_t kve_offset;
    uint64_t kve_vn_fileid;
    uint32_t kve_vn_fsid_freebsd11;
    int kve_flags;
    int kve_resident;
    int kve_private_resident;
    int kve_protection;
    int kve_ref_count;
    int kve_shadow_count;
    int kve_vn_type;
    uint64_t kve_vn_size;
    uint32_t kve_vn_rdev_freebsd11;
    uint16_t kve_vn_mode;
    uint16_t kve_status;
    union {
        uint64_t _kve_vn_fsid;
        uint64_t _kve_obj;
    } kve_type_spec;
    uint64_t kve_vn_rdev;
    int _kve_ispare[8];
    char kve_path[1024];
};
struct kinfo_vmobject {
    int kvo_structsize;
    int kvo_type;
    uint64_t kvo_size;
    uint64_t kvo_vn_fileid;
    uint32_t kvo_vn_fsid_freebsd11;
    int kvo_ref_count;
    int kvo_shadow_count;
    int kvo_memattr;
    uint64_t kvo_resident;
    uint64_t kvo_active;
    uint64_t kvo_inactive;
    union {
        uint64_t _kvo_vn_fsid;
        uint64_t _kvo_backing_obj;
    } kvo_type_spec;
    uint64_t kvo_me;
    uint64_t kvo_laundry;
    uint64_t kvo_wired;
    uint64_t _kvo_qspare[4];
    uint32_t kvo_swapped;
    uint32_t kvo_flags;
    uint32_t _kvo_ispare[6];
    char kvo_path[1024];
};
struct kinfo_kstack {
    lwpid_t kkst_tid;
    int kkst_state;
    char kkst_trace[1024];
    int _kkst_ispare[16];
};
struct kinfo_sigtramp {
    void *ksigtramp_start;
    void *ksigtramp_end;
    void *ksigtramp_spare[4];
};
struct kinfo_vm_layout {
    uintptr_t kvm_min_user_addr;
    uintptr_t kvm_max_user_addr;
    uintptr_t kvm_text_addr;
    size_t kvm_text_size;
    uintptr_t kvm_data_addr;
    size_t kvm_data_size;
    uintptr_t kvm_stack_addr;
    size_t kvm_stack_size;
    int kvm_map_flags;
    uintptr_t kvm_shp_addr;
    size_t kvm_shp_size;
    uintptr_t kvm_spare[12];
};
struct kinfo_knote {
    int knt_kq_fd;
    struct kevent knt_event;
    int knt_status;
    int knt_extdata;
    uint64_t knt_spare0[4];
    union {
        struct {
            int knt_vnode_type;
            uint64_t knt_vnode_fsid;
            uint64_t knt_vnode_fileid;
            char knt_vnode_fullpath[1024];
        } knt_vnode;
        struct {
            uint64_t knt_pipe_ino;
        } knt_pipe;
    };
};

/* <sys/procfs.h> */
typedef struct reg gregset_t;
typedef struct fpreg fpregset_t;
struct prstatus {
    int pr_version;
    size_t pr_statussz;
    size_t pr_gregsetsz;
    size_t pr_fpregsetsz;
    int pr_osreldate;
    int pr_cursig;
    pid_t pr_pid;
    gregset_t pr_reg;
};
typedef struct prstatus prstatus_t;
typedef gregset_t prgregset_t[1];
typedef fpregset_t prfpregset_t;
struct prpsinfo {
    int pr_version;
    size_t pr_psinfosz;
    char pr_fname[17];
    char pr_psargs[81];
    pid_t pr_pid;
};
typedef struct prpsinfo prpsinfo_t;
struct thrmisc {
    char pr_tname[20];
    unsigned int _pad;
};
typedef struct thrmisc thrmisc_t;
typedef uint64_t psaddr_t;

/* <sys/exec.h> */
struct ps_strings {
    char **ps_argvstr;
    unsigned int ps_nargvstr;
    char **ps_envstr;
    unsigned int ps_nenvstr;
};

/* Given by the compiler. */
#define __FreeBSD_version 1400500

/* <sys/_sigset.h> */
#define _SIG_WORDS 4
#define _SIG_MAXSIG 128

/* <sys/param.h> */
#define MAXCOMLEN 19
#define MAXLOGNAME 33

/* <sys/_sigaltstack.h> */
#define SS_ONSTACK 0x0001
#define SS_DISABLE 0x0004

/* <sys/signal.h> */
#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGIOT 6
#define SIGEMT 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGBUS 10
#define SIGSEGV 11
#define SIGSYS 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGURG 16
#define SIGSTOP 17
#define SIGTSTP 18
#define SIGCONT 19
#define SIGCHLD 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGIO 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGINFO 29
#define SIGUSR1 30
#define SIGUSR2 31
#define SIGTHR 32
#define SIGLWP 32
#define SIGLIBRT 33
#define SIGRTMIN 65
#define SIGRTMAX 126
#define SIGEV_NONE 0
#define SIGEV_SIGNAL 1
#define SIGEV_THREAD 2
#define SIGEV_KEVENT 3
#define SIGEV_THREAD_ID 4
#define ILL_ILLOPC 1
#define ILL_ILLOPN 2
#define ILL_ILLADR 3
#define ILL_ILLTRP 4
#define ILL_PRVOPC 5
#define ILL_PRVREG 6
#define ILL_COPROC 7
#define ILL_BADSTK 8
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define BUS_OBJERR 3
#define BUS_OOMERR 100
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define SEGV_PKUERR 100
#define FPE_INTOVF 1
#define FPE_INTDIV 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define FPE_FLTSUB 8
#define FPE_FLTIDO 9
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define TRAP_DTRACE 3
#define TRAP_CAP 4
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_TRAPPED 4
#define CLD_STOPPED 5
#define CLD_CONTINUED 6
#define POLL_IN 1
#define POLL_OUT 2
#define POLL_MSG 3
#define POLL_ERR 4
#define POLL_PRI 5
#define POLL_HUP 6
#define SA_NOCLDSTOP 0x0008
#define SA_ONSTACK 0x0001
#define SA_RESTART 0x0002
#define SA_RESETHAND 0x0004
#define SA_NODEFER 0x0010
#define SA_NOCLDWAIT 0x0020
#define SA_SIGINFO 0x0040
#define NSIG 32
#define SI_NOINFO 0
#define SI_USER 0x10001
#define SI_QUEUE 0x10002
#define SI_TIMER 0x10003
#define SI_ASYNCIO 0x10004
#define SI_MESGQ 0x10005
#define SI_KERNEL 0x10006
#define SI_LWP 0x10007
#define SI_UNDEFINED 0
#define SIG_BLOCK 1
#define SIG_UNBLOCK 2
#define SIG_SETMASK 3

/* <sys/ptrace.h> */
#define PT_TRACE_ME 0
#define PT_READ_I 1
#define PT_READ_D 2
#define PT_WRITE_I 4
#define PT_WRITE_D 5
#define PT_CONTINUE 7
#define PT_KILL 8
#define PT_STEP 9
#define PT_ATTACH 10
#define PT_DETACH 11
#define PT_IO 12
#define PT_LWPINFO 13
#define PT_GETNUMLWPS 14
#define PT_GETLWPLIST 15
#define PT_CLEARSTEP 16
#define PT_SETSTEP 17
#define PT_SUSPEND 18
#define PT_RESUME 19
#define PT_TO_SCE 20
#define PT_TO_SCX 21
#define PT_SYSCALL 22
#define PT_FOLLOW_FORK 23
#define PT_LWP_EVENTS 24
#define PT_GET_EVENT_MASK 25
#define PT_SET_EVENT_MASK 26
#define PT_GET_SC_ARGS 27
#define PT_GET_SC_RET 28
#define PT_COREDUMP 29
#define PT_GETREGS 33
#define PT_SETREGS 34
#define PT_GETFPREGS 35
#define PT_SETFPREGS 36
#define PT_GETDBREGS 37
#define PT_SETDBREGS 38
#define PT_VM_TIMESTAMP 40
#define PT_VM_ENTRY 41
#define PT_GETREGSET 42
#define PT_SETREGSET 43
#define PT_SC_REMOTE 44
#define PT_FIRSTMACH 64
#define PT_LASTMACH 127
#define PTRACE_EXEC 0x0001
#define PTRACE_SCE 0x0002
#define PTRACE_SCX 0x0004
#define PTRACE_SYSCALL 6
#define PTRACE_FORK 0x0008
#define PTRACE_LWP 0x0010
#define PTRACE_VFORK 0x0020
#define PTRACE_DEFAULT 1
#define PIOD_READ_D 1
#define PIOD_WRITE_D 2
#define PIOD_READ_I 3
#define PIOD_WRITE_I 4
#define PL_EVENT_NONE 0
#define PL_EVENT_SIGNAL 1
#define PL_FLAG_SA 0x01
#define PL_FLAG_BOUND 0x02
#define PL_FLAG_SCE 0x04
#define PL_FLAG_SCX 0x08
#define PL_FLAG_EXEC 0x10
#define PL_FLAG_SI 0x20
#define PL_FLAG_FORKED 0x40
#define PL_FLAG_CHILD 0x80
#define PL_FLAG_BORN 0x100
#define PL_FLAG_EXITED 0x200
#define PL_FLAG_VFORKED 0x400
#define PL_FLAG_VFORK_DONE 0x800
#define PC_COMPRESS 0x00000001
#define PC_ALL 0x00000002

/* <sys/wait.h> */
#define WCOREFLAG 0x80
#define WNOHANG 1
#define WUNTRACED 2
#define WSTOPPED 2
#define WCONTINUED 4
#define WNOWAIT 8
#define WEXITED 16
#define WTRAPPED 32
#define WLINUXCLONE 0x80000000
#define P_ZONEID 12
#define WAIT_ANY -1
#define WAIT_MYPGRP 0

/* <sys/procctl.h> */
#define PROC_PROCCTL_MD_MIN 0x10000000
#define PROC_SPROTECT 1
#define PROC_REAP_ACQUIRE 2
#define PROC_REAP_RELEASE 3
#define PROC_REAP_STATUS 4
#define PROC_REAP_GETPIDS 5
#define PROC_REAP_KILL 6
#define PROC_TRACE_CTL 7
#define PROC_TRACE_STATUS 8
#define PROC_TRAPCAP_CTL 9
#define PROC_TRAPCAP_STATUS 10
#define PROC_PDEATHSIG_CTL 11
#define PROC_PDEATHSIG_STATUS 12
#define PROC_ASLR_CTL 13
#define PROC_ASLR_STATUS 14
#define PROC_PROTMAX_CTL 15
#define PROC_PROTMAX_STATUS 16
#define PROC_STACKGAP_CTL 17
#define PROC_STACKGAP_STATUS 18
#define PROC_NO_NEW_PRIVS_CTL 19
#define PROC_NO_NEW_PRIVS_STATUS 20
#define PROC_WXMAP_CTL 21
#define PROC_WXMAP_STATUS 22
#define PROC_LOGSIGEXIT_CTL 23
#define PROC_LOGSIGEXIT_STATUS 24
#define PPROT_SET 1
#define PPROT_CLEAR 2
#define PPROT_DESCEND 0x10
#define PPROT_INHERIT 0x20
#define REAPER_STATUS_OWNED 0x00000001
#define REAPER_STATUS_REALINIT 0x00000002
#define REAPER_PIDINFO_VALID 0x00000001
#define REAPER_PIDINFO_CHILD 0x00000002
#define REAPER_PIDINFO_REAPER 0x00000004
#define REAPER_PIDINFO_ZOMBIE 0x00000008
#define REAPER_PIDINFO_STOPPED 0x00000010
#define REAPER_PIDINFO_EXITING 0x00000020
#define REAPER_KILL_CHILDREN 0x00000001
#define REAPER_KILL_SUBTREE 0x00000002
#define PROC_TRACE_CTL_ENABLE 1
#define PROC_TRACE_CTL_DISABLE 2
#define PROC_TRACE_CTL_DISABLE_EXEC 3
#define PROC_TRAPCAP_CTL_ENABLE 1
#define PROC_TRAPCAP_CTL_DISABLE 2
#define PROC_ASLR_FORCE_ENABLE 1
#define PROC_ASLR_FORCE_DISABLE 2
#define PROC_ASLR_NOFORCE 3
#define PROC_ASLR_ACTIVE 0x80000000
#define PROC_PROTMAX_FORCE_ENABLE 1
#define PROC_PROTMAX_FORCE_DISABLE 2
#define PROC_PROTMAX_NOFORCE 3
#define PROC_PROTMAX_ACTIVE 0x80000000
#define PROC_STACKGAP_ENABLE 0x0001
#define PROC_STACKGAP_DISABLE 0x0002
#define PROC_STACKGAP_ENABLE_EXEC 0x0004
#define PROC_STACKGAP_DISABLE_EXEC 0x0008
#define PROC_NO_NEW_PRIVS_ENABLE 1
#define PROC_NO_NEW_PRIVS_DISABLE 2
#define PROC_WX_MAPPINGS_PERMIT 0x0001
#define PROC_WX_MAPPINGS_DISALLOW_EXEC 0x0002
#define PROC_WXORX_ENFORCE 0x80000000
#define PROC_LOGSIGEXIT_CTL_NOFORCE 1
#define PROC_LOGSIGEXIT_CTL_FORCE_ENABLE 2
#define PROC_LOGSIGEXIT_CTL_FORCE_DISABLE 3

/* <sys/sysctl.h> */
#define CTL_KERN 1
#define KERN_PROC 14
#define KERN_PROC_ALL 0
#define KERN_PROC_PID 1
#define KERN_PROC_PGRP 2
#define KERN_PROC_SESSION 3
#define KERN_PROC_TTY 4
#define KERN_PROC_UID 5
#define KERN_PROC_RUID 6
#define KERN_PROC_ARGS 7
#define KERN_PROC_PROC 8
#define KERN_PROC_SV_NAME 9
#define KERN_PROC_RGID 10
#define KERN_PROC_GID 11
#define KERN_PROC_PATHNAME 12
#define KERN_PROC_OVMMAP 13
#define KERN_PROC_OFILEDESC 14
#define KERN_PROC_KSTACK 15
#define KERN_PROC_INC_THREAD 0x10
#define KERN_PROC_VMMAP 32
#define KERN_PROC_FILEDESC 33
#define KERN_PROC_GROUPS 34
#define KERN_PROC_ENV 35
#define KERN_PROC_AUXV 36
#define KERN_PROC_RLIMIT 37
#define KERN_PROC_PS_STRINGS 38
#define KERN_PROC_UMASK 39
#define KERN_PROC_OSREL 40
#define KERN_PROC_SIGTRAMP 41
#define KERN_PROC_CWD 42
#define KERN_PROC_NFDS 43
#define KERN_PROC_SIGFASTBLK 44
#define KERN_PROC_VM_LAYOUT 45
#define KERN_PROC_RLIMIT_USAGE 46
#define KERN_PROC_KQUEUE 47

/* <sys/event.h> */
#define EVFILT_READ -1
#define EVFILT_WRITE -2
#define EVFILT_AIO -3
#define EVFILT_VNODE -4
#define EVFILT_PROC -5
#define EVFILT_SIGNAL -6
#define EVFILT_TIMER -7
#define EVFILT_PROCDESC -8
#define EVFILT_FS -9
#define EVFILT_LIO -10
#define EVFILT_USER -11
#define EVFILT_SENDFILE -12
#define EVFILT_EMPTY -13
#define EVFILT_JAIL -14
#define EVFILT_JAILDESC -15
#define EVFILT_SYSCOUNT 15

/* <sys/resource.h> */
#define PRIO_MIN -20
#define PRIO_MAX 20
#define PRIO_PROCESS 0
#define PRIO_PGRP 1
#define PRIO_USER 2
#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN -1
#define RUSAGE_THREAD 1
#define RLIMIT_CPU 0
#define RLIMIT_FSIZE 1
#define RLIMIT_DATA 2
#define RLIMIT_STACK 3
#define RLIMIT_CORE 4
#define RLIMIT_RSS 5
#define RLIMIT_MEMLOCK 6
#define RLIMIT_NPROC 7
#define RLIMIT_NOFILE 8
#define RLIMIT_SBSIZE 9
#define RLIMIT_VMEM 10
#define RLIMIT_AS 10
#define RLIMIT_NPTS 11
#define RLIMIT_SWAP 12
#define RLIMIT_KQUEUES 13
#define RLIMIT_UMTXP 14
#define RLIMIT_PIPEBUF 15
#define RLIM_NLIMITS 16
#define RLIM_INFINITY 0x7fffffffffffffff
#define RLIM_SAVED_MAX 9223372036854775807
#define RLIM_SAVED_CUR 9223372036854775807

/* <bsm/audit.h> */
#define AT_IPC_MSG 1
#define AT_IPC_SEM 2
#define AT_IPC_SHM 3

/* <sys/priority.h> */
#define PRI_ITHD 1
#define PRI_REALTIME 2
#define PRI_TIMESHARE 3
#define PRI_IDLE 4
#define PRI_FIFO_BIT 8
#define PRI_FIFO 0xa
#define PRI_MIN 0
#define PRI_MAX 255
#define PRI_MIN_ITHD 0
#define PRI_MAX_ITHD 7
#define PRI_MIN_REALTIME 8
#define PRI_MAX_REALTIME 39
#define PRI_MIN_KERN 40
#define PRI_MAX_KERN 55
#define PRI_MIN_TIMESHARE 56
#define PRI_MAX_TIMESHARE 223
#define PRI_MIN_IDLE 224
#define PRI_MAX_IDLE 255

/* <sys/signalvar.h> */
#define PS_NOCLDWAIT 0x0001
#define PS_NOCLDSTOP 0x0002
#define PS_CLDSIGIGN 0x0004
#define SIGFASTBLOCK_SETPTR 1
#define SIGFASTBLOCK_UNBLOCK 2
#define SIGFASTBLOCK_UNSETPTR 3
#define SIGFASTBLOCK_PEND 0x1
#define SIGFASTBLOCK_FLAGS 0xf
#define SIGFASTBLOCK_INC 0x10

/* <sys/proc.h> */
#define TDF_BORROWING 0x00000001
#define TDF_INPANIC 0x00000002
#define TDF_INMEM 0x00000004
#define TDF_SINTR 0x00000008
#define TDF_TIMEOUT 0x00000010
#define TDF_IDLETD 0x00000020
#define TDF_UNUSED11 0x00000040
#define TDF_SIGWAIT 0x00000080
#define TDF_KTH_SUSP 0x00000100
#define TDF_ALLPROCSUSP 0x00000200
#define TDF_BOUNDARY 0x00000400
#define TDF_UNUSED1 0x00000800
#define TDF_UNUSED2 0x00001000
#define TDF_SBDRY 0x00002000
#define TDF_UPIBLOCKED 0x00004000
#define TDF_UNUSED3 0x00008000
#define TDF_UNUSED4 0x00010000
#define TDF_UNUSED5 0x00020000
#define TDF_NOLOAD 0x00040000
#define TDF_SERESTART 0x00080000
#define TDF_THRWAKEUP 0x00100000
#define TDF_SEINTR 0x00200000
#define TDF_UNUSED12 0x00400000
#define TDF_UNUSED6 0x00800000
#define TDF_SCHED0 0x01000000
#define TDF_SCHED1 0x02000000
#define TDF_SCHED2 0x04000000
#define TDF_SCHED3 0x08000000
#define TDF_UNUSED7 0x10000000
#define TDF_UNUSED8 0x20000000
#define TDF_UNUSED9 0x40000000
#define TDF_UNUSED10 0x80000000
#define P_ADVLOCK 0x00000001
#define P_CONTROLT 0x00000002
#define P_KPROC 0x00000004
#define P_IDLEPROC 0x00000008
#define P_PPWAIT 0x00000010
#define P_PROFIL 0x00000020
#define P_STOPPROF 0x00000040
#define P_HADTHREADS 0x00000080
#define P_SUGID 0x00000100
#define P_SYSTEM 0x00000200
#define P_SINGLE_EXIT 0x00000400
#define P_TRACED 0x00000800
#define P_WAITED 0x00001000
#define P_WEXIT 0x00002000
#define P_EXEC 0x00004000
#define P_WKILLED 0x00008000
#define P_CONTINUED 0x00010000
#define P_STOPPED_SIG 0x00020000
#define P_STOPPED_TRACE 0x00040000
#define P_STOPPED_SINGLE 0x00080000
#define P_PROTECTED 0x00100000
#define P_SIGEVENT 0x00200000
#define P_SINGLE_BOUNDARY 0x00400000
#define P_HWPMC 0x00800000
#define P_JAILED 0x01000000
#define P_TOTAL_STOP 0x02000000
#define P_INEXEC 0x04000000
#define P_STATCHILD 0x08000000
#define P_INMEM 0x10000000
#define P_UNUSED1 0x20000000
#define P_UNUSED2 0x40000000
#define P_PPTRACE 0x80000000
#define P_STOPPED 0xe0000
#define P2_INHERIT_PROTECTED 0x00000001
#define P2_NOTRACE 0x00000002
#define P2_NOTRACE_EXEC 0x00000004
#define P2_AST_SU 0x00000008
#define P2_PTRACE_FSTP 0x00000010
#define P2_TRAPCAP 0x00000020
#define P2_ASLR_ENABLE 0x00000040
#define P2_ASLR_DISABLE 0x00000080
#define P2_ASLR_IGNSTART 0x00000100
#define P2_PROTMAX_ENABLE 0x00000200
#define P2_PROTMAX_DISABLE 0x00000400
#define P2_STKGAP_DISABLE 0x00000800
#define P2_STKGAP_DISABLE_EXEC 0x00001000
#define P2_ITSTOPPED 0x00002000
#define P2_PTRACEREQ 0x00004000
#define P2_NO_NEW_PRIVS 0x00008000
#define P2_WXORX_DISABLE 0x00010000
#define P2_WXORX_ENABLE_EXEC 0x00020000
#define P2_WEXIT 0x00040000
#define P2_REAPKILLED 0x00080000
#define P2_MEMBAR_PRIVE 0x00100000
#define P2_MEMBAR_PRIVE_SYNCORE 0x00200000
#define P2_MEMBAR_GLOBE 0x00400000
#define P2_LOGSIGEXIT_ENABLE 0x00800000
#define P2_LOGSIGEXIT_CTL 0x01000000
#define P2_HWT 0x02000000
#define P_TREE_ORPHANED 0x00000001
#define P_TREE_FIRST_ORPHAN 0x00000002
#define P_TREE_REAPER 0x00000004
#define P_TREE_GRPEXITED 0x00000008
#define SIDL 1
#define SRUN 2
#define SSLEEP 3
#define SSTOP 4
#define SZOMB 5
#define SWAIT 6
#define SLOCK 7
#define P_MAGIC 0xbeefface

/* <sys/user.h> */
#define KI_NSPARE_INT 2
#define KI_NSPARE_LONG 12
#define KI_NSPARE_PTR 4
#define WMESGLEN 8
#define LOCKNAMELEN 8
#define TDNAMLEN 16
#define COMMLEN 19
#define KI_EMULNAMELEN 16
#define KI_NGROUPS 16
#define LOGNAMELEN 17
#define LOGINCLASSLEN 17
#define OCOMMLEN 16
#define KI_CRF_CAPABILITY_MODE 0x00000001
#define KI_CRF_GRP_OVERFLOW 0x80000000
#define PS_INMEM 0x00001
#define KI_CTTY 0x00000001
#define KI_SLEADER 0x00000002
#define KI_LOCKBLOCK 0x00000004
#define KF_ATTR_VALID 0x0001
#define KF_TYPE_NONE 0
#define KF_TYPE_VNODE 1
#define KF_TYPE_SOCKET 2
#define KF_TYPE_PIPE 3
#define KF_TYPE_FIFO 4
#define KF_TYPE_KQUEUE 5
#define KF_TYPE_MQUEUE 7
#define KF_TYPE_SHM 8
#define KF_TYPE_SEM 9
#define KF_TYPE_PTS 10
#define KF_TYPE_PROCDESC 11
#define KF_TYPE_DEV 12
#define KF_TYPE_EVENTFD 13
#define KF_TYPE_TIMERFD 14
#define KF_TYPE_INOTIFY 15
#define KF_TYPE_JAILDESC 16
#define KF_TYPE_UNKNOWN 255
#define KF_VTYPE_VNON 0
#define KF_VTYPE_VREG 1
#define KF_VTYPE_VDIR 2
#define KF_VTYPE_VBLK 3
#define KF_VTYPE_VCHR 4
#define KF_VTYPE_VLNK 5
#define KF_VTYPE_VSOCK 6
#define KF_VTYPE_VFIFO 7
#define KF_VTYPE_VBAD 8
#define KF_VTYPE_UNKNOWN 255
#define KF_FD_TYPE_CWD -1
#define KF_FD_TYPE_ROOT -2
#define KF_FD_TYPE_JAIL -3
#define KF_FD_TYPE_TRACE -4
#define KF_FD_TYPE_TEXT -5
#define KF_FD_TYPE_CTTY -6
#define KF_FLAG_READ 0x00000001
#define KF_FLAG_WRITE 0x00000002
#define KF_FLAG_APPEND 0x00000004
#define KF_FLAG_ASYNC 0x00000008
#define KF_FLAG_FSYNC 0x00000010
#define KF_FLAG_NONBLOCK 0x00000020
#define KF_FLAG_DIRECT 0x00000040
#define KF_FLAG_HASLOCK 0x00000080
#define KF_FLAG_SHLOCK 0x00000100
#define KF_FLAG_EXLOCK 0x00000200
#define KF_FLAG_NOFOLLOW 0x00000400
#define KF_FLAG_CREAT 0x00000800
#define KF_FLAG_TRUNC 0x00001000
#define KF_FLAG_EXCL 0x00002000
#define KF_FLAG_EXEC 0x00004000
#define KLOCKF_RW_READ 0x01
#define KLOCKF_RW_WRITE 0x02
#define KLOCKF_TYPE_FLOCK 0x01
#define KLOCKF_TYPE_PID 0x02
#define KLOCKF_TYPE_REMOTE 0x03
#define KVME_TYPE_NONE 0
#define KVME_TYPE_DEFAULT 1
#define KVME_TYPE_VNODE 2
#define KVME_TYPE_SWAP 3
#define KVME_TYPE_DEVICE 4
#define KVME_TYPE_PHYS 5
#define KVME_TYPE_DEAD 6
#define KVME_TYPE_SG 7
#define KVME_TYPE_MGTDEVICE 8
#define KVME_TYPE_GUARD 9
#define KVME_TYPE_UNKNOWN 255
#define KVME_PROT_READ 0x00000001
#define KVME_PROT_WRITE 0x00000002
#define KVME_PROT_EXEC 0x00000004
#define KVME_MAX_PROT_READ 0x00010000
#define KVME_MAX_PROT_WRITE 0x00020000
#define KVME_MAX_PROT_EXEC 0x00040000
#define KVME_FLAG_COW 0x00000001
#define KVME_FLAG_NEEDS_COPY 0x00000002
#define KVME_FLAG_NOCOREDUMP 0x00000004
#define KVME_FLAG_SUPER 0x00000008
#define KVME_FLAG_GROWS_UP 0x00000010
#define KVME_FLAG_GROWS_DOWN 0x00000020
#define KVME_FLAG_USER_WIRED 0x00000040
#define KVME_FLAG_SYSVSHM 0x00000080
#define KVME_FLAG_POSIXSHM 0x00000100
#define KVMO_FLAG_SYSVSHM 0x0001
#define KVMO_FLAG_POSIXSHM 0x0002
#define KKST_MAXLEN 1024
#define KKST_STATE_STACKOK 0
#define KKST_STATE_SWAPPED 1
#define KKST_STATE_RUNNING 2
#define KMAP_FLAG_WIREFUTURE 0x01
#define KMAP_FLAG_ASLR 0x02
#define KMAP_FLAG_ASLR_IGNSTART 0x04
#define KMAP_FLAG_WXORX 0x08
#define KMAP_FLAG_ASLR_STACK 0x10
#define KMAP_FLAG_ASLR_SHARED_PAGE 0x20
#define KNOTE_STATUS_ACTIVE 0x00000001
#define KNOTE_STATUS_QUEUED 0x00000002
#define KNOTE_STATUS_DISABLED 0x00000004
#define KNOTE_STATUS_DETACHED 0x00000008
#define KNOTE_STATUS_KQUEUE 0x00000010
#define KNOTE_EXTDATA_NONE 0
#define KNOTE_EXTDATA_VNODE 1
#define KNOTE_EXTDATA_PIPE 2

/* <sys/elf_common.h> */
#define PT_NULL 0
#define PT_LOAD 1
#define PT_DYNAMIC 2
#define PT_INTERP 3
#define PT_NOTE 4
#define PT_SHLIB 5
#define PT_PHDR 6
#define PT_TLS 7
#define PT_LOOS 0x60000000
#define PT_SUNW_UNWIND 0x6464e550
#define PT_GNU_EH_FRAME 0x6474e550
#define PT_GNU_STACK 0x6474e551
#define PT_GNU_RELRO 0x6474e552
#define PT_DUMP_DELTA 0x6fb5d000
#define PT_LOSUNW 0x6ffffffa
#define PT_SUNWBSS 0x6ffffffa
#define PT_SUNWSTACK 0x6ffffffb
#define PT_SUNWDTRACE 0x6ffffffc
#define PT_SUNWCAP 0x6ffffffd
#define PT_HISUNW 0x6fffffff
#define PT_HIOS 0x6fffffff
#define PT_LOPROC 0x70000000
#define PT_ARM_ARCHEXT 0x70000000
#define PT_ARM_EXIDX 0x70000001
#define PT_MIPS_REGINFO 0x70000000
#define PT_MIPS_RTPROC 0x70000001
#define PT_MIPS_OPTIONS 0x70000002
#define PT_MIPS_ABIFLAGS 0x70000003
#define PT_HIPROC 0x7fffffff
#define PT_OPENBSD_RANDOMIZE 0x65A3DBE6
#define PT_OPENBSD_WXNEEDED 0x65A3DBE7
#define PT_OPENBSD_BOOTDATA 0x65A41BE6
#define NT_FREEBSD_ABI_TAG 1
#define NT_FREEBSD_NOINIT_TAG 2
#define NT_FREEBSD_ARCH_TAG 3
#define NT_FREEBSD_FEATURE_CTL 4
#define NT_FREEBSD_FCTL_ASLR_DISABLE 0x00000001
#define NT_FREEBSD_FCTL_PROTMAX_DISABLE 0x00000002
#define NT_FREEBSD_FCTL_STKGAP_DISABLE 0x00000004
#define NT_FREEBSD_FCTL_WXNEEDED 0x00000008
#define NT_FREEBSD_FCTL_LA48 0x00000010
#define NT_FREEBSD_FCTL_LA57 0x00000040
#define NT_PRSTATUS 1
#define NT_FPREGSET 2
#define NT_PRPSINFO 3
#define NT_THRMISC 7
#define NT_PROCSTAT_PROC 8
#define NT_PROCSTAT_FILES 9
#define NT_PROCSTAT_VMMAP 10
#define NT_PROCSTAT_GROUPS 11
#define NT_PROCSTAT_UMASK 12
#define NT_PROCSTAT_RLIMIT 13
#define NT_PROCSTAT_OSREL 14
#define NT_PROCSTAT_PSSTRINGS 15
#define NT_PROCSTAT_AUXV 16
#define NT_PTLWPINFO 17
#define NT_PROCSTAT_KQUEUES 18
#define NT_PPC_VMX 0x100
#define NT_PPC_VSX 0x102
#define NT_X86_SEGBASES 0x200
#define NT_X86_XSTATE 0x202
#define NT_ARM_VFP 0x400
#define NT_ARM_TLS 0x401
#define NT_ARM_SVE 0x405
#define NT_ARM_ADDR_MASK 0x406
#define NT_GNU_ABI_TAG 1
#define NT_GNU_HWCAP 2
#define NT_GNU_BUILD_ID 3
#define NT_GNU_GOLD_VERSION 4
#define NT_GNU_PROPERTY_TYPE_0 5
#define AT_NULL 0
#define AT_IGNORE 1
#define AT_EXECFD 2
#define AT_PHDR 3
#define AT_PHENT 4
#define AT_PHNUM 5
#define AT_PAGESZ 6
#define AT_BASE 7
#define AT_FLAGS 8
#define AT_ENTRY 9
#define AT_NOTELF 10
#define AT_UID 11
#define AT_EUID 12
#define AT_GID 13
#define AT_EGID 14
#define AT_EXECPATH 15
#define AT_CANARY 16
#define AT_CANARYLEN 17
#define AT_OSRELDATE 18
#define AT_NCPUS 19
#define AT_PAGESIZES 20
#define AT_PAGESIZESLEN 21
#define AT_TIMEKEEP 22
#define AT_STACKPROT 23
#define AT_EHDRFLAGS 24
#define AT_HWCAP 25
#define AT_HWCAP2 26
#define AT_BSDFLAGS 27
#define AT_ARGC 28
#define AT_ARGV 29
#define AT_ENVC 30
#define AT_ENVV 31
#define AT_PS_STRINGS 32
#define AT_FXRNG 33
#define AT_KPRELOAD 34
#define AT_USRSTACKBASE 35
#define AT_USRSTACKLIM 36
#define AT_CHERI_STATS 37
#define AT_HWCAP3 38
#define AT_HWCAP4 39
#define AT_COUNT 40

/* <sys/procfs.h> */
#define PRSTATUS_VERSION 1
#define PRFNAMESZ 16
#define PRARGSZ 80
#define PRPSINFO_VERSION 1
