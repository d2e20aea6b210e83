/*
 * A delivery method: a way in which a copy can travel. Each method is one file and one line in
 * methods[] (method.c).
 */
#ifndef POSTSEAL_DELIVERY_METHOD_H
#define POSTSEAL_DELIVERY_METHOD_H

#include "core/identifier.h"
#include "core/seal/wrap.h"
#include "keystore/discovery.h"
#include "keystore/revocation.h"
#include "mail/message.h"
#include "policy/policy.h"

struct inbound;	 /* delivery/inbound/receive.h */
struct opening;	 /* delivery/inbound/open.h */
struct signable; /* delivery/signable.h */

/* What methods may use; lives as long as a message is being handled. */
struct delivery_context {
	const struct settings *settings;
	struct policy *policy;
	struct database *database;
	struct keystore *keystore;
	struct reader *reader;	     /* reads documents in the message */
	struct discovery *discovery; /* asks the network for keys; NULL: nobody is asked */
	struct revocation_inquiry *revocation; /* asks whether certificates were revoked, or NULL */
	bool asks_for_tls; /* the network is asked about verified TLS of domains, too */
	const struct seal_key *courier;	       /* public key: seals what goes into the outbox */
	const struct spool_settings *variants; /* for the body of a variant */
	const struct message *message;
	/* Our own keys for the sender, or why there are none; looked up once for each message. */
	struct keystore_signer smime_signer;
	struct keystore_signer pgp_signer;
	struct signable *signable;  /* the content as it is signed in the clear */
	const char *from;	    /* folded address in From, or NULL */
	bool second_pass;	    /* in the MTA's second pass, where recipients are final */
	const char *outside_client; /* its address (struct outbox_mail), or NULL */
	/* What the first pass noted in this message and in no other (IMPRINT_BYTES), or NULL. */
	const unsigned char *pass;
	time_t time;		      /* at which it is decided; 0: now */
	const struct seal_key *login; /* login.key: seals what waits for approval */
	/* The texts of rules with `hold` for which the message was approved; ends with NULL. NULL:
	 * none. */
	const char *const *approved;
	uint64_t size_limit; /* of the MTA for a message in place, bytes; 0: none is known */
	bool is_outside;     /* it is known to be from outside, whatever its client and sender */
	struct inbound *inbound; /* what is known of mail from outside; NULL: it is ours */
	bool place_is_taken;	 /* by recipients decided before: everything else goes through the
				    outbox */
	/* Does the MTA still wait for the answer, as far as can be seen? */
	bool (*is_awaited)(void *mta);
	void *mta;
};

struct method;

/* How far the recipient's keys must be trusted, and are. */
struct copy_trust {
	enum trust_level asked; /* of the method that is tried; TRUST_NONE: nothing */
	enum trust_level found;
	char *conflict; /* other keys that are claimed for the address too, or NULL */
};

/* One recipient's copy of a message. */
struct copy {
	const struct recipient *recipient;
	bool visible; /* named in To or Cc, so other recipients may know about it */
	struct policy_decision decision;
	const struct method *method;   /* NULL: refused, or no method is available */
	GPtrArray *keys;	       /* struct key: the keys it is sealed to */
	const struct opening *opening; /* what it opened to, for mail that comes in; or NULL */
	/* Of mail that comes in: values of fields, or NULL. */
	char *subject; /* replaces the original one */
	char *results; /* Authentication-Results */
	/* It came in sealed: what the MTA said of it would show what it opened to, or whether it
	 * did (delivery/sql/370_returned.sql). */
	bool is_reported_by_us;
	const char *apart_by; /* the cipher, the digest of a signature in the clear, or the rule:
				 copies where it differs need another variant; or NULL */
	bool is_signed;	      /* in the clear (methods/clear_signature.h) */
	struct copy_trust trust;
	char *reason;
	json_t *tried; /* [{method, possible, because}], with {asked, found} where trust was asked
			  for, {lapsed} where keys have expired or were revoked */
	const char *lapsed;   /* what became of the keys that the tried method would use: "expired",
				 "revoked"; NULL: nothing that is known */
	bool keys_awaited;    /* a source has not said yet whether it has a key */
	bool tls_awaited;     /* whether its domain takes verified TLS is to be found out yet */
	struct identifier id; /* of the copy's row in the log */
	bool already_committed; /* at an earlier offer: nothing is left to do */
	struct identifier
		earlier; /* the row from an earlier offer that this one replaces, or empty */
};

