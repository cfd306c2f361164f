/*
 * DragonFly 5.9 on x86_64, as its source tree of July 2020 declares it.  No package carries
 * these headers: the measurement of that tree is what this text is held against.
 */

/* <sys/types.h> */
typedef int pid_t;
typedef int lwpid_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef long time_t;
typedef long register_t;
typedef long segsz_t;

/* <sys/time.h>, <sys/resource.h>, <sys/rtprio.h> */
struct timeval {
    time_t tv_sec;
    long tv_usec;
};
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
struct rtprio {
    unsigned short type;
    unsigned short prio;
};

/* <sys/signal.h> */
struct __sigset {
    unsigned int __bits[4];
};
typedef struct __sigset sigset_t;
union sigval {
    int sival_int;
    void *sival_ptr;
};
struct __siginfo {
    int si_signo;
    int si_errno;
    int si_code;
    pid_t si_pid;
    uid_t si_uid;
    int si_status;
    void *si_addr;
    union sigval si_value;
    long si_band;
    int __spare__[7];
};
typedef struct __siginfo siginfo_t;

/* <machine/reg.h> */
struct reg {
    register_t r_rdi;
    register_t r_rsi;
    register_t r_rdx;
    register_t r_rcx;
    register_t r_r8;
    register_t r_r9;
    register_t r_rax;
    register_t r_rbx;
    register_t r_rbp;
    register_t r_r10;
    register_t r_r11;
    register_t r_r12;
    register_t r_r13;
    register_t r_r14;
    register_t r_r15;
    register_t r_xflags;
    register_t r_trapno;
    register_t r_addr;
    register_t r_flags;
    register_t r_err;
    register_t r_rip;
    register_t r_cs;
    register_t r_rflags;
    register_t r_rsp;
    register_t r_ss;
};
struct fpreg {
    unsigned long fpr_env[4];
    unsigned char fpr_acc[8][16];
    unsigned char fpr_xacc[16][16];
    unsigned long fpr_spare[12];
};
struct dbreg {
    unsigned long dr[16];
};

/* <sys/ptrace.h> */
struct ptrace_io_desc {
    int piod_op;
    void *piod_offs;
    void *piod_addr;
    size_t piod_len;
};

/* <sys/procctl.h> */
struct reaper_status {
    unsigned int flags;
    unsigned int refs;
    long reserved1[15];
    pid_t pid_head;
    int reserved2[15];
};
union reaper_info {
    struct reaper_status status;
};

/* <sys/proc_common.h>: the sources have the values, the measurement only the sizes. */
enum lwpstat {
    LSRUN = 1,
    LSSTOP = 2,
    LSSLEEP = 3,
};
enum procstat {
    SIDL = 1,
    SACTIVE = 2,
    SSTOP = 3,
    SZOMB = 4,
    SCORE = 5,
};

