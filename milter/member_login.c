#include "milter/member_login.h"

#include <glib.h>
#include <string.h>

#define MEMBER "member:"

char *
member_login_make(const struct identifier *password, const char *address)
{
	return g_strconcat(MEMBER, password->text, ":", address, NULL);
}

bool
member_login_is(const char *login)
{
	return login != NULL && g_str_has_prefix(login, MEMBER);
}

bool
member_login_read(const char *login, struct identifier *password_r, const char **address_r)
{
	const char *password = member_login_is(login) ? login + strlen(MEMBER) : "";
	const char *colon = strchr(password, ':');
	g_autofree char *id = colon == NULL ? NULL : g_strndup(password, (gsize)(colon - password));

	if (id == NULL || !identifier_parse(password_r, id))
		return false;
	*address_r = colon + 1;
	return true;
}
