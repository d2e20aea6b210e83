/*
 * A preloaded library that makes calls to the system and the C library fail, one at a time, as a
 * test chooses.
 *
 * The environment variable POSTSEAL_INJECT names a file that the test and all programs map: `struct
 * control`, written by tests/inject/injector.py. While it is armed, calls are counted, separately
 * for each program; the call whose turn it is fails with the requested errno, or transfers less
 * than requested ("short", errno 0).
 *
 * In postseal-milter, only the threads that serve a session count: those that read a MAIL command
 * from the MTA, and the threads they start. Memory requested by GLib has a row of its own, since
 * GLib ends the program when there is none.
 */
#undef _FORTIFY_SOURCE
#define _LARGEFILE64_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* clang-format off */
#define CALLS(ROW)                                                                                                     \
	ROW(read) ROW(pread) ROW(recv) ROW(write) ROW(pwrite) ROW(send) ROW(open) ROW(fopen) ROW(lseek) ROW(ftruncate) \
	ROW(fsync) ROW(poll) ROW(connect) ROW(socket) ROW(socketpair) ROW(pipe) ROW(eventfd) ROW(fcntl) ROW(dup)       \
	ROW(close) ROW(setsockopt) ROW(stat) ROW(access) ROW(rename) ROW(unlink) ROW(mmap) ROW(fork) ROW(spawn)        \
	ROW(waitpid) ROW(thread) ROW(malloc) ROW(calloc) ROW(realloc) ROW(memalign) ROW(glib_memory)
/* clang-format on */

#define ROW(name) CALL_##name,
enum call { CALLS(ROW) CALL_COUNT };
#undef ROW

static const char *const programs[] = {"postseal-milter", "postseal-gpg",
				       "postseal-keeper", "gpg",
				       "postseal-finder", "postseal-keyreader"};
enum {
	PROGRAMS = sizeof programs / sizeof programs[0],
	NAME_MAX_BYTES = 16,
	WHERE_MAX = 256,
	RANGES_MAX = 4
};

struct control {
	uint32_t calls; /* number of rows, reported to the test */
	uint32_t armed;
	uint32_t program, call;
	uint32_t turn;	       /* which call fails, counted from 1; 0: none */
	uint32_t lasting;      /* and all calls after it */
	int32_t error;	       /* errno; 0: a short transfer */
	uint32_t fired;	       /* how many calls have failed */
	char where[WHERE_MAX]; /* who made the first call that failed */
	struct {
		char name[NAME_MAX_BYTES];
		uint32_t count[PROGRAMS];
	} rows[CALL_COUNT];
};

/* The address range of a library's code. */
struct range {
	const char *name;
	uintptr_t from, to;
};

static struct control *control;
static uint32_t program;
static bool watches_all; /* not only those that serve a session */
static _Thread_local bool watched __attribute__((tls_model("initial-exec")));
static struct range glib = {.name = "/libglib-2.0."}, milter = {.name = "/libmilter."};

/* --- getting ready --- */

static void
measure(struct range *range, const struct dl_phdr_info *info)
{
	if (strstr(info->dlpi_name, range->name) == NULL)
		return;
	range->from = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			range->to = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr +
				    info->dlpi_phdr[i].p_memsz;
}

static int
look_at_library(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	measure(&glib, info);
	measure(&milter, info);
	return 0;
}

static bool
is_in(const struct range *range, const void *address)
{
	return (uintptr_t)address >= range->from && (uintptr_t)address < range->to;
}

static void
name_rows(struct control *fresh)
{
#define ROW(name) #name,
	static const char *const names[] = {CALLS(ROW)};
#undef ROW

	for (uint32_t i = 0; i < CALL_COUNT; i++)
		strncpy(fresh->rows[i].name, names[i], NAME_MAX_BYTES - 1);
	fresh->calls = CALL_COUNT;
}

