/*
 * Tables of addresses and domains. An entry is an address, "@example.com" or "example.com" for
 * everybody at that domain, or ".example.com" for everybody in its subdomains. Tables of networks
 * list addresses of the Internet, and networks such as 10.0.0.0/8; tables of words list what is
 * looked for in texts.
 */
#ifndef POSTSEAL_POLICY_TABLE_H
#define POSTSEAL_POLICY_TABLE_H

#include <glib.h>

#include "core/database.h"
#include "core/network.h"
#include "policy/dictionary.h"

struct condition;
struct directory_lookup; /* policy/directory_lookup.h */

/* What the entries of a table are. */
enum table_content { TABLE_OF_ADDRESSES, TABLE_OF_NETWORKS, TABLE_OF_WORDS };

struct table {
	char *name;
	const struct table_kind *kind;
	enum table_content content;
	char *source;	     /* path, or query */
	char *text;	     /* file: its content, without comments */
	char *statement;     /* database: the name of the prepared statement */
	GHashTable *entries; /* inline and file: addresses, folded */
	GArray *networks;    /* struct network */
	struct dictionary *words;
	struct directory_lookup *lookup; /* directory; or NULL */
};

/* The kinds of tables; a new kind is one entry in table.c. */
struct table_kind {
	const char *name;
	/* Reads what the table needs, once; NULL: nothing. */
	bool (*load)(struct table *table, struct fault *fault);
	/* Does the table contain exactly this key? */
	bool (*has)(const struct table *table, struct database *database, const char *key,
		    bool *has_r, struct fault *fault);
	bool exact_only; /* only the whole address (or domain) is looked up */
};

extern const struct table_kind table_inline, table_file, table_database, table_directory;

struct table *table_new(const char *name, const struct table_kind *kind, const char *source);
void table_free(struct table *table);
/* How such a table is defined: "table name networks …". */
const char *table_content_shown(enum table_content content);
/* False if the entry is not of the table's content: one that matches nobody is an error. */
bool table_add(struct table *table, const char *entry, struct fault *fault);

/* From now on these are in the table, and nobody else: it need not be asked. Each is a whole
 * address, or domain, as a query or filter is asked for. Only for tables that are asked, in a
 * directory or the database. */
bool table_give(struct table *table, const GPtrArray *members, struct fault *fault);

/* Is the address, as text, in one of the networks? NULL is in none. */
bool table_has_client(const struct table *table, const char *client);
bool table_has_address(const struct table *table, struct database *database, const char *address,
		       bool *has_r, struct fault *fault);
bool table_has_domain(const struct table *table, struct database *database, const char *domain,
		      bool *has_r, struct fault *fault);

#endif
