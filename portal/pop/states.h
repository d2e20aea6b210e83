/*
 * The dialogue with one mail client, and what it does in each of the states of RFC 1939:
 * AUTHORIZATION, until it has signed in; TRANSACTION; and UPDATE, after QUIT. A function for each
 * command, which sends the whole reply.
 */
#ifndef POSTSEAL_PORTAL_POP_STATES_H
#define POSTSEAL_PORTAL_POP_STATES_H

#include "portal/application_password.h"
#include "portal/mailbox.h"
#include "portal/pop/command.h"
#include "portal/pop/dialogue.h"
#include "portal/pop/maildrop.h"
#include "portal/pop/wire.h"

enum { STRANGER_SECONDS = 60 }; /* until a client has signed in */

struct dialogue {
	struct service *service;
	struct client *client;
	struct wire wire;
	SSL_CTX *context;
	char *user; /* said by USER */
	bool is_signed_in;
	struct application_entry entry;
	struct session session; /* what the mailbox is opened with; borrows from the entry */
	struct maildrop maildrop;
	unsigned commands, wrong, mistakes;
	bool is_over;
};

/* --- for all states (dialogue.c) --- */

/* Nothing is read after this. */
void dialogue_end(struct dialogue *dialogue);
/* Lines without the last line end. What cannot be sent ends the dialogue. */
void dialogue_reply(struct dialogue *dialogue, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The client is told why not, which counts as a mistake of its own. */
void dialogue_refuse(struct dialogue *dialogue, const char *why);
/* The client is not told more than that it may try again; the log has the fault. */
void dialogue_fail(struct dialogue *dialogue, const struct fault *fault);
/* A password that is revoked opens nothing more, and neither does an account that has ended. False:
 * the client was told. */
bool dialogue_may_go_on(struct dialogue *dialogue);
/* The member's; borrows from the dialogue. */
struct mailbox dialogue_mailbox(const struct dialogue *dialogue);

/* --- commands --- */

void authorization_capa(struct dialogue *dialogue, const struct pop_command *command);
void authorization_stls(struct dialogue *dialogue, const struct pop_command *command);
void authorization_user(struct dialogue *dialogue, const struct pop_command *command);
void authorization_pass(struct dialogue *dialogue, const struct pop_command *command);
void authorization_auth(struct dialogue *dialogue, const struct pop_command *command);

void transaction_stat(struct dialogue *dialogue, const struct pop_command *command);
void transaction_list(struct dialogue *dialogue, const struct pop_command *command);
void transaction_uidl(struct dialogue *dialogue, const struct pop_command *command);
void transaction_retr(struct dialogue *dialogue, const struct pop_command *command);
void transaction_top(struct dialogue *dialogue, const struct pop_command *command);
void transaction_dele(struct dialogue *dialogue, const struct pop_command *command);
void transaction_rset(struct dialogue *dialogue, const struct pop_command *command);
void transaction_noop(struct dialogue *dialogue, const struct pop_command *command);

void update_quit(struct dialogue *dialogue, const struct pop_command *command);

#endif
