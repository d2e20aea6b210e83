/*
 * Puts mail into the outbox: as rows of the same transaction that holds the reason for it. Only the
 * courier can open them (core/seal/key_file.h).
 */
#ifndef POSTSEAL_DELIVERY_OUTBOX_OUTBOX_H
#define POSTSEAL_DELIVERY_OUTBOX_OUTBOX_H

#include "core/database.h"
#include "core/identifier.h"
#include "core/seal/content.h"
#include "keystore/key.h"
#include "mail/imprint.h"

/* "copy", "notice" and so on; ends with NULL. */
extern const char *const outbox_kinds[];

struct outbox_mail {
	struct identifier id;
	const char *kind;    /* one of outbox_kinds[] */
	const char *message; /* identifier of the message in the log, or NULL */
	const char *sender;  /* of the envelope; "" for the null sender */
	const char *ret;     /* DSN parameters of MAIL (RFC 3461), or NULL */
	const char *envid;
	bool smtputf8; /* RFC 6531 */
	bool verified; /* only over verified TLS */
	/* For a copy of a message from outside: the address of its client, whom the MTA names to
	 * milters that sign. NULL: it is from inside. */
	const char *client;
	const char *copies; /* of a notice about several messages: the identifiers of their copies
			       in the log, as a PostgreSQL array; otherwise NULL */
	uint64_t lifetime;  /* seconds for which delivery is tried */
};

struct outbox_recipient {
	const char *address;
	const char *notify; /* DSN parameters of RCPT, or NULL */
	const char *orcpt;
	const char *copy; /* identifier in the log of the copy whose state changes, or NULL */
};

/* A key that a copy is sealed to: when the copy leaves, somebody must still say whose it is, and
 * its sender be able to trust that as far as its rule asks (sql/363_outbox_keys.sql). */
struct outbox_trust {
	const struct key *key;
	const char *address; /* of the recipient; folded */
	const char *sender;  /* folded */
	const char *asked;   /* trust_level_name() */
	uint64_t colleagues;
};

/* Writes one mail into the open batch: begin, recipients, content into &imprint.sink, end. */
struct outbox_writer {
	struct imprint_sink imprint;
	struct sealing_sink sealing;
	struct connection *connection;
	const struct outbox_mail *mail;
	GPtrArray *addresses; /* folded */
	GPtrArray *copies;    /* of these recipients; NULL: none */
	unsigned trust_count;
};

bool outbox_begin(struct outbox_writer *writer, struct connection *connection,
		  const struct seal_key *courier, const struct outbox_mail *mail,
		  struct fault *fault);
bool outbox_add_recipient(struct outbox_writer *writer, const struct outbox_recipient *recipient,
			  struct fault *fault);
bool outbox_add_trust(struct outbox_writer *writer, const struct outbox_trust *trust,
		      struct fault *fault);
bool outbox_end(struct outbox_writer *writer, struct fault *fault);
/* Call this whatever outbox_begin() returned. */
void outbox_clear(struct outbox_writer *writer);

#endif
