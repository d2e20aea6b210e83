/*
 * Whom a member may write to: the participants of the conversation that is being answered, and
 * addresses that a rule with `portal` allows (policy/policy.h). Whether someone outside has an
 * account is neither checked nor revealed: without one, the addressee gets a link and a code, as
 * with any message.
 */
#ifndef POSTSEAL_PORTAL_ADDRESSEE_H
#define POSTSEAL_PORTAL_ADDRESSEE_H

#include "portal/mailbox.h"
#include "portal/request.h"

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

/* The addressees in a line typed by a person: struct addressee, freed by the array. */
GPtrArray *addressees_in(const char *text);
/* The text for a header field that shows these addressees and no one else; caller frees. */
char *addressees_shown(const GPtrArray *addressees);

struct addressee_question {
	const struct mailbox_item *answered; /* the received message; or NULL */
	const char *subject;
};
/* Fills in what each addressee is. *why_r: a sentence for the member, which the caller frees, or
 * NULL: the member may write to all of them. */
bool addressees_check(struct request *request, const struct addressee_question *question,
		      GPtrArray *addressees, char **why_r, struct fault *fault);

#endif
