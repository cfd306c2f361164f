/* FreeBSD on arm: its scalars, registers and machine state. */

/* <sys/types.h> */
typedef int32_t register_t;
typedef int32_t segsz_t;
typedef int64_t time_t;
typedef uint32_t u_register_t;
typedef uint32_t vm_size_t;

/* <machine/reg.h> */
struct reg {
    unsigned int r[13];
    unsigned int r_sp;
    unsigned int r_lr;
    unsigned int r_pc;
    unsigned int r_cpsr;
};
struct fpreg {
    uint64_t fpr_r[32];
    uint32_t fpr_fpscr;
};
struct dbreg {
    unsigned int dbg_wcr[16];
    unsigned int dbg_wvr[16];
};

/* <machine/ptrace.h> */
struct vfpreg {
    uint64_t vfp_reg[32];
    uint32_t vfp_scr;
    uint32_t vfp_pad0;
};

/* <machine/ucontext.h> */
typedef struct {
    uint64_t mcv_reg[32];
    uint32_t mcv_fpscr;
} mcontext_vfp_t;
typedef struct {
    unsigned int __gregs[17];
    size_t mc_vfp_size;
    void *mc_vfp_ptr;
    unsigned int mc_spare[33];
} mcontext_t;

/* <machine/vfp.h> */
struct vfp_state {
    uint64_t reg[32];
    uint32_t fpscr;
    uint32_t fpexec;
    uint32_t fpinst;
    uint32_t fpinst2;
};

/* <machine/elf.h> */
typedef struct {
    int a_type;
    union {
        long a_val;
        void *a_ptr;
        void (*a_fcn)(void);
    } a_un;
} Elf32_Auxinfo;
typedef Elf32_Auxinfo Elf_Auxinfo;

#include "common.h"

/* <sys/_sigaltstack.h> */
#define MINSIGSTKSZ 4096
#define SIGSTKSZ 36864

/* <machine/reg.h> */
#define ARM_WR_MAX 16

/* <machine/ptrace.h> */
#define PT_GETVFPREGS 64
#define PT_SETVFPREGS 65

/* <machine/ucontext.h> */
#define _NGREG 17
#define _REG_R0 0
#define _REG_R1 1
#define _REG_R2 2
#define _REG_R3 3
#define _REG_R4 4
#define _REG_R5 5
#define _REG_R6 6
#define _REG_R7 7
#define _REG_R8 8
#define _REG_R9 9
#define _REG_R10 10
#define _REG_R11 11
#define _REG_R12 12
#define _REG_R13 13
#define _REG_R14 14
#define _REG_R15 15
#define _REG_CPSR 16
#define _REG_FP 11
#define _REG_SP 13
#define _REG_LR 14
#define _REG_PC 15

/* <sys/_pv_entry.h> */
#define PC_FREEN 4294967295
#define PC_FREEL 0xffff
