#include "keystore/finder/protocol.h"

#include <string.h>

struct question_head {
	uint32_t number, milliseconds, wish, subject, body; /* the last two: bytes that follow */
};

/* Followed by the lengths of the items, then place, why and the items themselves. */
struct answer_head {
	uint32_t number, outcome, lifetime, flags, place, why, items;
};
enum { ANSWER_SECURE = 1, ANSWER_PARTIAL = 2 };

/* --- questions --- */

void
finder_asked_clear(struct finder_asked *asked)
{
	g_clear_pointer(&asked->subject, g_free);
	g_clear_pointer(&asked->body, g_bytes_unref);
}

static gsize
size_of(GBytes *bytes)
{
	return bytes == NULL ? 0 : g_bytes_get_size(bytes);
}

static void
append(GByteArray *to, const void *data, gsize length)
{
	if (length > 0)
		g_byte_array_append(to, data, (guint)length);
}

static void
append_bytes(GByteArray *to, GBytes *bytes)
{
	append(to, bytes == NULL ? NULL : g_bytes_get_data(bytes, NULL), size_of(bytes));
}

bool
finder_question_fits(const struct finder_question *question)
{
	return question->wish < FINDER_WISHES && strlen(question->subject) <= FINDER_SUBJECT_MAX &&
	       size_of(question->body) <= FINDER_BODY_MAX;
}

void
finder_put_question(GByteArray *to, uint32_t number, const struct finder_question *question,
		    uint32_t milliseconds)
{
	const struct question_head head = {.number = number,
					   .milliseconds = milliseconds,
					   .wish = question->wish,
					   .subject = (uint32_t)strlen(question->subject),
					   .body = (uint32_t)size_of(question->body)};

	append(to, &head, sizeof head);
	append(to, question->subject, head.subject);
	append_bytes(to, question->body);
}

enum finder_frame
finder_take_question(const void *bytes, size_t length, struct finder_asked *asked_r, size_t *used_r)
{
	const char *at = (const char *)bytes + sizeof(struct question_head);
	struct question_head head;

	if (length < sizeof head)
		return FINDER_FRAME_INCOMPLETE;
	memcpy(&head, bytes, sizeof head);
	if (head.wish >= FINDER_WISHES || head.subject > FINDER_SUBJECT_MAX ||
	    head.body > FINDER_BODY_MAX)
		return FINDER_FRAME_MALFORMED;
	*used_r = sizeof head + head.subject + head.body;
	if (length < *used_r)
		return FINDER_FRAME_INCOMPLETE;
	if (memchr(at, '\0', head.subject) != NULL)
		return FINDER_FRAME_MALFORMED;
	*asked_r = (struct finder_asked){
		.number = head.number, .milliseconds = head.milliseconds, .wish = head.wish};
	asked_r->subject = g_strndup(at, head.subject);
	if (head.body > 0)
		asked_r->body = g_bytes_new(at + head.subject, head.body);
	return FINDER_FRAME_COMPLETE;
}

/* --- answers --- */

static bool
answer_fits(const struct finder_answer *answer)
{
	const guint count = answer->items == NULL ? 0 : answer->items->len;
	gsize all = 0;

	for (guint i = 0; i < count; i++)
		all += g_bytes_get_size(g_ptr_array_index(answer->items, i));
	return count <= FINDER_ITEMS_MAX && all <= FINDER_BYTES_MAX;
}

static uint32_t
text_length(const char *text, size_t most)
{
	return text == NULL ? 0 : (uint32_t)MIN(strlen(text), most);
}

void
finder_put_answer(GByteArray *to, uint32_t number, const struct finder_answer *answer)
{
	static const struct finder_answer too_much = {
		.outcome = FINDER_FAILED, .why = (char *)"more was found than an answer can hold"};
	struct answer_head head;

	if (!answer_fits(answer))
		answer = &too_much;
	head = (struct answer_head){.number = number,
				    .outcome = answer->outcome,
				    .lifetime = answer->lifetime,
				    .flags = (answer->secure ? ANSWER_SECURE : 0) |
					     (answer->is_partial ? ANSWER_PARTIAL : 0),
				    .place = text_length(answer->place, FINDER_PLACE_MAX),
				    .why = text_length(answer->why, FINDER_WHY_MAX),
				    .items = answer->items == NULL ? 0 : answer->items->len};
	append(to, &head, sizeof head);
	for (guint i = 0; i < head.items; i++) {
		uint32_t length = (uint32_t)size_of(g_ptr_array_index(answer->items, i));

		append(to, &length, sizeof length);
	}
	append(to, answer->place, head.place);
	append(to, answer->why, head.why);
	for (guint i = 0; i < head.items; i++)
		append_bytes(to, g_ptr_array_index(answer->items, i));
}

static bool
head_is_within_limits(const struct answer_head *head)
{
	return head->outcome <= FINDER_FAILED && head->items <= FINDER_ITEMS_MAX &&
	       head->place <= FINDER_PLACE_MAX && head->why <= FINDER_WHY_MAX &&
	       (head->items == 0 || head->outcome == FINDER_FOUND);
}

/* Text that came from strangers: one line of UTF-8 without control characters. */
static char *
take_text(const char *at, size_t length)
{
	char *text;

	if (length == 0)
		return NULL;
	text = g_utf8_make_valid(at, (gssize)length);
	for (char *c = text; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c))
			*c = '?';
	return text;
}

static void
take_items(struct finder_answer *answer, const char *at, const uint32_t *lengths, uint32_t count)
{
	answer->items = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	for (uint32_t i = 0; i < count; at += lengths[i++])
		g_ptr_array_add(answer->items, g_bytes_new(at, lengths[i]));
}

enum finder_frame
finder_take_answer(const void *bytes, size_t length, uint32_t *number_r,
		   struct finder_answer *answer_r, size_t *used_r)
{
	uint32_t lengths[FINDER_ITEMS_MAX];
	const char *at = bytes;
	struct answer_head head;
	uint64_t all = 0;

	if (length < sizeof head)
		return FINDER_FRAME_INCOMPLETE;
	memcpy(&head, at, sizeof head);
	if (!head_is_within_limits(&head))
		return FINDER_FRAME_MALFORMED;
	if (length < sizeof head + head.items * sizeof *lengths)
		return FINDER_FRAME_INCOMPLETE;
	memcpy(lengths, at + sizeof head, head.items * sizeof *lengths);
	for (uint32_t i = 0; i < head.items; i++)
		all += lengths[i];
	if (all > FINDER_BYTES_MAX)
		return FINDER_FRAME_MALFORMED;
	at += sizeof head + head.items * sizeof *lengths;
	*used_r = (size_t)(at - (const char *)bytes) + head.place + head.why + all;
	if (length < *used_r)
		return FINDER_FRAME_INCOMPLETE;
	*number_r = head.number;
	*answer_r = (struct finder_answer){.outcome = head.outcome,
					   .lifetime = head.lifetime,
					   .secure = (head.flags & ANSWER_SECURE) != 0,
					   .is_partial = (head.flags & ANSWER_PARTIAL) != 0};
	answer_r->place = take_text(at, head.place);
	answer_r->why = take_text(at + head.place, head.why);
	take_items(answer_r, at + head.place + head.why, lengths, head.items);
	return FINDER_FRAME_COMPLETE;
}
