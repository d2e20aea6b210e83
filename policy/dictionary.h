/*
 * Words and phrases to be looked for in texts, all at once: regardless of case, of how blanks and
 * line ends separate words, and only where no letter or digit continues them.
 */
#ifndef POSTSEAL_POLICY_DICTIONARY_H
#define POSTSEAL_POLICY_DICTIONARY_H

#include <glib.h>

#include "core/fault.h"

struct dictionary;

struct dictionary *dictionary_new(void);
void dictionary_free(struct dictionary *dictionary);
/* False if the entry has no letter or digit, or is too long. */
bool dictionary_add(struct dictionary *dictionary, const char *entry, struct fault *fault);
/* How many different entries there are. */
unsigned dictionary_size(const struct dictionary *dictionary);

/* Which entries have been found so far, in any of the texts. */
struct dictionary_finds;

struct dictionary_finds *dictionary_finds_new(const struct dictionary *dictionary);
void dictionary_finds_free(struct dictionary_finds *finds);
/* How many different ones. */
unsigned dictionary_finds_count(const struct dictionary_finds *finds);
/* Looks for the entries in valid UTF-8, until `enough` different ones have been found in this text
 * and earlier ones; returns whether that is so. */
bool dictionary_search(struct dictionary_finds *finds, const char *text, size_t length,
		       unsigned enough);

#endif
