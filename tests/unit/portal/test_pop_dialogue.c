/*
 * What a mail client is answered, over TLS and before it: with a mailbox of two messages that is
 * made up, in the place of the database.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "portal/mailbox.h"
#include "portal/pop/dialogue.h"
#include "portal/pop/maildrop.h"
#include "portal/application_signin.h"

static const char first[] = "01900000-0000-7000-8000-000000000001";
static const char second[] = "01900000-0000-7000-8000-000000000002";
static const char text_of_first[] = "A: b\r\n\r\n.dot\r\n";

static struct {
	bool is_revoked, content_fails;
	unsigned opened, deleted;
} made;

/* --- in the place of the database and of what reads it --- */

struct connection *__wrap_database_take(struct database *database, struct fault *fault);
struct connection *
__wrap_database_take(struct database *database, struct fault *fault)
{
	(void)database, (void)fault;
	return (struct connection *)&made;
}

void __wrap_connection_give(struct connection *connection);
void
__wrap_connection_give(struct connection *connection)
{
	(void)connection;
}

bool __wrap_application_signin(struct database *database, const struct application_attempt *attempt,
			       struct application_entry *entry_r,
			       enum application_outcome *outcome_r, struct fault *fault);
bool
__wrap_application_signin(struct database *database, const struct application_attempt *attempt,
			  struct application_entry *entry_r, enum application_outcome *outcome_r,
			  struct fault *fault)
{
	(void)database, (void)fault;
	*entry_r = (struct application_entry){0};
	*outcome_r = strcmp(attempt->user, "a@example.com") == 0 &&
				     strcmp(attempt->password, "right") == 0
			     ? APPLICATION_SIGNED_IN
			     : APPLICATION_WRONG;
	return true;
}

bool __wrap_maildrop_read(struct connection *connection, const struct account *account,
			  struct maildrop *maildrop_r, struct fault *fault);
bool
__wrap_maildrop_read(struct connection *connection, const struct account *account,
		     struct maildrop *maildrop_r, struct fault *fault)
{
	struct maildrop_message messages[2] = {{.size = sizeof text_of_first - 1}, {.size = 7}};

	(void)connection, (void)account, (void)fault;
	identifier_parse(&messages[0].id, first);
	identifier_parse(&messages[1].id, second);
	maildrop_r->messages = g_array_new(FALSE, TRUE, sizeof messages[0]);
	g_array_append_vals(maildrop_r->messages, messages, 2);
	return true;
}

bool __wrap_application_password_is_valid(struct connection *connection,
					  const struct application_entry *entry, bool *valid_r,
					  struct fault *fault);
bool
__wrap_application_password_is_valid(struct connection *connection,
				     const struct application_entry *entry, bool *valid_r,
				     struct fault *fault)
{
	(void)connection, (void)entry, (void)fault;
	*valid_r = !made.is_revoked;
	return true;
}

/* The second one is gone meanwhile. */
static void
find(const char *id, struct mailbox_item *item_r, bool *found_r)
{
	*item_r = (struct mailbox_item){0};
	*found_r = strcmp(id, first) == 0;
}

bool __wrap_mailbox_open(const struct mailbox *mailbox, const char *id,
			 const struct mailbox_use *use, struct mailbox_item *item_r, bool *found_r,
			 struct fault *fault);
bool
__wrap_mailbox_open(const struct mailbox *mailbox, const char *id, const struct mailbox_use *use,
		    struct mailbox_item *item_r, bool *found_r, struct fault *fault)
{
	(void)fault;
	assert_int_equal(mailbox->session->state, SESSION_MEMBER);
	assert_int_equal(use->part, MAILBOX_ORIGINAL);
	made.opened++;
	find(id, item_r, found_r);
	return true;
}

bool __wrap_mailbox_find(const struct mailbox *mailbox, const char *id, struct mailbox_item *item_r,
			 bool *found_r, struct fault *fault);
bool
__wrap_mailbox_find(const struct mailbox *mailbox, const char *id, struct mailbox_item *item_r,
		    bool *found_r, struct fault *fault)
{
	(void)mailbox, (void)fault;
	find(id, item_r, found_r);
	return true;
}

bool __wrap_mailbox_delete(struct connection *connection, const struct settings *settings,
			   struct mailbox_item *item, struct fault *fault);
bool
__wrap_mailbox_delete(struct connection *connection, const struct settings *settings,
		      struct mailbox_item *item, struct fault *fault)
{
	(void)connection, (void)settings, (void)item, (void)fault;
	made.deleted++;
	return true;
}

