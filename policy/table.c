#include "policy/table.h"

#include <string.h>

#include "core/address.h"
#include "core/domain.h"
#include "policy/directory_lookup.h"
#include "policy/sources.h"

struct table *
table_new(const char *name, const struct table_kind *kind, const char *source)
{
	struct table *table = g_new0(struct table, 1);

	table->name = g_strdup(name);
	table->kind = kind;
	table->source = g_strdup(source);
	table->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	table->networks = g_array_new(FALSE, FALSE, sizeof(struct network));
	table->words = dictionary_new();
	if (source != NULL) {
		g_autofree char *digest =
			g_compute_checksum_for_string(G_CHECKSUM_SHA256, source, -1);

		table->statement = g_strdup_printf("table_%.24s", digest);
	}
	return table;
}

void
table_free(struct table *table)
{
	if (table == NULL)
		return;
	g_hash_table_unref(table->entries);
	g_array_unref(table->networks);
	dictionary_free(table->words);
	directory_lookup_free(table->lookup);
	g_free(table->statement);
	g_free(table->source);
	g_free(table->text);
	g_free(table->name);
	g_free(table);
}

/* `*` and `?` may be in addresses, but whoever writes them means a pattern, as for names of files.
 * In quotes, they stand for themselves. */
static bool
is_address(const char *entry, struct fault *fault)
{
	const char *at = strrchr(entry, '@');

	return *entry == '"' || strcspn(entry, "*?") > (size_t)(at - entry) ||
	       fault_set(fault, FAULT_CONFIG,
			 "\"%s\" is a pattern, and only whole addresses and domains are compared; "
			 "everybody at a domain is \"%s\"",
			 entry, at);
}

static bool
add_address(struct table *table, const char *entry, struct fault *fault)
{
	g_auto(address_auto) address = {0};

	if (!is_address(entry, fault))
		return false;
	if (!address_parse(&address, entry, fault))
		return false;
	g_hash_table_add(table->entries, g_strdup(address.key));
	return true;
}

const char *
table_content_shown(enum table_content content)
{
	static const char *const shown[] = {"addresses or domains", "networks", "words"};

	return shown[content];
}

static bool
add_network(struct table *table, const char *entry, struct fault *fault)
{
	struct network network;

	if (!network_parse(&network, entry))
		return fault_set(fault, FAULT_CONFIG,
				 "\"%s\" is neither an address of the Internet nor a network such "
				 "as 10.0.0.0/8 or 2001:db8::/32",
				 entry);
	g_array_append_val(table->networks, network);
	return true;
}

/* ".ch": all domains in it, of which none has this name alone. */
static bool
parse_domains_below(const char *entry, char **domain_r, struct fault *fault)
{
	static const char any[] = "x.";
	g_autofree char *below = g_strconcat(any, entry, NULL);

	if (!domain_parse(below, domain_r, fault))
		return false;
	memmove(*domain_r, *domain_r + strlen(any), strlen(*domain_r + strlen(any)) + 1);
	return true;
}

/* An address or domain was expected; a network is easily meant. */
static bool
add_domain(struct table *table, const char *entry, const char *dot, struct fault *fault)
{
	g_autofree char *domain = NULL;
	struct network network;

	if (*dot == '\0' && network_parse(&network, entry))
		return fault_set(fault, FAULT_CONFIG,
				 "\"%s\" is a network, and tables of networks are defined as "
				 "`table name networks`",
				 entry);
	if (!(*dot == '.' ? parse_domains_below : domain_parse)(entry, &domain, fault))
		return fault_within(fault, "\"%s\" is not a domain", entry);
	g_hash_table_add(table->entries, g_strconcat(dot, domain, NULL));
	return true;
}

bool
table_add(struct table *table, const char *entry, struct fault *fault)
{
	const char *dot = "";

	if (table->content == TABLE_OF_NETWORKS)
		return add_network(table, entry, fault);
	if (table->content == TABLE_OF_WORDS)
		return dictionary_add(table->words, entry, fault);
	if (*entry == '\0') {
		g_hash_table_add(table->entries, g_strdup("")); /* the null sender */
		return true;
	}
	if (*entry == '@')
		entry++;
	if (strchr(entry, '@') != NULL)
		return add_address(table, entry, fault);
	if (*entry == '.') {
		dot = ".";
		entry++;
	}
	return add_domain(table, entry, dot, fault);
}

