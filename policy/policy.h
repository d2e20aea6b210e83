/*
 * The policy: what postseal.conf(5) says, and what that means for a recipient.
 *
 * A policy is read once and then never changes; SIGHUP replaces it with a new one. It knows rules,
 * not keys: it answers with methods in order of preference. It learns about the message through
 * struct policy_facts, so it knows nothing of MIME either.
 */
#ifndef POSTSEAL_POLICY_POLICY_H
#define POSTSEAL_POLICY_POLICY_H

#include <glib.h>
#include <jansson.h>
#include <time.h>

#include "core/database.h"
#include "core/settings.h"

struct policy;

/* What the policy knows about a delivery method that a rule may name. */
struct policy_method {
	const char *name; /* NULL ends a list */
	bool always;	  /* possible for every recipient: no later method is ever used */
	bool waits;	  /* the copy waits to be picked up, and may expire */
	bool verified;	  /* sent only over verified TLS, which Sendmail cannot be made to do */
	/* The levels of trust that a rule may ask for, weakest first, ending with NULL; NULL: it
	 * uses no keys of recipients. */
	const char *const *levels;
	/* The ciphers that a rule may ask for, ending with NULL; NULL: there is no choice. */
	const char *const *ciphers;
	bool can_be_signed; /* in the clear; a method that seals signs without being asked */
};

/* What is wrong with the file, one sentence each (char *, freed by the array) with file, line and
 * column. Warnings are about things that are allowed but probably not intended. */
struct policy_complaints {
	GPtrArray *errors, *warnings;
};
void policy_complaints_init(struct policy_complaints *complaints);
void policy_complaints_clear(struct policy_complaints *complaints);
typedef struct policy_complaints policy_complaints_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(policy_complaints_auto, policy_complaints_clear)

/* Reads the file, those that it includes, and every table they name. NULL if there are errors. */
struct policy *policy_load(const char *path, const struct policy_method *methods,
			   struct policy_complaints *complaints);
/* The same for a program that is starting or reloading: complaints go to the log. */
struct policy *policy_read(const char *path, const struct policy_method *methods);
struct policy *policy_ref(struct policy *policy);
void policy_unref(struct policy *policy);
typedef struct policy policy_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(policy_auto, policy_unref)

const struct settings *policy_settings(const struct policy *policy);
/* The file without its secrets and comments, for the record; and the SHA-256, in hexadecimal, of
 * that text, the table files and the logins. */
const char *policy_text(const struct policy *policy);
const char *policy_digest(const struct policy *policy);
/* The files that it was read from, for the record, as a JSON array: for each its path, its owner
 * and when it was written, and of tables and logins what is in them (policy/sources.h). */
const char *policy_files(const struct policy *policy);
unsigned policy_rule_count(const struct policy *policy);
/* The names of the rules that have one and decide, or that only watch; end with NULL. */
const char *const *policy_names(const struct policy *policy, bool watching);
/* Does any rule have the condition ("conversation"), or the method? */
bool policy_has_condition(const struct policy *policy, const char *name);
bool policy_has_method(const struct policy *policy, const char *method);
/* Is there any rule for mail that comes in? */
bool policy_receives(const struct policy *policy);
/* The tags that rules for mail that comes in put into subjects; ends with NULL. */
const char *const *policy_marks(const struct policy *policy);

/* Is the folded address (or its domain) in this table? */
bool policy_table_has(const struct policy *policy, struct database *database, const char *table,
		      const char *address, bool *has_r, struct fault *fault);
/* Is the folded address one of those in the table who approve messages? False if there is no such
 * table any more. */
bool policy_may_approve(const struct policy *policy, const char *officers, const char *address);
/* The subject tags of the rule with `hold` that has this text, which ends with NULL; NULL: there is
 * no such rule any more. */
const char *const *policy_hold_tags(const struct policy *policy, const char *rule);
/* These (const char *) are in the table from now on, and it is not asked any more: see
 * table_give(). Only for a policy that nobody else uses. */
bool policy_table_give(const struct policy *policy, const char *table, const GPtrArray *members,
		       struct fault *fault);
/* Runs the query of each database table once, to see that it works. */
bool policy_check_tables(const struct policy *policy, struct database *database,
			 struct fault *fault);
/* Is there any table in a directory? They are asked when a message needs them: a directory that is
 * down keeps no program from starting. */
bool policy_asks_directories(const struct policy *policy);
/* Asks each of them once, to see that it works. */
bool policy_check_directories(const struct policy *policy, struct fault *fault);

/* Is it established that the authenticated user (NULL: none) may send as the folded address, either
 * by `sign logins` or because the MTA allows nothing else? */
bool policy_vouches_for(const struct policy *policy, const char *login, const char *sender);
/* The same as far as the setting `sign logins` says it, whatever `sign` says. */
bool policy_lists_login(const struct policy *policy, const char *login, const char *address);
/* Is mail from this sender signed: is the sender established as above, or `sign "any"` set? */
bool policy_signs_for(const struct policy *policy, const char *login, const char *sender);

struct policy_protection {
	bool encrypted, is_signed;
};

/* Parts of a message that cannot be looked into. */
struct policy_opaque {
	bool text;	 /* there is content whose text cannot be read */
	bool names;	 /* … and which may hold files whose names cannot be read */
	const char *why; /* "the part “a.zip” is encrypted"; lives as long as the facts */
};

/* A piece of decoded text; pieces overlap. Returns false to stop. */
typedef bool policy_visit(void *visitor, const char *text, size_t length);
/* A part: its file name in UTF-8, or NULL, and its type in lower case, "application/pdf". Returns
 * false to stop. */
