/* FreeBSD on i386: its scalars, registers and machine state. */

/* <sys/types.h> */
typedef int32_t register_t;
typedef int32_t segsz_t;
typedef int32_t time_t;
typedef uint32_t u_register_t;
typedef uint32_t vm_size_t;

/* <x86/reg.h> */
struct reg {
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
struct fpreg {
    uint32_t fpr_env[7];
    uint8_t fpr_acc[8][10];
    uint32_t fpr_ex_sw;
    uint8_t fpr_pad[64];
};
struct dbreg {
    uint32_t dr[8];
};
struct segbasereg {
    uint32_t r_fsbase;
    uint32_t r_gsbase;
};

/* <x86/fpu.h> */
struct envxmm {
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
struct __envxmm64 {
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
    register_t mc_gs;
    register_t mc_fs;
    register_t mc_es;
    register_t mc_ds;
    register_t mc_edi;
    register_t mc_esi;
    register_t mc_ebp;
    register_t mc_isp;
    register_t mc_ebx;
    register_t mc_edx;
    register_t mc_ecx;
    register_t mc_eax;
    register_t mc_trapno;
    register_t mc_err;
    register_t mc_eip;
    register_t mc_cs;
    register_t mc_eflags;
    register_t mc_esp;
    register_t mc_ss;
    int mc_len;
    int mc_fpformat;
    int mc_ownedfp;
    register_t mc_flags;
    int mc_fpstate[128] __aligned(16);
    register_t mc_fsbase;
    register_t mc_gsbase;
    register_t mc_xfpustate;
    register_t mc_xfpustate_len;
    int mc_spare2[4];
};
typedef struct __mcontext mcontext_t;

/* <x86/elf.h> */
typedef struct {
    int a_type;
    union {
        long a_val;
        void *a_ptr;
        void (*a_fcn)(void);
    } a_un;
} Elf32_Auxinfo;
typedef Elf32_Auxinfo Elf_Auxinfo;

#include "x86.h"

/* <x86/fpu.h> */
struct savexmm {
    struct envxmm sv_env;
    struct {
        struct fpacc87 fp_acc;
        uint8_t fp_pad[6];
    } sv_fp[8];
    struct xmmacc sv_xmm[8];
    uint8_t sv_pad[224];
};
union savefpu {
    struct save87 sv_87;
    struct savexmm sv_xmm;
};
struct savexmm_ymm {
    struct envxmm sv_env;
    struct {
        struct fpacc87 fp_acc;
        int8_t fp_pad[6];
    } sv_fp[8];
    struct xmmacc sv_xmm[16];
    uint8_t sv_pad[96];
    struct savexmm_xstate sv_xstate;
};
struct savefpu_ymm {
    struct __envxmm64 sv_env;
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
    register_t sf_signum;
    register_t sf_siginfo;
    register_t sf_ucontext;
    register_t sf_addr;
    union {
        void (*sf_action)(int, struct __siginfo *, void *);
        void (*sf_handler)(int);
    } sf_ahu;
    ucontext_t sf_uc;
    siginfo_t sf_si;
};

/* <x86/reg.h> */
#define tFS 0
#define tES 1
#define tDS 2
#define tEDI 3
#define tESI 4
#define tEBP 5
#define tISP 6
#define tEBX 7
#define tEDX 8
#define tECX 9
#define tEAX 10
#define tERR 12
#define tEIP 13
#define tCS 14
#define tEFLAGS 15
#define tESP 16
#define tSS 17
#define tGS 18

/* <x86/ptrace.h> */
#define PT_GETXMMREGS 64
#define PT_SETXMMREGS 65

/* <x86/ucontext.h> */
#define _MC_FLAG_MASK 7
#define _MC_FPFMT_387 0x10001

/* <sys/_pv_entry.h> */
#define PC_FREEN 4294967295
#define PC_FREEL 0xffff

/* <sys/user.h> */
#define KINFO_OFILE_SIZE 1324
#define KINFO_OVMENTRY_SIZE 1128
