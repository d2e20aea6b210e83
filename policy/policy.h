/*
 * The policy: what postseal.conf(5) says, and what it decides for a recipient.
 *
 * A policy is read once and then never changes; a new one takes its place on SIGHUP. It
 * knows rules, not keys: it answers with methods in order of preference. What it may ask of
 * a message comes to it as struct policy_facts, so that it knows nothing of MIME either.
 */
#ifndef POSTSEAL_POLICY_POLICY_H
#define POSTSEAL_POLICY_POLICY_H

#include <glib.h>
#include <jansson.h>

#include "core/database.h"
#include "core/settings.h"

struct policy;

/* What the policy knows of a delivery method that a rule may name. */
struct policy_method {
	const char *name; /* NULL ends a list */
	bool always;	  /* can be used for everybody, so that nothing behind it ever is */
	bool waits;	  /* the copy waits to be picked up, and may expire */
	bool verified;	  /* sent over verified TLS alone, which Sendmail cannot be made to do */
};

/* What is wrong with the file, a sentence each (char *, freed by the array) with file, line and
 * column; warnings are of what is allowed and hardly meant. */
struct policy_complaints {
	GPtrArray *errors, *warnings;
};
void policy_complaints_init(struct policy_complaints *complaints);
void policy_complaints_clear(struct policy_complaints *complaints);
typedef struct policy_complaints policy_complaints_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(policy_complaints_auto, policy_complaints_clear)

/* Reads the file and every table it names. NULL where there are errors. */
struct policy *policy_load(const char *path, const struct policy_method *methods,
			   struct policy_complaints *complaints);
/* The same for a program that begins or reads the file again: complaints go to the log. */
struct policy *policy_read(const char *path, const struct policy_method *methods);
struct policy *policy_ref(struct policy *policy);
void policy_unref(struct policy *policy);
typedef struct policy policy_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(policy_auto, policy_unref)

const struct settings *policy_settings(const struct policy *policy);
/* The file without its secrets and comments, for the record; and the SHA-256, in hexadecimal, of
 * this, the table files and the logins. */
const char *policy_text(const struct policy *policy);
const char *policy_digest(const struct policy *policy);
unsigned policy_rule_count(const struct policy *policy);
/* Does any rule have the condition ("conversation"), or deliver by the method? */
bool policy_has_condition(const struct policy *policy, const char *name);
bool policy_has_method(const struct policy *policy, const char *method);

/* Is the folded address (or its domain) in the inline, file or database table? */
bool policy_table_has(const struct policy *policy, struct database *database, const char *table,
		      const char *address, bool *has_r, struct fault *fault);
/* Runs each database table's query once, to see that it works. */
bool policy_check_tables(const struct policy *policy, struct database *database,
			 struct fault *fault);

/* Is it known that who authenticated at the MTA (NULL: nobody did) may send as the folded address:
 * by `sign logins`, or because the MTA lets nobody else? */
bool policy_vouches_for(const struct policy *policy, const char *login, const char *sender);
/* Is mail of this sender signed: is that known, or `sign "any"` set? */
bool policy_signs_for(const struct policy *policy, const char *login, const char *sender);

struct policy_protection {
	bool encrypted, is_signed;
};

/* What of a message cannot be looked into. */
struct policy_opaque {
	bool text;	 /* there is content whose text cannot be read */
	bool names;	 /* … and which may hold files whose names cannot be read */
	const char *why; /* "the part “a.zip” is encrypted"; lives as long as the facts */
};

/* A piece of decoded text; pieces overlap. Returns false to see no more. */
typedef bool policy_visit(void *visitor, const char *text, size_t length);
/* A part: its file name, UTF-8, or NULL, and its type, "application/pdf", lower case. Returns false
 * to see no more. */
typedef bool policy_visit_part(void *visitor, const char *name, const char *type);

/* What is known of a message. The functions are called when a rule first asks, at most
 * once for each condition of the file. */
struct policy_facts {
	const char *sender;	   /* folded (core/address.h); "" for the null sender */
	const char *authenticated; /* login at the MTA, or NULL */
	const char *subject;	   /* decoded, UTF-8 */
	uint64_t size;		   /* bytes, header and body */
	/* Written in the portal: only rules with the condition `portal` are asked, which have no
	 * conditions on header or content; the functions below may be NULL then. */
	bool is_portal;
	void *context;
	/* Is it encrypted or signed already, by S/MIME or OpenPGP? */
	bool (*protection)(void *context, struct policy_protection *protection_r,
			   struct fault *fault);
	bool (*opaque)(void *context, struct policy_opaque *opaque_r, struct fault *fault);
	/* Every field of this name, unfolded and decoded. */
	bool (*headers)(void *context, const char *name, policy_visit *visit, void *visitor,
			struct fault *fault);
	bool (*parts)(void *context, policy_visit_part *visit, void *visitor, struct fault *fault);
	/* All text as a reader sees it, as UTF-8. */
	bool (*text)(void *context, policy_visit *visit, void *visitor, struct fault *fault);
};

/* One message, asked about for each of its recipients; remembers what was found out. */
struct policy_question;

struct policy_question *policy_question_new(struct policy *policy, struct database *database,
					    const struct policy_facts *facts);
void policy_question_free(struct policy_question *question);
typedef struct policy_question policy_question_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(policy_question_auto, policy_question_free)

struct policy_decision {
	unsigned line;		    /* of the rule that matched */
	const char *rule;	    /* its text */
	const char *reject;	    /* the sentence, or NULL when it delivers */
	const char *const *methods; /* ends with NULL; none when it rejects */
	uint64_t expire_seconds;    /* 0: as the settings say */
	bool hide_subject;
	const char *receipt;	 /* "mail", "mdn", "dsn", or NULL */
	bool is_for_portal;	 /* the rule has the condition `portal` */
	const char *const *tags; /* subject tags the rule matched; ends with NULL */
	json_t *trace;		 /* [{line, rule, matched, condition, saw}], owned */
};

/* Where the decision depends on content that cannot be looked into, the setting `opaque` says what
 * becomes of it: a fault, a decision that rejects, or none of it. `recipient` is folded. The texts
 * live as long as the policy. Of what is written in the portal no rule need decide: then
 * is_for_portal is false. */
bool policy_decide(struct policy_question *question, const char *recipient,
		   struct policy_decision *decision_r, struct fault *fault);
void policy_decision_clear(struct policy_decision *decision);

#endif
