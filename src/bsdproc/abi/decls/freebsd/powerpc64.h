/* FreeBSD on powerpc64: its scalars, registers and machine state. */

/* <sys/types.h> */
typedef int64_t register_t;
typedef int64_t segsz_t;
typedef int64_t time_t;
typedef uint64_t u_register_t;
typedef uint64_t vm_size_t;

/* <machine/reg.h> */
struct reg {
    register_t fixreg[32];
    register_t lr;
    register_t cr;
    register_t xer;
    register_t ctr;
    register_t pc;
};
struct fpreg {
    double fpreg[32];
    double fpscr;
};
struct vmxreg {
    uint32_t vr[32][4];
    uint32_t pad[2];
    uint32_t vrsave;
    uint32_t vscr;
};
struct dbreg {
    unsigned int junk;
};
struct reg32 {
    int32_t fixreg[32];
    int32_t lr;
    int32_t cr;
    int32_t xer;
    int32_t ctr;
    int32_t pc;
};
struct fpreg32 {
    struct fpreg data;
};
struct vmxreg32 {
    struct vmxreg data;
};
struct dbreg32 {
    struct dbreg data;
};

/* <machine/ucontext.h> */
struct __mcontext {
    int mc_vers;
    int mc_flags;
    int mc_onstack;
    int mc_len;
    uint64_t mc_avec[64];
    uint32_t mc_av[2];
    register_t mc_frame[42];
    uint64_t mc_fpreg[33];
    uint64_t mc_vsxfpreg[32];
} __aligned(16);
typedef struct __mcontext mcontext_t;

/* <machine/elf.h> */
typedef struct {
    int a_type;
    union {
        int a_val;
    } a_un;
} Elf32_Auxinfo;
typedef struct {
    long a_type;
    union {
        long a_val;
        void *a_ptr;
        void (*a_fcn)(void);
    } a_un;
} Elf64_Auxinfo;
typedef Elf64_Auxinfo Elf_Auxinfo;

/* <sys/procfs.h> */
struct prstatus32 {
    int32_t pr_version;
    uint32_t pr_statussz;
    uint32_t pr_gregsetsz;
    uint32_t pr_fpregsetsz;
    int32_t pr_osreldate;
    int32_t pr_cursig;
    int32_t pr_pid;
    struct reg32 pr_reg;
};
typedef struct prstatus32 prstatus32_t;
struct prpsinfo32 {
    int32_t pr_version;
    uint32_t pr_psinfosz;
    char pr_fname[17];
    char pr_psargs[81];
    int32_t pr_pid;
};
typedef struct prpsinfo32 prpsinfo32_t;
struct thrmisc32 {
    char pr_tname[20];
    uint32_t _pad;
};

#include "common.h"

/* <machine/sigframe.h> */
struct sigframe {
    ucontext_t sf_uc;
    siginfo_t sf_si;
};

/* <sys/_sigaltstack.h> */
#define MINSIGSTKSZ 2048
#define SIGSTKSZ 34816

/* <machine/ptrace.h> */
#define PT_GETVRREGS 64
#define PT_SETVRREGS 65
#define PT_GETVSRREGS 66
#define PT_SETVSRREGS 67

/* <machine/ucontext.h> */
#define _MC_FP_VALID 0x01
#define _MC_AV_VALID 0x02
#define _MC_VS_VALID 0x04
#define _MC_VERSION 0x1
#define _MC_VERSION_KSE 0xee

/* <machine/elf.h> */
#define AT_OLD_NULL 0
#define AT_OLD_IGNORE 1
#define AT_OLD_EXECFD 2
#define AT_OLD_PHDR 3
#define AT_OLD_PHENT 4
#define AT_OLD_PHNUM 5
#define AT_OLD_PAGESZ 6
#define AT_OLD_BASE 7
#define AT_OLD_FLAGS 8
#define AT_OLD_ENTRY 9
#define AT_OLD_NOTELF 10
#define AT_OLD_UID 11
#define AT_OLD_EUID 12
#define AT_OLD_EXECPATH 13
#define AT_OLD_CANARY 14
#define AT_OLD_CANARYLEN 15
#define AT_OLD_OSRELDATE 16
#define AT_OLD_NCPUS 17
#define AT_OLD_PAGESIZES 18
#define AT_OLD_PAGESIZESLEN 19
#define AT_OLD_STACKPROT 21
#define AT_OLD_TIMEKEEP 22
#define AT_OLD_EHDRFLAGS 24
#define AT_OLD_HWCAP 25
#define AT_OLD_HWCAP2 26
#define AT_OLD_COUNT 27
