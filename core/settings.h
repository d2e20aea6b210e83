/*
 * The settings of postseal.conf(5), which are listed in settings_table.h. A setting's name has up
 * to two words, such as `limit message`, and its field is named after it.
 */
#ifndef POSTSEAL_CORE_SETTINGS_H
#define POSTSEAL_CORE_SETTINGS_H

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/configuration.h"

enum portal_factor { PORTAL_FACTOR_OFFERED, PORTAL_FACTOR_REQUIRED };
enum opaque { OPAQUE_WAIT, OPAQUE_REFUSE, OPAQUE_PASS };
enum mta { MTA_POSTFIX, MTA_SENDMAIL };
enum revocation { REVOCATION_SOFT, REVOCATION_HARD, REVOCATION_OFF };
enum receipts { RECEIPTS_AT_ONCE, RECEIPTS_DAILY, RECEIPTS_TROUBLE };

enum ca_issue { CA_ISSUE_BY_HAND, CA_ISSUE_ON_FIRST_USE };
enum sign { SIGN_LOGIN, SIGN_MTA, SIGN_ANY };

/* A directory that is asked for keys by LDAP; "" or no domains: none was given. */
struct directory {
	char *name;
	char *url;	/* "ldaps://ldap.example.com" */
	char *base;	/* "ou=people,dc=example,dc=com" */
	char **domains; /* whose addresses it is asked for; none: all */
	char *filter;	/* with "%s" in place of the address */
	char *bind;	/* name to log in with */
	char *password; /* path of the file with its password */
	char *authorities;
};

struct settings {
#define TEXT(field, standard)		      char *field;
#define SECRET(field, standard)		      char *field;
#define WORD(field, standard, words)	      char *field;
#define WORDS(field, standard, words)	      char **field;
#define LIST(field, standard)		      char **field;
#define DOMAINS(field, standard)	      char **field;
#define TABLE(field, standard)		      char *field;
#define MODE(field, standard)		      mode_t field;
#define CLOCK(field, standard)		      uint64_t field;
#define FLAG(field, standard)		      bool field;
#define CHOICE(field, standard, words)	      enum field field;
#define COUNT(field, standard, least, most)   uint64_t field;
#define BYTES(field, standard, least, most)   uint64_t field;
#define SECONDS(field, standard, least, most) uint64_t field;
#include "core/settings_table.h"
#undef TEXT
#undef SECRET
#undef WORD
#undef WORDS
#undef LIST
#undef DOMAINS
#undef TABLE
#undef MODE
#undef CLOCK
#undef FLAG
#undef CHOICE
#undef COUNT
#undef BYTES
#undef SECONDS
	GPtrArray *directories; /* struct directory, in the order of the file */
};

/* Where postseal.conf is by default: in the build's SYSCONFDIR. */
extern const char settings_standard_path[];

struct settings *settings_new(void); /* with defaults */
/* Reads the settings in the file, but none of its rules. NULL if there is an error; each error is
 * added to `errors` (char *) as a sentence with file, line and column. */
struct settings *settings_load(const char *path, GPtrArray *errors);
void settings_free(struct settings *settings);
/* NULL: there is none of that name. */
const struct directory *settings_directory(const struct settings *settings, const char *name);
typedef struct settings settings_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(settings_auto, settings_free)

/* Like settings_load(), for a program that is starting: errors go to the log. */
struct settings *settings_read(const char *path);

/* --- for whoever reads the whole file --- */

struct settings_reader;

struct settings_reader *settings_reader_new(const struct configuration *configuration,
					    GPtrArray *errors);
void settings_reader_line(struct settings_reader *reader, const struct configuration_line *line);
/* The places where settings name tables: struct token, borrowed from the configuration. */
const GPtrArray *settings_reader_tables(const struct settings_reader *reader);
/* The file without its secrets (replaced by "***") and without comments, which may hold old
 * secrets; line numbers do not change. Caller frees. */
char *settings_reader_public(const struct settings_reader *reader);
/* Reports settings that are still missing as errors. Frees the reader; caller frees the settings.
 */
struct settings *settings_reader_finish(struct settings_reader *reader);

/* --- for the manual and its test --- */

enum setting_type { /* the numeric types come last */
		    SETTING_TEXT,
		    SETTING_SECRET,
		    SETTING_WORD,
		    SETTING_WORDS,
		    SETTING_LIST,
		    SETTING_DOMAINS,
		    SETTING_TABLE,
		    SETTING_MODE,
		    SETTING_CLOCK,
		    SETTING_FLAG,
		    SETTING_CHOICE,
		    SETTING_COUNT,
		    SETTING_BYTES,
		    SETTING_SECONDS
};

struct setting {
	const char *field; /* "limit_message" */
	enum setting_type type;
	size_t offset;
	const char *standard; /* as it would be written in the file; NULL: none */
	const char *words;    /* "offered, required" */
	uint64_t least, most;
};

/* All of them, ending with a NULL field. */
const struct setting *setting_all(void);
/* "limit message"; caller frees. */
char *setting_name(const struct setting *setting);

bool setting_is_same(const struct setting *setting, const void *one, const void *other);
bool settings_same_directories(const struct settings *one, const struct settings *other);

#endif
