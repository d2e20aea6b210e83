#include "portal/password.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* This needs size_t, and does not say so. */
#include <crack.h>

#include "core/catalogue.h"
#include "core/log.h"
#include "portal/account.h"
#include "portal/common_passwords.h"

enum {
	WORD_MIN = 4, /* letters of an address or name that make a password easy to guess */
};

static bool
is_common(const char *password)
{
	g_autofree char *folded = g_utf8_casefold(password, -1);

	for (size_t i = 0; common_passwords[i] != NULL; i++)
		if (strcmp(folded, common_passwords[i]) == 0)
			return true;
	return false;
}

/* "aaaaaaaaaa", "1212121212": too few different characters. */
static bool
is_monotonous(const char *password)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	for (; *password != '\0'; password = g_utf8_next_char(password))
		g_hash_table_add(seen, GUINT_TO_POINTER(g_utf8_get_char(password)));
	return g_hash_table_size(seen) < 5;
}

/* Words, words backwards, words with digits: as attackers try them; the address is one of them.
 * (Without a name the library would take that of the user the portal runs as.) The library keeps
 * its state in global variables. */
static bool
is_in_dictionary(const char *password, const char *address)
{
	static GMutex one_at_a_time;
	bool is_weak;

	if (access(PASSWORD_DICTIONARY ".pwd", R_OK) != 0) {
		log_error("checking a password: %s.pwd cannot be read: %s", PASSWORD_DICTIONARY,
			  g_strerror(errno));
		return false;
	}
	g_mutex_lock(&one_at_a_time);
	is_weak = FascistCheckUser(password, PASSWORD_DICTIONARY, address, "") != NULL;
	g_mutex_unlock(&one_at_a_time);
	return is_weak;
}

static bool
has_word_of(const char *folded, const char *text)
{
	g_autofree char *lower = g_utf8_casefold(text, -1);
	g_auto(GStrv) words = g_strsplit_set(lower, "@.,-_+='0123456789 ", -1);

	for (char **word = words; *word != NULL; word++)
		if (g_utf8_strlen(*word, -1) >= WORD_MIN && strstr(folded, *word) != NULL)
			return true;
	return false;
}

/* "hedi.muster@clinic.example": "hedi", "muster" and "clinic". The last label of the domain is
 * everybody's. */
static bool
has_word_of_address(const char *folded, const char *address)
{
	const char *at = strrchr(address, '@'), *dot = strrchr(address, '.');
	gsize length = at != NULL && dot > at ? (gsize)(dot - address) : strlen(address);
	g_autofree char *specific = g_strndup(address, length);

	return has_word_of(folded, specific);
}

const char *
password_fault(const char *password, const char *address, const char *name)
{
	g_autofree char *folded = NULL;

	if (!g_utf8_validate(password, -1, NULL))
		return N_("The password contains characters that are not valid.");
	if (g_utf8_strlen(password, -1) < ACCOUNT_PASSWORD_MIN)
		return N_("The password is too short. Please use at least ten characters; three "
			  "or four words are easy to remember.");
	if (strlen(password) > ACCOUNT_PASSWORD_MAX)
		return N_("The password is too long.");
	folded = g_utf8_casefold(password, -1);
	if (has_word_of_address(folded, address) || (name != NULL && has_word_of(folded, name)))
		return N_("The password contains a part of your address or name, so it is easy to "
			  "guess. Please choose another.");
	if (is_common(password) || is_monotonous(password) || is_in_dictionary(password, address))
		return N_("This password is widely used and easy to guess. Please choose another.");
	return NULL;
}
