#include "delivery/courier/mta_line.h"

#include <stdlib.h>
#include <string.h>

#include "core/address.h"

/* "Nov  6 09:30:00 host ", or "2026-11-06T09:30:00.123456+00:00 host ": what follows, or NULL. */
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

/* Other programs write what strangers sent them: only in its place does a name count as one. */
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

/* What stands between `before` and the next `end`; "" where it does not. */
static char *
piece(const char *text, const char *before, const char *end)
{
	const char *begin = strstr(text, before), *stop;

	if (begin == NULL)
		return g_strdup("");
	begin += strlen(before);
	stop = strstr(begin, end);
	return stop == NULL ? g_strdup(begin) : g_strndup(begin, (gsize)(stop - begin));
}

static void
set(char **place, char *text)
{
	g_free(*place);
	*place = text;
}

/* "QUEUEID: " at the beginning. */
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

/* --- kinds of lines --- */

/* The address after "<", and what follows its ">"; NULL where there is no end. A quoted local part
 * may hold anything, also what looks like the rest of the line. */
static const char *
parse_address(const char *at, char **address_r)
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

/* "to=<a>, orig_to=<b>, relay=host[1.2.3.4]:25, delay=…, dsn=2.0.0, status=sent (250 …)" */
static bool
parse_delivery(struct mta_line *line, const char *said)
{
	static const char original[] = ", orig_to=<", before[] = ", status=";
	static const struct {
		const char *status;
		enum mta_said said;
	} outcomes[] = {{"sent", MTA_SENT},
			{"deferred", MTA_DEFERRED},
			{"bounced", MTA_RETURNED},
			{"expired", MTA_RETURNED}};
	const char *rest = parse_address(said + strlen("to=<"), &line->to), *status;

	if (rest != NULL && g_str_has_prefix(rest, original))
		rest = parse_address(rest + strlen(original), &line->original);
	if (rest == NULL || (status = strstr(rest, before)) == NULL)
		return false;
	status += strlen(before);
	for (size_t i = 0; i < G_N_ELEMENTS(outcomes); i++)
		if (g_str_has_prefix(status, outcomes[i].status))
			line->said = outcomes[i].said;
	set(&line->relay, piece(rest, ", relay=", ", "));
	set(&line->text, piece(status, " (", "\n"));
	if (g_str_has_suffix(line->text, ")"))
		line->text[strlen(line->text) - 1] = '\0';
	return line->said != MTA_NOTHING;
}

/* "from=<a>, size=1, nrcpt=1 (queue active)", "from=<a>, status=expired, returned to sender" */
static bool
parse_queue(struct mta_line *line, const char *said)
{
	g_autofree char *from = NULL;
	const char *rest = parse_address(said + strlen("from=<"), &from);
	const char *count = rest == NULL ? NULL : strstr(rest, ", nrcpt=");

	if (rest == NULL)
		return false;
	if (count != NULL) {
		line->said = MTA_TOOK;
		line->recipients = (unsigned)strtoul(count + strlen(", nrcpt="), NULL, 10);
	} else if (strstr(rest, ", status=expired") != NULL ||
		   strstr(rest, ", status=force-expired") != NULL) {
		line->said = MTA_RETURNED;
		set(&line->text, g_strdup("the MTA gave up: it could not be delivered in time"));
	}
	return line->said != MTA_NOTHING;
}

static bool
parse_said(struct mta_line *line, const char *said)
{
	if (g_str_has_prefix(said, "to=<"))
		return parse_delivery(line, said);
	if (g_str_has_prefix(said, "from=<"))
		return parse_queue(line, said);
	if (g_str_has_prefix(said, "milter-discard: ")) {
		line->said = MTA_DISCARDED;
	} else if (strcmp(said, "removed") == 0) {
		line->said = MTA_REMOVED;
	} else if (g_str_has_prefix(said, "client=") && strstr(said, ", orig_queue_id=") != NULL) {
		line->said = MTA_IDENT;
		set(&line->text, piece(said, ", orig_queue_id=", ","));
	}
	return line->said != MTA_NOTHING;
}

/* "Verified TLS connection established to host[1.2.3.4]:25: TLSv1.3 with cipher NAME (…) …" */
static bool
parse_tls(struct mta_line *line, const char *text)
{
	static const char established[] = " TLS connection established to ";
	static const char *const kinds[] = {"Verified", "Trusted", "Untrusted", "Anonymous", NULL};
	const char *at = text + strcspn(text, " ");
	const char *host, *how;
	g_autofree char *kind = NULL;
	g_autofree char *cipher = NULL;

	g_autofree char *word = g_strndup(text, (gsize)(at - text));

	if (!g_strv_contains(kinds, word) || !g_str_has_prefix(at, established) ||
	    (how = strstr(at, "]:")) == NULL || (how = strstr(how, ": ")) == NULL)
		return false;
	host = at + strlen(established);
	kind = g_ascii_strdown(word, -1);
	cipher = piece(how, ": ", " (");
	line->said = MTA_TLS;
	set(&line->relay, g_strndup(host, (gsize)(how - host)));
	set(&line->text, g_strdup_printf("%s %s", kind, cipher));
	return true;
}

/* "lost connection after DATA (56 bytes) from localhost[127.0.0.1]", "timeout after DATA (…" */
static bool
parse_broken_off(struct mta_line *line, const char *text)
{
	static const char *const beginnings[] = {"lost connection after DATA (",
						 "timeout after DATA ("};

	for (size_t i = 0; i < G_N_ELEMENTS(beginnings); i++)
		if (g_str_has_prefix(text, beginnings[i]))
			line->said = MTA_BROKEN_OFF;
	return line->said != MTA_NOTHING;
}

static bool
parse_of_process(struct mta_line *line, const char *text)
{
	return parse_tls(line, text) || parse_broken_off(line, text);
}

/* "postfix/smtp[123]", "postfix-out/qmgr[1]", with other names between the slashes: its syslog_name
 * begins so, wherever it was not changed. Other programs that write to the log of mail tell nothing
 * of it. */
static bool
is_of_postfix(const struct mta_entry *entry)
{
	return g_str_has_prefix(entry->process, "postfix");
}

bool
mta_line_parse(struct mta_line *line_r, const struct mta_entry *entry)
{
	const char *said = "";

	*line_r = (struct mta_line){.queue_id = queue_id_of(entry->text, &said),
				    .to = g_strdup(""),
				    .original = g_strdup(""),
				    .relay = g_strdup(""),
				    .text = g_strdup("")};
	if (is_of_postfix(entry) &&
	    (line_r->queue_id == NULL ? parse_of_process(line_r, entry->text)
				      : parse_said(line_r, said)))
		return true;
	mta_line_clear(line_r);
	return false;
}

void
mta_line_clear(struct mta_line *line)
{
	g_clear_pointer(&line->queue_id, g_free);
	g_clear_pointer(&line->to, g_free);
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
