/*
 * Where keys come from. A source is one file here and one line in key_sources[] (store/sources.c);
 * it returns what it has for an address, and the key store judges that: chains, strength, validity
 * period, and whether the organisation, the owner or nobody at all vouches for the key.
 */
#ifndef POSTSEAL_KEYSTORE_SOURCE_SOURCE_H
#define POSTSEAL_KEYSTORE_SOURCE_SOURCE_H

#include "core/database.h"
#include "keystore/finder.h"
#include "keystore/found.h"
#include "keystore/key.h"

struct key_question {
	struct connection *connection;
	enum key_kind kind;
	const char *address; /* folded */
	const struct key_source *source;
	GString *notes; /* why there is none: sentences for the record */
};

struct key_source {
	const char *name;     /* as in the setting `keys from` */
	const char *belongs;  /* to another source, which is in use whenever that is; or NULL */
	bool is_always_first; /* unless the setting says otherwise */
	bool is_always_last;  /* used only if no other source has a usable key */
	bool is_by_word;      /* an admin says whose its keys are, and no authority does */
	unsigned lifetime; /* how many seconds its answer is good for; 0: until the database reports
			      a change */
	/* Adds struct key to `keys`, with content, fingerprint, owner, times and capabilities; the
	 * more trusted first. False with `fault` filled if the source could not be queried. */
	bool (*find)(const struct key_question *question, GPtrArray *keys, struct fault *fault);

	/* --- for a source in the network (keystore/discovery.h) --- */

	enum finder_wish wishes[2]; /* what the finder is asked, by kind; FINDER_PING: nothing */
	bool for_employees;	    /* also asked for addresses in the organisation's domains */
	/* Takes an item of an answer apart; false: it cannot give a key. NULL: it is the key. */
	bool (*take)(GBytes *item, enum key_kind kind, struct found_item *item_r);
	/* Who makes the statement that a key is the address's (keystore/trust.h); points into the
	 * address, or is a constant. */
	const char *(*author)(const char *address);
};

extern const struct key_source key_source_database; /* what admins imported */
extern const struct key_source key_source_upload;   /* what owners uploaded in the portal */
extern const struct key_source key_source_domain;   /* what admins imported for a whole domain */
extern const struct key_source key_source_word;	    /* what admins imported for another address */
extern const struct key_source key_source_mail;	    /* what came with mail */
extern const struct key_source key_source_wkd;	    /* Web Key Directory of the domain */
extern const struct key_source key_source_dane;	    /* DNS of the domain, with DNSSEC */
extern const struct key_source key_source_ldap;	    /* directories */
extern const struct key_source key_source_servers;  /* key servers */

/* All of them, ending with NULL. */
extern const struct key_source *const key_sources[];
/* Is the source in the network? */
bool key_source_is_asked(const struct key_source *source, enum key_kind kind);
/* For these, `find`: what the network had at the last answer (keystore/source/found.c). */
bool key_source_found(const struct key_question *question, GPtrArray *keys, struct fault *fault);
/* The columns of its rows in postseal.key_found `f`, and the key in a row that begins with them. */
#define KEY_SOURCE_FOUND_COLUMNS                                                                           \
	"f.fingerprint, f.content, f.owner,"                                                               \
	" extract(epoch from f.not_before)::bigint, extract(epoch from f.not_after)::bigint,"              \
	" f.capabilities @> '{gcm}', f.capabilities @> '{oaep}', f.pinned,"                                \
	" coalesce((select r.cannot_encrypt from postseal.key_found r where r.fingerprint = f.fingerprint" \
	"   and starts_with(r.cannot_encrypt, 'revoked by its owner') limit 1), f.cannot_encrypt),"        \
	" extract(epoch from f.seen_at)::bigint,"                                                          \
	" exists (select from postseal.attestation t where t.kind = f.kind and t.subject = f.fingerprint"  \
	"  and t.address = f.address and (t.author = f.author or t.how = 'administrator') and t.revoked_at is null)"
enum { KEY_SOURCE_FOUND_COUNT = 11 };
struct key *key_source_found_row(enum key_kind kind, const PGresult *result, int row);

/* Joins `key`, a column, with the key it names, called k. A fence keeps the planner to the primary
 * key: without statistics, after an import or a restore, it would read all keys for each question.
 */
#define KEY_SOURCE_JOIN(key)                                                                       \
	"cross join lateral (select * from postseal.key where id = " key " offset 0) k "

/* Makes a key from a row that begins with: fingerprint, content, owner, not_before, not_after
 * (seconds since 1970 or null), gcm, oaep. Whatever a certificate says itself is taken from the
 * certificate, not from the row. */
struct key *key_source_row(enum key_kind kind, const PGresult *result, int row);
/* The same for an imported key: the row goes on with is_ours, pinned, cannot_encrypt, cannot_sign,
 * signs_until. */
struct key *key_source_imported(enum key_kind kind, const PGresult *result, int row);
/* find() for imported keys: the statement has such rows for the address, $1, and the kind, $2. */
bool key_source_find_imported(const struct key_question *question,
			      const struct statement *statement, GPtrArray *keys,
			      struct fault *fault);

#endif
