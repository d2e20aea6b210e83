/* What Sendmail logs at its default LogLevel, 9. It does not log that it accepted a mail, only what
 * became of it; the row of the outbox is logged by a rule in contrib/sendmail/postseal.m4. */
#include <stdlib.h>
#include <string.h>

#include "delivery/courier/mta_line.h"

/* The end of an address without angle brackets in a list. */
static const char *
skip_bare(const char *at)
{
	if (*at == '"')
		for (at++; *at != '"' && *at != '\0'; at++)
			at += *at == '\\' && at[1] != '\0';
	return at + strcspn(at, ", ");
}

static const char *
parse_recipient(const char *at, char **address_r)
{
	const char *end;

	if (*at == '<')
		return mta_line_address(at + 1, address_r);
	end = skip_bare(at);
	*address_r = g_strndup(at, (gsize)(end - at));
	return end;
}

/* "<a@x>,<"b c"@x>,d@x [more], ctladdr=<e@x> (1/0), delay=…": returns what begins with the delay,
 * or NULL. A long list is spread over several lines. */
static const char *
parse_recipients(struct mta_line *line, const char *at)
{
	static const char more[] = " [more]", control[] = ", ctladdr=<";

	for (;; at++) {
		char *to = NULL;

		at = parse_recipient(at, &to);
		g_ptr_array_add(line->to, to);
		if (at == NULL)
			return NULL;
		if (*at != ',' || at[1] == ' ')
			break;
	}
	if (g_str_has_prefix(at, more))
		at += strlen(more);
	if (g_str_has_prefix(at, control))
		at = mta_line_address(at + strlen(control), &line->original);
	return at == NULL ? NULL : strstr(at, ", delay=");
}

/* What the next hop replied, or what Sendmail says about it: "reply=550 5.1.1 no such user,
 * stat=User unknown", "stat=Sent (Ok: queued as 1A2B)", "stat=Deferred: Connection refused by x".
 */
static char *
reason_of(const char *at)
{
	static const char reply[] = ", reply=", status[] = ", stat=", sent[] = "Sent (";
	const char *begin = strstr(at, status);
	size_t length;

	if (g_str_has_prefix(at, reply))
		return g_strndup(at + strlen(reply),
				 (gsize)(g_strrstr(at, status) - at) - strlen(reply));
	begin += strlen(status);
	length = strlen(begin);
	if (g_str_has_prefix(begin, sent) && begin[length - 1] == ')')
		return g_strndup(begin + strlen(sent), length - strlen(sent) - 1);
	return g_strdup(begin);
}

/* "delay=…, xdelay=…, mailer=esmtp, pri=…, relay=x.example. [192.0.2.1], dsn=2.0.0, stat=Sent (…)".
 * For a mail that it rejected, it logs neither mailer nor DSN, only what the client was told. */
static bool
parse_delivery(struct mta_line *line, const char *said)
{
	static const char dsn[] = ", dsn=";
	const char *rest = parse_recipients(line, said + strlen("to="));
	const char *mailer = rest == NULL ? NULL : strstr(rest, ", mailer=");
	const char *code = mailer == NULL ? NULL : strstr(mailer, dsn);
	const char *after;

	if (code == NULL)
		return false;
	code += strlen(dsn);
	after = code + strspn(code, "0123456789.");
	if (strstr(after, ", stat=") == NULL)
		return false;
	if (*code == '2' && g_str_has_prefix(after, ", stat=Sent"))
		line->said = MTA_SENT;
	else if (*code == '4')
		line->said = MTA_DEFERRED;
	else if (*code == '5')
		line->said = MTA_RETURNED;
	mta_line_set(&line->relay, mta_line_piece(mailer, ", relay=", ", "));
	mta_line_set(&line->text, reason_of(after));
	return line->said != MTA_NOTHING;
}

