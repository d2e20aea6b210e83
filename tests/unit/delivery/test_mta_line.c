/* What is read from the MTA's log. The lines are as Postfix 3.7 and 3.10 logged them; those with
 * hostile addresses are what Postfix logs for such addresses. */
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
	{"Nov 26 11:10:52 gw postfix/postseal-edge/smtpd[7]: 1A2B: client=localhost[127.0.0.1], orig_queue_id=3C4D, "
	 "orig_client=localhost[127.0.0.1]",
	 MTA_IDENT, "1A2B", "", "", "", "3C4D"},
	{"Nov 26 11:10:52 gw postfix/pickup[7]: 1A2B: uid=109 from=<\"s> orig_id=5E6F\"@example.com> orig_id=3C4D",
	 MTA_REQUEUED, "1A2B", "", "", "", "3C4D"},
	{"Nov 26 11:10:52 gw postfix/pickup[7]: 1A2B: uid=109 from=<> orig_id=3C4D", MTA_REQUEUED,
	 "1A2B", "", "", "", "3C4D"},
	{"Nov 26 11:10:52 gw postfix/smtp[7]: Verified TLS connection established to mx.example[192.0.2.1]:25: TLSv1.3 with "
	 "cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits)",
	 MTA_TLS, NULL, "", "", "mx.example[192.0.2.1]:25",
	 "verified TLSv1.3 with cipher TLS_AES_256_GCM_SHA384"},
	{"Nov 26 11:10:52 gw postfix/smtp[7]: Trusted TLS connection reused to mx.example[192.0.2.1]:25: TLSv1.3 with "
	 "cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
	 MTA_TLS, NULL, "", "", "mx.example[192.0.2.1]:25",
	 "trusted TLSv1.3 with cipher TLS_AES_256_GCM_SHA384"},
	{"Nov 26 11:10:52 gw postfix/submission/smtpd[7]: 1A2B: client=pc.example.com[192.0.2.7], sasl_method=PLAIN, "
	 "sasl_username=anna",
	 MTA_BEGAN, "1A2B", "", "", "", ""},
	{"Nov 26 11:10:52 gw postfix/smtpd[7]: disconnect from pc.example.com[192.0.2.7] ehlo=1 mail=3 rcpt=2 data=2 rset=1 "
	 "quit=1 commands=12",
	 MTA_SESSION, NULL, "", "", "", ""},
	{"Nov 26 11:10:52 gw postfix/smtpd[7]: disconnect from unknown[192.0.2.7] helo=1 mail=2 rcpt=2 data=2",
	 MTA_SESSION, NULL, "", "", "", ""},
	/* One was refused after its content, or none came to that; or it came in pieces that are
	   counted instead. */
	{"Nov 26 11:10:52 gw postfix/smtpd[7]: disconnect from x[1.2.3.4] ehlo=1 mail=2 rcpt=2 data=1/2 quit=1 commands=6/7",
	 MTA_SESSION, NULL, "", "", "", ""},
	{"Nov 26 11:10:52 gw postfix/smtpd[7]: disconnect from x[1.2.3.4] ehlo=1 quit=1 commands=2",
	 MTA_SESSION, NULL, "", "", "", ""},
	{"Nov 26 11:10:52 gw postfix/smtpd[7]: disconnect from x[1.2.3.4] ehlo=1 mail=2 rcpt=2 bdat=3 data=1 quit=1 commands=8",
	 MTA_SESSION, NULL, "", "", "", ""},
	{"Nov 26 11:10:52 gw postfix/smtpd[7]: disconnect from x[1.2.3.4]", MTA_SESSION, NULL, "",
	 "", "", ""},
	/* A local part that looks like the rest of a line is still only a local part. */
	{"Nov 26 11:10:52 gw postfix/smtp[7]: 1A2B: to=<\"x>, relay=a[1.2.3.4]:25, status=sent (250 Ok)\"@x.example>, relay=none, "
	 "delay=3, delays=3/0/0/0, dsn=4.4.1, status=deferred (connect)",
	 MTA_DEFERRED, "1A2B", "\"x>, relay=a[1.2.3.4]:25, status=sent (250 Ok)\"@x.example", "",
	 "none", "connect"},
	/* A server's reply cannot suggest a different status either. */
	{"Nov 26 11:10:52 gw postfix/smtp[7]: 1A2B: to=<c@x.example>, relay=x[1.2.3.4]:25, delay=1, dsn=4.0.0, "
	 "status=deferred (host said: 450 , status=sent (250 Ok))",
	 MTA_DEFERRED, "1A2B", "c@x.example", "", "x[1.2.3.4]:25",
	 "host said: 450 , status=sent (250 Ok)"},
};

