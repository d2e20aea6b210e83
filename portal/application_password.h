/*
 * Application passwords: with one of them, a mail client opens the account without a second factor.
 * We make them, so that nobody can guess one, and show each once. A key is derived from it that
 * wraps the account's secret; the database finds it by a digest, which does not reveal it.
 */
#ifndef POSTSEAL_PORTAL_APPLICATION_PASSWORD_H
#define POSTSEAL_PORTAL_APPLICATION_PASSWORD_H

#include <glib.h>

#include "portal/account.h"

enum {
	APPLICATION_PASSWORD_GROUPS = 4, /* 100 bits */
	APPLICATION_PASSWORD_CHARACTERS = LONG_CODE_CHARACTERS(APPLICATION_PASSWORD_GROUPS),
	APPLICATION_PASSWORDS_MAX = 20,	    /* of one account */
	APPLICATION_PASSWORD_NAME_MAX = 60, /* characters */
};

struct application_password {
	struct identifier id;
	char *name;	/* UTF-8, one line */
	gint64 made_at; /* seconds since 1970, UTC */
	gint64 used_at; /* the last time; 0: never */
	char *network;	/* that it was last used from, or NULL */
};

/* struct application_password, the oldest first; NULL with `fault` filled. */
GPtrArray *application_password_all(struct connection *connection, const struct account *account,
				    struct fault *fault);
/* NULL: the account has none with this identifier. */
const struct application_password *application_password_find(const GPtrArray *passwords,
							     const char *id);

/* The name as it will be shown: one line, cut if it is too long, "-" if there is none. Caller
 * frees. */
char *application_password_name(const char *typed);
/* Makes one, in the open batch. It is shown only once; wipe it. */
bool application_password_make(struct connection *connection, const struct account *account,
			       const struct account_keys *keys, const char *name,
			       char text_r[APPLICATION_PASSWORD_CHARACTERS + 1],
			       struct fault *fault);
/* Revokes one of the account's, or all of them (`id` NULL), in the open batch. */
bool application_password_revoke(struct connection *connection, const struct account *account,
				 const char *id, struct fault *fault);

/* What a right one opened. Clear it in any case. */
struct application_entry {
	struct account account;
	struct account_keys keys;
	struct identifier password;
	char *name; /* of the password */
};
void application_entry_clear(struct application_entry *entry);
/* Tries one, as a mail client sends it, for the account of this address (folded). */
bool application_password_enter(struct connection *connection, const char *address,
				const char *typed, struct application_entry *entry_r, bool *right_r,
				struct fault *fault);
/* The account of a password that was tried elsewhere, and of this address (folded). *found_r:
 * neither has ended since. */
bool application_password_account(struct connection *connection, const struct identifier *password,
				  const char *address, struct account *account_r, bool *found_r,
				  struct fault *fault);
/* Keeps the network as that of its last use. */
bool application_password_note_use(struct connection *connection,
				   const struct application_entry *entry, const char *network,
				   struct fault *fault);
/* *valid_r: it was not revoked since, nor has its account ended. */
bool application_password_is_valid(struct connection *connection,
				   const struct application_entry *entry, bool *valid_r,
				   struct fault *fault);

#endif