struct content *__wrap_content_open(const struct content_source *source,
				    const struct layout_part *part);
struct content *
__wrap_content_open(const struct content_source *source, const struct layout_part *part)
{
	(void)source, (void)part;
	return g_malloc0(1);
}

bool __wrap_content_read(struct content *content, void *data, size_t size, size_t *got_r,
			 struct fault *fault);
bool
__wrap_content_read(struct content *content, void *data, size_t size, size_t *got_r,
		    struct fault *fault)
{
	char *is_read = (char *)content;

	assert_true(size >= sizeof text_of_first);
	*got_r = *is_read ? 0 : sizeof text_of_first - 1;
	memcpy(data, text_of_first, *got_r);
	if (*is_read && made.content_fails)
		return fault_set(fault, FAULT_DATABASE, "made up");
	*is_read = 1;
	return true;
}

void __wrap_content_close(struct content *content);
void
__wrap_content_close(struct content *content)
{
	g_free(content);
}

/* --- a client --- */

static struct settings *settings;
static struct service service;

struct visit {
	struct client client;
	GThread *thread;
	int socket;
	SSL *tls;
};

static void *
serve(void *data)
{
	struct visit *visit = data;

	dialogue_serve(&service, &visit->client);
	shutdown(visit->client.socket, SHUT_RDWR);
	return NULL;
}

static void
begin(struct visit *visit, bool with_tls)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	*visit = (struct visit){.socket = ends[1]};
	visit->client = (struct client){.socket = ends[0],
					.network = g_strdup("192.0.2.0/24"),
					.begins_with_tls = with_tls};
	assert_true(strangers_add(service.strangers, visit->client.socket, visit->client.network,
				  "192.0.0.0/16"));
	visit->thread = g_thread_new("client", serve, visit);
}

static void
shake_hands(struct visit *visit)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	visit->tls = SSL_new(context);
	SSL_CTX_free(context);
	SSL_set_fd(visit->tls, visit->socket);
	assert_int_equal(SSL_connect(visit->tls), 1);
}

/* Everything until the other side ends it. Caller frees. */
static char *
finish(struct visit *visit)
{
	GString *heard = g_string_new(NULL);
	char piece[4096];
	ssize_t got;

	while ((got = visit->tls == NULL ? read(visit->socket, piece, sizeof piece)
					 : SSL_read(visit->tls, piece, sizeof piece)) > 0)
		g_string_append_len(heard, piece, got);
	g_thread_join(visit->thread);
	SSL_free(visit->tls);
	close(visit->socket);
	strangers_remove(service.strangers, visit->client.socket);
	close(visit->client.socket);
	g_free(visit->client.network);
	return g_string_free(heard, FALSE);
}

static void
say(struct visit *visit, const char *text)
{
	int length = (int)strlen(text);

	if (visit->tls == NULL)
		assert_int_equal(write(visit->socket, text, (size_t)length), length);
	else
		assert_int_equal(SSL_write(visit->tls, text, length), length);
}

/* What a client that says this within TLS hears after the greeting. */
static char *
heard(const char *said)
{
	static const char greeting[] = "+OK Postseal\r\n";
	g_autofree char *all = NULL;
	struct visit visit;

	begin(&visit, true);
	shake_hands(&visit);
	say(&visit, said);
	all = finish(&visit);
	assert_true(g_str_has_prefix(all, greeting));
	return g_strdup(all + strlen(greeting));
}

static void
expect(const char *said, const char *wanted)
{
	g_autofree char *all = heard(said);

	if (strcmp(all, wanted) != 0)
		fail_msg("\"%s\" is answered\n%s\ninstead of\n%s", said, all, wanted);
}

#define SIGN_IN	  "USER a@example.com\r\nPASS right\r\n"
#define SIGNED_IN "+OK\r\n+OK 2 messages\r\n"
#define END	  "QUIT\r\n"
#define ENDED	  "+OK\r\n"
#define NONE	  "-ERR There is no such message\r\n"
#define FIRST	  "+OK 14 octets\r\nA: b\r\n\r\n..dot\r\n.\r\n"

static void
commands_are_answered_in_order(void **state)
{
	(void)state;
	expect(SIGN_IN "STAT\r\nLIST\r\nLIST 2\r\nLIST 3\r\nUIDL 1\r\nNOOP\r\n" END,
	       SIGNED_IN "+OK 2 21\r\n+OK\r\n1 14\r\n2 7\r\n.\r\n+OK 2 7\r\n" NONE
			 "+OK 1 01900000-0000-7000-8000-000000000001\r\n+OK\r\n" ENDED);
}

