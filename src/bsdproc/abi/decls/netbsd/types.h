/* The types of NetBSD that some machines' own need. */

/* <sys/types.h> */
typedef int32_t pid_t;
typedef int32_t lwpid_t;
typedef uint32_t uid_t;

/* <sys/sigtypes.h> */
typedef struct {
    uint32_t __bits[4];
} sigset_t;
struct sigaltstack {
    void *ss_sp;
    size_t ss_size;
    int ss_flags;
};
typedef struct sigaltstack stack_t;

/* <sys/siginfo.h> */
union sigval {
    int sival_int;
    void *sival_ptr;
};
typedef union sigval sigval_t;
