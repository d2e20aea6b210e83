#include "admin/key_change.h"

#include <string.h>

#include "keystore/keystore.h"
#include "keystore/statements.h"

/* Keys of the same kind, from before this import, for one of its addresses, to which mail can be
 * encrypted today; and whether the new key has all of their addresses. What they are for besides,
 * it can take over, unless it is an employee's. */
static const struct statement keys_beside = {
	"keys_beside",
	"select o.id, n.id as new_id, o.fingerprint, coalesce('until ' || o.not_after::date, 'without end') as until,"
	" not exists (select from postseal.key_address x where x.key = o.id"
	"  and not exists (select from postseal.key_address y where y.key = n.id and y.address = x.address))"
	" and (n.role = 'recipient' or not exists (select from postseal.key_by_word w where w.key = o.id)"
	"  and not exists (select from postseal.key_domain d where d.key = o.id)) as is_covered "
	"from postseal.key n cross join lateral (select distinct b.key from postseal.key_address a"
	"  join postseal.key_address b on b.address = a.address where a.key = n.id and b.key <> n.id offset 0) b"
	" cross join lateral (select * from postseal.key where id = b.key offset 0) o "
	"where n.kind = $1 and n.fingerprint = $2 and o.kind = n.kind and o.role = 'recipient' and o.imported_at < n.imported_at"
	" and o.cannot_encrypt is null and (o.not_after is null or o.not_after > now()) order by o.fingerprint"};
enum { ID, NEW_ID, FINGERPRINT, UNTIL, IS_COVERED };
enum { ADDRESSES, DOMAINS }; /* columns of key_replace */

static bool
is_among(const GPtrArray *keys, const char *fingerprint)
{
	for (guint i = 0; i < keys->len; i++)
		if (strcmp(((const struct key *)g_ptr_array_index(keys, i))->fingerprint,
			   fingerprint) == 0)
			return true;
	return false;
}

/* Is it used for each of its addresses now? */
static bool
ask_whether_used(const struct key_change *change, const struct imported *key, bool *used_r,
		 struct fault *fault)
{
	char *const *domains = change->admin->settings->domains;
	g_auto(GStrv) addresses = g_strsplit(key->addresses, " ", -1);
	bool asked = true;

	*used_r = true;
	for (char **address = addresses; *address != NULL && asked && *used_r; address++) {
		struct keystore_answer answer;

		asked = keystore_find(change->keystore, key->kind, *address,
				      keystore_is_employee(domains, *address), &answer, fault);
		if (asked) {
			*used_r = is_among(answer.keys, key->fingerprint);
			keystore_answer_clear(&answer);
		}
	}
	return asked;
}

static void
add_key(json_t *row, const char *member, GString *text, const char *sentence,
	const PGresult *others, int i)
{
	json_array_append_new(json_object_get(row, member),
			      json_string(PQgetvalue(others, i, FINGERPRINT)));
	g_string_append_printf(text, "; %s %.16s, valid %s", sentence,
			       PQgetvalue(others, i, FINGERPRINT), PQgetvalue(others, i, UNTIL));
}

/* What the other key was for by an admin's word. */
static void
tell_taken_over(json_t *row, const char *list, GString *text, const char *what)
{
	json_t *taken_over = json_object_get(row, "taken_over");
	g_auto(GStrv) all = g_strsplit(list, " ", -1);

	for (char **one = all; *one != NULL; one++)
		if (**one != '\0') {
			json_array_append_new(taken_over, report_text(*one));
			g_string_append_printf(text, "%s%s", what, *one);
		}
}

/* A key that was there before. */
static bool
take_place(const struct key_change *change, const PGresult *others, int i, json_t *row,
	   GString *text, struct fault *fault)
{
	g_autoptr(PGresult) replaced = NULL;

	if (!change->replaces || !result_flag(others, i, IS_COVERED)) {
		add_key(row, "beside", text, "mail is encrypted to it and to", others, i);
		return true;
	}
	if (!command_ask(change->admin, &key_replace,
			 (const char *const[]){PQgetvalue(others, i, ID),
					       PQgetvalue(others, i, NEW_ID), change->admin->actor,
					       NULL},
			 &replaced, fault))
		return false;
	add_key(row, "replaced", text, "it replaces", others, i);
	tell_taken_over(row, PQgetvalue(replaced, 0, ADDRESSES), text,
			", by your word from now on also for ");
	tell_taken_over(row, PQgetvalue(replaced, 0, DOMAINS), text,
			", from now on also for everybody in ");
	return true;
}

bool
key_change_tell(const struct key_change *change, const struct imported *key, json_t *row,
		GString *text, struct fault *fault)
{
	g_autoptr(PGresult) others = NULL;
	bool is_for_mail = key->skipped == NULL && key->cannot_encrypt == NULL &&
			   g_strcmp0(key->role, "recipient") == 0 && *key->addresses != '\0';
	bool used = false;

	json_object_set_new(row, "beside", json_array());
	json_object_set_new(row, "replaced", json_array());
	json_object_set_new(row, "taken_over", json_array());
	if (is_for_mail && !ask_whether_used(change, key, &used, fault))
		return false;
	json_object_set_new(row, "used", json_boolean(used));
	if (!is_for_mail)
		return true;
	if (!command_ask(change->admin, &keys_beside,
			 (const char *const[]){key_kind_name(key->kind), key->fingerprint, NULL},
			 &others, fault))
		return false;
	if (!used)
		g_string_append(text, "; not used yet: see `postseal key find`");
	for (int i = 0; i < PQntuples(others) && used; i++)
		if (!take_place(change, others, i, row, text, fault))
			return false;
	return true;
}
