#include "delivery/wish.h"

static const struct statement wishes_of_addresses = {
	"wishes_of_addresses",
	"select address, wish from postseal.account "
	"where wish is not null and address = any (string_to_array($1, chr(10)))"};

void
wishes_init(struct wishes *wishes, struct database *database)
{
	*wishes = (struct wishes){.database = database, .addresses = g_string_new(NULL)};
}

void
wishes_clear(struct wishes *wishes)
{
	g_string_free(wishes->addresses, TRUE);
	g_clear_pointer(&wishes->found, g_hash_table_unref);
}

void
wishes_add(struct wishes *wishes, const char *address)
{
	g_string_append_printf(wishes->addresses, "%s\n", address);
}

static bool
read_all(struct wishes *wishes, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(wishes->database, fault);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, wishes->addresses->str);
	if (connection == NULL ||
	    !connection_execute(connection, &wishes_of_addresses, &parameters, &result, fault))
		return fault_within(fault, "reading how recipients want their mail");
	wishes->found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (int row = 0; row < PQntuples(result); row++)
		g_hash_table_insert(wishes->found, g_strdup(PQgetvalue(result, row, 0)),
				    g_strdup(PQgetvalue(result, row, 1)));
	return true;
}

bool
wishes_find(struct wishes *wishes, const char *address, const char **wish_r, struct fault *fault)
{
	if (wishes->found == NULL && !read_all(wishes, fault))
		return false;
	*wish_r = g_hash_table_lookup(wishes->found, address);
	return true;
}
