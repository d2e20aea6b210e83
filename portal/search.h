/*
 * A search over all of a member's messages: their subjects, names, addresses, names of files, and
 * dates. What is looked for travels in links only sealed by a key of the account: it stands in no
 * log and no history.
 */
#ifndef POSTSEAL_PORTAL_SEARCH_H
#define POSTSEAL_PORTAL_SEARCH_H

#include "portal/folder.h"

enum { SEARCH_WORDS_CHARACTERS = 200 };

struct search {
	char *words;	     /* all of them must be found; longer ones are cut */
	char *since, *until; /* "2026-11-24", or "" */
};
void search_clear(struct search *search);
typedef struct search search_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(search_auto, search_clear)

/* As it was typed. */
struct search search_new(const char *words, const char *since, const char *until);
/* For links; caller frees. */
char *search_seal(const struct search *search, const struct session *session);
/* False: it was not made by search_seal() for this account. */
bool search_unseal(struct search *search_r, const char *token, const struct session *session);

/* The identifiers of the messages found (struct identifier), newest first; NULL with `fault`
 * filled.
 */
GArray *search_run(struct connection *connection, const struct session *session,
		   const struct search *search, struct fault *fault);

#endif
