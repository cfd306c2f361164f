/*
 * What NetBSD 10's machines share.  A machine's text includes this after the types that it
 * needs.
 */

/* <sys/types.h> */
typedef uint64_t dev_t;
typedef uint32_t fixpt_t;
typedef uint32_t gid_t;
typedef uint32_t id_t;
typedef uint32_t mode_t;
typedef int64_t off_t;
typedef uint64_t rlim_t;
typedef int64_t time_t;
typedef int suseconds_t;

/* <sys/siginfo.h> */
union siginfo {
    char si_pad[128];
    struct _ksiginfo _info;
};
typedef union siginfo siginfo_t;

/* <sys/ucontext.h> */
typedef struct __ucontext ucontext_t;

/* <sys/signal.h> */
struct sigaction {
    union {
        void (*_sa_handler)(int);
        void (*_sa_sigaction)(int, union siginfo *, void *);
    } _sa_u;
    sigset_t sa_mask;
    int sa_flags;
};

/* <sys/ptrace.h> */
struct ptrace_event {
    int pe_set_event;
};
typedef struct ptrace_event ptrace_event_t;
struct ptrace_state {
    int pe_report_event;
    union {
        pid_t _pe_other_pid;
        lwpid_t _pe_lwp;
    } _option;
};
typedef struct ptrace_state ptrace_state_t;
struct ptrace_io_desc {
    int piod_op;
    void *piod_offs;
    void *piod_addr;
    size_t piod_len;
};
struct ptrace_lwpinfo {
    lwpid_t pl_lwpid;
    int pl_event;
};
struct ptrace_lwpstatus {
    lwpid_t pl_lwpid;
    sigset_t pl_sigpend;
    sigset_t pl_sigmask;
    char pl_name[20];
    void *pl_private;
};
struct ptrace_siginfo {
    siginfo_t psi_siginfo;
    lwpid_t psi_lwpid;
};
typedef struct ptrace_siginfo ptrace_siginfo_t;