/* From Sendmail 8.17 as packaged by Debian. */
static const struct {
	const char *text;
	enum mta_said said;
	const char *queue_id, *to, *original, *relay, *detail;
	unsigned recipients;
} of_sendmail[] = {
	{"Nov 26 18:00:07 gw sm-mta[13312]: 6AQI07K6013307: to=<\"x 3\"@plain.example>,<x2@plain.example>,<x1@plain.example>, "
	 "delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=120231, relay=example.com. [127.0.0.1], dsn=2.0.0, "
	 "stat=Sent (Ok: queued as A8BA27A04A8)",
	 MTA_SENT, "6AQI07K6013307", "\"x 3\"@plain.example x2@plain.example x1@plain.example", "",
	 "example.com. [127.0.0.1]", "Ok: queued as A8BA27A04A8", 0},
	{"Nov 26 18:00:51 gw sendmail[20391]: 6AQI0pJa020386: to=<x2@plain.example>,<x1@plain.example> [more], delay=00:00:00, "
	 "xdelay=00:00:00, mailer=esmtp, pri=60230, relay=example.com. [127.0.0.1], dsn=4.4.1, stat=Deferred: Connection "
	 "refused by example.com.",
	 MTA_DEFERRED, "6AQI0pJa020386", "x2@plain.example x1@plain.example", "",
	 "example.com. [127.0.0.1]", "Deferred: Connection refused by example.com.", 0},
	{"Nov 26 18:00:43 gw sm-mta[19362]: 6AQI0h4Z019359: to=<x1@plain.example>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, "
	 "pri=30231, relay=example.com. [127.0.0.1], dsn=5.7.1, reply=554 5.7.1 <x1@plain.example>: Recipient address "
	 "rejected: , stat=Sent (x), dsn=2.0.0, stat=Service unavailable",
	 MTA_RETURNED, "6AQI0h4Z019359", "x1@plain.example", "", "example.com. [127.0.0.1]",
	 "554 5.7.1 <x1@plain.example>: Recipient address rejected: , stat=Sent (x), dsn=2.0.0", 0},
	{"Nov 26 18:01:00 gw sm-mta[21185]: 6AQI10oQ021182: to=nosuch, ctladdr=<lost@gateway.example.com> (1/0), delay=00:00:00, "
	 "mailer=local, pri=120238, dsn=5.1.1, reply=550 5.1.1 User unknown, stat=User unknown",
	 MTA_RETURNED, "6AQI10oQ021182", "nosuch", "lost@gateway.example.com", "",
	 "550 5.1.1 User unknown", 0},
	{"Nov 26 18:00:58 gw sm-mta[21022]: 6AQI0wkH021017: to=a@plain.example,\"b, delay=\"@plain.example, delay=00:00:00, "
	 "xdelay=00:00:00, mailer=esmtp, pri=60403, relay=example.com. [127.0.0.1], dsn=2.0.0, stat=Sent (Ok)",
	 MTA_SENT, "6AQI0wkH021017", "a@plain.example \"b, delay=\"@plain.example", "",
	 "example.com. [127.0.0.1]", "Ok", 0},
	{"Nov 26 18:00:39 gw sm-mta[18916]: 6AQI0dhR018916: from=<\", nrcpts=9\"@example.com>, size=230, class=0, nrcpts=2, "
	 "msgid=<1@example.com>, bodytype=8BITMIME, proto=ESMTP, daemon=MTA, relay=localhost [127.0.0.1]",
	 MTA_READ, "6AQI0dhR018916", "", "", "", "", 2},
	{"Nov 26 18:03:46 gw sm-mta[8727]: 6AQI3k94008727: postseal-row:01a21907-1df1-7ac0-a13f-568b7c731349",
	 MTA_IDENT, "6AQI3k94008727", "", "", "", "01a21907-1df1-7ac0-a13f-568b7c731349", 0},
	{"Nov 26 18:01:02 gw sm-mta[21420]: 6AQI12qE021420: collect: premature EOM: unexpected close",
	 MTA_BROKEN_OFF, "6AQI12qE021420", "", "", "", "", 0},
	{"Nov 26 17:50:21 gw sm-mta[4953]: 6AQHoLp7004953: discarded", MTA_DISCARDED,
	 "6AQHoLp7004953", "", "", "", "", 0},
	{"Nov 26 18:03:46 gw sm-mta[8746]: STARTTLS=client, relay=example.com., version=TLSv1.3, verify=OK, "
	 "cipher=TLS_AES_256_GCM_SHA384, bits=256/256",
	 MTA_TLS, NULL, "", "", "example.com.",
	 "trusted TLSv1.3 with cipher TLS_AES_256_GCM_SHA384", 0},
};

