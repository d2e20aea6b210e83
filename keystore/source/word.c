/*
 * Keys that admins imported for an address that is not in them (`postseal key import --for`): a
 * secretary's for the chief, or an office's for one of its people. Only the admin's word says so,
 * and the key counts for as long as that stands (keystore/sql/362_key_word.sql).
 */
#include "keystore/source/source.h"

static const struct statement key_by_word = {
	"key_by_word",
	"select k.fingerprint, k.content, k.owner,"
	" extract(epoch from k.not_before)::bigint, extract(epoch from k.not_after)::bigint,"
	" k.capabilities @> '{gcm}', k.capabilities @> '{oaep}',"
	" k.role = 'own', k.pinned, k.cannot_encrypt, k.cannot_sign,"
	" extract(epoch from k.signs_until)::bigint "
	"from postseal.key_word w " KEY_SOURCE_JOIN(
		"w.key") "where w.address = $1 and k.kind = $2 and k.role = 'recipient'"
			 " and exists (select from postseal.key_by_word b where b.key = w.key and b.address = w.address) "
			 "order by k.not_before desc, k.fingerprint"};

static bool
find(const struct key_question *question, GPtrArray *keys, struct fault *fault)
{
	return key_source_find_imported(question, &key_by_word, keys, fault);
}

const struct key_source key_source_word = {.name = "word",
					   .belongs = "database",
					   .is_always_first = true,
					   .is_by_word = true,
					   .find = find};