/* <sys/sysctl.h> */
struct kinfo_proc2 {
    uint64_t p_forw;
    uint64_t p_back;
    uint64_t p_paddr;
    uint64_t p_addr;
    uint64_t p_fd;
    uint64_t p_cwdi;
    uint64_t p_stats;
    uint64_t p_limit;
    uint64_t p_vmspace;
    uint64_t p_sigacts;
    uint64_t p_sess;
    uint64_t p_tsess;
    uint64_t p_ru;
    int32_t p_eflag;
    int32_t p_exitsig;
    int32_t p_flag;
    int32_t p_pid;
    int32_t p_ppid;
    int32_t p_sid;
    int32_t p__pgid;
    int32_t p_tpgid;
    uint32_t p_uid;
    uint32_t p_ruid;
    uint32_t p_gid;
    uint32_t p_rgid;
    uint32_t p_groups[16];
    int16_t p_ngroups;
    int16_t p_jobc;
    uint32_t p_tdev;
    uint32_t p_estcpu;
    uint32_t p_rtime_sec;
    uint32_t p_rtime_usec;
    int32_t p_cpticks;
    uint32_t p_pctcpu;
    uint32_t p_swtime;
    uint32_t p_slptime;
    int32_t p_schedflags;
    uint64_t p_uticks;
    uint64_t p_sticks;
    uint64_t p_iticks;
    uint64_t p_tracep;
    int32_t p_traceflag;
    int32_t p_holdcnt;
    struct {
        uint32_t __bits[4];
    } p_siglist;
    struct {
        uint32_t __bits[4];
    } p_sigmask;
    struct {
        uint32_t __bits[4];
    } p_sigignore;
    struct {
        uint32_t __bits[4];
    } p_sigcatch;
    int8_t p_stat;
    uint8_t p_priority;
    uint8_t p_usrpri;
    uint8_t p_nice;
    uint16_t p_xstat;
    uint16_t p_acflag;
    char p_comm[24];
    char p_wmesg[8];
    uint64_t p_wchan;
    char p_login[24];
    int32_t p_vm_rssize;
    int32_t p_vm_tsize;
    int32_t p_vm_dsize;
    int32_t p_vm_ssize;
    int64_t p_uvalid;
    uint32_t p_ustart_sec;
    uint32_t p_ustart_usec;
    uint32_t p_uutime_sec;
    uint32_t p_uutime_usec;
    uint32_t p_ustime_sec;
    uint32_t p_ustime_usec;
    uint64_t p_uru_maxrss;
    uint64_t p_uru_ixrss;
    uint64_t p_uru_idrss;
    uint64_t p_uru_isrss;
    uint64_t p_uru_minflt;
    uint64_t p_uru_majflt;
    uint64_t p_uru_nswap;
    uint64_t p_uru_inblock;
    uint64_t p_uru_oublock;
    uint64_t p_uru_msgsnd;
    uint64_t p_uru_msgrcv;
    uint64_t p_uru_nsignals;
    uint64_t p_uru_nvcsw;
    uint64_t p_uru_nivcsw;
    uint32_t p_uctime_sec;
    uint32_t p_uctime_usec;
    uint64_t p_cpuid;
    uint64_t p_realflag;
    uint64_t p_nlwps;
    uint64_t p_nrlwps;
    uint64_t p_realstat;
    uint32_t p_svuid;
    uint32_t p_svgid;
    char p_ename[16];
    int64_t p_vm_vsize;
    int64_t p_vm_msize;
};
struct kinfo_lwp {
    uint64_t l_forw;
    uint64_t l_back;
    uint64_t l_laddr;
    uint64_t l_addr;
    int32_t l_lid;
    int32_t l_flag;
    uint32_t l_swtime;
    uint32_t l_slptime;
    int32_t l_schedflags;
    int32_t l_holdcnt;
    uint8_t l_priority;
    uint8_t l_usrpri;
    int8_t l_stat;
    int8_t l_pad1;
    int32_t l_pad2;
    char l_wmesg[8];
    uint64_t l_wchan;
    uint64_t l_cpuid;
    uint32_t l_rtime_sec;
    uint32_t l_rtime_usec;
    uint32_t l_cpticks;
    uint32_t l_pctcpu;
    uint32_t l_pid;
    char l_name[20];
};
struct kinfo_file {
    uint64_t ki_fileaddr;
    uint32_t ki_flag;
    uint32_t ki_iflags;
    uint32_t ki_ftype;
    uint32_t ki_count;
    uint32_t ki_msgcount;
    uint32_t ki_usecount;
    uint64_t ki_fucred;
    uint32_t ki_fuid;
    uint32_t ki_fgid;
    uint64_t ki_fops;
    uint64_t ki_foffset;
    uint64_t ki_fdata;
    uint64_t ki_vun;
    uint64_t ki_vsize;
    uint32_t ki_vtype;
    uint32_t ki_vtag;
    uint64_t ki_vdata;
    uint32_t ki_pid;
    int32_t ki_fd;
    uint32_t ki_ofileflags;
    uint32_t _ki_padto64bits;
};
struct kinfo_vmentry {
    uint64_t kve_start;
    uint64_t kve_end;
    uint64_t kve_offset;
    uint32_t kve_type;
    uint32_t kve_flags;
    uint32_t kve_count;
    uint32_t kve_wired_count;
    uint32_t kve_advice;
    uint32_t kve_attributes;
    uint32_t kve_protection;
    uint32_t kve_max_protection;
    uint32_t kve_ref_count;
    uint32_t kve_inheritance;
    uint64_t kve_vn_fileid;
    uint64_t kve_vn_size;
    uint64_t kve_vn_fsid;
    uint64_t kve_vn_rdev;
    uint32_t kve_vn_type;
    uint32_t kve_vn_mode;
    char kve_path[1024];
};

/* <sys/idtype.h> */
typedef enum {P_MYID = -1, P_ALL = 0, P_PID = 1, P_LWPID = 2, P_PPID = 3, P_PGID = 4, P_SID = 5, P_CID = 6, P_UID = 7, P_GID = 8, P_TASKID = 9, P_PROJID = 10, P_POOLID = 11, P_ZONEID = 12, P_CTID = 13, P_CPUID = 14, P_PSETID = 15, _P_MAXIDTYPE = 2147483647} idtype_t;

/* <sys/time.h> */
struct timeval {
    time_t tv_sec;
    suseconds_t tv_usec;
};

