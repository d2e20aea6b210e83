#include "mail/addresses.h"

#include <gmime/gmime.h>

#include "core/address.h"

char *
addresses_author(const struct message *message)
{
	g_autofree char *raw = message_field_text(message, "From");
	InternetAddressList *list = internet_address_list_parse(NULL, raw == NULL ? "" : raw);
	InternetAddress *first = list == NULL || internet_address_list_length(list) == 0
					 ? NULL
					 : internet_address_list_get_address(list, 0);
	const char *name = first == NULL ? NULL : internet_address_get_name(first);
	char *text;

	if (name == NULL || *name == '\0')
		name = INTERNET_ADDRESS_IS_MAILBOX(first)
			       ? internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(first))
			       : NULL;
	text = g_strdup(name == NULL ? message->sender : name);
	g_clear_object(&list);
	return text;
}

static void
add_mailboxes(GHashTable *addresses, InternetAddressList *list)
{
	for (int i = 0; list != NULL && i < internet_address_list_length(list); i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
			const char *text = internet_address_mailbox_get_addr(
				INTERNET_ADDRESS_MAILBOX(address));

			if (text != NULL)
				g_hash_table_add(addresses, address_fold(text));
		} else if (INTERNET_ADDRESS_IS_GROUP(address)) {
			add_mailboxes(addresses, internet_address_group_get_members(
							 INTERNET_ADDRESS_GROUP(address)));
		}
	}
}

static GHashTable *
addresses_in(const struct message *message, const char *const *names)
{
	GHashTable *addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);
		g_autofree char *raw = NULL;
		InternetAddressList *list;

		if (!field_is_one_of(field, names))
			continue;
		raw = field_text(field->value);
		list = internet_address_list_parse(NULL, raw);
		add_mailboxes(addresses, list);
		g_clear_object(&list);
	}
	return addresses;
}

GHashTable *
addresses_visible(const struct message *message)
{
	static const char *const names[] = {"To", "Cc", "Resent-To", "Resent-Cc", NULL};

	return addresses_in(message, names);
}

GHashTable *
addresses_authors(const struct message *message)
{
	static const char *const names[] = {"From", "Sender", "Resent-From", "Resent-Sender", NULL};

	return addresses_in(message, names);
}

char *
addresses_from(const struct message *message)
{
	static const char *const names[] = {"From", NULL};
	g_autoptr(GHashTable) addresses = addresses_in(message, names);
	GHashTableIter iterator;
	gpointer address;

	/* Several authors: no single key could sign for all of them. */
	if (g_hash_table_size(addresses) != 1)
		return NULL;
	g_hash_table_iter_init(&iterator, addresses);
	return g_hash_table_iter_next(&iterator, &address, NULL) ? g_strdup(address) : NULL;
}
