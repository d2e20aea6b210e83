/* A key of a browser that claims 2^32 items made libfido2 ask for gigabytes of memory. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "portal/authenticator_data.h"

enum { HEADER = 37, CREDENTIAL = 18, FLAGS = 32, HAS_CREDENTIAL = 0x41, HAS_EXTENSIONS = 0x81 };

static size_t
make(unsigned char *data, unsigned char flags, const char *cbor, size_t length)
{
	size_t begin = HEADER + (flags == HAS_CREDENTIAL ? CREDENTIAL + 2 : 0);

	memset(data, 0, begin);
	data[FLAGS] = flags;
	if (flags == HAS_CREDENTIAL)
		data[HEADER + CREDENTIAL - 1] = 2; /* the ID has two bytes */
	memcpy(data + begin, cbor, length);
	return begin + length;
}

static void
check(const char *cbor, size_t length, bool modest)
{
	static const unsigned char flags[] = {HAS_CREDENTIAL, HAS_EXTENSIONS};
	unsigned char data[256];

	for (size_t i = 0; i < sizeof flags; i++) {
		size_t size = make(data, flags[i], cbor, length);

		assert_int_equal(authenticator_data_is_modest(data, size), modest);
	}
}

/* The EdDSA key of RFC 8152's kind: {1: 1, 3: -8, -1: 6, -2: h'..'} */
static void
keys_of_browsers_are_taken(void **state)
{
	static const char key[] = "\xa4\x01\x01\x03\x27\x20\x06\x21\x44"
				  "four";
	static const char with_extension[] = "\xa1\x01\x01\xa1\x6b"
					     "credProtect\x02";

	(void)state;
	check(key, sizeof key - 1, true);
	check(with_extension, sizeof with_extension - 1, true);
	check("", 0, true);
}

static void
claims_beyond_reason_are_refused(void **state)
{
	(void)state;
	check("\x9b\x00\x00\x00\x01\x00\x00\x00\x00", 9, false); /* an array of 2^32 */
	check("\xbb\x00\x00\x00\x01\x00\x00\x00\x00", 9, false); /* a map of 2^32 */
	check("\xa1\x01\x9a\x0f\xff\xff\xff", 7, false);	 /* an array within a map */
	check("\x01\x98\x41", 3, false);			 /* behind another item, of 65 */
	check("\x5b\x00\x00\x00\x01\x00\x00\x00\x00", 9, false); /* a string of 2^32 */
	check("\xa1\x01", 2, true); /* too short for its map, but harmless: left to the decoder */
}

static void
what_is_cut_off_is_refused(void **state)
{
	unsigned char data[256];
	size_t size = make(data, HAS_CREDENTIAL, "", 0);

	(void)state;
	for (size_t length = 0; length < size; length++)
		assert_false(authenticator_data_is_modest(data, length));
	data[HEADER + CREDENTIAL - 2] = 0xff; /* an ID of 65 282 bytes */
	assert_false(authenticator_data_is_modest(data, size));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_browsers_are_taken),
		cmocka_unit_test(claims_beyond_reason_are_refused),
		cmocka_unit_test(what_is_cut_off_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
