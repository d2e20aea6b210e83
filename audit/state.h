/*
 * The states of a copy: stored as words, changed only by postseal.copy_move() (audit/sql), and
 * shown to people in other words.
 */
#ifndef POSTSEAL_AUDIT_STATE_H
#define POSTSEAL_AUDIT_STATE_H

enum copy_state {
	COPY_QUEUED,   /* in the outbox */
	COPY_HANDED,   /* the MTA has it */
	COPY_SENT,     /* a next hop or a mailbox has it, according to the MTA's log */
	COPY_FAILED,   /* it was returned to its sender */
	COPY_REPEATED, /* the message was offered again, and another copy replaces it */
	COPY_PARKED,   /* it is waiting in the portal, unread */
	COPY_OPENED,
	COPY_DELETED,  /* by its reader, unread */
	COPY_LOCKED,   /* too many wrong codes */
	COPY_EXPIRED,  /* unread */
	COPY_HELD,     /* it waits for approval */
	COPY_REFUSED,  /* with the message */
	COPY_RECALLED, /* unread */
	COPY_LOST,     /* only an account that no longer exists could open it */
	COPY_STATES
};

/* As stored in the database. */
const char *copy_state_word(enum copy_state state);
/* How a stored word is shown to people, before translation: "read". */
const char *copy_state_shown(const char *word);

#endif
