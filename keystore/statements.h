/* All SQL of the key store. */
#ifndef POSTSEAL_KEYSTORE_STATEMENTS_H
#define POSTSEAL_KEYSTORE_STATEMENTS_H

#include "core/database.h"

/* What was ours stays ours; what was trusted stays trusted. */
static const struct statement key_put = {
	"key_put",
	"insert into postseal.key (id, kind, fingerprint, role, content, owner, not_before, not_after,"
	" signs_until, pinned, capabilities, cannot_encrypt, cannot_sign, imported_by) "
	"values ($1, $2, $3, $4, $5, $6, to_timestamp($7), to_timestamp($8), to_timestamp($9), $10,"
	" $11::text[], $12, $13, $14) "
	"on conflict (kind, fingerprint) do update set"
	" role = case when excluded.role in ('own', 'root') then excluded.role else key.role end,"
	" content = excluded.content, owner = excluded.owner, not_before = excluded.not_before,"
	" not_after = excluded.not_after, signs_until = excluded.signs_until,"
	" pinned = key.pinned or excluded.pinned, capabilities = excluded.capabilities,"
	" cannot_encrypt = excluded.cannot_encrypt, cannot_sign = excluded.cannot_sign,"
	" imported_at = now(), imported_by = excluded.imported_by "
	"returning id"};

/* OpenPGP keys by the end of their fingerprint, as key IDs are. */
static const struct statement key_known = {
	"key_known",
	"select content from postseal.key where kind = 'pgp' and fingerprint like '%' || $1 for update"};

static const struct statement key_forget_addresses = {
	"key_forget_addresses", "delete from postseal.key_address where key = $1"};

static const struct statement key_put_address = {
	"key_put_address", "insert into postseal.key_address (key, address) values ($1, $2)"};

static const struct statement key_put_private = {
	"key_put_private", "insert into postseal.private_key (key, sealed) values ($1, $2) "
			   "on conflict (key) do update set sealed = excluded.sealed"};

static const struct statement key_list = {
	"key_list",
	"select k.kind, k.role, k.fingerprint, to_char(k.not_after, 'YYYY-MM-DD'),"
	" k.cannot_encrypt, k.cannot_sign,"
	" coalesce(string_agg(a.address, ' ' order by a.address), '-'), k.owner "
	"from postseal.key k left join postseal.key_address a on a.key = k.id "
	"where $1 = '' or a.address = $1 or k.fingerprint like $1 || '%' or a.address like '%@' || $1 "
	"group by k.id order by k.kind, k.role, min(a.address), k.fingerprint"};

static const struct statement key_show = {
	"key_show",
	"select k.id, k.kind, k.role, k.fingerprint, k.owner,"
	" to_char(k.not_before, 'YYYY-MM-DD HH24:MI:SS'), to_char(k.not_after, 'YYYY-MM-DD HH24:MI:SS'),"
	" k.pinned, array_to_string(k.capabilities, ' '), k.cannot_encrypt, k.cannot_sign,"
	" to_char(k.imported_at, 'YYYY-MM-DD HH24:MI:SS'), k.imported_by, k.content,"
	" (select string_agg(address, ' ' order by address) from postseal.key_address where key = k.id),"
	" exists (select from postseal.private_key where key = k.id) "
	"from postseal.key k where k.fingerprint like $1 || '%' order by k.fingerprint"};

static const struct statement key_delete = {"key_delete", "delete from postseal.key where id = $1"};

#endif
