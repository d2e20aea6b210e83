/*
 * Replaces postseal-reader in the tests: its formats try what a parser taken over by a document
 * would try. It is built as build/tests/postseal-reader.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/reader/serve.h"

/* The code after the call is reached only if the call was allowed. */
static void
say(GString *answer, long result)
{
	g_string_append_printf(answer, "went on, with %ld", result);
}

static void
probe_echo(const char *document, size_t length, GString *answer)
{
	g_string_append_len(answer, document, (gssize)length);
}

/* The system calls themselves, as a parser that was taken over would make them, without the
 * library. */
static void
probe_call(const char *document, size_t length, GString *answer)
{
	static const struct {
		const char *name;
		long number, arguments[4];
	} calls[] = {
		{"open", SYS_openat, {-100, (long)"/etc/hostname", 0, 0}},
		{"socket", SYS_socket, {AF_INET, SOCK_STREAM, 0, 0}},
		{"execute", SYS_execve, {(long)"/bin/true", 0, 0, 0}},
		{"fork", SYS_clone, {17, 0, 0, 0}},
		{"kill", SYS_kill, {1, 0, 0, 0}},
		{"trace", SYS_ptrace, {16, 1, 0, 0}},
		{"write elsewhere", SYS_sendto, {2, (long)"x", 1, 0}},
		{"code",
		 SYS_mmap,
		 {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS}},
		{"raise limits", SYS_prlimit64, {0, 9, 0, 0}},
	};

	(void)length;
	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++)
		if (strcmp(document, calls[i].name) == 0)
			say(answer,
			    syscall(calls[i].number, calls[i].arguments[0], calls[i].arguments[1],
				    calls[i].arguments[2], calls[i].arguments[3], -1, 0));
}

/* Allocates more than the parser may, through the functions that count. */
static void
probe_hoard(const char *document, size_t length, GString *answer)
{
	(void)document;
	(void)length;
	(void)answer;
	for (;;)
		*(volatile char *)reader_allocate(1 << 20) = 1;
}

/* The same, bypassing them. */
static void
probe_grab(const char *document, size_t length, GString *answer)
{
	void *memory = malloc(256 * 1024 * 1024);

	(void)document;
	(void)length;
	say(answer, memory != NULL);
	free(memory);
}

static void
probe_work(const char *document, size_t length, GString *answer)
{
	volatile unsigned long turns = 0;

	(void)document;
	(void)length;
	(void)answer;
	for (;;)
		turns++;
}

/* Does no work: waits for something that nobody sends. */
static void
probe_wait(const char *document, size_t length, GString *answer)
{
	char more;

	(void)document;
	(void)length;
	say(answer, recv(STDIN_FILENO, &more, 1, 0));
}

static void
probe_crash(const char *document, size_t length, GString *answer)
{
	(void)document;
	(void)length;
	(void)answer;
	__builtin_trap();
}

static void
probe_flood(const char *document, size_t length, GString *answer)
{
	(void)document;
	(void)length;
	g_string_set_size(answer, READER_ANSWER_MAX + 1);
}

static void
probe_pieces(const char *document, size_t length, GString *answer)
{
	(void)answer;
	reader_tell(READER_NAME, "a name", 6);
	for (size_t i = 0; i < length; i++)
		reader_tell(READER_TEXT, document + i, 1);
	if (length > 3)
		reader_refuse(READER_TOO_MANY);
}

/* Works for some milliseconds between a piece and the answer. */
static void
probe_slow_pieces(const char *document, size_t length, GString *answer)
{
	(void)document, (void)length, (void)answer;
	reader_tell(READER_NAME, "a name", 6);
	for (volatile unsigned i = 0; i < 3000000; i++)
		;
}

static void
probe_flood_of_pieces(const char *document, size_t length, GString *answer)
{
	static const char piece[READER_PIECE_MAX];

	(void)document, (void)length, (void)answer;
	for (;;)
		reader_tell(READER_TEXT, piece, sizeof piece);
}

static const struct reader_format formats[] = {
	{"echo", probe_echo},
	{"call", probe_call},
	{"hoard", probe_hoard},
	{"grab", probe_grab},
	{"work", probe_work},
	{"wait", probe_wait},
	{"crash", probe_crash},
	{"flood", probe_flood},
	{"pieces", probe_pieces},
	{"slow pieces", probe_slow_pieces},
	{"flood of pieces", probe_flood_of_pieces},
	{NULL, NULL},
};

int
main(void)
{
	return reader_serve(formats, &reader_page_limits);
}