/* <sys/kinfo.h> */
struct kinfo_file {
    size_t f_size;
    pid_t f_pid;
    uid_t f_uid;
    int f_fd;
    void *f_file;
    short f_type;
    int f_count;
    int f_msgcount;
    int64_t f_offset;
    void *f_data;
    unsigned int f_flag;
};
struct kinfo_cputime {
    uint64_t cp_user;
    uint64_t cp_nice;
    uint64_t cp_sys;
    uint64_t cp_intr;
    uint64_t cp_idle;
    uint64_t cp_unused01;
    uint64_t cp_unused02;
    uint64_t cp_sample_pc;
    uint64_t cp_sample_sp;
    char cp_msg[32];
};
struct kinfo_lwp {
    pid_t kl_pid;
    lwpid_t kl_tid;
    int kl_flags;
    enum lwpstat kl_stat;
    int kl_lock;
    int kl_tdflags;
    int kl_mpcount;
    int kl_prio;
    int kl_tdprio;
    struct rtprio kl_rtprio;
    uint64_t kl_uticks;
    uint64_t kl_sticks;
    uint64_t kl_iticks;
    uint64_t kl_cpticks;
    unsigned int kl_pctcpu;
    unsigned int kl_slptime;
    int kl_origcpu;
    int kl_estcpu;
    int kl_cpuid;
    struct rusage kl_ru;
    sigset_t kl_siglist;
    sigset_t kl_sigmask;
    uintptr_t kl_wchan;
    char kl_wmesg[9];
    char kl_comm[17];
};
struct kinfo_proc {
    uintptr_t kp_paddr;
    int kp_flags;
    enum procstat kp_stat;
    int kp_lock;
    int kp_acflag;
    int kp_traceflag;
    uintptr_t kp_fd;
    sigset_t kp_siglist;
    sigset_t kp_sigignore;
    sigset_t kp_sigcatch;
    int kp_sigflag;
    struct timeval kp_start;
    char kp_comm[17];
    uid_t kp_uid;
    short kp_ngroups;
    gid_t kp_groups[16];
    uid_t kp_ruid;
    uid_t kp_svuid;
    gid_t kp_rgid;
    gid_t kp_svgid;
    pid_t kp_pid;
    pid_t kp_ppid;
    pid_t kp_pgid;
    int kp_jobc;
    pid_t kp_sid;
    char kp_login[40];
    unsigned int kp_tdev;
    pid_t kp_tpgid;
    pid_t kp_tsid;
    unsigned short kp_exitstat;
    int kp_nthreads;
    int kp_nice;
    unsigned int kp_swtime;
    size_t kp_vm_map_size;
    segsz_t kp_vm_rssize;
    segsz_t kp_vm_swrss;
    segsz_t kp_vm_tsize;
    segsz_t kp_vm_dsize;
    segsz_t kp_vm_ssize;
    unsigned int kp_vm_prssize;
    int kp_jailid;
    struct rusage kp_ru;
    struct rusage kp_cru;
    int kp_auxflags;
    struct kinfo_lwp kp_lwp;
    uintptr_t kp_ktaddr;
    int kp_spare[2];
};
struct kinfo_sigtramp {
    void *ksigtramp_start;
    void *ksigtramp_end;
    void *ksigtramp_spare[4];
};

/* <sys/param.h> */
#define __DragonFly_version 500901
#define MAXCOMLEN 16
#define NGROUPS 16
#define NGROUPS_MAX 16

/* <sys/ptrace.h>, <machine/ptrace.h> */
#define PIOD_READ_D 1
#define PIOD_WRITE_D 2
#define PIOD_READ_I 3
#define PIOD_WRITE_I 4
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
#define PT_FIRSTMACH 32
#define PT_GETREGS 33
#define PT_SETREGS 34
#define PT_GETFPREGS 35
#define PT_SETFPREGS 36
#define PT_GETDBREGS 37
#define PT_SETDBREGS 38

/* <sys/procctl.h> */
#define PROC_REAP_ACQUIRE 1
#define PROC_REAP_RELEASE 2
#define PROC_REAP_STATUS 3
#define REAPER_STAT_OWNED 0x0001
#define REAPER_STAT_REALINIT 0x0002

/* <sys/sysctl.h> */
#define CTL_KERN 1
#define KERN_PROC_ALL 0
#define KERN_PROC_PID 1
#define KERN_PROC_PGRP 2
#define KERN_PROC_SESSION 3
#define KERN_PROC_TTY 4
#define KERN_PROC_UID 5
#define KERN_PROC_RUID 6
#define KERN_PROC_ARGS 7
#define KERN_PROC_CWD 8
#define KERN_PROC_PATHNAME 9
#define KERN_PROC_SIGTRAMP 10
#define KERN_PROC 14
#define KERN_PROC_FLAGMASK 0x0010
#define KERN_PROC_FLAG_LWP 0x0010

/* <sys/kinfo.h> */
#define KI_CTTY 0x0001
#define KI_SLEADER 0x0002
#define WMESGLEN 8

