/*
 * Whom a member may write to: those who are in the conversation already, and whom a rule with
 * `portal` allows (policy/policy.h); in any case only the company and other members.
 */
#ifndef POSTSEAL_PORTAL_ADDRESSEE_H
#define POSTSEAL_PORTAL_ADDRESSEE_H

#include "portal/mailbox.h"
#include "portal/request.h"

struct addressee {
	char *address; /* as typed */
	char *folded;
	bool is_company;
	bool is_member;
	const char *
		rule; /* that allows it; lives as long as the policy. NULL: the conversation does */
	unsigned rule_line;
	struct identifier copy;
};

/* Those in a line as people type it: struct addressee, freed by the array. */
GPtrArray *addressees_in(const char *text);

struct addressee_question {
	const struct mailbox_item *parent; /* which is answered or forwarded, or NULL */
	bool forwards;
	const char *subject;
};
/* Fills in what each is. *why_r: a sentence for the member, the caller's, or NULL: all of them may
 * be written to. */
bool addressees_check(struct request *request, const struct addressee_question *question,
		      GPtrArray *addressees, char **why_r, struct fault *fault);

#endif
