/*
 * Tells the MTA whether a member's application password is right: Dovecot's protocol for
 * authentication clients, version 1, with the mechanisms PLAIN and LOGIN.
 *
 * An attempt that could not be made (the database is down) has no answer: the connection ends.
 * Postfix takes every FAIL, also one with `temp`, for a wrong password (535), and mail programs
 * then ask for another; where the connection ends, it answers 454, and they try again.
 */
#ifndef POSTSEAL_MILTER_SUBMISSION_SASL_DIALOGUE_H
#define POSTSEAL_MILTER_SUBMISSION_SASL_DIALOGUE_H

#include <glib.h>

#include "core/database.h"
#include "core/settings.h"
#include "milter/submission/sasl_line.h"

struct sasl_dialogue {
	struct database *database;
	const struct settings *settings;
	bool is_agreed; /* on the version */
	/* The one request that waits for more from the client; Postfix has no more at a time. */
	bool is_waiting;
	uint32_t number;
	bool is_login;
	char *network; /* of the client, who speaks to the MTA */
	char *user;    /* LOGIN: once it was said */
};

/* The lines that come first; `connection` is a number of its own. */
void sasl_dialogue_greet(unsigned long connection, GString *reply);
/* Takes a line, which is taken apart in place, and appends what is answered. False: the connection
 * must end, and the log says why. */
bool sasl_dialogue_take(struct sasl_dialogue *dialogue, char *line, GString *reply);
void sasl_dialogue_clear(struct sasl_dialogue *dialogue);

#endif
