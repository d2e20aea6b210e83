#include "portal/sasl.h"

#include <glib.h>
#include <sodium.h>
#include <string.h>

/* The NUL after it is not counted in *length_r. Wipe `text_r` in any case. */
static bool
decode(const char *base64, char text_r[SASL_TEXT_MAX + 1], size_t *length_r)
{
	if (sodium_base642bin((unsigned char *)text_r, SASL_TEXT_MAX, base64, strlen(base64), NULL,
			      length_r, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	text_r[*length_r] = '\0';
	return true;
}

/* Moves past the text and the NUL that ends it; the last one ends with the message. NULL: there is
 * none. */
static const char *
next_text(const char **at, const char *end)
{
	const char *text = *at;

	if (text > end)
		return NULL;
	*at = text + strlen(text) + 1;
	return text;
}

static bool
take_texts(const char *message, size_t length, char **user_r, char **password_r)
{
	const char *at = message, *end = message + length;
	const char *as = next_text(&at, end), *user = next_text(&at, end),
		   *password = next_text(&at, end);

	if (password == NULL || at != end + 1 || *user == '\0' || *password == '\0' ||
	    (*as != '\0' && strcmp(as, user) != 0))
		return false;
	*user_r = g_strdup(user);
	*password_r = g_strdup(password);
	return true;
}

bool
sasl_plain_read(const char *base64, char **user_r, char **password_r)
{
	char message[SASL_TEXT_MAX + 1];
	size_t length;
	bool done;

	*user_r = *password_r = NULL;
	done = decode(base64, message, &length) && take_texts(message, length, user_r, password_r);
	sodium_memzero(message, sizeof message);
	return done;
}

bool
sasl_text_read(const char *base64, char **text_r)
{
	char text[SASL_TEXT_MAX + 1];
	size_t length;
	bool done;

	*text_r = NULL;
	done = decode(base64, text, &length) && length > 0 && strlen(text) == length;
	if (done)
		*text_r = g_strdup(text);
	sodium_memzero(text, sizeof text);
	return done;
}