/* <sys/timespec.h> */
struct timespec {
    time_t tv_sec;
    long tv_nsec;
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
struct wrusage {
    struct rusage wru_self;
    struct rusage wru_children;
};
struct rlimit {
    rlim_t rlim_cur;
    rlim_t rlim_max;
};

/* <sys/exec_elf.h> */
struct netbsd_elfcore_procinfo {
    uint32_t cpi_version;
    uint32_t cpi_cpisize;
    uint32_t cpi_signo;
    uint32_t cpi_sigcode;
    uint32_t cpi_sigpend[4];
    uint32_t cpi_sigmask[4];
    uint32_t cpi_sigignore[4];
    uint32_t cpi_sigcatch[4];
    int32_t cpi_pid;
    int32_t cpi_ppid;
    int32_t cpi_pgrp;
    int32_t cpi_sid;
    uint32_t cpi_ruid;
    uint32_t cpi_euid;
    uint32_t cpi_svuid;
    uint32_t cpi_rgid;
    uint32_t cpi_egid;
    uint32_t cpi_svgid;
    uint32_t cpi_nlwps;
    int8_t cpi_name[32];
    int32_t cpi_siglwp;
};

/* <sys/exec.h> */
struct ps_strings {
    char **ps_argvstr;
    int ps_nargvstr;
    char **ps_envstr;
    int ps_nenvstr;
};

/* <miscfs/procfs/procfs.h> */
struct procfs_args {
    int version;
    int flags;
};

/* <sys/param.h> */
#define MAXCOMLEN 16
#define MAXLOGNAME 16

/* <sys/signal.h> */
#define _NSIG 64
#define NSIG 64
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
#define SIGPWR 32
#define SIGRTMIN 33
#define SIGRTMAX 63
#define SA_ONSTACK 0x0001
#define SA_RESTART 0x0002
#define SA_RESETHAND 0x0004
#define SA_NODEFER 0x0010
#define SA_NOCLDSTOP 0x0008
#define SA_NOCLDWAIT 0x0020
#define SA_SIGINFO 0x0040
#define SA_NOKERNINFO 0x0080
#define SIG_BLOCK 1
#define SIG_UNBLOCK 2
#define SIG_SETMASK 3
#define SS_ONSTACK 0x0001
#define SS_DISABLE 0x0004
#define MINSIGSTKSZ 8192
#define SIGSTKSZ 40960
#define SIGEV_NONE 0
#define SIGEV_SIGNAL 1
#define SIGEV_THREAD 2
#define SIGEV_SA 3

/* <sys/siginfo.h> */
#define ILL_ILLOPC 1
#define ILL_ILLOPN 2
#define ILL_ILLADR 3
#define ILL_ILLTRP 4
#define ILL_PRVOPC 5
#define ILL_PRVREG 6
#define ILL_COPROC 7
#define ILL_BADSTK 8
#define FPE_INTDIV 1
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define FPE_FLTSUB 8
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define BUS_OBJERR 3
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define TRAP_EXEC 3
#define TRAP_CHLD 4
#define TRAP_LWP 5
#define TRAP_DBREG 6
#define TRAP_SCE 7
#define TRAP_SCX 8
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
#define SI_USER 0
#define SI_QUEUE -1
#define SI_TIMER -2
#define SI_ASYNCIO -3
#define SI_MESGQ -4
#define SI_LWP -5
#define SI_NOINFO 32767

/* <sys/ptrace.h> */
#define PT_TRACE_ME 0
#define PT_READ_I 1
#define PT_READ_D 2
#define PT_WRITE_I 4
#define PT_WRITE_D 5
#define PT_CONTINUE 7
#define PT_KILL 8
#define PT_ATTACH 9
#define PT_DETACH 10
#define PT_IO 11
#define PT_DUMPCORE 12
#define PT_LWPINFO 13
#define PT_SYSCALL 14
#define PT_SYSCALLEMU 15
#define PT_SET_EVENT_MASK 16
#define PT_GET_EVENT_MASK 17
#define PT_GET_PROCESS_STATE 18
#define PT_SET_SIGINFO 19
#define PT_GET_SIGINFO 20
#define PT_RESUME 21
#define PT_SUSPEND 22
#define PT_STOP 23
#define PT_LWPSTATUS 24
#define PT_LWPNEXT 25
#define PT_SET_SIGPASS 26
#define PT_GET_SIGPASS 27
#define PT_FIRSTMACH 32
#define PTRACE_FORK 0x0001
#define PTRACE_VFORK 0x0002
#define PTRACE_VFORK_DONE 0x0004
#define PTRACE_LWP_CREATE 0x0008
#define PTRACE_LWP_EXIT 0x0010
#define PTRACE_POSIX_SPAWN 0x0020
#define PIOD_READ_D 1
#define PIOD_WRITE_D 2
#define PIOD_READ_I 3
#define PIOD_WRITE_I 4
#define PIOD_READ_AUXV 5
#define PL_EVENT_NONE 0
#define PL_EVENT_SIGNAL 1
#define PL_EVENT_SUSPENDED 2
#define PL_LNAMELEN 20

/* <sys/lwp.h> */
#define LSIDL 1
#define LSRUN 2
#define LSSLEEP 3
#define LSSTOP 4
#define LSZOMB 5
#define LSONPROC 7
#define LSSUSPENDED 8

/* <sys/proc.h> */
#define SIDL 1
#define SACTIVE 2
#define SDYING 3
#define SSTOP 4
#define SZOMB 5
#define SDEAD 6
#define PL_CONTROLT 0x00000001
#define PL_PPWAIT 0x00000002
#define PL_SIGCOMPAT 0x00000004
#define PL_ORPHANPG 0x00000008

/* <uvm/uvm_param.h> */
#define VM_PROC 16
#define VM_PROC_MAP 1

/* <sys/sysctl.h> */
#define CTL_KERN 1
#define CTL_VM 2
#define CTL_PROC 10
#define KERN_PROC 14
#define KERN_FILE 15
#define KERN_PROC2 47
#define KERN_PROC_ARGS 48
#define KERN_LWP 64
#define KERN_FILE2 77
#define KERN_PROC_ALL 0
#define KERN_PROC_PID 1
#define KERN_PROC_PGRP 2
#define KERN_PROC_SESSION 3
#define KERN_PROC_TTY 4
#define KERN_PROC_UID 5
#define KERN_PROC_RUID 6
#define KERN_PROC_GID 7
#define KERN_PROC_RGID 8
#define KERN_PROC_TTY_NODEV 18446744073709551615
#define KERN_PROC_TTY_REVOKE 18446744073709551614
#define KI_NGROUPS 16
#define KI_MAXCOMLEN 24
#define KI_WMESGLEN 8
#define KI_MAXLOGNAME 24
#define KI_MAXEMULLEN 16
#define KI_LNAMELEN 20
#define KI_NOCPU 18446744073709551615
#define EPROC_CTTY 0x01
#define EPROC_SLEADER 0x02
#define P_ADVLOCK 0x00000001
#define P_CONTROLT 0x00000002
#define L_INMEM 0x00000004
#define P_INMEM 4
#define P_NOCLDSTOP 0x00000008
#define P_PPWAIT 0x00000010
#define P_PROFIL 0x00000020
#define L_SELECT 0x00000040
#define P_SELECT 64
#define L_SINTR 0x00000080
#define P_SINTR 128
#define P_SUGID 0x00000100
#define L_SYSTEM 0x00000200
#define P_SYSTEM 512
#define L_SA 0x00000400
#define P_SA 1024
#define P_TRACED 0x00000800
#define P_WAITED 0x00001000
#define P_WEXIT 0x00002000
#define P_EXEC 0x00004000
#define P_OWEUPC 0x00008000
#define P_NOCLDWAIT 0x00020000
#define P_32 0x00040000
#define P_CLDSIGIGN 0x00080000
#define P_SYSTRACE 0x00200000
#define P_CHTRACED 0x00400000
#define P_STOPFORK 0x00800000
#define P_STOPEXEC 0x01000000
#define P_STOPEXIT 0x02000000
#define P_SYSCALL 0x04000000
#define L_DETACHED 0x00800000
#define KERN_PROC_ARGV 1
#define KERN_PROC_NARGV 2
#define KERN_PROC_ENV 3
#define KERN_PROC_NENV 4
#define KERN_PROC_PATHNAME 5
#define KERN_PROC_CWD 6
#define KERN_FILE_BYFILE 1
#define KERN_FILE_BYPID 2
#define KERN_FILESLOP 10
#define KVME_TYPE_NONE 0
#define KVME_TYPE_OBJECT 1
#define KVME_TYPE_VNODE 2
#define KVME_TYPE_KERN 3
#define KVME_TYPE_DEVICE 4
#define KVME_TYPE_ANON 5
#define KVME_TYPE_SUBMAP 6
#define KVME_TYPE_UNKNOWN 255
#define KVME_PROT_READ 0x00000001
#define KVME_PROT_WRITE 0x00000002
#define KVME_PROT_EXEC 0x00000004
#define KVME_FLAG_COW 0x00000001
#define KVME_FLAG_NEEDS_COPY 0x00000002
#define KVME_FLAG_NOCOREDUMP 0x00000004
#define KVME_FLAG_PAGEABLE 0x00000008
#define KVME_FLAG_GROWS_UP 0x00000010
#define KVME_FLAG_GROWS_DOWN 0x00000020
#define PROC_CURPROC 0x7fffffff
#define PROC_PID_CORENAME 1
#define PROC_PID_LIMIT 2
#define PROC_PID_STOPFORK 3
#define PROC_PID_STOPEXEC 4
#define PROC_PID_STOPEXIT 5
#define PROC_PID_PAXFLAGS 6
#define PROC_PID_LIMIT_CPU 1
#define PROC_PID_LIMIT_FSIZE 2
#define PROC_PID_LIMIT_DATA 3
#define PROC_PID_LIMIT_STACK 4
#define PROC_PID_LIMIT_CORE 5
#define PROC_PID_LIMIT_RSS 6
#define PROC_PID_LIMIT_MEMLOCK 7
#define PROC_PID_LIMIT_NPROC 8
#define PROC_PID_LIMIT_NOFILE 9
#define PROC_PID_LIMIT_SBSIZE 10
#define PROC_PID_LIMIT_AS 11
#define PROC_PID_LIMIT_NTHR 12
#define PROC_PID_LIMIT_TYPE_SOFT 1
#define PROC_PID_LIMIT_TYPE_HARD 2
#define CTL_PROC_PAXFLAGS_ASLR 0x01
#define CTL_PROC_PAXFLAGS_MPROTECT 0x02
#define CTL_PROC_PAXFLAGS_GUARD 0x04

/* <sys/wait.h> */
#define WCOREFLAG 0x80
#define WNOHANG 0x00000001
#define WSTOPPED 0x00000002
#define WUNTRACED 2
#define WCONTINUED 0x00000010
#define WEXITED 0x00000020
#define WNOWAIT 0x00010000
#define WALTSIG 0x00000004
#define WALLSIG 0x00000008
#define WTRAPPED 0x00000040
#define WNOZOMBIE 0x00020000
#define WAIT_ANY -1
#define WAIT_MYPGRP 0

/* <sys/resource.h> */
#define PRIO_MIN -20
#define PRIO_MAX 20
#define PRIO_PROCESS 0
#define PRIO_PGRP 1
#define PRIO_USER 2
#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN -1
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
#define RLIMIT_AS 10
#define RLIMIT_VMEM 10
#define RLIMIT_NTHR 11
#define RLIM_NLIMITS 12
#define RLIM_INFINITY 0x7fffffffffffffff
#define RLIM_SAVED_MAX 9223372036854775807
#define RLIM_SAVED_CUR 9223372036854775807

/* <sys/exec_elf.h> */
#define PT_NULL 0
#define PT_LOAD 1
#define PT_DYNAMIC 2
#define PT_INTERP 3
#define PT_NOTE 4
#define PT_SHLIB 5
#define PT_PHDR 6
#define PT_TLS 7
#define PT_NUM 8
#define PT_LOOS 0x60000000
#define PT_GNU_EH_FRAME 0x6474e550
#define PT_GNU_STACK 0x6474e551
#define PT_GNU_RELRO 0x6474e552
#define PT_HIOS 0x6fffffff
#define PT_LOPROC 0x70000000
#define PT_HIPROC 0x7fffffff
#define PT_MIPS_REGINFO 0x70000000
#define PT_MIPS_ABIFLAGS 0x70000003
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
#define AT_DCACHEBSIZE 10
#define AT_ICACHEBSIZE 11
#define AT_UCACHEBSIZE 12
#define AT_STACKBASE 13
#define AT_MIPS_NOTELF 10
#define AT_EUID 2000
#define AT_RUID 2001
#define AT_EGID 2002
#define AT_RGID 2003
#define AT_SUN_LDELF 2004
#define AT_SUN_LDSHDR 2005
#define AT_SUN_LDNAME 2006
#define AT_SUN_LPGSIZE 2007
#define AT_SUN_PLATFORM 2008
#define AT_SUN_HWCAP 2009
#define AT_SUN_IFLUSH 2010
#define AT_SUN_CPU 2011
#define AT_SUN_EMUL_ENTRY 2012
#define AT_SUN_EMUL_EXECFD 2013
#define AT_SUN_EXECNAME 2014
#define ELF_NOTE_NETBSD_CORE_PROCINFO 1
#define ELF_NOTE_NETBSD_CORE_AUXV 2

/* <miscfs/procfs/procfs.h> */
#define PROCFS_ARGSVERSION 1
#define PROCFSMNT_LINUXCOMPAT 0x01
