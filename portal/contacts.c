#include "portal/contacts.h"

#include <string.h>

#include "core/address.h"
#include "portal/addressee.h"
#include "portal/search_index.h"

struct gathering {
	const char *own;     /* address, folded */
	GHashTable *by_key;  /* folded address to struct contact */
	GPtrArray *contacts; /* struct contact */
};

static void
contact_free(void *data)
{
	struct contact *contact = data;

	g_free(contact->address);
	g_free(contact->name);
	g_free(contact);
}

/* Entries come newest first, so the first one of a contact has what is shown. */
static void
note(struct gathering *gathering, const char *address, const char *name, gint64 at)
{
	g_autofree char *folded = address_fold(address);
	struct contact *contact = g_hash_table_lookup(gathering->by_key, folded);

	if (*address == '\0' || strcmp(folded, gathering->own) == 0)
		return;
	if (contact == NULL && gathering->contacts->len < CONTACTS_MAX) {
		contact = g_new0(struct contact, 1);
		contact->address = g_strdup(address);
		contact->at = at;
		g_ptr_array_add(gathering->contacts, contact);
		g_hash_table_insert(gathering->by_key, g_steal_pointer(&folded), contact);
	}
	if (contact == NULL)
		return;
	contact->messages++;
	if (contact->name == NULL && name != NULL && *name != '\0' && strcmp(name, address) != 0)
		contact->name = g_strdup(name);
}

static void
note_all(struct gathering *gathering, const char *line, gint64 at)
{
	g_autoptr(GPtrArray) people = addressees_in(line);

	for (guint i = 0; i < people->len; i++) {
		const struct addressee *one = g_ptr_array_index(people, i);

		note(gathering, one->address, one->name, at);
	}
}

/* Whom a member wrote to, or who wrote: the author, or else the envelope's sender. */
static void
gather(void *context, const struct search_index_entry *entry)
{
	struct gathering *gathering = context;
	g_autofree char *sender = address_fold(entry->sender);

	if (strcmp(sender, gathering->own) == 0)
		note_all(gathering, entry->to, entry->at);
	else if (strchr(entry->from, '@') != NULL)
		note_all(gathering, entry->from, entry->at);
	else
		note(gathering, entry->sender, entry->from, entry->at);
}

GPtrArray *
contacts_all(struct connection *connection, const struct session *session, struct fault *fault)
{
	g_autoptr(GPtrArray) contacts = g_ptr_array_new_with_free_func(contact_free);
	struct gathering gathering = {session->account.address,
				      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
				      contacts};
	bool done = search_index_add(connection, session, G_MAXINT, NULL, fault) &&
		    search_index_each(connection, session, gather, &gathering, fault);

	g_hash_table_unref(gathering.by_key);
	return done ? g_steal_pointer(&contacts) : NULL;
}
