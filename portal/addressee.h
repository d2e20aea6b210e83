/*
 * Whom a member may write to: those who take part in the conversation that is answered, and whom a
 * rule with `portal` allows (policy/policy.h). Whether somebody outside has an account is neither
 * asked nor told: who has none gets link and code, as with any message.
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
	struct identifier copy;
};

/* Those in a line as people type it: struct addressee, freed by the array. */
GPtrArray *addressees_in(const char *text);
/* As a header of theirs is to show them, and nobody but them; caller frees. */
char *addressees_shown(const GPtrArray *addressees);

struct addressee_question {
	const struct mailbox_item *answered; /* received; or NULL */
	const char *subject;
};
/* Fills in what each is. *why_r: a sentence for the member, the caller's, or NULL: all of them may
 * be written to. */
bool addressees_check(struct request *request, const struct addressee_question *question,
		      GPtrArray *addressees, char **why_r, struct fault *fault);

#endif
