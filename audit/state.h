/*
 * The states of a copy: stored as words, moved by postseal.copy_move() alone (audit/sql), told to
 * people in words of their own.
 */
#ifndef POSTSEAL_AUDIT_STATE_H
#define POSTSEAL_AUDIT_STATE_H

enum copy_state {
	COPY_QUEUED,   /* in the outbox */
	COPY_HANDED,   /* the MTA has it */
	COPY_SENT,     /* a next hop or a mailbox has it, as the MTA's log says */
	COPY_FAILED,   /* it was returned to its sender */
	COPY_REPEATED, /* the message was offered again, and another copy takes its place */
	COPY_PARKED,   /* it is waiting in the portal, unread */
	COPY_OPENED,
	COPY_DELETED,  /* by its reader, unread */
	COPY_LOCKED,   /* too many wrong codes */
	COPY_EXPIRED,  /* unread */
	COPY_REFUSED,  /* with the message */
	COPY_RECALLED, /* unread */
	COPY_LOST,     /* only an account that is gone could open it */
	COPY_STATES
};

/* As the database has it. */
const char *copy_state_word(enum copy_state state);
/* How a stored word is told to people, to be translated: "read". */
const char *copy_state_shown(const char *word);

#endif
