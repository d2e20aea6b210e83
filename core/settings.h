/*
 * The settings of postseal.conf(5): one struct, one table that names them (settings.c),
 * filled by the parser of the file (policy/grammar.y). A name has up to two words, such as
 * `limit message`.
 */
#ifndef POSTSEAL_CORE_SETTINGS_H
#define POSTSEAL_CORE_SETTINGS_H

#include <glib.h>
#include <stdint.h>

#include "core/fault.h"

struct settings {
	/* text; NULL where there is no default and none was given */
	char *organisation;
	char *hostname;
	char *database;
	char *secrets;
	char *milter_listen;
	char *milter_group;
	char *milter_mode;
	char *milter_user;
	char *milter_metrics;
	char *courier_metrics;
	char *portal_metrics;
	char *keeper_metrics;
	char *courier_user;
	char *keeper_socket;
	char *keeper_home;
	char *keeper_agent;
	char *keeper_group;
	char *keeper_mode;
	char *keeper_user;
	char *portal_listen;
	char *portal_url;
	char *portal_user;
	char *portal_group;
	char *portal_mode;
	char *portal_pages;      /* directory, or "" */
	char *portal_factor;     /* "offered" or "required" */
	char *pickup_renew;      /* "yes" or "no" */
	char *language;          /* "en", "de", "fr", "it" */
	char *receipts;          /* "at once", "daily" or "trouble" */
	char *sms;               /* URL, or "" */
	char *reinject;
	char *reinject_verified;
	char *mta_log;
	char *notices_from;
	char *tls_domains;
	char *spool_directory;
	char *gpg_program;
	char *gpg_home;
	/* lists, ending with NULL */
	char **domains;
	/* numbers */
	uint64_t courier_workers;
	uint64_t courier_lease_seconds;
	uint64_t reinject_seconds; /* for each reply of the MTA */
	uint64_t database_connections;
	uint64_t spool_memory;   /* bytes */
	uint64_t message_max;    /* bytes */
	uint64_t headers_max;    /* bytes */
	uint64_t recipients_max;
	uint64_t parts_max;      /* of a message that a rule looks into */
	uint64_t passes_max;     /* how often a message may have been here */
	uint64_t gpg_seconds;
	uint64_t queue_seconds;  /* how long MTA and outbox try */
	uint64_t retry_first_seconds;
	uint64_t retry_last_seconds;
	uint64_t pickup_seconds; /* how long a parked message waits */
	uint64_t session_seconds;
	uint64_t code_tries;
	uint64_t upload_max;     /* bytes of all files of a message from the portal */
	uint64_t remind_first_seconds; /* 0: no reminder */
	uint64_t remind_last_seconds;
};

enum setting_type { SETTING_TEXT, SETTING_LIST, SETTING_TABLE, SETTING_COUNT, SETTING_BYTES, SETTING_SECONDS };

struct setting {
	const char *name; /* "limit message" */
	enum setting_type type;
	size_t offset;
	const char *standard; /* default in text form; NULL: none */
	const char *choices;  /* of a text: "offered, required"; NULL: any */
};

/* What the file says for one setting. */
struct setting_value {
	enum setting_type type; /* TEXT, LIST, TABLE, COUNT, BYTES or SECONDS */
	char *text;             /* TEXT; TABLE: the name of the table */
	char **list;            /* LIST */
	uint64_t number;
};

/* NULL for a name that is not known. */
const struct setting *setting_find(const char *name);
/* All of them, ending with a NULL name. */
const struct setting *setting_all(void);
/* "a text in quotes": for messages. */
const char *setting_expected(enum setting_type type);

struct settings *settings_new(void); /* with defaults */
void settings_free(struct settings *settings);
/* Is the text one of the choices? */
bool setting_allows(const struct setting *setting, const struct setting_value *value);
/* Copies the value. False where its type is not the setting's. */
bool settings_set(struct settings *settings, const struct setting *setting,
		  const struct setting_value *value);
/* Is the setting still without a value, though one is needed? */
bool settings_lack(const struct settings *settings, const struct setting *setting);

#endif
