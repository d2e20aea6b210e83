/* Methods: what was looked up a moment ago is checked again before it is used. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "delivery/method.h"

static const struct spool_settings in_memory = {.directory = "/tmp", .memory_max = 1 << 20};

/* A group with a key that has expired since it was looked up. */
static struct group
group_with_expired_key(const struct method *method, enum key_kind kind)
{
	struct key *key = key_new(kind);
	struct group group = {.method = method, .boundary = (char *)"b"};

	key->fingerprint = g_strdup("ABCDEF0123456789");
	key->not_after = time(NULL) - 1;
	group.keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_unref);
	g_ptr_array_add(group.keys, key);
	return group;
}

static void
key_that_expired_after_look_up_is_not_used(void **state)
{
	static const struct {
		const struct method *method;
		enum key_kind kind;
	} each[] = {{&method_smime, KEY_SMIME}, {&method_pgp, KEY_PGP}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(each); i++) {
		struct group group = group_with_expired_key(each[i].method, each[i].kind);
		g_autoptr(message_auto) message = message_new(&in_memory);
		const struct delivery_context delivery = {.message = message};
		struct counting_sink counter;
		struct fault fault = {0};

		counting_sink_init(&counter);
		assert_false(each[i].method->write(&delivery, &group, &counter.sink, &fault));
		assert_true(fault_is_temporary(&fault));
		assert_non_null(strstr(fault.text, "expired on"));
		assert_int_equal(counter.bytes, 0);
		g_ptr_array_unref(group.keys);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_that_expired_after_look_up_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
