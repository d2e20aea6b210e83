#include "admin/actor.h"

#include <glib.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

static char *
name_of(uid_t user)
{
	const struct passwd *entry = getpwuid(user);

	return entry == NULL ? g_strdup_printf("user %u", (unsigned)user)
			     : g_utf8_make_valid(entry->pw_name, -1);
}

/* The kernel remembers who logged in, whatever user they have become since (pam_loginuid(8)). NULL
 * if nobody did, as in a service or a container. */
static char *
login_name(void)
{
	g_autofree char *text = NULL;
	guint64 user;

	if (!g_file_get_contents("/proc/self/loginuid", &text, NULL, NULL) ||
	    !g_ascii_string_to_unsigned(g_strchomp(text), 10, 0, G_MAXUINT32, &user, NULL) ||
	    user == G_MAXUINT32)
		return NULL;
	return name_of((uid_t)user);
}

char *
actor_name(void)
{
	g_autofree char *user = name_of(getuid());
	g_autofree char *login = login_name();
	const char *by_sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;

	if (login == NULL && by_sudo != NULL)
		login = g_utf8_make_valid(by_sudo, -1);
	return login == NULL || g_strcmp0(login, user) == 0
		       ? g_steal_pointer(&user)
		       : g_strdup_printf("%s as %s", login, user);
}
