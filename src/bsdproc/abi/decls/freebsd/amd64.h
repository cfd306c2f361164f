/* FreeBSD on amd64: its scalars, registers and machine state. */

/* <sys/types.h> */
typedef int64_t register_t;
typedef int64_t segsz_t;
typedef int64_t time_t;
typedef uint64_t u_register_t;
typedef uint64_t vm_size_t;

/* <x86/reg.h> */
struct reg32 {
    uint32_t r_fs;
    uint32_t r_es;
    uint32_t r_ds;
    uint32_t r_edi;
    uint32_t r_esi;
    uint32_t r_ebp;
    uint32_t r_isp;
    uint32_t r_ebx;
    uint32_t r_edx;
    uint32_t r_ecx;
    uint32_t r_eax;
    uint32_t r_trapno;
    uint32_t r_err;
    uint32_t r_eip;
    uint32_t r_cs;
    uint32_t r_eflags;
    uint32_t r_esp;
    uint32_t r_ss;
    uint32_t r_gs;
};
struct reg {
    int64_t r_r15;
    int64_t r_r14;
    int64_t r_r13;
    int64_t r_r12;
    int64_t r_r11;
    int64_t r_r10;
    int64_t r_r9;
    int64_t r_r8;
    int64_t r_rdi;
    int64_t r_rsi;
    int64_t r_rbp;
    int64_t r_rbx;
    int64_t r_rdx;
    int64_t r_rcx;
    int64_t r_rax;
    uint32_t r_trapno;
    uint16_t r_fs;
    uint16_t r_gs;
    uint32_t r_err;
    uint16_t r_es;
    uint16_t r_ds;
    int64_t r_rip;
    int64_t r_cs;
    int64_t r_rflags;
    int64_t r_rsp;
    int64_t r_ss;
};
struct fpreg32 {
    uint32_t fpr_env[7];
    uint8_t fpr_acc[8][10];
    uint32_t fpr_ex_sw;
    uint8_t fpr_pad[64];
};
struct fpreg {
    uint64_t fpr_env[4];
    uint8_t fpr_acc[8][16];
    uint8_t fpr_xacc[16][16];
    uint64_t fpr_spare[12];
};
struct dbreg32 {
    uint32_t dr[8];
};
struct dbreg {
    uint64_t dr[16];
};
struct segbasereg32 {
    uint32_t r_fsbase;
    uint32_t r_gsbase;
};
struct segbasereg {
    uint64_t r_fsbase;
    uint64_t r_gsbase;
};

/* <x86/fpu.h> */
struct envxmm32 {
    uint16_t en_cw;
    uint16_t en_sw;
    uint16_t en_tw;
    uint16_t en_opcode;
    uint32_t en_fip;
    uint16_t en_fcs;
    uint16_t en_pad0;
    uint32_t en_foo;
    uint16_t en_fos;
    uint16_t en_pad1;
    uint32_t en_mxcsr;
    uint32_t en_mxcsr_mask;
};
struct envxmm {
    uint16_t en_cw;
    uint16_t en_sw;
    uint8_t en_tw;
    uint8_t en_zero;
    uint16_t en_opcode;
    uint64_t en_rip;
    uint64_t en_rdp;
    uint32_t en_mxcsr;
    uint32_t en_mxcsr_mask;
};

/* <x86/ucontext.h> */
struct __mcontext {
    register_t mc_onstack;
    register_t mc_rdi;
    register_t mc_rsi;
    register_t mc_rdx;
    register_t mc_rcx;
    register_t mc_r8;
    register_t mc_r9;
    register_t mc_rax;
    register_t mc_rbx;
    register_t mc_rbp;
    register_t mc_r10;
    register_t mc_r11;
    register_t mc_r12;
    register_t mc_r13;
    register_t mc_r14;
    register_t mc_r15;
    uint32_t mc_trapno;
    uint16_t mc_fs;
    uint16_t mc_gs;
    register_t mc_addr;
    uint32_t mc_flags;
    uint16_t mc_es;
    uint16_t mc_ds;
    register_t mc_err;
    register_t mc_rip;
    register_t mc_cs;
    register_t mc_rflags;
    register_t mc_rsp;
    register_t mc_ss;
    long mc_len;
    long mc_fpformat;
    long mc_ownedfp;
    long mc_fpstate[64] __aligned(16);
    register_t mc_fsbase;
    register_t mc_gsbase;
    register_t mc_xfpustate;
    register_t mc_xfpustate_len;
    register_t mc_tlsbase;
    long mc_spare[3];
};
typedef struct __mcontext mcontext_t;

/* <x86/elf.h> */
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

#include "x86.h"

/* <x86/fpu.h> */
struct savexmm {
    struct envxmm32 sv_env;
    struct {
        struct fpacc87 fp_acc;
        uint8_t fp_pad[6];
    } sv_fp[8];
    struct xmmacc sv_xmm[8];
    uint8_t sv_pad[224];
};
struct savefpu {
    struct envxmm sv_env;
    struct {
        struct fpacc87 fp_acc;
        uint8_t fp_pad[6];
    } sv_fp[8];
    struct xmmacc sv_xmm[16];
    uint8_t sv_pad[96];
};
struct savexmm_ymm {
    struct envxmm32 sv_env;
    struct {
        struct fpacc87 fp_acc;
        int8_t fp_pad[6];
    } sv_fp[8];
    struct xmmacc sv_xmm[16];
    uint8_t sv_pad[96];
    struct savexmm_xstate sv_xstate;
};
struct savefpu_ymm {
    struct envxmm sv_env;
    struct {
        struct fpacc87 fp_acc;
        int8_t fp_pad[6];
    } sv_fp[8];
    struct xmmacc sv_xmm[16];
    uint8_t sv_pad[96];
    struct savefpu_xstate sv_xstate;
};

#include "common.h"

/* <x86/sigframe.h> */
struct sigframe {
    union {
        void (*sf_action)(int, struct __siginfo *, void *);
        void (*sf_handler)(int);
    } sf_ahu;
    ucontext_t sf_uc;
    siginfo_t sf_si;
};

/* <x86/ucontext.h> */
#define _MC_HASTLSBASE 0x8
#define _MC_FLAG_MASK 0xf

/* <machine/proc.h> */
#define P_MD_KPTI 0x00000001
#define P_MD_LA48 0x00000002
#define P_MD_LA57 0x00000004

/* <sys/_pv_entry.h> */
#define PC_FREEN 18446744073709551615
#define PC_FREEL 0xffffffffff

/* <sys/user.h> */
#define KINFO_OFILE_SIZE 1328
#define KINFO_OVMENTRY_SIZE 1168