/* Uses system calls directly, so that they are not counted. */
static struct control *
map_control(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC), mapped;

	if (fd < 0)
		return NULL;
	mapped = syscall(SYS_mmap, NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0);
	syscall(SYS_close, fd);
	return (void *)mapped == MAP_FAILED ? NULL : (struct control *)mapped;
}

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("POSTSEAL_INJECT");
	struct control *found;

	while (program < PROGRAMS && strcmp(programs[program], program_invocation_short_name) != 0)
		program++;
	if (path == NULL || program == PROGRAMS || (found = map_control(path)) == NULL)
		return;
	dl_iterate_phdr(look_at_library, NULL);
	watches_all = program != 0;
	if (program == 0)
		name_rows(found);
	control = found;
}

/* --- whose turn it is --- */

enum outcome { GOES_ON, FAILS, FALLS_SHORT };

/* "library+offset" of the calling code. */
static void
note_where(const void *caller)
{
	Dl_info info;

	if (dladdr(caller, &info) == 0)
		return;
	snprintf(control->where, sizeof control->where, "%s+%#lx %s", info.dli_fname,
		 (unsigned long)((uintptr_t)caller - (uintptr_t)info.dli_fbase),
		 info.dli_sname == NULL ? "" : info.dli_sname);
}

static enum outcome
turn(enum call call, const void *caller)
{
	uint32_t number;

	if (control == NULL || !control->armed || !(watched || watches_all))
		return GOES_ON;
	number = __atomic_add_fetch(&control->rows[call].count[program], 1, __ATOMIC_RELAXED);
	if (control->call != call || control->program != program || control->turn == 0 ||
	    (control->lasting ? number < control->turn : number != control->turn))
		return GOES_ON;
	if (__atomic_add_fetch(&control->fired, 1, __ATOMIC_RELAXED) == 1)
		note_where(caller);
	errno = control->error;
	return errno == 0 ? FALLS_SHORT : FAILS;
}

/* A connection that was reset can no longer be read either. */
static ssize_t
break_off(int fd)
{
	int error = errno;

	if (error == ECONNRESET || error == EPIPE)
		syscall(SYS_shutdown, fd, SHUT_RDWR); /* no effect on a pipe */
	errno = error;
	return -1;
}

#define CALLER __builtin_return_address(0)

static void *
next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* --- calls that succeed or fail --- */

