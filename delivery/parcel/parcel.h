/*
 * A parcel: a message that waits for its recipients in the database, sealed (core/seal/wrap.h). It
 * is encrypted once; for each recipient, its key is wrapped with what is derived from the link and
 * the unlock code together. Neither is in the database, only a hash to find the link by.
 */
#ifndef POSTSEAL_DELIVERY_PARCEL_PARCEL_H
#define POSTSEAL_DELIVERY_PARCEL_PARCEL_H

#include <glib.h>

#include "core/database.h"
#include "core/identifier.h"
#include "core/seal/content.h"
#include "delivery/parcel/unlock_code.h"

/* What opens a parcel for one recipient. Wipe it with sodium_memzero(). */
struct parcel_access {
	char link[SEAL_KEY_CHARACTERS + 1];
	struct code code;
};

/* Writes a parcel into the open batch: begin, keys, content into &sealing.sink, end. */
struct parcel_writer {
	struct sealing_sink sealing;
	struct connection *connection;
	struct identifier id;
	struct seal_key content;
};

struct parcel_settings {
	const char *message; /* its identifier in the log; NULL: a draft */
	const char *sender;  /* is sent the codes, and told about trouble */
	uint64_t size;	     /* bytes of the message */
	bool smtputf8;
	/* What lists of messages show, UTF-8; sealed with the message. NULL: "". */
	const char *subject, *from, *to;
	const char *name;	 /* of the sender, who is the only author; stored in the same way */
	const GPtrArray *files;	 /* names that it can be found by, UTF-8, stored in the same way; or
				    NULL */
	const GPtrArray *beside; /* names of files that are not in the message itself; or NULL */
	const char *language;	 /* of the notices, if known, or NULL */
	const char *receipt;	 /* as a rule asks: "mail", "mdn", "dsn", or NULL */
	const char *phone;	 /* where the code is sent, or NULL: to the sender */
	bool is_by_sender;	 /* it is known that the sender sent it */
	bool takes_files;	 /* the sender may add files on the sender's page */
	const struct seal_key *courier; /* public key; seals the phone number */
};

/* A recipient of the parcel. */
struct parcel_recipient {
	const char *copy;   /* identifier in the log */
	const char *notify; /* DSN parameters for the notice, or NULL */
	const char *orcpt;
	uint64_t lifetime; /* seconds for which it may be opened */
};

bool parcel_begin(struct parcel_writer *writer, struct connection *connection,
		  const struct parcel_settings *settings, struct fault *fault);
/* Leaves the key sealed for the courier, who makes link and code. */
bool parcel_add_key(struct parcel_writer *writer, const struct parcel_recipient *recipient,
		    const struct seal_key *courier, struct fault *fault);
bool parcel_end(struct parcel_writer *writer, struct fault *fault);
/* Call this whatever parcel_begin() returned. */
void parcel_clear(struct parcel_writer *writer);

/* X25519, made of a parcel's content key: what is boxed to the public one, whoever opens the parcel
 * opens. Wipe the private one. */
void parcel_key_pair(struct seal_key *public_r, struct seal_key *private_r,
		     const struct seal_key *content);
void parcel_public_key(struct seal_key *public_r, const struct seal_key *content);

/* The subject, or the sender's name, in the summary of a parcel, UTF-8; NULL if the summary cannot
 * be opened, or has none. Caller frees. */
char *parcel_subject(const unsigned char *summary, size_t length, const char *parcel,
		     const struct seal_key *content);
char *parcel_name(const unsigned char *summary, size_t length, const char *parcel,
		  const struct seal_key *content);

/* --- link and code --- */

/* What the database stores of link and code. */
struct parcel_lock {
	unsigned char link_hash[SEAL_DIGEST_BYTES];
	unsigned char salt[SEAL_SALT_BYTES];
	unsigned char wrapped[SEAL_WRAPPED_BYTES];
};

/* Makes link and code, and wraps the content key with them; `id` is that of the key's row. */
bool parcel_make_access(const char *id, const struct seal_key *content,
			struct parcel_access *access_r, struct parcel_lock *lock_r,
			struct fault *fault);

/* --- opening --- */

/* One recipient's key to a parcel, as stored in the database. */
struct parcel_key {
	struct identifier id;
	struct identifier parcel;
	struct identifier copy;
	char *sender;
	char *recipient;
	char *message; /* identifier in the log */
	char *receipt; /* the receipt's form, as the rule asks, or NULL */
	unsigned char salt[SEAL_SALT_BYTES];
	unsigned char wrapped[SEAL_WRAPPED_BYTES];
	unsigned tries; /* wrong codes entered so far */
	bool locked;
};

/* The hash by which a link is found; false if the text is not a link. */
bool parcel_link_hash(const char *link, unsigned char hash_r[SEAL_DIGEST_BYTES]);
/* *found_r is false if the link is unknown or has expired. */
bool parcel_find(struct connection *connection, const char *link, struct parcel_key *key_r,
		 bool *found_r, struct fault *fault);
void parcel_key_clear(struct parcel_key *key);
/* Why a link opens nothing any more (delivery/sql/300_gone_links.sql). */
enum parcel_gone {
	PARCEL_NOT_GONE, /* it may, or nothing is known of it */
	PARCEL_RECALLED,
	PARCEL_EXPIRED,
	PARCEL_DELETED,
	PARCEL_LINK_REPLACED, /* by a newer one */
	PARCEL_LOST	      /* its key was deleted, as with its reader's account */
};
bool parcel_find_gone(struct connection *connection, const char *link, enum parcel_gone *gone_r,
		      struct fault *fault);
/* The same for a message that this account had in its mailbox (delivery/sql/353_gone_keys.sql). */
bool parcel_find_gone_key(struct connection *connection, const char *id, const char *account,
			  enum parcel_gone *gone_r, struct fault *fault);
/* *opened_r says whether link and code together open the parcel. */
bool parcel_unlock(const struct parcel_key *key, const char *link, const struct code *code,
		   struct seal_key *content_r, bool *opened_r, struct fault *fault);

#endif