typedef bool policy_visit_part(void *visitor, const char *name, const char *type);

/* What is known about a message. The functions are called only if a rule asks, and at most once for
 * each condition in the file. */
struct policy_facts {
	const char *sender;	   /* folded (core/address.h); "" for the null sender */
	const char *authenticated; /* the login at the MTA, or NULL */
	const char *client;	   /* its address, "192.0.2.1"; NULL: not known */
	time_t time;		   /* when the message is decided; 0: now */
	/* The texts of rules that held the message and whose hold was released: they match no more.
	 * Ends with NULL; NULL: none. */
	const char *const *approved;
	const char *subject; /* decoded as the standard says, UTF-8 */
	uint64_t size;	     /* bytes, header and body */
	/* Written in the portal: only rules with the condition `portal` are considered, which have
	 * no conditions on header or content, so the functions below may be NULL. */
	bool is_portal;
	void *context;
	/* Is the message already encrypted or signed, with S/MIME or OpenPGP? */
	bool (*protection)(void *context, struct policy_protection *protection_r,
			   struct fault *fault);
	bool (*opaque)(void *context, struct policy_opaque *opaque_r, struct fault *fault);
	/* Every field with this name, unfolded and decoded: as the standard says, or `leniently`,
	 * in each way in which a mail program may show it. */
	bool (*headers)(void *context, const char *name, bool leniently, policy_visit *visit,
			void *visitor, struct fault *fault);
	bool (*parts)(void *context, policy_visit_part *visit, void *visitor, struct fault *fault);
	/* All text as a reader sees it, in UTF-8. */
	bool (*text)(void *context, policy_visit *visit, void *visitor, struct fault *fault);
	/* While `text` visits: what the text is part of, for the record, without file names: "part
	 * 2, text/csv". Caller frees. NULL: nobody knows. */
	char *(*place)(void *context);
	/* Does the message answer mail that came in encrypted? NULL: nobody knows of such mail. */
	bool (*answers_sealed)(void *context, bool *answers_r, struct fault *fault);
};

/* A question about one message, asked for each of its recipients; remembers what was found out. */
struct policy_question;

struct policy_question *policy_question_new(struct policy *policy, struct database *database,
					    const struct policy_facts *facts);
void policy_question_free(struct policy_question *question);
typedef struct policy_question policy_question_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(policy_question_auto, policy_question_free)

/* A header field to be added. The value is UTF-8, a single line, without a blank in front. */
struct policy_field {
	char *name, *value;
};

/* What a rule says that makes a copy wait for approval. */
struct policy_hold {
	const char *reason;   /* the sentence for the sender and for those who approve */
	const char *officers; /* the table of those who approve */
	/* The addresses in it, folded; ends with NULL. */
	const char *const *approvers;
	uint64_t expire_seconds; /* 0: as in the settings */
	bool show_subject;	 /* to those who approve, in the mail to them */
};

struct policy_decision {
	unsigned line;	    /* of the rule that matched */
	const char *file;   /* that has it, unless that is postseal.conf itself: NULL */
	const char *rule;   /* the text of the rule */
	const char *name;   /* of the rule, or NULL */
	const char *reject; /* the sentence for the sender, or NULL if the rule delivers */
	char *unseen;	    /* owned: that sentence if the rule cannot look into the message */
	const char *refuse; /* the same if only this recipient gets nothing; or NULL */
	const struct policy_hold *hold; /* the copy waits for approval; or NULL */
	const char *const *methods; /* ends with NULL; none if the rule rejects, refuses or holds */
	/* For each method, the level of trust that the rule asks for, or NULL; NULL: for none. */
	const char *const *levels;
	uint64_t expire_seconds; /* 0: as in the settings */
	bool hide_subject;
	bool sign;	     /* without encrypting, where the method does not */
	const char *receipt; /* "mail", "mdn", "dsn", or NULL */
	const char *cipher;  /* that the rule asks for, or NULL */
	/* Added to the header, in place of fields with these names; ends with a NULL name. NULL:
	 * none. */
	const struct policy_field *added;
	bool is_for_portal;	 /* the rule has the condition `portal` */
	const char *const *tags; /* subject tags the rule matched; ends with NULL */
	bool opens, old_ciphers; /* of mail that comes in: policy_receive() */
	const char *mark_encrypted, *mark_signed;
	/* The names of rules that matched and only watch, where they have one: const char * of the
	 * policy; the array is owned. */
	GPtrArray *watched;
	/* [{line, rule, matched}], owned; with {file} as above, with {name} where the rule has one,
	 * {because_not} where it did not match, {watched: true} if it decides nothing, {unanswered}
	 * if it only watches and could not be evaluated, and {found} with what detectors found,
	 * masked, and how many entries of tables of words. */
	json_t *trace;
};

/* If the decision depends on content that cannot be looked into, the setting `opaque` says what
 * happens: a fault, a decision that rejects, or nothing. `recipient` is folded. The texts that the
 * decision does not own live as long as the policy. For a message written in the portal, no rule
 * need match: is_for_portal is then false. */
bool policy_decide(struct policy_question *question, const char *recipient,
		   struct policy_decision *decision_r, struct fault *fault);
/* The same for a recipient for whom the message comes in: what the first rule that begins with
 * `receive` says. If none matches, the decision's line is 0, and the message passes as it is. The
 * methods are "open" and "pass", or "pass" alone. */
bool policy_receive(struct policy_question *question, const char *recipient,
		    struct policy_decision *decision_r, struct fault *fault);
void policy_decision_clear(struct policy_decision *decision);

#endif