static void
messages_are_opened_and_sent(void **state)
{
	(void)state;
	made.opened = 0;
	expect(SIGN_IN "RETR 1\r\nTOP 1 0\r\nRETR 3\r\nRETR 0\r\n" END,
	       SIGNED_IN FIRST "+OK 14 octets\r\nA: b\r\n\r\n.\r\n" NONE NONE ENDED);
	assert_int_equal(made.opened, 2);
	expect(SIGN_IN "RETR 2\r\n" END,
	       SIGNED_IN "-ERR The message is gone: it has expired, or was deleted\r\n" ENDED);
}

static void
message_that_breaks_off_does_not_look_whole(void **state)
{
	g_autofree char *all = NULL;

	(void)state;
	made.content_fails = true;
	all = heard(SIGN_IN "RETR 1\r\n" END);
	made.content_fails = false;
	assert_null(strstr(all, "\r\n.\r\n"));
}

static void
only_quit_deletes(void **state)
{
	g_autofree char *all = NULL;

	(void)state;
	made.deleted = 0;
	all = heard(SIGN_IN "DELE 1\r\nDELE 1\r\nRETR 1\r\nSTAT\r\nRSET\r\nSTAT\r\n" END);
	assert_string_equal(all,
			    SIGNED_IN "+OK\r\n" NONE NONE "+OK 1 7\r\n+OK\r\n+OK 2 21\r\n" ENDED);
	assert_int_equal(made.deleted, 0);
	expect(SIGN_IN "DELE 1\r\nDELE 2\r\n" END, SIGNED_IN "+OK\r\n+OK\r\n" ENDED);
	assert_int_equal(made.deleted, 1); /* the other was gone */
}

static void
revoked_password_opens_nothing_more(void **state)
{
	static const char revoked[] = SIGNED_IN "-ERR [AUTH] The password was revoked\r\n";

	(void)state;
	made.is_revoked = true;
	made.opened = made.deleted = 0;
	expect(SIGN_IN "RETR 1\r\nSTAT\r\n" END, revoked);
	expect(SIGN_IN "TOP 1 0\r\nSTAT\r\n" END, revoked);
	expect(SIGN_IN "DELE 1\r\n" END,
	       SIGNED_IN "+OK\r\n-ERR [AUTH] The password was revoked\r\n");
	made.is_revoked = false;
	assert_int_equal(made.opened, 0);
	assert_int_equal(made.deleted, 0);
}

static void
plain_signs_in(void **state)
{
	(void)state;
	expect("AUTH PLAIN AGFAZXhhbXBsZS5jb20AcmlnaHQ=\r\n" END, "+OK 2 messages\r\n" ENDED);
	expect("AUTH PLAIN\r\nAGFAZXhhbXBsZS5jb20AcmlnaHQ=\r\n" END,
	       "+ \r\n+OK 2 messages\r\n" ENDED);
	expect("AUTH PLAIN\r\n*\r\n" END, "+ \r\n-ERR The sign-in was called off\r\n" ENDED);
	expect("AUTH\r\n" END, "+OK\r\nPLAIN\r\n.\r\n" ENDED);
	expect("AUTH PLAINER\r\n" END, "-ERR The only mechanism here is PLAIN\r\n" ENDED);
	expect("AUTH CRAM-MD5\r\n" END, "-ERR The only mechanism here is PLAIN\r\n" ENDED);
}

static void
nothing_is_told_before_signing_in(void **state)
{
	(void)state;
	expect("STAT\r\nRETR 1\r\nPASS right\r\nSTLS\r\n" END,
	       "-ERR Please sign in first\r\n-ERR Please sign in first\r\n-ERR USER comes first\r\n"
	       "-ERR The connection is encrypted already\r\n" ENDED);
	expect(SIGN_IN SIGN_IN END, SIGNED_IN
	       "-ERR You have signed in already\r\n-ERR You have signed in already\r\n" ENDED);
}

static void
third_wrong_password_ends_the_connection(void **state)
{
#define TRY "USER a@example.com\r\nPASS wrong\r\n"
	g_autofree char *all = heard(TRY TRY TRY TRY);
	g_auto(GStrv) lines = g_strsplit(all, "\r\n", -1);

	(void)state;
	assert_int_equal(g_strv_length(lines), 7);
	assert_true(g_str_has_prefix(lines[5], "-ERR [AUTH] "));
}

