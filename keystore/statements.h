/* All SQL statements of the key store. */
#ifndef POSTSEAL_KEYSTORE_STATEMENTS_H
#define POSTSEAL_KEYSTORE_STATEMENTS_H

#include "core/database.h"

/* Our own keys remain ours; trusted keys remain trusted. */
static const struct statement key_put = {
	"key_put",
	"insert into postseal.key (id, kind, fingerprint, role, content, owner, not_before, not_after,"
	" signs_until, pinned, capabilities, cannot_encrypt, cannot_sign, imported_by, trust, revocation) "
	"values ($1, $2, $3, $4, $5, $6, to_timestamp($7), to_timestamp($8), to_timestamp($9), $10,"
	" $11::text[], $12, $13, $14, coalesce($15, 'organisation')::postseal.trust_level, $16) "
	"on conflict (kind, fingerprint) do update set"
	" role = case when excluded.role in ('own', 'root') then excluded.role else key.role end,"
	" content = excluded.content, owner = excluded.owner, not_before = excluded.not_before,"
	" not_after = excluded.not_after, signs_until = excluded.signs_until,"
	" pinned = key.pinned or excluded.pinned, capabilities = excluded.capabilities,"
	" cannot_encrypt = excluded.cannot_encrypt, cannot_sign = excluded.cannot_sign,"
	" imported_at = now(), imported_by = excluded.imported_by,"
	" trust = case when $15 is null then key.trust else excluded.trust end,"
	" revocation = coalesce(excluded.revocation, key.revocation)"};

/* What belongs to a key that the same batch may have put: it is named by kind and fingerprint. */
#define KEY_PUT "(select id from postseal.key where kind = $1 and fingerprint = $2)"

/* Looks up OpenPGP keys by the end of their fingerprint, which is the key ID. */
static const struct statement key_known = {
	"key_known",
	"select content from postseal.key where kind = 'pgp' and fingerprint like '%' || $1 for update"};

/* Locked as well, so that it becomes nobody's own until the end of the transaction. */
static const struct statement key_role = {
	"key_role",
	"select role from postseal.key where kind = $1 and fingerprint = $2 for update"};

static const struct statement key_forget_addresses = {
	"key_forget_addresses", "delete from postseal.key_address where key = " KEY_PUT};

static const struct statement key_put_address = {
	"key_put_address",
	"insert into postseal.key_address (key, address) values (" KEY_PUT ", $3)"};

static const struct statement key_put_domain = {
	"key_put_domain", "insert into postseal.key_domain (key, domain) values (" KEY_PUT
			  ", $3) on conflict do nothing"};

static const struct statement key_put_word = {
	"key_put_word", "insert into postseal.key_word (key, address) values (" KEY_PUT
			", $3) on conflict do nothing"};

static const struct statement key_put_private = {
	"key_put_private",
	"insert into postseal.private_key (key, sealed) values (" KEY_PUT ", $3) "
	"on conflict (key) do update set sealed = excluded.sealed"};

static const struct statement key_list = {
	"key_list",
	"select k.kind, k.role, k.fingerprint, date_trunc('second', k.not_after) as until,"
	" (select to_jsonb(coalesce(array_agg(a.address order by a.address), '{}'))"
	"  from (select address from postseal.key_address where key = k.id"
	"   union all select domain from postseal.key_domain where key = k.id"
	"   union select address from postseal.key_by_word where key = k.id) a) as addresses, k.owner, k.cannot_encrypt as not_for_encryption,"
	" case when k.role = 'own' then k.cannot_sign end as not_for_signatures "
	"from postseal.key k "
	"where $1 = '' or k.fingerprint like $1 || '%' or exists (select from postseal.key_address a where a.key = k.id"
	"  and (a.address = $1 or a.address like '%@' || $1))"
	" or exists (select from postseal.key_domain d where d.key = k.id and d.domain in ($1, '*.' || $1))"
	" or exists (select from postseal.key_by_word w where w.key = k.id and (w.address = $1 or w.address like '%@' || $1)) "
	"order by k.kind, k.role, (select min(a.address) from postseal.key_address a where a.key = k.id), k.fingerprint"};

/* Fingerprints of certificates are stored in lower case, those of OpenPGP keys in upper case, as
 * the respective tools print them. */
static const struct statement key_show = {
	"key_show",
	"select k.id, k.kind, k.role, k.fingerprint, k.owner, k.not_before as valid_from, k.not_after as valid_until,"
	" k.pinned, to_jsonb(k.capabilities) as capabilities, k.cannot_encrypt, k.cannot_sign, k.imported_at, k.imported_by,"
	" (select to_jsonb(coalesce(array_agg(a.address order by a.address), '{}'))"
	"  from (select address from postseal.key_address where key = k.id"
	"   union all select domain from postseal.key_domain where key = k.id"
	"   union select address from postseal.key_by_word where key = k.id) a) as addresses,"
	" exists (select from postseal.private_key where key = k.id) as private_key, k.content "
	"from postseal.key k where starts_with(k.fingerprint, lower($1)) or starts_with(k.fingerprint, upper($1))"
	" order by k.fingerprint"};

static const struct statement key_delete = {
	"key_delete",
	"delete from postseal.key where id = $1 returning kind, fingerprint, 'deleted ' || kind || ' ' || fingerprint as text"};

/* Puts the key $2 in the place of $1, also for the whole domains that $1 was for, and for the
 * addresses that it was for by an admin's word; $3 says so again. */
static const struct statement key_replace = {
	"key_replace",
	"with words as (select address from postseal.key_by_word where key = $1"
	"  except select address from postseal.key_by_word where key = $2),"
	" domains as (select domain from postseal.key_domain where key = $1"
	"  except select domain from postseal.key_domain where key = $2),"
	" put_words as (insert into postseal.key_word (key, address) select $2, address from words on conflict do nothing),"
	" put_domains as (insert into postseal.key_domain (key, domain) select $2, domain from domains),"
	" stated as (select w.address, postseal.attest(gen_random_uuid(), n.kind, n.fingerprint, w.address, $3, 'administrator', null,"
	"   'imported in the place of ' || o.fingerprint) as is_new"
	"  from words w join postseal.key n on n.id = $2 join postseal.key o on o.id = $1),"
	" gone as (delete from postseal.key where id = $1) "
	"select string_agg(address, ' ' order by address) filter (where is_new is not null) as addresses,"
	" (select string_agg(domain, ' ' order by domain) from domains) as domains from stated"};

#endif
