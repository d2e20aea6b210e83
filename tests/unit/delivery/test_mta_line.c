/* What is read from Postfix's log. The lines are of Postfix 3.7 and 3.10 as they logged them; those
 * with hostile addresses are what Postfix logs of such. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "delivery/courier/mta_line.h"

static const struct {
	const char *text;
	enum mta_said said;
	const char *queue_id, *to, *original, *relay, *detail;
} lines[] = {
	{"Nov 26 11:10:52 gateway postfix/smtp[19550]: A535758E3A7: to=<a@plain.example>, relay=plain.example[127.0.0.1]:25, "
	 "delay=0.01, delays=0.01/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as A6C8A58E3A8)",
	 MTA_SENT, "A535758E3A7", "a@plain.example", "", "plain.example[127.0.0.1]:25",
	 "250 2.0.0 Ok: queued as A6C8A58E3A8"},
	{"2026-11-26T11:10:52.123456+01:00 gw postfix/postseal-verified/smtp[7]: 4XyZ9k1qBz9: to=<b@x.example>, "
	 "orig_to=<team@example.com>, relay=none, delay=3, delays=3/0/0/0, dsn=4.4.1, status=deferred (connect to "
	 "x.example[192.0.2.1]:25: Connection refused)",
	 MTA_DEFERRED, "4XyZ9k1qBz9", "b@x.example", "team@example.com", "none",
	 "connect to x.example[192.0.2.1]:25: Connection refused"},
	{"Nov 26 11:10:52 gw postfix/smtp[7]: 1A2B: to=<c@x.example>, relay=x.example[192.0.2.1]:25, delay=1, "
	 "delays=0/0/1/0, dsn=5.1.1, status=bounced (host x.example[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT "
	 "TO command))",
	 MTA_RETURNED, "1A2B", "c@x.example", "", "x.example[192.0.2.1]:25",
	 "host x.example[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO command)"},
	{"Nov 26 11:10:52 gw postfix/qmgr[7]: 1A2B: from=<s@example.com>, size=390, nrcpt=2 (queue active)",
	 MTA_TOOK, "1A2B", "", "", "", ""},
	{"Nov 26 11:10:52 gw postfix/qmgr[7]: 1A2B: from=<\"s, nrcpt=9 (queue active), status=expired\"@example.com>, size=1, "
	 "nrcpt=2 (queue active)",
	 MTA_TOOK, "1A2B", "", "", "", ""},
	{"Nov 26 11:10:52 gw postfix/qmgr[7]: 1A2B: from=<s@example.com>, status=expired, returned to sender",
	 MTA_RETURNED, "1A2B", "", "", "", "the MTA gave up: it could not be delivered in time"},
	{"Nov 26 11:10:52 gw postfix/qmgr[7]: 1A2B: removed", MTA_REMOVED, "1A2B", "", "", "", ""},
	{"Nov 26 11:10:52 gw postfix/cleanup[7]: 1A2B: milter-discard: END-OF-MESSAGE from localhost[127.0.0.1]: milter "
	 "triggers DISCARD action; from=<s@example.com> to=<p@x.example> proto=ESMTP helo=<x>",
	 MTA_DISCARDED, "1A2B", "", "", "", ""},
	{"Nov 26 11:10:52 gw postfix/postseal/smtpd[7]: 1A2B: client=localhost[127.0.0.1], orig_client=x, "
	 "orig_queue_id=01a21776-5519-744f-811d-499082d86c1f",
	 MTA_IDENT, "1A2B", "", "", "", "01a21776-5519-744f-811d-499082d86c1f"},
	{"Nov 26 11:10:52 gw postfix/smtp[7]: Verified TLS connection established to mx.example[192.0.2.1]:25: TLSv1.3 with "
	 "cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits)",
	 MTA_TLS, NULL, "", "", "mx.example[192.0.2.1]:25",
	 "verified TLSv1.3 with cipher TLS_AES_256_GCM_SHA384"},
	/* A local part that looks like the rest of a line is still a local part. */
	{"Nov 26 11:10:52 gw postfix/smtp[7]: 1A2B: to=<\"x>, relay=a[1.2.3.4]:25, status=sent (250 Ok)\"@x.example>, relay=none, "
	 "delay=3, delays=3/0/0/0, dsn=4.4.1, status=deferred (connect)",
	 MTA_DEFERRED, "1A2B", "\"x>, relay=a[1.2.3.4]:25, status=sent (250 Ok)\"@x.example", "",
	 "none", "connect"},
	/* Nor does what a server answers tell of another status. */
	{"Nov 26 11:10:52 gw postfix/smtp[7]: 1A2B: to=<c@x.example>, relay=x[1.2.3.4]:25, delay=1, dsn=4.0.0, "
	 "status=deferred (host said: 450 , status=sent (250 Ok))",
	 MTA_DEFERRED, "1A2B", "c@x.example", "", "x[1.2.3.4]:25",
	 "host said: 450 , status=sent (250 Ok)"},
};

