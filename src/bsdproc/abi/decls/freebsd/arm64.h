/* FreeBSD on arm64: its scalars, registers and machine state. */

/* <sys/types.h> */
typedef int64_t register_t;
typedef int64_t segsz_t;
typedef int64_t time_t;
typedef uint64_t u_register_t;
typedef uint64_t vm_size_t;

/* <machine/reg.h> */
struct reg {
    uint64_t x[30];
    uint64_t lr;
    uint64_t sp;
    uint64_t elr;
    uint64_t spsr;
};
struct reg32 {
    unsigned int r[13];
    unsigned int r_sp;
    unsigned int r_lr;
    unsigned int r_pc;
    unsigned int r_cpsr;
};
struct fpreg {
    __uint128_t fp_q[32];
    uint32_t fp_sr;
    uint32_t fp_cr;
};
struct fpreg32 {
    int dummy;
};
struct svereg_header {
    uint32_t sve_size;
    uint32_t sve_maxsize;
    uint16_t sve_vec_len;
    uint16_t sve_max_vec_len;
    uint16_t sve_flags;
    uint16_t sve_reserved;
};
struct dbreg {
    uint8_t db_debug_ver;
    uint8_t db_nbkpts;
    uint8_t db_nwtpts;
    uint8_t db_pad[5];
    struct {
        uint64_t dbr_addr;
        uint32_t dbr_ctrl;
        uint32_t dbr_pad;
    } db_breakregs[16];
    struct {
        uint64_t dbw_addr;
        uint32_t dbw_ctrl;
        uint32_t dbw_pad;
    } db_watchregs[16];
};
struct dbreg32 {
    int dummy;
};
struct arm64_addr_mask {
    uint64_t code;
    uint64_t data;
};

/* <machine/vfp.h> */
struct vfpstate {
    __uint128_t vfp_regs[32];
    uint32_t vfp_fpcr;
    uint32_t vfp_fpsr;
};

/* <machine/ucontext.h> */
struct gpregs {
    register_t gp_x[30];
    register_t gp_lr;
    register_t gp_sp;
    register_t gp_elr;
    uint64_t gp_spsr;
};
struct fpregs {
    __uint128_t fp_q[32];
    uint32_t fp_sr;
    uint32_t fp_cr;
    int fp_flags;
    int fp_pad;
};
struct arm64_reg_context {
    uint32_t ctx_id;
    uint32_t ctx_size;
};
struct sve_context {
    struct arm64_reg_context sve_ctx;
    uint16_t sve_vector_len;
    uint16_t sve_flags;
    uint16_t sve_reserved[2];
};
struct __mcontext {
    struct gpregs mc_gpregs;
    struct fpregs mc_fpregs;
    int mc_flags;
    int mc_pad;
    uint64_t mc_ptr;
    uint64_t mc_spare[7];
};
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

/* <sys/_sigaltstack.h> */
#define MINSIGSTKSZ 4096
#define SIGSTKSZ 36864

/* <machine/reg.h> */
#define SVEREG_FLAG_REGS_MASK 0x0001
#define SVEREG_FLAG_FP 0x0000
#define SVEREG_FLAG_SVE 0x0001

/* <machine/ptrace.h> */
#define PT_GETVFPREGS32 64
#define PT_SETVFPREGS32 65

/* <machine/ucontext.h> */
#define ARM64_CTX_END 0xa5a5a5a5
#define ARM64_CTX_SVE 0x00657673
#define _MC_FP_VALID 0x1

/* <sys/_pv_entry.h> */
#define PC_FREEN 18446744073709551615
#define PC_FREEL 0xffffffffff
