#include "mail/imprint.h"

#include <string.h>

#include "core/address.h"

static void
hash(struct imprint_sink *imprint, const void *data, size_t length)
{
	crypto_generichash_update(&imprint->state, data, length);
}

/* --- the header --- */

/* Fields that say what the mail is, or how to read its body, and that an MTA leaves alone: without
 * those with addresses, which a second pass may find rewritten, and which message_identity() has.
 * The two lists are not one, since what is on record under either must be recognised after an
 * upgrade. */
static bool
counts(const char *name)
{
	static const char *const names[] = {"message-id", "date",	  "subject",
					    "comments",	  "keywords",	  "in-reply-to",
					    "references", "importance",	  "sensitivity",
					    "priority",	  "mime-version", NULL};

	return g_str_has_prefix(name, "content-") || g_strv_contains(names, name);
}

static void
hash_without_blanks(struct imprint_sink *imprint, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!g_ascii_isspace(text[i]))
			hash(imprint, text + i, 1);
	hash(imprint, "", 1);
}

static void
hash_field(struct imprint_sink *imprint, const char *field, size_t length)
{
	const char *colon = memchr(field, ':', length);
	g_autofree char *name = NULL;

	if (colon == NULL)
		return;
	name = g_ascii_strdown(field, colon - field);
	g_strchomp(name);
	if (!counts(name))
		return;
	hash_without_blanks(imprint, name, strlen(name));
	hash_without_blanks(imprint, colon + 1, length - (size_t)(colon + 1 - field));
}

/* Each field with its folds; the empty line follows the last one. */
static void
hash_header(struct imprint_sink *imprint)
{
	const char *field = imprint->header->str, *end;

	for (; *field != '\0'; field = end) {
		end = field;
		do {
			end += strcspn(end, "\n");
			end += *end == '\n';
		} while (*end == ' ' || *end == '\t');
		hash_field(imprint, field, (size_t)(end - field));
	}
	g_string_truncate(imprint->header, 0);
}

/* --- the body --- */

/* A CR is part of the line unless a LF follows it. */
static void
hash_part_of_line(struct imprint_sink *imprint, const char *text, size_t length)
{
	if (length == 0)
		return;
	if (imprint->has_return)
		hash(imprint, "\r", 1);
	imprint->has_return = text[length - 1] == '\r';
	hash(imprint, text, length - imprint->has_return);
	imprint->in_line = true;
}

static void
hash_body(struct imprint_sink *imprint, const char *text, size_t length)
{
	const char *end = text + length, *stop;

	for (; (stop = memchr(text, '\n', (size_t)(end - text))) != NULL; text = stop + 1) {
		hash_part_of_line(imprint, text, (size_t)(stop - text));
		hash(imprint, "\n", 1);
		imprint->in_line = imprint->has_return = false;
	}
	hash_part_of_line(imprint, text, (size_t)(end - text));
}

/* --- both --- */

/* The header may arrive in pieces; it ends with the first empty line. */
static bool
take(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct imprint_sink *imprint = (struct imprint_sink *)sink;

	if (imprint->in_body) {
		hash_body(imprint, data, length);
	} else {
		gsize known = imprint->header->len, looked = known < 3 ? 0 : known - 3;
		const char *end;

		g_string_append_len(imprint->header, data, (gssize)length);
		end = strstr(imprint->header->str + looked, "\r\n\r\n");
		if (end != NULL) {
			gsize header = (gsize)(end - imprint->header->str) + strlen("\r\n\r\n");

			g_string_truncate(imprint->header, header);
			hash_header(imprint);
			imprint->in_body = true;
			hash_body(imprint, (const char *)data + (header - known),
				  length - (header - known));
		}
	}
	return imprint->next == NULL || sink_write(imprint->next, data, length, fault);
}

static bool
finish(struct sink *sink, struct fault *fault)
{
	struct imprint_sink *imprint = (struct imprint_sink *)sink;

	return imprint->next == NULL || sink_finish(imprint->next, fault);
}

void
imprint_sink_init(struct imprint_sink *imprint, const char *sender, struct sink *next)
{
	g_autofree char *folded = address_fold(sender);

	*imprint = (struct imprint_sink){.sink = {.write = take, .finish = finish},
					 .next = next,
					 .header = g_string_new(NULL)};
	crypto_generichash_init(&imprint->state, NULL, 0, IMPRINT_BYTES);
	hash(imprint, folded, strlen(folded) + 1);
}

/* A last line without a line end gets one when it passes through a mail queue. */
void
imprint_sink_end(const struct imprint_sink *imprint, unsigned char imprint_r[IMPRINT_BYTES])
{
	struct imprint_sink ended = *imprint;

	if (ended.has_return)
		hash(&ended, "\r", 1);
	if (ended.in_line)
		hash(&ended, "\n", 1);
	crypto_generichash_final(&ended.state, imprint_r, IMPRINT_BYTES);
}

void
imprint_sink_clear(struct imprint_sink *imprint)
{
	if (imprint->header != NULL)
		g_string_free(imprint->header, TRUE);
	imprint->header = NULL;
}

bool
imprint_of(const struct message *message, unsigned char imprint_r[IMPRINT_BYTES],
	   struct fault *fault)
{
	struct imprint_sink imprint;
	bool done = true;

	imprint_sink_init(&imprint, message->sender, NULL);
	for (guint i = 0; i < message->fields->len && done; i++)
		done = field_write(g_ptr_array_index(message->fields, i), &imprint.sink, fault);
	done = done && sink_write(&imprint.sink, "\r\n", 2, fault) &&
	       spool_copy(message->body, 0, &imprint.sink, fault);
	if (done)
		imprint_sink_end(&imprint, imprint_r);
	imprint_sink_clear(&imprint);
	return done;
}
