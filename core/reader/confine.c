#include "core/reader/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	STACK_MAX = 4 * 1024 * 1024,
	CPU_SECONDS = 20, /* far more than any document is allowed (serve.c) */
};

#ifdef POSTSEAL_SANITIZED
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* --- what is left of the system's calls --- */

#if defined(__x86_64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define OUR_ARCHITECTURE AUDIT_ARCH_PPC64LE
#else
#error "confine.c: name this architecture as linux/audit.h does"
#endif

/* The call is allowed if the lower half of an argument, masked, has this value (little endian). */
struct allowance {
	unsigned call;
	unsigned argument;
	unsigned mask, value;
};

#define ANYHOW 0, 0, 0

static const struct allowance allowed[] = {
	/* the socket, and no other descriptor that might be open */
	{__NR_recvfrom, 0, ~0U, STDIN_FILENO},
	{__NR_sendto, 0, ~0U, STDIN_FILENO},
	/* anonymous memory only, never executable */
	{__NR_mmap, 2, PROT_EXEC, 0},
	{__NR_mremap, ANYHOW},
	{__NR_munmap, ANYHOW},
	{__NR_brk, ANYHOW},
	/* what libraries do once, they announce to other threads, of which there are none */
	{__NR_futex, 1, ~0U, FUTEX_WAKE_PRIVATE},
	/* time */
	{__NR_setitimer, 0, ~0U, ITIMER_REAL},
	{__NR_setitimer, 0, ~0U, ITIMER_PROF},
	/* the end */
	{__NR_exit, ANYHOW},
	{__NR_exit_group, ANYHOW},
};

enum { STEPS = 6, PREFACE = 3, ALLOWANCES = sizeof allowed / sizeof *allowed };

static void
add_allowance(struct sock_filter *steps, const struct allowance *allowance)
{
	const unsigned place =
		(unsigned)offsetof(struct seccomp_data, args) + allowance->argument * 8;
	const struct sock_filter filter[STEPS] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowance->call, 0, STEPS - 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, place),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, allowance->mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowance->value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	for (int i = 0; i < STEPS; i++)
		steps[i] = filter[i];
}

/* Calls that fail as if there were no such file. */
static const unsigned refused[] = {__NR_openat,	   __NR_newfstatat, __NR_faccessat, __NR_faccessat2,
#ifdef __NR_open
				   __NR_open,	   __NR_stat,	    __NR_access,    __NR_readlink,
#endif
				   __NR_readlinkat};

enum { REFUSAL_STEPS = 3, REFUSALS = sizeof refused / sizeof *refused };

static void
add_refusal(struct sock_filter *steps, unsigned call)
{
	const struct sock_filter filter[REFUSAL_STEPS] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOENT),
	};

	for (int i = 0; i < REFUSAL_STEPS; i++)
		steps[i] = filter[i];
}

/* By prctl(2), which system call filters of units allow, unlike seccomp(2). */
static bool
filter_calls(bool tries_files)
{
	struct sock_filter steps[PREFACE + ALLOWANCES * STEPS + REFUSALS * REFUSAL_STEPS + 1] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCHITECTURE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = {.filter = steps};
	struct sock_filter *end = steps + PREFACE;

	for (unsigned i = 0; i < ALLOWANCES; i++, end += STEPS)
		add_allowance(end, &allowed[i]);
	for (unsigned i = 0; tries_files && i < REFUSALS; i++, end += REFUSAL_STEPS)
		add_refusal(end, refused[i]);
	*end++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program.len = (unsigned short)(end - steps);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* --- limits --- */

static bool
limit(__rlimit_resource_t what, rlim_t most)
{
	const struct rlimit limits = {most, most};

	return setrlimit(what, &limits) == 0;
}

static bool
set_limits(size_t memory_max)
{
	/* Sanitizers' shadow memory needs more addresses than there is memory. */
	return (SANITIZED || limit(RLIMIT_AS, memory_max)) && limit(RLIMIT_STACK, STACK_MAX) &&
	       limit(RLIMIT_CPU, CPU_SECONDS) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_CORE, 0) &&
	       limit(RLIMIT_NPROC, 0) && limit(RLIMIT_NOFILE, STDIN_FILENO + 1);
}

bool
confine(size_t memory_max, bool tries_files)
{
	if (close_range(STDIN_FILENO + 1, ~0U, 0) != 0 || !set_limits(memory_max) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return false;
	return SANITIZED || filter_calls(tries_files); /* sanitizers report through files */
}
