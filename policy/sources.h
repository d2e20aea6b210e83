/*
 * The files that a policy is read from, as they are put on record: so that it can be said later
 * what changed in them, whose they are and when they were written.
 */
#ifndef POSTSEAL_POLICY_SOURCES_H
#define POSTSEAL_POLICY_SOURCES_H

struct policy;

/* Larger ones are on record by their digest alone. */
enum { SOURCE_BYTES_MAX = 1048576 };

/* The lines of a table or of logins, each up to its `#`, without blanks at its end. Caller frees.
 */
char *sources_without_comments(const char *content);

/* SHA-256, in hexadecimal, of the text without its secrets, the table files and the logins: with
 * another table, it is another policy. A new password does not make a new one, and nobody who sees
 * the digest can try passwords against it. Caller frees. */
char *sources_digest(const struct policy *policy);

/* An array in JSON (postseal.policy_file has its columns), of objects with `path`, `kind`
 * ("configuration", "logins", "table"), `owner` (a system user) and `changed_at`; of tables and
 * logins also `digest`, `entries` and, unless they are too large, `content`. Caller frees. */
char *sources_shown(const struct policy *policy);

#endif
