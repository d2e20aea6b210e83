/*
 * The account of a person who reads and writes in the portal. It has a secret of 256 bits, from
 * which its keys are derived. The secret is wrapped with the password, and once more with the
 * recovery code; without either, the database reveals nothing.
 */
#ifndef POSTSEAL_PORTAL_ACCOUNT_H
#define POSTSEAL_PORTAL_ACCOUNT_H

#include "core/database.h"
#include "core/identifier.h"
#include "core/seal/wrap.h"
#include "portal/long_code.h"

enum {
	ACCOUNT_PASSWORD_MIN = 10,   /* characters */
	ACCOUNT_PASSWORD_MAX = 1000, /* bytes */
	ACCOUNT_FINGERPRINT_CHARACTERS = 64,
	RECOVERY_GROUPS = 5, /* 125 bits */
	RECOVERY_CHARACTERS = LONG_CODE_CHARACTERS(RECOVERY_GROUPS),
};

/* Wipe with sodium_memzero(). */
struct account_keys {
	struct seal_key secret;	     /* the other keys are derived from it */
	struct seal_key private_key; /* X25519 */
	struct seal_key mailbox;     /* wraps content keys */
	struct seal_key factors;     /* seals the secret of one-time passwords */
	struct seal_key index;	     /* seals what messages are found by */
};

struct account {
	struct identifier id;
	char *address; /* folded */
	char *shown;
	char *name; /* what its owner wants to be called, or NULL */
	char *language;
	struct seal_key public_key;
	bool has_totp;
	bool has_passkey;
};

/* The account's columns in a select from postseal.account as `a`, and a function that reads them,
 * beginning at the first. */
#define ACCOUNT_COLUMNS                                                                            \
	"a.id, a.address, a.shown, a.language, a.public_key, a.totp is not null,"                  \
	" exists (select from postseal.passkey p where p.account = a.id), a.name"
enum { ACCOUNT_COLUMN_COUNT = 8 };
bool account_read(const PGresult *result, int first, struct account *account_r,
		  struct fault *fault);

void account_clear(struct account *account);
typedef struct account account_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(account_auto, account_clear)

void account_keys_make(struct account_keys *keys_r, const struct seal_key *secret);
/* How attestations name the account's public key. */
void account_fingerprint(char text_r[ACCOUNT_FINGERPRINT_CHARACTERS + 1],
			 const struct seal_key *public_key);

/* *found_r: there is such an account. `address` is folded. */
bool account_find(struct connection *connection, const char *address, struct account *account_r,
		  bool *found_r, struct fault *fault);

struct account_new {
	const char *address, *shown, *language, *password;
	bool replaces; /* an account with this address exists: its old secret is lost */
};
/* Creates an account, in the open batch. The recovery code is shown only once. */
bool account_create(struct connection *connection, const struct account_new *settings,
		    struct account *account_r, struct account_keys *keys_r,
		    char recovery_r[RECOVERY_CHARACTERS + 1], struct fault *fault);

/* Tries a password. Takes the same time for an address without an account. */
bool account_enter(struct connection *connection, const char *address, const char *password,
		   struct account *account_r, struct account_keys *keys_r, bool *right_r,
		   struct fault *fault);
/* Tries a recovery code, as a person typed it. */
bool account_recover(struct connection *connection, const char *address, const char *code,
		     struct account *account_r, struct account_keys *keys_r, bool *right_r,
		     struct fault *fault);

/* As account->language says, at once. */
bool account_put_language(struct connection *connection, const struct account *account,
			  struct fault *fault);
/* These add to the open batch. */
bool account_set_password(struct connection *connection, const struct account *account,
			  const struct account_keys *keys, const char *password,
			  struct fault *fault);
bool account_set_recovery(struct connection *connection, const struct account *account,
			  const struct account_keys *keys, char recovery_r[RECOVERY_CHARACTERS + 1],
			  struct fault *fault);

#endif
