#include "mail/layout_header.h"

#include <string.h>

#include "core/address.h"
#include "mail/field.h"

static bool
turns_direction(gunichar character)
{
	return character == 0x061c || character == 0x200e || character == 0x200f ||
	       (character >= 0x202a && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

char *
layout_line(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text == NULL ? "" : text, -1);
	GString *line = g_string_new(NULL);

	for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c))
		if (!turns_direction(g_utf8_get_char(c)))
			g_string_append_unichar(line, g_utf8_get_char(c));
	return g_string_free(line, FALSE);
}

static char *
addresses_of(GMimeMessage *message, GMimeAddressType type)
{
	InternetAddressList *list = g_mime_message_get_addresses(message, type);
	g_autofree char *text =
		list == NULL ? NULL : internet_address_list_to_string(list, NULL, FALSE);

	return layout_line(text);
}

static void
collect_addresses(InternetAddressList *list, GString *text)
{
	for (int i = 0; list != NULL && i < internet_address_list_length(list); i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);
		const char *plain;

		if (INTERNET_ADDRESS_IS_GROUP(address))
			collect_addresses(
				internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)),
				text);
		if (!INTERNET_ADDRESS_IS_MAILBOX(address))
			continue;
		plain = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
		if (plain != NULL && address_is_valid(plain) && strchr(plain, ' ') == NULL) {
			g_autofree char *folded = address_fold(plain);

			g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", folded);
		}
	}
}

static char *
folded_addresses(GMimeMessage *message, GMimeAddressType type)
{
	GString *text = g_string_new(NULL);

	collect_addresses(g_mime_message_get_addresses(message, type), text);
	return g_string_free(text, FALSE);
}

static char *
first_address(GMimeMessage *message, GMimeAddressType type)
{
	g_autofree char *addresses = folded_addresses(message, type);

	return g_strndup(addresses, strcspn(addresses, " "));
}

static char *
field_of(GMimeMessage *message, const char *name)
{
	const char *value = g_mime_object_get_header(GMIME_OBJECT(message), name);
	g_autofree char *copy = g_strdup(value == NULL ? "" : value);

	return g_strdup(g_strstrip(g_strdelimit(copy, "\r\n\t", ' ')));
}

/* GMime would drop text (encoded_words.h). */
static char *
subject_of(GMimeMessage *message)
{
	GMimeHeader *field = g_mime_header_list_get_header(
		g_mime_object_get_header_list(GMIME_OBJECT(message)), "Subject");
	g_autofree char *shown =
		field == NULL ? NULL : field_shown(g_mime_header_get_raw_value(field));

	return layout_line(shown);
}

void
layout_read_header(struct layout *layout, GMimeMessage *message)
{
	GDateTime *date = g_mime_message_get_date(message);
	g_autoptr(GString) readers = g_string_new(NULL);

	layout->subject = subject_of(message);
	layout->from = addresses_of(message, GMIME_ADDRESS_TYPE_FROM);
	layout->to = addresses_of(message, GMIME_ADDRESS_TYPE_TO);
	layout->cc = addresses_of(message, GMIME_ADDRESS_TYPE_CC);
	layout->from_address = first_address(message, GMIME_ADDRESS_TYPE_FROM);
	layout->message_id = field_of(message, "Message-ID");
	layout->references = field_of(message, "References");
	collect_addresses(g_mime_message_get_addresses(message, GMIME_ADDRESS_TYPE_TO), readers);
	collect_addresses(g_mime_message_get_addresses(message, GMIME_ADDRESS_TYPE_CC), readers);
	layout->addresses = g_strdup(readers->str);
	layout->reply_to = folded_addresses(message, GMIME_ADDRESS_TYPE_REPLY_TO);
	layout->date = date == NULL ? 0 : g_date_time_to_unix(date);
}
