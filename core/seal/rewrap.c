#include "core/seal/rewrap.h"

#include <string.h>

#include "core/crash.h"
#include "core/seal/marked.h"

enum { AT_ONCE = 100 };
enum { ID, SEALED, ABOUT };

static const char before_all[] = "00000000-0000-0000-0000-000000000000";

/* What the row is to hold; NULL if no key opens it. */
static unsigned char *
box_anew(const struct rewrap_keys *keys, const unsigned char *sealed, size_t length,
	 size_t *length_r, struct fault *fault)
{
	unsigned char *boxed = g_malloc(SEAL_MARKED_BOX_BYTES);
	struct seal_key content, public_key;
	bool good = seal_marked_unbox(&content, sealed, length, keys->file);

	crypto_scalarmult_base(public_key.bytes, keys->file->keys[keys->use].bytes);
	good = good && seal_marked_box(boxed, &content, &public_key, fault);
	sodium_memzero(&content, sizeof content);
	if (!good)
		g_clear_pointer(&boxed, g_free);
	*length_r = SEAL_MARKED_BOX_BYTES;
	return boxed;
}

static unsigned char *
wrap_anew(const struct rewrap_keys *keys, const unsigned char *sealed, size_t length,
	  const char *about, size_t *length_r)
{
	unsigned char *wrapped;
	size_t plain_length;
	unsigned char *plain = seal_marked_open(sealed, length, keys->file, about, &plain_length);

	if (plain == NULL)
		return NULL;
	wrapped = seal_marked_bytes(plain, plain_length, &keys->file->keys[keys->use], about,
				    length_r);
	sodium_memzero(plain, plain_length);
	g_free(plain);
	return wrapped;
}

static bool
rewrap_row(const struct rewrap *where, const struct rewrap_keys *keys,
	   struct connection *connection, const PGresult *rows, int row, struct fault *fault)
{
	size_t length, new_length;
	g_autofree unsigned char *sealed = result_bytes(rows, row, SEALED, &length);
	g_autofree unsigned char *anew =
		strcmp(where->secret, "courier") != 0
			? wrap_anew(keys, sealed, length, PQgetvalue(rows, row, ABOUT), &new_length)
			: box_anew(keys, sealed, length, &new_length, fault);
	struct parameters parameters = {0};

	if (anew == NULL)
		return fault_set(fault, FAULT_CRYPTO,
				 "sealing %s with the new key: no key of this node opens %s; "
				 "was it sealed on a node with other key files?",
				 where->what, PQgetvalue(rows, row, ID));
	parameters_text(&parameters, PQgetvalue(rows, row, ID));
	parameters_bytes(&parameters, anew, new_length);
	parameters_bytes(&parameters, sealed, length);
	return connection_execute(connection, where->put, &parameters, NULL, fault);
}

/* Does one transaction. `after` says where to go on from, and is set to how far it got. */
static bool
rewrap_some(const struct rewrap *where, const struct rewrap_keys *keys, const char *mark,
	    struct connection *connection, char **after, int *count_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) rows = NULL;

	parameters_text(&parameters, mark);
	parameters_text(&parameters, *after);
	parameters_number(&parameters, AT_ONCE);
	if (!transaction_begin(connection, fault) ||
	    !connection_execute(connection, where->pick, &parameters, &rows, fault))
		return false;
	*count_r = PQntuples(rows);
	for (int row = 0; row < *count_r; row++)
		if (!rewrap_row(where, keys, connection, rows, row, fault))
			return false;
	crash_point("rotate-before-batch");
	if (!transaction_commit(connection, fault))
		return false;
	crash_point("rotate-after-batch");
	if (*count_r > 0) {
		g_free(*after);
		*after = g_strdup(PQgetvalue(rows, *count_r - 1, ID));
	}
	return true;
}

static void
mark_in_use(const struct rewrap *where, const struct rewrap_keys *keys,
	    char mark_r[SEAL_MARK_CHARACTERS + 1])
{
	struct seal_key key = keys->file->keys[keys->use];

	if (strcmp(where->secret, "courier") == 0)
		crypto_scalarmult_base(key.bytes, keys->file->keys[keys->use].bytes);
	seal_mark_show(mark_r, &key);
	sodium_memzero(&key, sizeof key);
}

bool
rewrap_rows(const struct rewrap *where, const struct rewrap_keys *keys,
	    struct connection *connection, uint64_t *done_r, struct fault *fault)
{
	g_autofree char *after = g_strdup(before_all);
	char mark[SEAL_MARK_CHARACTERS + 1];
	int count;

	mark_in_use(where, keys, mark);
	*done_r = 0;
	do {
		if (!rewrap_some(where, keys, mark, connection, &after, &count, fault))
			return false;
		*done_r += (uint64_t)count;
		if (keys->told != NULL)
			keys->told(keys->context, (unsigned)count);
	} while (count == AT_ONCE);
	return true;
}

bool
rewrap_count(const struct rewrap *where, const char *mark, struct connection *connection,
	     uint64_t *left_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, mark);
	if (!connection_execute(connection, where->count, &parameters, &result, fault))
		return false;
	*left_r = (uint64_t)result_number(result, 0, 0);
	return true;
}

bool
rewrap_settle(const struct rewrap *where, struct connection *connection, struct fault *fault)
{
	return where->what == NULL ||
	       connection_execute(connection, where->settle, NULL, NULL, fault);
}
