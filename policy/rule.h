/*
 * Rules as the parser produces them: a rule matches if all its conditions hold; the first rule that
 * matches decides.
 */
#ifndef POSTSEAL_POLICY_RULE_H
#define POSTSEAL_POLICY_RULE_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/configuration.h"
#include "policy/detector/detections.h"
#include "policy/logins.h"
#include "policy/policy.h"
#include "policy/schedule.h"
#include "policy/table.h"

/* How a kind of condition is tested: one for each kind, in matcher.c. */
struct matcher {
	const char *name;
	bool asks_recipient; /* otherwise the answer is the same for all recipients */
	bool (*match)(struct policy_question *question, const struct condition *condition,
		      bool *matched_r, struct fault *fault);
	enum {
		SEES_HEADER, /* something that is always visible */
		SEES_NAMES,  /* names of attachments: may be hidden in an archive that is not
				unpacked */
		SEES_TEXT,   /* text: may be hidden in an archive, or encrypted */
	} sees;
};

extern const struct matcher match_any, match_sender, match_sender_domain, match_recipient,
	match_recipient_domain, match_subject_tag, match_header, match_size_over, match_size_under,
	match_attachment_name, match_attachment_type, match_text_regex, match_encrypted,
	match_signed, match_opaque, match_portal, match_conversation, match_authenticated,
	match_subject_regex, match_client, match_time, match_text_words, match_detect;
/* Groups of conditions, which all must hold, or one of them. */
extern const struct matcher match_all, match_either;

struct condition {
	const struct matcher *matcher;
	bool negated;
	GPtrArray *group;    /* struct condition: of match_all and match_either; otherwise NULL */
	unsigned index;	     /* of its answer, among all that differ */
	char *text;	     /* as written in the file */
	struct table *table; /* sender, recipient: named, or written in the rule */
	char *name;	     /* header: the field's name; subject tag: the tag */
	bool asks_less; /* of protection: header, tag are read as the standard says, and a tag leads
			 */
	GPtrArray *patterns; /* GPatternSpec: header, attachment */
	uint64_t size;	     /* in bytes; text in, detect: how many different ones */
	pcre2_code *regex;
	GArray *spans;			 /* struct schedule_span: time */
	const struct detector *detector; /* borrowed */
};

/* Options that may follow the methods. */
struct rule_options {
	uint64_t expire_seconds; /* 0: not given */
	bool hide_subject;
	bool sign;
	bool show_subject;   /* of a message on hold */
	const char *receipt; /* "mail", "mdn", "dsn"; NULL: as in the settings */
	const char *cipher;  /* as in struct policy_method; NULL: not given */
	GArray *added;	     /* struct policy_field, ends with a NULL name; or NULL */
};
void rule_options_clear(struct rule_options *options);

/* What a rule that begins with `receive` says about mail that comes in. */
struct rule_receiving {
	bool is_receiving; /* false: the rule is about mail that goes out */
	bool opens;
	bool old_ciphers;
	char *mark_encrypted, *mark_signed; /* tags for the subject, or NULL */
};

/* A rule that makes messages wait for approval. */
struct rule_hold {
	struct policy_hold said; /* its texts and addresses are those below */
	char *reason, *officers;
	GPtrArray *approvers; /* char *, folded; ends with NULL once the table is known */
};
void rule_hold_free(struct rule_hold *hold);

struct rule {
	struct place place;
	char *name; /* given by the admin, or NULL */
	char *text;
	GPtrArray *conditions; /* struct condition; empty: `otherwise` */
	GPtrArray *leaves;     /* of these and their groups: those that are no groups; borrowed */
	bool watches;	       /* decides nothing: is only on record */
	char *reject;
	char *refuse;		/* of a recipient, while the others get the message */
	struct rule_hold *hold; /* the message waits for approval; or NULL */
	GPtrArray *methods;	/* const char *, ends with NULL */
	GPtrArray *levels;	/* const char *, for each method: the trust it needs, or NULL */
	GPtrArray *tags;	/* char *, ends with NULL */
	struct rule_options options;
	struct rule_receiving receiving;
};

struct rule *rule_new(void);
/* Moves the conditions of a group into the rule, which is returned. */
struct rule *rule_take_conditions(struct rule *rule, struct condition *group);
void rule_free(struct rule *rule);
/* "line 12", or "line 3 of rules.conf"; caller frees. */
char *rule_line_shown(const struct policy *policy, const struct rule *rule);
/* "the rule \"patients\" in line 12"; caller frees. */
char *rule_shown(const struct policy *policy, const struct rule *rule);
/* Does it ask, among the conditions that must hold, for what cannot be inspected? */
bool rule_asks_whether_opaque(const struct rule *rule);
/* Who asks for what is opaque asks beside it for what can be read; that something is not there is
 * never known. */
bool rule_asks_for_the_rest(const struct rule *rule, const struct condition *condition);
/* The path of the file that has the rule, if that is one that postseal.conf includes; or NULL. */
const char *rule_file(const struct policy *policy, const struct rule *rule);
struct condition *condition_new(const struct matcher *matcher);
/* A group with one member, which it owns. */
struct condition *condition_group(struct condition *member);
void condition_free(struct condition *condition);

struct policy {
	gint references;
	GPtrArray *files; /* struct configuration_file, in which the rules have their places */
	char *text;	  /* of these files, without secrets */
	char *digest;
	char *file_list; /* JSON */
	struct settings *settings;
	struct logins *logins;
	GPtrArray *tables;    /* struct table */
	GPtrArray *detectors; /* struct detector */
	GPtrArray *rules;
	GPtrArray *receiving; /* struct rule: those that begin with `receive` */
	GPtrArray *marks;     /* of all these rules; borrowed; ends with NULL */
	GPtrArray *deciding_names, *watching_names; /* borrowed; end with NULL */
	unsigned condition_count;
	pcre2_match_context *match_context;
};

/* NULL: the file defines no such table. */
struct table *policy_find_table(const struct policy *policy, const char *name);

/* The state of the questions about one message. */
struct policy_question {
	struct policy *policy;
	struct database *database;
	struct policy_facts facts;
	const char *recipient; /* whose copy is being decided */
	/* For each condition: whether it holds for the message, or for this recipient, once that is
	 * known. */
	unsigned char *known, *known_of_recipient;
	struct detections *detections; /* of detectors; NULL: they were not asked yet */
	GHashTable *words; /* of conditions `text in`: what they found (json_t); or NULL */
};

#endif
