#include "mail/autocrypt.h"

#include <gmime/gmime.h>
#include <string.h>

#include "core/address.h"

void
autocrypt_clear(struct autocrypt *autocrypt)
{
	g_clear_pointer(&autocrypt->key, g_bytes_unref);
}

/* --- one field --- */

struct attributes {
	char *address; /* folded */
	GBytes *key;
	bool prefers_encryption;
	bool is_unknown; /* has one that has to be understood */
};

static void
attributes_clear(struct attributes *attributes)
{
	g_free(attributes->address);
	g_clear_pointer(&attributes->key, g_bytes_unref);
}

static GBytes *
key_in(const char *base64, size_t most)
{
	gsize length;
	guchar *bytes;

	if (strlen(base64) / 4 > most / 3 + 1)
		return NULL;
	bytes = g_base64_decode(base64, &length);
	if (length > 0 && length <= most)
		return g_bytes_new_take(bytes, length);
	g_free(bytes);
	return NULL;
}

/* Names that begin with an underscore may be passed over; all others are critical. */
static void
take_attribute(struct attributes *attributes, const char *name, const char *value, size_t most)
{
	if (g_ascii_strcasecmp(name, "addr") == 0 && attributes->address == NULL)
		attributes->address = address_fold(value);
	else if (g_ascii_strcasecmp(name, "keydata") == 0 && attributes->key == NULL)
		attributes->key = key_in(value, most);
	else if (g_ascii_strcasecmp(name, "prefer-encrypt") == 0)
		attributes->prefers_encryption = g_ascii_strcasecmp(value, "mutual") == 0;
	else if (*name != '_')
		attributes->is_unknown = true;
}

static void
take_attributes(struct attributes *attributes, const char *value, size_t most)
{
	g_auto(GStrv) each = g_strsplit(value, ";", 32);

	for (char **one = each; *one != NULL; one++) {
		char *equals = strchr(*one, '=');

		if (equals != NULL) {
			*equals = '\0';
			take_attribute(attributes, g_strstrip(*one), g_strstrip(equals + 1), most);
		} else if (*g_strstrip(*one) != '\0') {
			attributes->is_unknown = true;
		}
	}
}

/* --- those of a message --- */

static bool
is_report(const struct message *message)
{
	g_autofree char *value = message_field_text(message, "Content-Type");
	GMimeContentType *type = g_mime_content_type_parse(NULL, value == NULL ? "" : value);
	bool is = g_mime_content_type_is_type(type, "multipart", "report");

	g_object_unref(type);
	return is;
}

/* False: the field is for somebody else, or cannot be read. */
static bool
read_field(const struct field *field, const char *address, size_t most,
	   struct autocrypt *autocrypt_r)
{
	struct attributes attributes = {0};
	g_autofree char *text = field_text(field->value);
	bool is_good;

	take_attributes(&attributes, text, most);
	is_good = !attributes.is_unknown && attributes.key != NULL && attributes.address != NULL &&
		  strcmp(attributes.address, address) == 0;
	if (is_good) {
		autocrypt_r->key = g_steal_pointer(&attributes.key);
		autocrypt_r->prefers_encryption = attributes.prefers_encryption;
	}
	attributes_clear(&attributes);
	return is_good;
}

void
autocrypt_find(const struct message *message, const char *address, size_t most,
	       struct autocrypt *autocrypt_r)
{
	unsigned found = 0;

	*autocrypt_r = (struct autocrypt){0};
	if (is_report(message))
		return;
	for (guint i = 0; i < message->fields->len; i++) {
		struct autocrypt one = {0};

		if (g_ascii_strcasecmp(
			    ((const struct field *)g_ptr_array_index(message->fields, i))->name,
			    "Autocrypt") != 0 ||
		    !read_field(g_ptr_array_index(message->fields, i), address, most, &one))
			continue;
		autocrypt_clear(autocrypt_r);
		*autocrypt_r = one;
		found++;
	}
	if (found > 1)
		autocrypt_clear(autocrypt_r);
}