/* "from=<a@x>, size=307, class=0, nrcpts=1, msgid=…": received, but not yet in the queue. */
static bool
parse_read(struct mta_line *line, const char *said)
{
	static const char count[] = ", nrcpts=";
	g_autofree char *from = NULL;
	const char *rest = mta_line_address(said + strlen("from=<"), &from);

	rest = rest == NULL ? NULL : strstr(rest, count);
	if (rest == NULL)
		return false;
	line->said = MTA_READ;
	line->recipients = (unsigned)strtoul(rest + strlen(count), NULL, 10);
	return true;
}

/* "6AQI0dhR018920: return to sender: Cannot send message for 5 days", for all who are still
 * waiting. */
static bool
parse_given_up(struct mta_line *line, const char *said)
{
	static const char mark[] = ": return to sender: ";
	const char *why = said;

	while (g_ascii_isalnum(*why))
		why++;
	if (!g_str_has_prefix(why, mark) ||
	    g_ascii_strncasecmp(why + strlen(mark), "cannot send message", 19) != 0)
		return false;
	line->said = MTA_RETURNED;
	mta_line_set(&line->text, g_strdup("the MTA gave up: it could not be delivered in time"));
	return true;
}

/* Sendmail may put its substitute for blanks between an operator and what follows it. */
static bool
parse_row(struct mta_line *line, const char *said)
{
	static const char row[] = "postseal-row:";

	if (!g_str_has_prefix(said, row))
		return false;
	said += strlen(row);
	line->said = MTA_IDENT;
	mta_line_set(&line->text, g_strdup(said + strspn(said, ".")));
	return true;
}

/* "STARTTLS=client, relay=x.example., version=TLSv1.3, verify=OK, cipher=NAME, bits=256/256". OK
 * refers to the certificate chain, whatever host it names. */
static bool
parse_tls(struct mta_line *line, const char *text)
{
	g_autofree char *version = NULL, *cipher = NULL, *verified = NULL;

	if (!g_str_has_prefix(text, "STARTTLS=client, relay="))
		return false;
	version = mta_line_piece(text, ", version=", ", ");
	verified = mta_line_piece(text, ", verify=", ", ");
	cipher = mta_line_piece(text, ", cipher=", ", ");
	if (*version == '\0' || *cipher == '\0')
		return false;
	line->said = MTA_TLS;
	mta_line_set(&line->relay, mta_line_piece(text, "relay=", ", "));
	mta_line_set(&line->text,
		     g_strdup_printf("%s %s with cipher %s",
				     strcmp(verified, "OK") == 0 ? "trusted" : "untrusted", version,
				     cipher));
	return true;
}

static bool
parse_said(struct mta_line *line, const char *said)
{
	if (g_str_has_prefix(said, "to="))
		return parse_delivery(line, said);
	if (g_str_has_prefix(said, "from=<"))
		return parse_read(line, said);
	if (strcmp(said, "discarded") == 0)
		line->said = MTA_DISCARDED;
	else if (g_str_has_prefix(said, "collect: premature EOM") ||
		 g_str_has_prefix(said, "collect: unexpected close on connection"))
		line->said = MTA_BROKEN_OFF;
	return line->said != MTA_NOTHING || parse_row(line, said) || parse_given_up(line, said);
}

/* "sm-mta[123]", as Debian calls it, "sendmail[123]"; but not "sm-msp-queue", which passes on what
 * sendmail(1) was given. */
static bool
is_of_sendmail(const struct mta_entry *entry)
{
	return g_str_has_prefix(entry->process, "sm-mta[") ||
	       g_str_has_prefix(entry->process, "sendmail[");
}

bool
mta_sendmail_parse(struct mta_line *line, const struct mta_entry *entry, const char *said)
{
	if (!is_of_sendmail(entry))
		return false;
	if (line->queue_id == NULL)
		return parse_tls(line, entry->text);
	return parse_tls(line, said) || parse_said(line, said);
}