#define WRAP(call, type, failure, name, parameters, ...)                                           \
	type name parameters                                                                       \
	{                                                                                          \
		static type(*real) parameters;                                                     \
                                                                                                   \
		if (real == NULL)                                                                  \
			real = (type(*) parameters)next(#name);                                    \
		return turn(CALL_##call, CALLER) == FAILS ? (failure) : real(__VA_ARGS__);         \
	}

WRAP(lseek, off_t, -1, lseek, (int fd, off_t to, int whence), fd, to, whence)
WRAP(lseek, off64_t, -1, lseek64, (int fd, off64_t to, int whence), fd, to, whence)
WRAP(ftruncate, int, -1, ftruncate, (int fd, off_t length), fd, length)
WRAP(fsync, int, -1, fsync, (int fd), fd)
WRAP(poll, int, -1, poll, (struct pollfd * fds, nfds_t count, int limit), fds, count, limit)
WRAP(poll, int, -1, select, (int count, fd_set *r, fd_set *w, fd_set *e, struct timeval *limit),
     count, r, w, e, limit)
WRAP(connect, int, -1, connect, (int fd, const struct sockaddr *to, socklen_t length), fd, to,
     length)
WRAP(socket, int, -1, socket, (int family, int type, int protocol), family, type, protocol)
WRAP(socketpair, int, -1, socketpair, (int family, int type, int protocol, int ends[2]), family,
     type, protocol, ends)
WRAP(pipe, int, -1, pipe, (int ends[2]), ends)
WRAP(pipe, int, -1, pipe2, (int ends[2], int flags), ends, flags)
WRAP(eventfd, int, -1, eventfd, (unsigned initial, int flags), initial, flags)
WRAP(dup, int, -1, dup, (int fd), fd)
WRAP(dup, int, -1, dup2, (int fd, int to), fd, to)
WRAP(setsockopt, int, -1, setsockopt,
     (int fd, int level, int name, const void *value, socklen_t length), fd, level, name, value,
     length)
WRAP(stat, int, -1, stat, (const char *path, struct stat *found), path, found)
WRAP(stat, int, -1, fstat, (int fd, struct stat *found), fd, found)
WRAP(access, int, -1, access, (const char *path, int mode), path, mode)
WRAP(rename, int, -1, rename, (const char *from, const char *to), from, to)
WRAP(unlink, int, -1, unlink, (const char *path), path)
WRAP(fopen, FILE *, NULL, fopen, (const char *path, const char *mode), path, mode)
WRAP(fopen, FILE *, NULL, fopen64, (const char *path, const char *mode), path, mode)
WRAP(mmap, void *, MAP_FAILED, mmap,
     (void *at, size_t length, int rights, int flags, int fd, off_t from), at, length, rights,
     flags, fd, from)
WRAP(mmap, void *, MAP_FAILED, mmap64,
     (void *at, size_t length, int rights, int flags, int fd, off64_t from), at, length, rights,
     flags, fd, from)
WRAP(fork, pid_t, -1, fork, (void), )
WRAP(waitpid, pid_t, -1, waitpid, (pid_t pid, int *status, int options), pid, status, options)
WRAP(spawn, int, errno, posix_spawn,
     (pid_t * pid, const char *path, const posix_spawn_file_actions_t *files,
      const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]),
     pid, path, files, attributes, arguments, environment)

/* The descriptor is closed nevertheless, as on Linux. */
int
close(int fd)
{
	enum outcome outcome = turn(CALL_close, CALLER);
	int error = errno;
	long done = syscall(SYS_close, fd);

	if (outcome == GOES_ON)
		return (int)done;
	errno = error;
	return -1;
}

#define WRAP_OPEN(call, name, before, ...)                                                         \
	int name(before int last, ...)                                                             \
	{                                                                                          \
		static int (*real)(before int, ...);                                               \
		va_list more;                                                                      \
		void *value;                                                                       \
                                                                                                   \
		va_start(more, last);                                                              \
		value = va_arg(more, void *);                                                      \
		va_end(more);                                                                      \
		if (real == NULL)                                                                  \
			real = (int (*)(before int, ...))next(#name);                              \
		return turn(CALL_##call, CALLER) == GOES_ON ? real(__VA_ARGS__, value) : -1;       \
	}
#define COMMA ,

WRAP_OPEN(open, open, const char *path COMMA, path, last)
WRAP_OPEN(open, open64, const char *path COMMA, path, last)
WRAP_OPEN(open, openat, int directory COMMA const char *path COMMA, directory, path, last)
WRAP_OPEN(open, openat64, int directory COMMA const char *path COMMA, directory, path, last)
WRAP_OPEN(fcntl, fcntl, int fd COMMA, fd, last)
WRAP_OPEN(fcntl, fcntl64, int fd COMMA, fd, last)

int __open_2(const char *path, int flags);
WRAP(open, int, -1, __open_2, (const char *path, int flags), path, flags)

/* --- calls that move bytes --- */

#define WRAP_TRANSFER(call, name, parameters, ...)                                                 \
	ssize_t name parameters                                                                    \
	{                                                                                          \
		static ssize_t(*real) parameters;                                                  \
		enum outcome outcome;                                                              \
                                                                                                   \
		if (real == NULL)                                                                  \
			real = (ssize_t(*) parameters)next(#name);                                 \
		outcome = turn(CALL_##call, CALLER);                                               \
		if (outcome == FALLS_SHORT)                                                        \
			length = (length + 1) / 2;                                                 \
		return outcome == FAILS ? break_off(fd) : real(__VA_ARGS__);                       \
	}

WRAP_TRANSFER(pread, pread, (int fd, void *data, size_t length, off_t from), fd, data, length, from)
WRAP_TRANSFER(pread, pread64, (int fd, void *data, size_t length, off64_t from), fd, data, length,
	      from)
WRAP_TRANSFER(recv, recv, (int fd, void *data, size_t length, int flags), fd, data, length, flags)
WRAP_TRANSFER(write, write, (int fd, const void *data, size_t length), fd, data, length)
WRAP_TRANSFER(pwrite, pwrite, (int fd, const void *data, size_t length, off_t from), fd, data,
	      length, from)
WRAP_TRANSFER(pwrite, pwrite64, (int fd, const void *data, size_t length, off64_t from), fd, data,
	      length, from)
WRAP_TRANSFER(send, send, (int fd, const void *data, size_t length, int flags), fd, data, length,
	      flags)
WRAP(recv, ssize_t, break_off(fd), recvmsg, (int fd, struct msghdr *message, int flags), fd,
     message, flags)
WRAP(send, ssize_t, break_off(fd), sendmsg, (int fd, const struct msghdr *message, int flags), fd,
     message, flags)

enum { COMMAND_BYTES = 5, COMMAND = 4 }; /* libmilter's header: a length, then the command */

ssize_t
read(int fd, void *data, size_t length)
{
	static ssize_t (*real)(int fd, void *data, size_t length);
	enum outcome outcome = turn(CALL_read, CALLER);
	ssize_t got;

	if (outcome == FAILS)
		return break_off(fd);
	if (real == NULL)
		real = (ssize_t(*)(int, void *, size_t))next("read");
	got = real(fd, data, outcome == FALLS_SHORT ? (length + 1) / 2 : length);
	if (got == COMMAND_BYTES && is_in(&milter, CALLER) && ((const char *)data)[COMMAND] == 'M')
		watched = true;
	return got;
}

ssize_t
writev(int fd, const struct iovec *pieces, int count)
{
	static ssize_t (*real)(int fd, const struct iovec *pieces, int count);
	enum outcome outcome = turn(CALL_write, CALLER);

	if (real == NULL)
		real = (ssize_t(*)(int, const struct iovec *, int))next("writev");
	if (outcome == FAILS)
		return break_off(fd);
	return real(fd, pieces, outcome == FALLS_SHORT ? 1 : count);
}

/* --- memory, with the C library's own names for what is behind us: dlsym() might ask for some ---
 */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static bool
has_memory(enum call call, const void *caller)
{
	return turn(is_in(&glib, caller) ? CALL_glib_memory : call, caller) == GOES_ON;
}

void *
malloc(size_t size)
{
	return has_memory(CALL_malloc, CALLER) ? __libc_malloc(size) : NULL;
}

void *
calloc(size_t count, size_t size)
{
	return has_memory(CALL_calloc, CALLER) ? __libc_calloc(count, size) : NULL;
}

void *
realloc(void *old, size_t size)
{
	return has_memory(CALL_realloc, CALLER) ? __libc_realloc(old, size) : NULL;
}

int
posix_memalign(void **memory_r, size_t alignment, size_t size)
{
	void *memory = has_memory(CALL_memalign, CALLER) ? __libc_memalign(alignment, size) : NULL;

	if (memory == NULL)
		return ENOMEM;
	*memory_r = memory;
	return 0;
}

/* --- threads --- */

struct beginning {
	void *(*run)(void *argument);
	void *argument;
};

static void *
run_watched(void *data)
{
	struct beginning beginning = *(struct beginning *)data;

	free(data);
	watched = true;
	return beginning.run(beginning.argument);
}

/* A thread started by a session belongs to that session. */
int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
	       void *argument)
{
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	struct beginning *beginning;

	if (turn(CALL_thread, CALLER) != GOES_ON)
		return errno;
	if (real == NULL)
		real = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
				void *))next("pthread_create");
	beginning = watched ? __libc_malloc(sizeof *beginning) : NULL;
	if (beginning == NULL)
		return real(thread, attributes, run, argument);
	*beginning = (struct beginning){run, argument};
	return real(thread, attributes, run_watched, beginning);
}
