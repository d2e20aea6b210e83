#include "core/reader/serve.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/reader/confine.h"
#include "core/transfer.h"

enum {
#ifdef POSTSEAL_SANITIZED
	SLOWNESS = 10,
#else
	SLOWNESS = 1,
#endif
	ALARM_SECONDS = 30, /* in case the calling program cannot end this process */
};

const struct reader_limits reader_page_limits = {
	.document_max = READER_DOCUMENT_MAX,
	.allocated_max = 32 * 1024 * 1024,
	.memory_max = 96 * 1024 * 1024,
	.work_microseconds = 20000,
	.byte_nanoseconds = 500,
};

/* Until a process serves a format: where a parser is called without one, as tests do. */
static const struct reader_limits *limits = &reader_page_limits;
static size_t allocated; /* bytes */
static size_t told;	 /* bytes */

/* --- the budget --- */

static void
set_timer(__itimer_which_t which, int64_t microseconds)
{
	const struct itimerval timer = {.it_value.tv_sec = microseconds / G_USEC_PER_SEC,
					.it_value.tv_usec = microseconds % G_USEC_PER_SEC};

	setitimer(which, &timer, NULL);
}

/* Once begun, the answer must not be interrupted. */
static void
send_answer(enum reader_outcome outcome, const char *bytes, size_t length)
{
	const struct reader_answer answer = {.outcome = outcome, .length = (uint32_t)length};

	set_timer(ITIMER_PROF, 0);
	if (transfer_send(STDIN_FILENO, &answer, sizeof answer, TRANSFER_FOREVER))
		transfer_send(STDIN_FILENO, bytes, length, TRANSFER_FOREVER);
}

/* Also called from a signal handler. */
void
reader_refuse(enum reader_outcome outcome)
{
	send_answer(outcome, NULL, 0);
	_exit(EXIT_SUCCESS);
}

/* Wherever the parser is, there is no need to return to it. */
static void
refuse_work(int number)
{
	(void)number;
	reader_refuse(READER_TOO_MUCH_WORK);
}

/* A refusal while a piece is being sent would cut it in two: that time does not count. */
void
reader_tell(enum reader_piece piece, const char *bytes, size_t length)
{
	const struct reader_answer header = {.outcome = piece, .length = (uint32_t)length};
	const struct itimerval none = {.it_value = {0}};
	struct itimerval left;

	told += length + sizeof header;
	if (told > READER_PIECES_MAX || length > READER_PIECE_MAX)
		reader_refuse(READER_TOO_LARGE);
	setitimer(ITIMER_PROF, &none, &left);
	if (!transfer_send(STDIN_FILENO, &header, sizeof header, TRANSFER_FOREVER) ||
	    !transfer_send(STDIN_FILENO, bytes, length, TRANSFER_FOREVER))
		_exit(EXIT_FAILURE);
	setitimer(ITIMER_PROF, &left, NULL);
}

void *
reader_allocate(size_t size)
{
	void *memory = malloc(size);

	if (memory == NULL)
		reader_refuse(READER_TOO_MUCH_MEMORY);
	allocated += malloc_usable_size(memory);
	if (allocated > limits->allocated_max)
		reader_refuse(READER_TOO_MUCH_MEMORY);
	return memory;
}

void
reader_release(void *memory)
{
	if (memory != NULL)
		allocated -= malloc_usable_size(memory);
	free(memory);
}

/* --- the document --- */

static const struct reader_format *
find_format(const struct reader_format *formats, const char *name)
{
	for (; formats->name != NULL; formats++)
		if (strncmp(name, formats->name, READER_FORMAT_MAX) == 0)
			return formats;
	reader_refuse(READER_NO_FORMAT);
}

/* NULL: the other end is gone. */
static char *
receive_document(size_t length)
{
	char *document;

	if (length > limits->document_max)
		reader_refuse(READER_TOO_LARGE);
	document = reader_allocate(length + 1);
	document[length] = '\0';
	return transfer_receive(STDIN_FILENO, document, length, TRANSFER_FOREVER) ? document : NULL;
}

static int64_t
work_for(const struct reader_format *format, size_t length)
{
	const int64_t work = format->work_microseconds != 0 ? format->work_microseconds
							    : limits->work_microseconds;

	return SLOWNESS * (work + (int64_t)length * limits->byte_nanoseconds / 1000);
}

static void
read_document(const struct reader_format *format, const char *document, size_t length)
{
	GString *answer = g_string_new(NULL);

	set_timer(ITIMER_PROF, work_for(format, length));
	format->read(document, length, answer);
	if (answer->len > READER_ANSWER_MAX)
		reader_refuse(READER_TOO_LARGE);
	send_answer(READER_DONE, answer->str, answer->len);
}

int
reader_serve(const struct reader_format *formats, const struct reader_limits *program_limits)
{
	const struct sigaction at_end = {.sa_handler = refuse_work};
	const struct reader_format *format;
	struct reader_request request;
	socklen_t size = sizeof(int);
	char *document;
	int type;

	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
		fputs("postseal-reader: only the other programs of Postseal start this program\n",
		      stderr);
		return 2;
	}
	limits = program_limits;
	if (sigaction(SIGPROF, &at_end, NULL) != 0 ||
	    !confine(limits->memory_max, limits->tries_files))
		return EXIT_FAILURE;
	if (!transfer_receive(STDIN_FILENO, &request, sizeof request, TRANSFER_FOREVER))
		return EXIT_SUCCESS;
	set_timer(ITIMER_REAL, (int64_t)ALARM_SECONDS * G_USEC_PER_SEC);
	format = find_format(formats, request.format);
	document = receive_document(request.length);
	if (document != NULL)
		read_document(format, document, request.length);
	_exit(EXIT_SUCCESS);
}
