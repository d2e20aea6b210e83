#include "core/settings.h"

#include <string.h>

#define AT(field) offsetof(struct settings, field)

static const struct setting table[] = {
	{"organisation", SETTING_TEXT, AT(organisation), NULL},
	{"domains", SETTING_LIST, AT(domains), NULL},
	{"hostname", SETTING_TEXT, AT(hostname), ""},
	{"database", SETTING_TEXT, AT(database), NULL},
	{"database connections", SETTING_COUNT, AT(database_connections), "32"},
	{"secrets", SETTING_TEXT, AT(secrets), "/etc/postseal/secrets"},
	{"milter listen", SETTING_TEXT, AT(milter_listen), "unix:/run/postseal/milter.sock"},
	{"milter group", SETTING_TEXT, AT(milter_group), ""},
	{"milter mode", SETTING_TEXT, AT(milter_mode), "0660"},
	{"milter user", SETTING_TEXT, AT(milter_user), "postseal_milter"},
	{"milter metrics", SETTING_TEXT, AT(milter_metrics), ""},
	{"courier metrics", SETTING_TEXT, AT(courier_metrics), ""},
	{"portal metrics", SETTING_TEXT, AT(portal_metrics), ""},
	{"keeper metrics", SETTING_TEXT, AT(keeper_metrics), ""},
	{"courier user", SETTING_TEXT, AT(courier_user), "postseal_courier"},
	{"courier workers", SETTING_COUNT, AT(courier_workers), "12"},
	{"courier lease", SETTING_SECONDS, AT(courier_lease_seconds), "900"},
	{"keeper socket", SETTING_TEXT, AT(keeper_socket), "/run/postseal-keeper/keeper.sock"},
	{"keeper agent", SETTING_TEXT, AT(keeper_agent), "/run/postseal-keeper/agent.sock"},
	{"keeper home", SETTING_TEXT, AT(keeper_home), "/run/postseal-keeper/gnupg"},
	{"keeper group", SETTING_TEXT, AT(keeper_group), ""},
	{"keeper mode", SETTING_TEXT, AT(keeper_mode), "0660"},
	{"keeper user", SETTING_TEXT, AT(keeper_user), "postseal_keeper"},
	{"portal listen", SETTING_TEXT, AT(portal_listen), "127.0.0.1:8025"},
	{"portal url", SETTING_TEXT, AT(portal_url), NULL},
	{"portal user", SETTING_TEXT, AT(portal_user), "postseal_portal"},
	{"reinject", SETTING_TEXT, AT(reinject), "smtp://127.0.0.1:10026"},
	{"reinject verified", SETTING_TEXT, AT(reinject_verified), "smtp://127.0.0.1:10027"},
	{"reinject timeout", SETTING_SECONDS, AT(reinject_seconds), "300"}, /* RFC 5321 §4.5.3.2 */
	{"mta log", SETTING_TEXT, AT(mta_log), "/var/log/mail.log"},
	{"notices from", SETTING_TEXT, AT(notices_from), ""},
	{"tls domains", SETTING_TABLE, AT(tls_domains), ""},
	{"spool directory", SETTING_TEXT, AT(spool_directory), "/var/spool/postseal"},
	{"spool memory", SETTING_BYTES, AT(spool_memory), "262144"},
	{"limit message", SETTING_BYTES, AT(message_max), "52428800"},
	{"limit headers", SETTING_BYTES, AT(headers_max), "1048576"},
	{"limit recipients", SETTING_COUNT, AT(recipients_max), "1000"},
	{"limit parts", SETTING_COUNT, AT(parts_max), "10000"},
	{"limit passes", SETTING_COUNT, AT(passes_max), "3"},
	{"gpg program", SETTING_TEXT, AT(gpg_program), "/usr/bin/gpg"},
	{"gpg home", SETTING_TEXT, AT(gpg_home), "/run/postseal/gnupg"},
	{"gpg timeout", SETTING_SECONDS, AT(gpg_seconds), "60"},
	{"queue lifetime", SETTING_SECONDS, AT(queue_seconds), "432000"},
	{"retry first", SETTING_SECONDS, AT(retry_first_seconds), "60"},
	{"retry last", SETTING_SECONDS, AT(retry_last_seconds), "4000"},
	{"pickup expire", SETTING_SECONDS, AT(pickup_seconds), "2592000"},
	{"pickup session", SETTING_SECONDS, AT(session_seconds), "1800"},
	{"pickup tries", SETTING_COUNT, AT(code_tries), "5"},
	{NULL, SETTING_TEXT, 0, NULL},
};

const struct setting *
setting_all(void)
{
	return table;
}

const struct setting *
setting_find(const char *name)
{
	for (const struct setting *s = table; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

const char *
setting_expected(enum setting_type type)
{
	static const char *const expected[] = {
		[SETTING_TEXT] = "a text in quotes",
		[SETTING_LIST] = "a list such as { \"a\" \"b\" }",
		[SETTING_TABLE] = "a table such as <partners>",
		[SETTING_COUNT] = "a number",
		[SETTING_BYTES] = "a size such as 25 MB",
		[SETTING_SECONDS] = "a time such as 30 seconds",
	};

	return expected[type];
}

static void *
place(const struct settings *settings, const struct setting *setting)
{
	return (char *)settings + setting->offset;
}

struct settings *
settings_new(void)
{
	struct settings *settings = g_new0(struct settings, 1);

	for (const struct setting *s = table; s->name != NULL; s++) {
		if (s->standard == NULL)
			continue;
		if (s->type == SETTING_TEXT || s->type == SETTING_TABLE)
			*(char **)place(settings, s) = g_strdup(s->standard);
		else if (s->type != SETTING_LIST)
			*(uint64_t *)place(settings, s) = g_ascii_strtoull(s->standard, NULL, 10);
	}
	g_free(settings->hostname);
	settings->hostname = g_strdup(g_get_host_name());
	return settings;
}

void
settings_free(struct settings *settings)
{
	if (settings == NULL)
		return;
	for (const struct setting *s = table; s->name != NULL; s++) {
		if (s->type == SETTING_TEXT || s->type == SETTING_TABLE)
			g_free(*(char **)place(settings, s));
		else if (s->type == SETTING_LIST)
			g_strfreev(*(char ***)place(settings, s));
	}
	g_free(settings);
}

bool
settings_set(struct settings *settings, const struct setting *setting,
	     const struct setting_value *value)
{
	void *at = place(settings, setting);

	if (value->type != setting->type)
		return false;
	switch (setting->type) {
	case SETTING_TEXT:
	case SETTING_TABLE:
		g_free(*(char **)at);
		*(char **)at = g_strdup(value->text);
		break;
	case SETTING_LIST:
		g_strfreev(*(char ***)at);
		*(char ***)at = g_strdupv(value->list);
		break;
	case SETTING_COUNT:
	case SETTING_BYTES:
	case SETTING_SECONDS:
		*(uint64_t *)at = value->number;
		break;
	}
	return true;
}

bool
settings_lack(const struct settings *settings, const struct setting *setting)
{
	if (setting->standard != NULL)
		return false;
	return *(void **)place(settings, setting) == NULL;
}