/* <sys/proc.h>: P_ and LWP_ */
#define LWP_ALTSTACK 0x0001
#define LWP_OLDMASK 0x0002
#define LWP_SINTR 0x0008
#define LWP_SELECT 0x0010
#define LWP_UNUSED20 0x0020
#define LWP_UNUSED40 0x0040
#define LWP_UNUSED80 0x0080
#define LWP_PASSIVE_ACQ 0x0100
#define LWP_PAGING 0x0200
#define LWP_MP_ONRUNQ 0x0001
#define LWP_MP_WEXIT 0x0002
#define LWP_MP_WSTOP 0x0004
#define LWP_MP_ULOAD 0x0008
#define LWP_MP_RRFORCE 0x0010
#define LWP_MP_VNLRU 0x0020
#define LWP_MP_URETMASK 0x0022
#define P_UNUSED00 0x00000001
#define P_CONTROLT 0x00000002
#define P_SWAPPEDOUT 0x00000004
#define P_SYSVSEM 0x00000008
#define P_PPWAIT 0x00000010
#define P_PROFIL 0x00000020
#define P_POSTEXIT 0x00000040
#define P_SCMOUSE 0x00000080
#define P_SUGID 0x00000100
#define P_SYSTEM 0x00000200
#define P_MAYBETHREADED 0x00000400
#define P_TRACED 0x00000800
#define P_WAITED 0x00001000
#define P_WEXIT 0x00002000
#define P_EXEC 0x00004000
#define P_CONTINUED 0x00008000
#define P_LOWMEMKILL 0x00010000
#define P_UNUSED17 0x00020000
#define P_SWAPWAIT 0x00040000
#define P_UNUSED19 0x00080000
#define P_UNUSED20 0x00100000
#define P_UNUSED21 0x00200000
#define P_IDLESWAP 0x00400000
#define P_JAILED 0x01000000
#define P_SIGVTALRM 0x02000000
#define P_SIGPROF 0x04000000
#define P_INEXEC 0x08000000
#define P_DIDCHROOT 0x10000000
#define P_UNUSED29 0x20000000
#define P_XCPU 0x40000000

/* <sys/signal.h> */
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_TRAPPED 4
#define CLD_STOPPED 5
#define CLD_CONTINUED 6
#define NSIG 64
#define SIGABRT 6
#define SIGALRM 14
#define SIGBUS 10
#define SIGCHLD 20
#define SIGCKPT 33
#define SIGCKPTEXIT 34
#define SIGCONT 19
#define SIGEMT 7
#define SIGEV_NONE 0
#define SIGEV_SIGNAL 1
#define SIGEV_THREAD 2
#define SIGEV_KEVENT 3
#define SIGFPE 8
#define SIGHUP 1
#define SIGILL 4
#define SIGINFO 29
#define SIGINT 2
#define SIGIO 23
#define SIGIOT 6
#define SIGKILL 9
#define SIGPIPE 13
#define SIGPROF 27
#define SIGQUIT 3
#define SIGSEGV 11
#define SIGSTKSZ 40960
#define SIGSTOP 17
#define SIGSYS 12
#define SIGTERM 15
#define SIGTHR 32
#define SIGTRAP 5
#define SIGTSTP 18
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 16
#define SIGUSR1 30
#define SIGUSR2 31
#define SIGVTALRM 26
#define SIGWINCH 28
#define SIGXCPU 24
#define SIGXFSZ 25
#define SI_MESGQ -4
#define SI_ASYNCIO -3
#define SI_TIMER -2
#define SI_QUEUE -1
#define SI_UNDEFINED 0
#define SI_USER 0
#define TRAP_BRKPT 1
#define TRAP_TRACE 2

/* <sys/wait.h> */
#define WCONTINUED 4
#define WEXITED 16
#define WNOHANG 1
#define WNOWAIT 8
#define WTRAPPED 32
#define WUNTRACED 2
