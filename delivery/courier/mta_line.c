#include "delivery/courier/mta_line.h"

#include <string.h>

#include "core/address.h"

/* Returns what follows "Nov  6 09:30:00 host " or "2026-11-06T09:30:00.123456+00:00 host ", or
 * NULL. */
static char *
after_time_and_host(char *line)
{
	int words = g_ascii_isdigit(*line) ? 2 : 4;

	for (; words > 0 && *line != '\0'; words--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return words == 0 ? line : NULL;
}

/* Other programs log what strangers sent them, so a program's name counts only in its proper place.
 */
bool
mta_entry_of(struct mta_entry *entry_r, char *line)
{
	char *process = after_time_and_host(line);
	size_t length = process == NULL ? 0 : strcspn(process, " ");

	if (length < 2 || strncmp(process + length - 2, "]: ", 3) != 0)
		return false;
	process[length - 1] = '\0';
	entry_r->process = process;
	entry_r->text = process + length + 1;
	return true;
}

/* --- pieces --- */

char *
mta_line_piece(const char *text, const char *before, const char *end)
{
	const char *begin = strstr(text, before), *stop;

	if (begin == NULL)
		return g_strdup("");
	begin += strlen(before);
	stop = strstr(begin, end);
	return stop == NULL ? g_strdup(begin) : g_strndup(begin, (gsize)(stop - begin));
}

void
mta_line_set(char **place, char *text)
{
	g_free(*place);
	*place = text;
}

const char *
mta_line_address(const char *at, char **address_r)
{
	const char *end = at;

	if (*end == '"')
		for (end++; *end != '"' && *end != '\0'; end++)
			end += *end == '\\' && end[1] != '\0';
	end = strchr(end, '>');
	if (end == NULL)
		return NULL;
	g_free(*address_r);
	*address_r = g_strndup(at, (gsize)(end - at));
	return end + 1;
}

/* "QUEUEID: " at the start of the text. */
static char *
queue_id_of(const char *text, const char **said_r)
{
	size_t length = 0;

	while (g_ascii_isalnum(text[length]))
		length++;
	if (length == 0 || strncmp(text + length, ": ", 2) != 0)
		return NULL;
	*said_r = text + length + 2;
	return g_strndup(text, length);
}

bool
mta_line_parse(struct mta_line *line_r, const struct mta_entry *entry, enum mta mta)
{
	const char *said = "";

	*line_r = (struct mta_line){.queue_id = queue_id_of(entry->text, &said),
				    .to = g_ptr_array_new_with_free_func(g_free),
				    .original = g_strdup(""),
				    .relay = g_strdup(""),
				    .text = g_strdup("")};
	if ((mta == MTA_POSTFIX ? mta_postfix_parse : mta_sendmail_parse)(line_r, entry, said))
		return true;
	mta_line_clear(line_r);
	return false;
}

void
mta_line_clear(struct mta_line *line)
{
	g_clear_pointer(&line->queue_id, g_free);
	g_clear_pointer(&line->to, g_ptr_array_unref);
	g_clear_pointer(&line->original, g_free);
	g_clear_pointer(&line->relay, g_free);
	g_clear_pointer(&line->text, g_free);
	line->said = MTA_NOTHING;
}

char *
mta_line_fold(const char *address)
{
	g_autofree char *valid = g_utf8_make_valid(address, -1);

	return *address == '\0' ? g_strdup("") : address_fold(valid);
}