static bool
load_file(struct table *table, struct fault *fault)
{
	g_autofree char *content = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(table->source, &content, NULL, &error))
		return fault_set(fault, FAULT_CONFIG, "reading the table <%s>: %s", table->name,
				 error->message);
	table->text = sources_without_comments(content);
	lines = g_strsplit(table->text, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++) {
		if (*g_strstrip(lines[i]) != '\0' && !table_add(table, lines[i], fault))
			return fault_within(fault, "reading the table <%s>: %s:%u", table->name,
					    table->source, i + 1);
	}
	return true;
}

static bool
has_entry(const struct table *table, struct database *database, const char *key, bool *has_r,
	  struct fault *fault)
{
	(void)database;
	(void)fault;
	*has_r = g_hash_table_contains(table->entries, key);
	return true;
}

static bool
has_row(const struct table *table, struct database *database, const char *key, bool *has_r,
	struct fault *fault)
{
	const struct statement statement = {table->statement, table->source};
	struct parameters parameters = {0};
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(PGresult) result = NULL;

	if (database == NULL)
		return fault_set(fault, FAULT_DATABASE,
				 "asking the table <%s>: there is no database", table->name);
	connection = database_take(database, fault);
	parameters_text(&parameters, key);
	if (connection == NULL ||
	    !connection_execute(connection, &statement, &parameters, &result, fault))
		return fault_within(fault, "asking the table <%s>", table->name);
	*has_r = PQntuples(result) > 0;
	return true;
}

/* Nobody has an empty address. */
static bool
has_directory_entry(const struct table *table, struct database *database, const char *key,
		    bool *has_r, struct fault *fault)
{
	(void)database;
	*has_r = false;
	return *key == '\0' || directory_lookup_has(table->lookup, key, has_r, fault) ||
	       fault_within(fault, "asking the table <%s>", table->name);
}

static const struct table_kind table_given = {"given", NULL, has_entry, true};
const struct table_kind table_inline = {"inline", NULL, has_entry, false};
const struct table_kind table_file = {"file", load_file, has_entry, false};
const struct table_kind table_database = {"database", NULL, has_row, true};
const struct table_kind table_directory = {"directory", NULL, has_directory_entry, true};

bool
table_give(struct table *table, const GPtrArray *members, struct fault *fault)
{
	if (!table->kind->exact_only)
		return fault_set(fault, FAULT_CONFIG,
				 "the members of the table <%s> are known: it is neither in a "
				 "directory nor in the database",
				 table->name);
	table->kind = &table_given;
	g_hash_table_remove_all(table->entries);
	for (guint i = 0; i < members->len; i++)
		if (!table_add(table, g_ptr_array_index(members, i), fault))
			return fault_within(fault, "reading the members of the table <%s>",
					    table->name);
	return true;
}

bool
table_has_client(const struct table *table, const char *client)
{
	struct network_address address;

	if (client == NULL || !network_address_parse(&address, client))
		return false;
	for (guint i = 0; i < table->networks->len; i++)
		if (network_has(&g_array_index(table->networks, struct network, i), &address))
			return true;
	return false;
}

bool
table_has_domain(const struct table *table, struct database *database, const char *domain,
		 bool *has_r, struct fault *fault)
{
	if (!table->kind->has(table, database, domain, has_r, fault))
		return false;
	if (*has_r || table->kind->exact_only)
		return true;
	for (const char *dot = strchr(domain, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
		if (!table->kind->has(table, database, dot, has_r, fault))
			return false;
		if (*has_r)
			return true;
	}
	return true;
}

bool
table_has_address(const struct table *table, struct database *database, const char *address,
		  bool *has_r, struct fault *fault)
{
	if (!table->kind->has(table, database, address, has_r, fault))
		return false;
	if (*has_r || table->kind->exact_only)
		return true;
	return table_has_domain(table, database, address_domain(address), has_r, fault);
}
