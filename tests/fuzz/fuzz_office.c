/*
 * Archives, documents, calendars and pictures: whatever is in them, what is told about them keeps
 * to the protocol. They are read in this process, with a simulated postseal-reader around it: after
 * a refusal the fuzzer goes on with the next one. The first byte says as what the rest is read.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/reader/serve.h"
#include "mail/document/calendar.h"
#include "mail/document/office_text.h"
#include "mail/document/package.h"
#include "mail/document/picture_preview.h"
#include "mail/document/rtf_text.h"
#include "mail/document/text_out.h"
#include "mail/invitation.h"
#include "portal/invitation_when.h"

enum { ALLOCATIONS_MAX = 1000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* What a document that is refused has allocated goes with its process. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

static struct {
	GPtrArray *memory;
	jmp_buf refused;
	bool has_file;
	size_t told;
} around;

void
reader_refuse(enum reader_outcome outcome)
{
	if (outcome <= READER_DONE || outcome >= READER_OUTCOMES)
		abort();
	longjmp(around.refused, (int)outcome);
}

void *
reader_allocate(size_t size)
{
	void *memory;

	if (around.memory->len >= ALLOCATIONS_MAX)
		reader_refuse(READER_TOO_MUCH_MEMORY);
	memory = g_malloc(size);
	g_ptr_array_add(around.memory, memory);
	return memory;
}

/* Frees everything at the end. */
void
reader_release(void *memory)
{
	(void)memory;
}

void
reader_tell(enum reader_piece piece, const char *bytes, size_t length)
{
	if (length > READER_PIECE_MAX || piece < READER_TEXT || piece >= READER_PIECE_KINDS ||
	    (piece == READER_CONTENT && !around.has_file))
		abort();
	if (piece == READER_OPAQUE_TEXT || piece == READER_OPAQUE_FILES)
		if (!g_utf8_validate_len(bytes, length, NULL))
			abort();
	around.has_file |= piece == READER_FILE;
	around.told += length;
	if (around.told > READER_PIECES_MAX)
		reader_refuse(READER_TOO_LARGE);
}

static void
read_xml(const char *bytes, size_t length, GString *answer)
{
	struct office_text *office = office_text_new(NULL, false);

	(void)answer;
	for (size_t at = 0; at < length; at += MIN((size_t)64, length - at))
		if (!office_text_step(office, bytes + at, MIN((size_t)64, length - at)))
			break;
	office_text_end(office);
	text_out_flush();
}

/* What is shown of it as well. */
static void
read_calendar(const char *bytes, size_t length, GString *answer)
{
	struct invitation *invitation;

	(void)answer;
	answer = g_string_new(NULL);
	calendar_read(bytes, length, answer);
	invitation = invitation_parse(answer->str, answer->len);
	for (guint i = 0; i < invitation->events->len; i++) {
		const struct invitation_event *event = g_ptr_array_index(invitation->events, i);

		g_free(invitation_when("en", event));
		g_free(invitation_repeats("en", event));
		g_free(invitation_instance("en", event));
	}
	invitation_free(invitation);
	g_string_free(answer, TRUE);
}

/* What the libraries for pictures hold when they are refused goes with the process. */
static void
read_picture(const char *bytes, size_t length, GString *answer)
{
	(void)answer;
	answer = g_string_new(NULL);
	picture_preview_read(bytes, length, answer);
	g_string_free(answer, TRUE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *bytes = NULL; /* with a NUL behind them */

	if (size == 0)
		return 0;
	bytes = g_malloc0(size);
	memcpy(bytes, data + 1, size - 1);
	around.memory = g_ptr_array_new_with_free_func(g_free);
	around.has_file = false;
	around.told = 0;
	if (setjmp(around.refused) == 0)
		(*data == 'z'	? package_read
		 : *data == 'r' ? rtf_text_read
		 : *data == 'c' ? read_calendar
		 : *data == 'p' ? read_picture
				: read_xml)(bytes, size - 1, NULL);
	g_ptr_array_unref(around.memory);
	return 0;
}
