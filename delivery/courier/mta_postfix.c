/* What Postfix logs. */
#include <stdlib.h>
#include <string.h>

#include "delivery/courier/mta_line.h"

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
	char *to = NULL;
	const char *rest = mta_line_address(said + strlen("to=<"), &to), *status;

	g_ptr_array_add(line->to, to);
	if (rest != NULL && g_str_has_prefix(rest, original))
		rest = mta_line_address(rest + strlen(original), &line->original);
	if (rest == NULL || (status = strstr(rest, before)) == NULL)
		return false;
	status += strlen(before);
	for (size_t i = 0; i < G_N_ELEMENTS(outcomes); i++)
		if (g_str_has_prefix(status, outcomes[i].status))
			line->said = outcomes[i].said;
	mta_line_set(&line->relay, mta_line_piece(rest, ", relay=", ", "));
	mta_line_set(&line->text, mta_line_piece(status, " (", "\n"));
	if (g_str_has_suffix(line->text, ")"))
		line->text[strlen(line->text) - 1] = '\0';
	return line->said != MTA_NOTHING;
}

/* "from=<a>, size=1, nrcpt=1 (queue active)", "from=<a>, status=expired, returned to sender" */
static bool
parse_queue(struct mta_line *line, const char *said)
{
	g_autofree char *from = NULL;
	const char *rest = mta_line_address(said + strlen("from=<"), &from);
	const char *count = rest == NULL ? NULL : strstr(rest, ", nrcpt=");

	if (rest == NULL)
		return false;
	if (count != NULL) {
		line->said = MTA_TOOK;
		line->recipients = (unsigned)strtoul(count + strlen(", nrcpt="), NULL, 10);
	} else if (strstr(rest, ", status=expired") != NULL ||
		   strstr(rest, ", status=force-expired") != NULL) {
		line->said = MTA_RETURNED;
		mta_line_set(&line->text,
			     g_strdup("the MTA gave up: it could not be delivered in time"));
	}
	return line->said != MTA_NOTHING;
}

/* "uid=109 from=<a> orig_id=QUEUEID"; without orig_id, someone submitted it with sendmail(1). */
static bool
parse_pickup(struct mta_line *line, const char *said)
{
	static const char before[] = " orig_id=";
	g_autofree char *from = NULL;
	const char *at = strstr(said, " from=<"), *rest = NULL;

	if (at != NULL)
		rest = mta_line_address(at + strlen(" from=<"), &from);
	if (rest == NULL || !g_str_has_prefix(rest, before))
		return false;
	line->said = MTA_REQUEUED;
	mta_line_set(&line->text, g_strdup(rest + strlen(before)));
	return true;
}

static bool
parse_said(struct mta_line *line, const char *said)
{
	if (g_str_has_prefix(said, "to=<"))
		return parse_delivery(line, said);
	if (g_str_has_prefix(said, "from=<"))
		return parse_queue(line, said);
	if (g_str_has_prefix(said, "uid="))
		return parse_pickup(line, said);
	if (g_str_has_prefix(said, "milter-discard: ")) {
		line->said = MTA_DISCARDED;
	} else if (strcmp(said, "removed") == 0) {
		line->said = MTA_REMOVED;
	} else if (g_str_has_prefix(said, "client=") && strstr(said, ", orig_queue_id=") != NULL) {
		line->said = MTA_IDENT;
		mta_line_set(&line->text, mta_line_piece(said, ", orig_queue_id=", ","));
	} else if (g_str_has_prefix(said, "client=")) {
		line->said = MTA_BEGAN;
	}
	return line->said != MTA_NOTHING;
}

/* " TLS connection established to HOST", or "reused to"; returns what follows, or NULL. */
static const char *
skip_connection(const char *text)
{
	static const char *const beginnings[] = {" TLS connection established to ",
						 " TLS connection reused to "};

	for (size_t i = 0; i < G_N_ELEMENTS(beginnings); i++)
		if (g_str_has_prefix(text, beginnings[i]))
			return text + strlen(beginnings[i]);
	return NULL;
}

/* "Verified TLS connection established to host[1.2.3.4]:25: TLSv1.3 with cipher NAME (…) …" */
static bool
parse_tls(struct mta_line *line, const char *text)
{
	static const char *const kinds[] = {"Verified", "Trusted", "Untrusted", "Anonymous", NULL};
	const char *at = text + strcspn(text, " ");
	const char *host = skip_connection(at), *how;
	g_autofree char *kind = NULL;
	g_autofree char *cipher = NULL;

	g_autofree char *word = g_strndup(text, (gsize)(at - text));

	if (!g_strv_contains(kinds, word) || host == NULL || (how = strstr(host, "]:")) == NULL ||
	    (how = strstr(how, ": ")) == NULL)
		return false;
	kind = g_ascii_strdown(word, -1);
	cipher = mta_line_piece(how, ": ", " (");
	line->said = MTA_TLS;
	mta_line_set(&line->relay, g_strndup(host, (gsize)(how - host)));
	mta_line_set(&line->text, g_strdup_printf("%s %s", kind, cipher));
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

/* "ehlo=1 mail=2 rcpt=2 data=2 quit=1 commands=8"; "data=1/2": one of two. The pieces of BDAT are
 * counted otherwise. */
static unsigned
count_accepted(const char *counts)
{
	const char *data = counts == NULL ? NULL : strstr(counts, " data=");
	unsigned long count;
	char *end;

	if (data == NULL || strstr(counts, " bdat=") != NULL)
		return 0;
	count = strtoul(data + strlen(" data="), &end, 10);
	return *end == ' ' || *end == '\0' ? (unsigned)count : 0;
}

/* "disconnect from localhost[127.0.0.1] ehlo=1 …" */
static bool
parse_disconnect(struct mta_line *line, const char *text)
{
	if (!g_str_has_prefix(text, "disconnect from "))
		return false;
	line->said = MTA_SESSION;
	line->recipients = count_accepted(strstr(text, "] "));
	return true;
}

static bool
parse_of_process(struct mta_line *line, const char *text)
{
	return parse_tls(line, text) || parse_broken_off(line, text) ||
	       parse_disconnect(line, text);
}

/* "postfix/smtp[123]", "postfix-out/qmgr[1]", possibly with other names between the slashes: its
 * syslog_name begins like this, unless it was changed. Other programs that write to the mail log
 * say nothing about it. */
static bool
is_of_postfix(const struct mta_entry *entry)
{
	return g_str_has_prefix(entry->process, "postfix");
}

bool
mta_postfix_parse(struct mta_line *line, const struct mta_entry *entry, const char *said)
{
	return is_of_postfix(entry) && (line->queue_id == NULL ? parse_of_process(line, entry->text)
							       : parse_said(line, said));
}