static const char *const silent_of_sendmail[] = {
	/* Refused: the client was told, and nothing is in the queue. */
	"Nov 26 18:00:08 gw sm-mta[13766]: 6AQI08Ej013766: to=<x1@plain.example>, delay=00:00:00, pri=30243, stat=Sent (no)",
	"Nov 26 18:00:08 gw sm-mta[13766]: 6AQI08Ej013766: Milter: data, reject=550 5.7.1 to=<x1@plain.example>, delay=1",
	"Nov 26 18:00:39 gw sm-mta[18920]: 6AQI0dhR018916: 6AQI0dhR018920: DSN: Host unknown",
	"Nov 26 18:00:39 gw sm-mta[18920]: 6AQI0dhR018916: to=<a",
	"Nov 26 18:00:39 gw sm-mta[18920]: 6AQI0dhR018916: to=\"a\\",
	"Nov 26 18:00:39 gw sm-mta[18920]: 6AQI0dhR018916: to=",
	"Nov 26 18:00:39 gw sm-mta[18920]: 6AQI0dhR018916: to=a, delay=0, mailer=x, dsn=2.0.0",
	"Nov 26 18:00:39 gw sm-mta[18920]: 6AQI0dhR018916: to=a, delay=0, mailer=x, dsn=2.0.0, stat=queued",
	"Nov 26 18:00:39 gw sm-msp-queue[1]: 6AQI0dhR018916: discarded",
	"Nov 26 18:00:39 gw postfix/qmgr[7]: 1A2B: removed",
	"Nov 26 18:00:39 gw dovecot[7]: 6AQI0dhR018916: discarded",
};

static const char *const silent[] = {
	"",
	"]: ",
	"Nov 26 11:10:52 gw ]: 1A2B: removed",
	"Nov 26 11:10:52",
	/* Dovecot logs text from strangers: a Message-ID whose local part is quoted. */
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

/* `wanted`: separated by blanks. */
static void
assert_to(const struct mta_line *line, const char *wanted)
{
	g_autoptr(GString) found = g_string_new(NULL);

	for (guint i = 0; i < line->to->len; i++)
		g_string_append_printf(found, "%s%s", i == 0 ? "" : " ",
				       (const char *)g_ptr_array_index(line->to, i));
	assert_string_equal(found->str, wanted);
}

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
		assert_true(mta_line_parse(&line, &entry, MTA_POSTFIX));
		assert_int_equal(line.said, lines[i].said);
		assert_int_equal(g_strcmp0(line.queue_id, lines[i].queue_id), 0);
		assert_to(&line, lines[i].to);
		assert_string_equal(line.original, lines[i].original);
		assert_string_equal(line.relay, lines[i].relay);
		assert_string_equal(line.text, lines[i].detail);
		assert_int_equal(
			line.recipients,
			line.said == MTA_TOOK || strstr(lines[i].text, " data=2") != NULL ? 2 : 0);
		mta_line_clear(&line);
	}
}

static void
each_line_says_what_sendmail_means(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(of_sendmail); i++) {
		g_autofree char *text = g_strdup(of_sendmail[i].text);
		struct mta_entry entry;
		struct mta_line line;

		assert_true(mta_entry_of(&entry, text));
		assert_true(mta_line_parse(&line, &entry, MTA_SENDMAIL));
		assert_int_equal(line.said, of_sendmail[i].said);
		assert_int_equal(g_strcmp0(line.queue_id, of_sendmail[i].queue_id), 0);
		assert_to(&line, of_sendmail[i].to);
		assert_string_equal(line.original, of_sendmail[i].original);
		assert_string_equal(line.relay, of_sendmail[i].relay);
		assert_string_equal(line.text, of_sendmail[i].detail);
		assert_int_equal(line.recipients, of_sendmail[i].recipients);
		mta_line_clear(&line);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(silent_of_sendmail); i++) {
		g_autofree char *text = g_strdup(silent_of_sendmail[i]);
		struct mta_entry entry;
		struct mta_line line;

		assert_true(mta_entry_of(&entry, text));
		assert_false(mta_line_parse(&line, &entry, MTA_SENDMAIL));
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

		assert_false(mta_entry_of(&entry, text) &&
			     mta_line_parse(&line, &entry, MTA_POSTFIX));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_says_what_postfix_means),
		cmocka_unit_test(each_line_says_what_sendmail_means),
		cmocka_unit_test(other_lines_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