/* Copies that share one variant of the message. */
struct group {
	const struct method *method;
	const char *apart_by;
	bool is_signed;			  /* as in the copies */
	GPtrArray *copies;		  /* struct copy, borrowed */
	GPtrArray *keys;		  /* struct key: the keys of all copies, each once */
	char *boundary;			  /* for methods that write a multipart */
	bool hides_subject;		  /* the message's header travels inside (mail/entity.h) */
	const char *const *tags;	  /* removed from the subject; end with NULL */
	const struct policy_field *added; /* as in the decisions of its copies */
	bool in_place;
	const struct opening *opening;	/* as in the copies */
	const char *subject, *results;	/* as in the copies */
	const struct policy_hold *hold; /* as in the copies' decisions */
	const char *rule;		/* the same */
};

enum carriage {
	CARRIED_AS_MAIL,      /* as a variant of the message, by the MTA */
	CARRIED_IN_PARCEL,    /* waits in the database */
	CARRIED_ONCE_APPROVED /* waits there until it is decided anew */
};

struct method {
	const char *name;
	const char *told; /* what senders are told about such a copy; to be translated */
	const char *wish; /* how recipients are offered this method in the portal, to be translated;
			     NULL: they cannot choose it */
	enum carriage carriage;
	bool is_inbound;   /* for mail that comes in */
	bool always;	   /* possible for every recipient */
	int in_place_rank; /* the group with the highest rank is rewritten in place; 0: never */
	bool names_keys; /* shows its reader the keys it was sealed to: Bcc recipients get variants
			    of their own */
	bool takes_keys; /* of its recipients, of the `key_kind` */
	enum key_kind key_kind;
	const char *const *ciphers; /* that a rule may ask for, ending with NULL; or NULL */
	bool verified_tls;	    /* to be sent only over verified TLS: never in place */
	bool can_be_signed;	    /* in the clear, if a rule asks for it */

	/* Can this copy travel this way now? Fills keys and apart_by. *why_r says why, or why not;
	 * caller frees. False with `fault` filled if that could not be determined. */
	bool (*is_possible)(const struct delivery_context *delivery, struct copy *copy,
			    bool *possible_r, char **why_r, struct fault *fault);
	/* Fields that replace all Content-* fields and MIME-Version, each "Name: value"; caller
	 * frees. NULL: the content is unchanged. */
	GPtrArray *(*fields)(const struct group *group);
	/* Writes the body that goes with these fields. */
	bool (*write)(const struct delivery_context *delivery, const struct group *group,
		      struct sink *sink, struct fault *fault);
	/* Our own key that signs, or NULL. */
	const struct key *(*signer)(const struct delivery_context *delivery);
};

extern const struct method method_plain, method_tls, method_smime, method_pgp, method_pickup,
	method_hold, method_open, method_pass;
extern const struct method *const methods[]; /* ends with NULL */

const struct method *method_find(const char *name);
/* The fields and the body of the group's variant as of its method, or signed in the clear; NULL,
 * and the original body, if neither changes them. */
bool group_has_new_content(const struct group *group);
GPtrArray *group_fields(const struct group *group);
/* struct field: what its rule adds, as it is sent; empty: nothing. Caller frees. */
GPtrArray *group_added(const struct group *group);
bool group_write(const struct delivery_context *delivery, const struct group *group,
		 struct sink *sink, struct fault *fault);
/* Our own key that signed the copy, or NULL. */
const struct key *copy_signer(const struct delivery_context *delivery, const struct copy *copy);
/* For policy_load(). */
const struct policy_method *methods_for_policy(void);

#endif
