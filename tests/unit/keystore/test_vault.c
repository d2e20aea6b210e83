/* Which private keys the keeper keeps. The database and its notifications are simulated. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "core/listener.h"
#include "core/seal/marked.h"
#include "keystore/keeper/vault.h"

static const char fingerprint[] = "00112233445566778899aabbccddeeff00112233";

static struct {
	struct seal_key master;
	struct ring *ring;     /* of it */
	unsigned char *sealed; /* the key, as stored in the table */
	size_t length;
	bool is_there;		/* in the table */
	bool goes_when_fetched; /* deleted, with a notification, right after it was read */
	unsigned fetched;
	void (*heard)(void *context, const char *payload);
	void *context;
} made;

struct connection *__wrap_database_take(struct database *database, struct fault *fault);
void __wrap_connection_give(struct connection *connection);
bool __wrap_connection_execute(struct connection *connection, const struct statement *statement,
			       const struct parameters *parameters, PGresult **result_r,
			       struct fault *fault);
struct listener *__wrap_listener_start(const struct database_settings *settings,
				       const char *channel,
				       void (*heard)(void *context, const char *payload),
				       void *context);
void __wrap_listener_stop(struct listener *listener);
bool __wrap_listener_is_connected(const struct listener *listener);

struct connection *
__wrap_database_take(struct database *database, struct fault *fault)
{
	(void)database;
	(void)fault;
	return (struct connection *)&made;
}

void
__wrap_connection_give(struct connection *connection)
{
	(void)connection;
}

static PGresult *
row_of_key(void)
{
	static PGresAttDesc columns[] = {{.name = (char *)"kind", .typlen = -1},
					 {.name = (char *)"sealed", .typlen = -1}};
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	g_autoptr(GString) hex = g_string_new("\\x");

	for (size_t i = 0; i < made.length; i++)
		g_string_append_printf(hex, "%02x", made.sealed[i]);
	PQsetResultAttrs(result, G_N_ELEMENTS(columns), columns);
	if (made.is_there) {
		PQsetvalue(result, 0, 0, (char *)"smime", 5);
		PQsetvalue(result, 0, 1, hex->str, (int)hex->len);
	}
	return result;
}

bool
__wrap_connection_execute(struct connection *connection, const struct statement *statement,
			  const struct parameters *parameters, PGresult **result_r,
			  struct fault *fault)
{
	(void)connection;
	(void)fault;
	assert_string_equal(statement->name, "vault_key");
	assert_string_equal(parameters->values[0], fingerprint);
	made.fetched++;
	*result_r = row_of_key();
	if (made.goes_when_fetched) {
		made.is_there = false;
		made.heard(made.context, fingerprint);
	}
	return true;
}

struct listener *
__wrap_listener_start(const struct database_settings *settings, const char *channel,
		      void (*heard)(void *context, const char *payload), void *context)
{
	(void)settings;
	assert_string_equal(channel, "postseal_key");
	made.heard = heard;
	made.context = context;
	return (struct listener *)&made;
}

void
__wrap_listener_stop(struct listener *listener)
{
	(void)listener;
}

bool
__wrap_listener_is_connected(const struct listener *listener)
{
	(void)listener;
	return true;
}

static bool
sign_digest(struct vault *vault, int nid, uint32_t length)
{
	struct keeper_request request = {.wish = KEEPER_SIGN, .digest_nid = nid, .length = length};
	struct keeper_reply reply = {0};
	struct fault fault;

	g_strlcpy(request.fingerprint, fingerprint, sizeof request.fingerprint);
	return vault_sign(vault, &request, &reply, &fault);
}

static bool
sign(struct vault *vault)
{
	return sign_digest(vault, NID_sha256, 32);
}

static int
set_up(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *der = NULL;
	int length = i2d_PrivateKey(key, &der);

	memset(&made, 0, sizeof made);
	made.is_there = true;
	randombytes_buf(&made.master, sizeof made.master);
	made.sealed =
		seal_marked_bytes(der, (size_t)length, &made.master, fingerprint, &made.length);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	made.ring = ring_new("", SECRET_MASTER, &(struct key_file){1, {made.master}});
	*state = vault_new(NULL, &(struct database_settings){0}, made.ring);
	return 0;
}

static int
tear_down(void **state)
{
	vault_free(*state);
	ring_free(made.ring);
	g_free(made.sealed);
	return 0;
}

static void
key_is_fetched_once(void **state)
{
	assert_true(sign(*state));
	assert_true(sign(*state));
	assert_int_equal(made.fetched, 1);
}

static void
key_that_was_deleted_signs_no_more(void **state)
{
	assert_true(sign(*state));
	made.is_there = false;
	made.heard(made.context, fingerprint);
	assert_false(sign(*state));
}

/* The key was put into the cache after the notification, and kept signing for as long as the keeper
 * ran. */
static void
key_that_was_deleted_while_it_was_fetched_signs_no_more(void **state)
{
	made.goes_when_fetched = true;
	sign(*state); /* it was requested before it was deleted */
	assert_false(sign(*state));
	assert_int_equal(made.fetched, 2);
}

/* Whoever may have digests signed had MD5, SHA-1 and bytes of any length signed too (RFC 8551 §2.1:
 * SHA-256 and longer). */
static void
bytes_that_are_no_strong_digest_are_not_signed(void **state)
{
	assert_false(sign_digest(*state, NID_md5, 16));
	assert_false(sign_digest(*state, NID_sha1, 20));
	assert_false(sign_digest(*state, NID_sha256, 31));
	assert_false(sign_digest(*state, NID_undef, 36)); /* MD5 and SHA-1, as in TLS 1.1 */
	assert_false(sign_digest(*state, 99999, 32));
	assert_true(sign_digest(*state, NID_sha384, 48));
	assert_true(sign_digest(*state, NID_undef, 32)); /* ECDSA */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(key_is_fetched_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(key_that_was_deleted_signs_no_more, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			key_that_was_deleted_while_it_was_fetched_signs_no_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bytes_that_are_no_strong_digest_are_not_signed,
						set_up, tear_down),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
