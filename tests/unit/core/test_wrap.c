/* Wrapped and derived keys: what opens them, and what must not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "core/seal/derive.h"
#include "core/seal/wrap.h"

static const char owner[] = "01a20d7c-90c6-7637-90e1-6481ec755f5a";

static void
wrapped_keys_open_for_their_row_only(void **state)
{
	struct seal_key content, wrapping, opened;
	unsigned char wrapped[SEAL_WRAPPED_BYTES];

	(void)state;
	randombytes_buf(&content, sizeof content);
	randombytes_buf(&wrapping, sizeof wrapping);
	seal_wrap(wrapped, &content, &wrapping, owner);
	assert_true(seal_unwrap(&opened, wrapped, sizeof wrapped, &wrapping, owner));
	assert_memory_equal(&content, &opened, sizeof content);
	assert_false(seal_unwrap(&opened, wrapped, sizeof wrapped, &wrapping, "another row"));
	assert_false(seal_unwrap(&opened, wrapped, sizeof wrapped - 1, &wrapping, owner));
	wrapped[40] ^= 1;
	assert_false(seal_unwrap(&opened, wrapped, sizeof wrapped, &wrapping, owner));
}

static void
link_and_code_are_both_needed(void **state)
{
	struct seal_key link, other_link, right, wrong;
	unsigned char salt[SEAL_SALT_BYTES] = {0};
	struct fault fault;

	(void)state;
	randombytes_buf(&link, sizeof link);
	randombytes_buf(&other_link, sizeof other_link);
	assert_true(seal_derive(&right, &link, "0123456789", salt, &fault));
	assert_true(seal_derive(&wrong, &link, "0123456788", salt, &fault));
	assert_memory_not_equal(&right, &wrong, sizeof right);
	assert_true(seal_derive(&wrong, &other_link, "0123456789", salt, &fault));
	assert_memory_not_equal(&right, &wrong, sizeof right);
	salt[0] = 1;
	assert_true(seal_derive(&wrong, &link, "0123456789", salt, &fault));
	assert_memory_not_equal(&right, &wrong, sizeof right);
}

/* Keys in a database were wrapped with what one library derived; any other library must derive the
 * same. */
static void
keys_are_derived_as_by_libsodium(void **state)
{
	static const struct {
		const char *secret;
		unsigned passes;
		size_t memory;
	} cases[] = {
		{"", 1, 1 << 20}, {"0123456789", 1, 4 << 20}, {"Pass word \xc3\xa9", 3, 32 << 20}};
	unsigned char salt[DERIVE_SALT_BYTES], ours[SEAL_KEY_BYTES], theirs[SEAL_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		size_t length = strlen(cases[i].secret);

		randombytes_buf(salt, sizeof salt);
		assert_true(derive_argon2id(ours, sizeof ours, cases[i].secret, length, salt,
					    cases[i].passes, cases[i].memory));
		assert_int_equal(crypto_pwhash(theirs, sizeof theirs, cases[i].secret, length, salt,
					       cases[i].passes, cases[i].memory,
					       crypto_pwhash_ALG_ARGON2ID13),
				 0);
		assert_memory_equal(ours, theirs, sizeof ours);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrapped_keys_open_for_their_row_only),
		cmocka_unit_test(link_and_code_are_both_needed),
		cmocka_unit_test(keys_are_derived_as_by_libsodium),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
