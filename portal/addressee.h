/*
 * Whom a member may write to: the participants of the conversation that is being answered, and
 * addresses that a rule with `portal` allows (policy/policy.h). With a mail program, which does not
 * say what it answers, these are the senders of the messages in the member's inbox. Whether someone
 * outside has an account is neither checked nor revealed: without one, the addressee gets a link
 * and a code, as with any message.
 */
#ifndef POSTSEAL_PORTAL_ADDRESSEE_H
#define POSTSEAL_PORTAL_ADDRESSEE_H

#include "portal/author.h"
#include "portal/mailbox.h"

enum { ADDRESSEES_MAX = 50 }; /* of one message */

struct addressee {
	char *name;    /* as typed, or NULL */
	char *address; /* as typed */
	char *folded;
	bool is_company;
	const char *
		rule; /* that allows it; lives as long as the policy. NULL: the conversation does */
	unsigned rule_line;
	const char *rule_name; /* as `rule` */
	struct identifier copy;
};

/* None, and one more: struct addressee, freed by the array. `name` may be NULL. */
GPtrArray *addressees_new(void);
struct addressee *addressees_add(GPtrArray *addressees, const char *name, const char *address);
/* The one with this address, or NULL. */
struct addressee *addressees_find(const GPtrArray *addressees, const char *folded);
/* The addressees in a line typed by a person. */
GPtrArray *addressees_in(const char *text);
/* The text for a header field that shows these addressees and no one else; caller frees. */
char *addressees_shown(const GPtrArray *addressees);

struct addressee_question {
	const struct mailbox_item *answered; /* the received message; or NULL */
	GHashTable *correspondents;	     /* from addressee_correspondents(); or NULL */
	const char *subject;
};
/* Who wrote to the member: the folded senders of what is in the inbox. Caller unrefs; NULL with
 * `fault` filled. */
GHashTable *addressee_correspondents(struct connection *connection, const struct account *account,
				     struct fault *fault);
/* Fills in what the addressee is. *why_r: a sentence for the member, which the caller frees, or
 * NULL: the member may write to this address. */
bool addressee_check(const struct author *author, const struct addressee_question *question,
		     struct addressee *addressee, char **why_r, struct fault *fault);
/* The same for all of them. What goes outside is counted, so call it only before they are written
 * to. */
bool addressees_check(const struct author *author, const struct addressee_question *question,
		      GPtrArray *addressees, char **why_r, struct fault *fault);

#endif