static void
passwords_are_taken_only_within_tls(void **state)
{
	g_autofree char *all = NULL;
	struct visit visit;

	(void)state;
	begin(&visit, false);
	say(&visit, SIGN_IN "AUTH PLAIN AGFAZXhhbXBsZS5jb20AcmlnaHQ=\r\nSTAT\r\n" END);
	all = finish(&visit);
#define AFTER_STLS "-ERR [SYS/PERM] Passwords are taken only after STLS\r\n"
	assert_string_equal(all, "+OK Postseal\r\n" AFTER_STLS AFTER_STLS AFTER_STLS
				 "-ERR Please sign in first\r\n" ENDED);
}

static void
read_exactly(struct visit *visit, const char *wanted)
{
	for (; *wanted != '\0'; wanted++) {
		char got;

		assert_int_equal(read(visit->socket, &got, 1), 1);
		assert_int_equal(got, *wanted);
	}
}

static void
stls_begins_anew(void **state)
{
	g_autofree char *all = NULL;
	struct visit visit;

	(void)state;
	begin(&visit, false);
	say(&visit, "STLS\r\n");
	read_exactly(&visit, "+OK Postseal\r\n+OK\r\n");
	shake_hands(&visit);
	say(&visit, SIGN_IN END);
	all = finish(&visit);
	assert_string_equal(all, SIGNED_IN ENDED);
}

static void
what_is_said_before_the_handshake_does_not_count_within(void **state)
{
	g_autofree char *all = NULL;
	struct visit visit;

	(void)state;
	begin(&visit, false);
	say(&visit, "STLS\r\nNOOP\r\n");
	all = finish(&visit);
	assert_string_equal(all, "+OK Postseal\r\n+OK\r\n");
}

static void
whoever_only_tries_is_not_served_for_ever(void **state)
{
	g_autofree char *line = g_strnfill(1500, 'A');
	GString *many = g_string_new(NULL);
	g_autofree char *said = NULL, *all = NULL, *after = NULL;

	(void)state;
	expect(line, "-ERR [SYS/PERM] The line is too long\r\n");
	for (int i = 0; i < 100; i++)
		g_string_append(many, "NOOP\r\n");
	all = heard(many->str);
	assert_true(g_str_has_suffix(all, "-ERR [SYS/PERM] Too many commands\r\n"));
	g_string_prepend(many, SIGN_IN);
	g_string_append(many, END);
	after = heard(many->str);
	assert_true(g_str_has_suffix(after, "+OK\r\n+OK\r\n"));
	said = g_string_free(many, FALSE);
}

/* --- a certificate --- */

static void
write_pem(const char *path, EVP_PKEY *key, X509 *certificate)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	if (certificate != NULL)
		assert_int_equal(PEM_write_X509(file, certificate), 1);
	else
		assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
}

static void
make_certificate(const char *directory)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	settings->pop_certificate = g_build_filename(directory, "pop.pem", NULL);
	settings->pop_key = g_build_filename(directory, "pop.key", NULL);
	write_pem(settings->pop_certificate, NULL, certificate);
	write_pem(settings->pop_key, key, NULL);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static int
start(void **state)
{
	char directory[] = "/tmp/pop.XXXXXX";
	struct fault fault;

	(void)state;
	assert_non_null(mkdtemp(directory));
	settings = settings_new();
	g_free(settings->pop_certificate);
	g_free(settings->pop_key);
	make_certificate(directory);
	service.settings = settings;
	service.strangers = strangers_new(10, 10);
	service.members = tally_new(10, 10);
	service.certificate = pop_certificate_new(settings, &fault);
	assert_non_null(service.certificate);
	unlink(settings->pop_certificate);
	unlink(settings->pop_key);
	rmdir(directory);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	/* The files are gone: what was read stays. */
	pop_certificate_reload(service.certificate);
	expect(END, ENDED);
	pop_certificate_free(service.certificate);
	strangers_free(service.strangers);
	tally_free(service.members);
	settings_free(settings);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_answered_in_order),
		cmocka_unit_test(messages_are_opened_and_sent),
		cmocka_unit_test(message_that_breaks_off_does_not_look_whole),
		cmocka_unit_test(only_quit_deletes),
		cmocka_unit_test(revoked_password_opens_nothing_more),
		cmocka_unit_test(plain_signs_in),
		cmocka_unit_test(nothing_is_told_before_signing_in),
		cmocka_unit_test(third_wrong_password_ends_the_connection),
		cmocka_unit_test(passwords_are_taken_only_within_tls),
		cmocka_unit_test(stls_begins_anew),
		cmocka_unit_test(what_is_said_before_the_handshake_does_not_count_within),
		cmocka_unit_test(whoever_only_tries_is_not_served_for_ever),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
