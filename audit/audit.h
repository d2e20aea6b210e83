/*
 * The log of what was offered, decided and done: rows for the transaction that also holds what they
 * describe (promise 6). Nothing here commits.
 */
#ifndef POSTSEAL_AUDIT_AUDIT_H
#define POSTSEAL_AUDIT_AUDIT_H

#include "audit/state.h"
#include "core/database.h"
#include "core/identifier.h"

enum { AUDIT_IDENTITY_BYTES = 32 };

struct audit_message {
	struct identifier id;
	/* AUDIT_IDENTITY_BYTES, by which the message is recognised when it is offered again; NULL:
	 * it may be offered again */
	const unsigned char *identity;
	unsigned offer;	      /* which offer this is, counting from 1 */
	const char *queue_id; /* these may be NULL */
	const char *authenticated;
	const char *client;
	const char *message_id;
	const char *sealed_id; /* delivery/inbound/answered.h: of mail that came in encrypted */
	const char *sender;
	uint64_t size;	    /* bytes */
	const char *policy; /* digest; audit_policy() must have been called for it */
};

struct audit_copy {
	struct identifier id;
	const char *recipient; /* as in the envelope */
	const char *address;   /* folded */
	unsigned rule_line;
	const char *rule;
	const char *rule_name; /* or NULL */
	const char *rule_file; /* that has the rule; NULL: postseal.conf itself */
	const char *method;    /* NULL: refused */
	const char *reason;
	const char *trace;     /* JSON */
	const char *keys;      /* a PostgreSQL array: "{1a2b,3c4d}" */
	const char *signed_by; /* or NULL */
	enum copy_state state; /* handed, queued, parked, held or refused */
};

/* The last copy for an address, from an earlier offer of the message. */
struct audit_earlier {
	struct identifier id;
	char *address;
	bool is_in_place; /* left with the MTA in place, and nothing more is known about it */
	bool is_over; /* it did not reach its recipient, who may have locked it, and was not taken
			 back */
};

struct audit_policy {
	const char *digest;
	const char *text;
	const char *program; /* the program for which it is in force now, "postseal-milter" */
	const char *node;    /* the name of the machine */
	bool is_reloaded;    /* by a program that runs; otherwise, by one that starts */
	const char *files;   /* JSON: policy_files() (policy/policy.h) */
};

/* Records a policy, when it came into force and on which occasion, in a transaction of its own. */
bool audit_policy(struct connection *connection, const struct audit_policy *policy,
		  struct fault *fault);

/* All of these add to the open batch. */
bool audit_add_message(struct connection *connection, const struct audit_message *message,
		       struct fault *fault);
bool audit_add_copy(struct connection *connection, const struct audit_message *message,
		    const struct audit_copy *copy, struct fault *fault);
/* The message is offered again: an event, added to the record of the first offer. */
bool audit_offered_again(struct connection *connection, const struct audit_message *message,
			 struct fault *fault);

/* Of what a member sends, nobody tells whether the answer was heard. Once an earlier message of
 * this identity is a day old, or somebody who was to get it does not have it (any more), the same
 * is another message: call before audit_add_message(). */
bool audit_end_past_offer(struct connection *connection, const unsigned char *identity,
			  struct fault *fault);
/* Otherwise it is a repetition: an event, added to the earlier record. */
bool audit_repeated(struct connection *connection, const unsigned char *identity,
		    struct fault *fault);

/* A copy that was handed to the MTA at an earlier offer is decided again; the batch fails if the
 * MTA no longer has it. */
bool audit_repeat_copy(struct connection *connection, const char *copy, struct fault *fault);

/* Moves a copy to another state, if that may follow its current one (postseal.copy_move); `reason`
 * NULL: it is kept. */
bool audit_move_copy(struct connection *connection, const char *copy, enum copy_state state,
		     const char *reason, struct fault *fault);
/* The same for a copy that waits in the portal; the portal may move no other. */
bool audit_move_parked(struct connection *connection, const char *copy, enum copy_state state,
		       const char *reason, struct fault *fault);
/* Something happened to a message, or to one copy of it (otherwise NULL). */
bool audit_event(struct connection *connection, const char *message, const char *copy,
		 const char *what, const char *detail, struct fault *fault);

/* The part of a message in the portal that its reader is about to be given. */
struct audit_reading {
	const char *message;
	const char *copy; /* NULL: the author's own copy */
	bool is_download; /* otherwise it is shown */
	const char *part; /* "text", "attachment 2": no file name, as names are sealed */
	const char *network;
	const char *reader; /* address of the account; NULL: opened with link and code */
};
/* A repetition within ten minutes adds nothing. */
bool audit_add_reading(struct connection *connection, const struct audit_reading *reading,
		       struct fault *fault);

/* Did the last batch fail because this message is already on record? */
bool audit_is_known(const struct connection *connection);
/* Sets message->id to the identifier of the earlier record and message->offer to the number of this
 * offer. *earlier_r are its copies, struct audit_earlier; caller frees. NULL if there is no such
 * record. */
bool audit_find_earlier(struct connection *connection, struct audit_message *message,
			GPtrArray **earlier_r, struct fault *fault);

#endif
