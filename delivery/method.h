/*
 * A delivery method: a way in which a copy can travel. Each is one file and one line in
 * methods[] (method.c).
 */
#ifndef POSTSEAL_DELIVERY_METHOD_H
#define POSTSEAL_DELIVERY_METHOD_H

#include "core/identifier.h"
#include "core/seal/wrap.h"
#include "keystore/keystore.h"
#include "mail/message.h"
#include "policy/policy.h"

/* What methods may use; lives as long as a message is in hand. */
struct surroundings {
	const struct settings *settings;
	struct policy *policy;
	struct database *database;
	struct keystore *keystore;
	const struct seal_key *courier;	       /* public: seals what goes to the outbox */
	const struct spool_settings *variants; /* for the body of a variant */
	const struct message *message;
	/* Our own keys for the sender, or why there is none; looked up once a message. */
	struct keystore_signer smime_signer;
	struct keystore_signer pgp_signer;
	const char *from;    /* folded address in From, or NULL */
	bool second_pass;    /* of the MTA: its recipients are final */
	bool place_is_taken; /* by what was decided on before: all goes by the outbox */
};

struct method;

/* One recipient's copy of a message. */
struct copy {
	const struct recipient *recipient;
	bool visible; /* named in To or Cc, so other recipients may know of it */
	struct policy_decision decision;
	const struct method *method; /* NULL: refused, or none is available */
	GPtrArray *keys;	     /* struct key: what it is sealed to */
	const char *flavour;	     /* copies of another flavour need another variant; or NULL */
	char *reason;
	json_t *tried;		/* [{method, possible, because}] */
	struct identifier id;	/* of its row in the log */
	bool already_committed; /* at an earlier offer: nothing to do */
	struct identifier
		earlier; /* the row of an earlier offer that this one replaces, or empty */
};

/* Copies that are served by one variant of the message. */
struct group {
	const struct method *method;
	const char *flavour;
	GPtrArray *copies;	 /* struct copy, borrowed */
	GPtrArray *keys;	 /* struct key of all of them, each once */
	char *boundary;		 /* for methods that write a multipart */
	bool hides_subject;	 /* the header travels within (mail/entity.h) */
	const char *const *tags; /* that are taken out of the subject; end with NULL */
	bool in_place;
};

enum carriage {
	CARRIED_AS_MAIL,  /* a variant of the message, by the MTA */
	CARRIED_IN_PARCEL /* waits in the database */
};

struct method {
	const char *name;
	const char *told; /* to senders, of a copy that goes so; to be translated */
	const char *wish; /* how a recipient asks for it in the portal, to be translated; NULL: it
			     cannot be asked for */
	enum carriage carriage;
	bool always;	   /* possible for everybody */
	int in_place_rank; /* the group with the highest is rewritten in place; 0: never */
	bool names_keys;   /* shows its reader whom it was sealed to: Bcc recipients stand alone */
	bool verified_tls; /* to be sent only over verified TLS: never in place */

	/* Can this copy travel so, now? Fills keys and flavour. *why_r says why (not), and is
	 * the caller's. False with `fault` when it could not be found out. */
	bool (*is_possible)(const struct surroundings *around, struct copy *copy, bool *possible_r,
			    char **why_r, struct fault *fault);
	/* Fields that take the place of all Content-* fields and MIME-Version, each "Name: value";
	 * caller frees. NULL: content stays as it is. */
	GPtrArray *(*fields)(const struct group *group);
	/* Writes the body that belongs to these fields. */
	bool (*write)(const struct surroundings *around, const struct group *group,
		      struct sink *sink, struct fault *fault);
	/* Our own key that signs, or NULL. */
	const struct key *(*signer)(const struct surroundings *around);
};

extern const struct method method_plain, method_tls, method_smime, method_pgp, method_pickup;
extern const struct method *const methods[]; /* ends with NULL */

const struct method *method_find(const char *name);
/* For policy_load(). */
const struct policy_method *methods_for_policy(void);

#endif