static const char *const silent[] = {
	"",
	"]: ",
	"Nov 26 11:10:52 gw ]: 1A2B: removed",
	"Nov 26 11:10:52",
	/* Dovecot logs what strangers send: a Message-ID whose local part is quoted. */
	("Nov 26 11:10:52 gw dovecot: lmtp(bob)<47><KRP>: msgid=<\"x postfix/smtp[1]: 1A2B: to=<a@b>, relay=none, "
	 "status=bounced (no)\"@x>: saved mail to INBOX"),
	"2026-11-26T11:10:52.123456+01:00 gw dovecot[12]: imap: postfix/qmgr[7]: 1A2B: removed",
	"Nov 26 11:10:52 gw postfix/smtpd[7]: warning: x Verified TLS connection established to a[1.2.3.4]:25: TLSv1.3",
	"no log at all",
	"Nov 26 11:10:52 gw postfix/smtpd[7]: connect from localhost[127.0.0.1]",
	"Nov 26 11:10:52 gw postfix/cleanup[7]: 1A2B: message-id=<x@y>",
	"Nov 26 11:10:52 gw postfix/cleanup[7]: 1A2B: message-id=<1A2B: to=<a@b>, relay=x, status=sent (250)>",
	"Nov 26 11:10:52 gw postfix/smtp[7]: 1A2B: to=<a@b",
	"Nov 26 11:10:52 gw postfix/smtp[7]: 1A2B: to=<\"a",
	"Nov 26 11:10:52 gw postfix/smtp[7]: 1A2B: to=<\"a\\",
	"Nov 26 11:10:52 gw postfix/smtp[7]: Untrusted TLS connection established to x",
};

static void
each_line_says_what_postfix_means(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autofree char *text = g_strdup(lines[i].text);
		struct mta_entry entry;
		struct mta_line line;

		assert_true(mta_entry_of(&entry, text));
		assert_true(g_str_has_prefix(entry.process, "postfix/"));
		assert_true(mta_line_parse(&line, &entry));
		assert_int_equal(line.said, lines[i].said);
		assert_int_equal(g_strcmp0(line.queue_id, lines[i].queue_id), 0);
		assert_string_equal(line.to, lines[i].to);
		assert_string_equal(line.original, lines[i].original);
		assert_string_equal(line.relay, lines[i].relay);
		assert_string_equal(line.text, lines[i].detail);
		assert_int_equal(line.recipients, line.said == MTA_TOOK ? 2 : 0);
		mta_line_clear(&line);
	}
}

static void
other_lines_say_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(silent); i++) {
		g_autofree char *text = g_strdup(silent[i]);
		struct mta_entry entry;
		struct mta_line line;

		assert_false(mta_entry_of(&entry, text) && mta_line_parse(&line, &entry));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_says_what_postfix_means),
		cmocka_unit_test(other_lines_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
