/*
 * The log of what was offered, decided and done: rows for one transaction that also holds
 * what they tell of (promise 6). Nothing here commits.
 */
#ifndef POSTSEAL_AUDIT_AUDIT_H
#define POSTSEAL_AUDIT_AUDIT_H

#include "audit/state.h"
#include "core/database.h"
#include "core/identifier.h"

enum { AUDIT_IDENTITY_BYTES = 32 };

struct audit_message {
	struct identifier id;
	/* AUDIT_IDENTITY_BYTES, by which it is recognised when it is offered again; NULL: it may
	 * come again */
	const unsigned char *identity;
	unsigned offer;	      /* which this is, from 1 */
	const char *queue_id; /* these may be NULL */
	const char *authenticated;
	const char *client;
	const char *message_id;
	const char *sender;
	uint64_t size;	    /* bytes */
	const char *policy; /* digest; audit_policy() must have been called for it */
};

struct audit_copy {
	struct identifier id;
	const char *recipient; /* as the envelope had it */
	const char *address;   /* folded */
	unsigned rule_line;
	const char *rule;
	const char *method; /* NULL: refused */
	const char *reason;
	const char *trace;     /* JSON */
	const char *keys;      /* a PostgreSQL array: "{1a2b,3c4d}" */
	const char *signed_by; /* or NULL */
	enum copy_state state; /* handed, queued, parked or refused */
};

/* The last copy for an address that an earlier offer of the message made. */
struct audit_earlier {
	struct identifier id;
	char *address;
	bool is_handed; /* to the MTA, and nothing else is known of it */
	bool is_over;	/* it did not reach its recipient, and nobody took it back */
};

struct audit_policy {
	const char *digest;
	const char *text;
	const char *program; /* for which it is in force now, "postseal-milter" */
	const char *node;    /* the machine's name */
};

/* Puts a policy on record, and from when on it is in force, in a transaction of its own. */
bool audit_policy(struct connection *connection, const struct audit_policy *policy,
		  struct fault *fault);

/* All of these add to the open batch. */
bool audit_add_message(struct connection *connection, const struct audit_message *message,
		       struct fault *fault);
bool audit_add_copy(struct connection *connection, const struct audit_message *message,
		    const struct audit_copy *copy, struct fault *fault);
/* The message is offered again: an event, beside the record of the first offer. */
bool audit_offered_again(struct connection *connection, const struct audit_message *message,
			 struct fault *fault);

/* A copy that the MTA was handed at an earlier offer is decided anew; the batch fails where it is
 * not with the MTA any more. */
bool audit_repeat_copy(struct connection *connection, const char *copy, struct fault *fault);

/* A copy moves on to another state, if that follows from the one it is in (postseal.copy_move);
 * `reason` NULL: stays as it is. */
bool audit_move_copy(struct connection *connection, const char *copy, enum copy_state state,
		     const char *reason, struct fault *fault);
/* The same for a copy that waits behind the portal; the portal may move no other. */
bool audit_move_parked(struct connection *connection, const char *copy, enum copy_state state,
		       const char *reason, struct fault *fault);
/* Something happened to a message, or to one copy of it (else NULL). */
bool audit_event(struct connection *connection, const char *message, const char *copy,
		 const char *what, const char *detail, struct fault *fault);

/* What of a message behind the portal its reader is about to be given. */
struct audit_reading {
	const char *message;
	const char *copy; /* NULL: its author's own */
	bool is_download; /* else it is shown */
	const char *part; /* "text", "attachment 2": no name, for names are sealed */
	const char *network;
	const char *reader; /* address of the account; NULL: link and code open it */
};
/* The same again within ten minutes adds nothing. */
bool audit_add_reading(struct connection *connection, const struct audit_reading *reading,
		       struct fault *fault);

/* Did the last batch fail because this message is already on record? */
bool audit_is_known(const struct connection *connection);
/* Takes the identifier of the earlier record into message->id and the number of this offer into
 * message->offer. *earlier_r are its copies, struct audit_earlier; caller frees. NULL where there
 * is no such record. */
bool audit_find_earlier(struct connection *connection, struct audit_message *message,
			GPtrArray **earlier_r, struct fault *fault);

#endif
