#include "core/settings.h"

#include <string.h>

#define AT(field) offsetof(struct settings, field)

static const struct setting table[] = {
	{"organisation", SETTING_TEXT, AT(organisation), NULL, NULL},
	{"domains", SETTING_LIST, AT(domains), NULL, NULL},
	{"hostname", SETTING_TEXT, AT(hostname), "", NULL},
	{"database", SETTING_TEXT, AT(database), NULL, NULL},
	{"database connections", SETTING_COUNT, AT(database_connections), "32", NULL},
	{"secrets", SETTING_TEXT, AT(secrets), "/etc/postseal/secrets", NULL},
	{"milter listen", SETTING_TEXT, AT(milter_listen), "unix:/run/postseal/milter.sock", NULL},
	{"milter group", SETTING_TEXT, AT(milter_group), "", NULL},
	{"milter mode", SETTING_TEXT, AT(milter_mode), "0660", NULL},
	{"milter user", SETTING_TEXT, AT(milter_user), "postseal_milter", NULL},
	{"milter metrics", SETTING_TEXT, AT(milter_metrics), "", NULL},
	{"courier metrics", SETTING_TEXT, AT(courier_metrics), "", NULL},
	{"portal metrics", SETTING_TEXT, AT(portal_metrics), "", NULL},
	{"portal group", SETTING_TEXT, AT(portal_group), "", NULL},
	{"portal mode", SETTING_TEXT, AT(portal_mode), "0660", NULL},
	{"portal pages", SETTING_TEXT, AT(portal_pages), "", NULL},
	{"portal upload", SETTING_BYTES, AT(upload_max), "25000000", NULL},
	{"portal factor", SETTING_TEXT, AT(portal_factor), "offered", "offered, required"},
	{"language", SETTING_TEXT, AT(language), "en", "en, de, fr, it"},
	{"receipts", SETTING_TEXT, AT(receipts), "at once", "at once, daily, trouble"},
	{"remind first", SETTING_SECONDS, AT(remind_first_seconds), "259200", NULL},
	{"remind last", SETTING_SECONDS, AT(remind_last_seconds), "864000", NULL},
	{"sms", SETTING_TEXT, AT(sms), "", NULL},
	{"keeper metrics", SETTING_TEXT, AT(keeper_metrics), "", NULL},
	{"courier user", SETTING_TEXT, AT(courier_user), "postseal_courier", NULL},
	{"courier workers", SETTING_COUNT, AT(courier_workers), "4", NULL},
	{"courier lease", SETTING_SECONDS, AT(courier_lease_seconds), "900", NULL},
	{"keeper socket", SETTING_TEXT, AT(keeper_socket), "/run/postseal-keeper/keeper.sock", NULL},
	{"keeper agent", SETTING_TEXT, AT(keeper_agent), "/run/postseal-keeper/agent.sock", NULL},
	{"keeper home", SETTING_TEXT, AT(keeper_home), "/run/postseal-keeper/gnupg", NULL},
	{"keeper group", SETTING_TEXT, AT(keeper_group), "", NULL},
	{"keeper mode", SETTING_TEXT, AT(keeper_mode), "0660", NULL},
	{"keeper user", SETTING_TEXT, AT(keeper_user), "postseal_keeper", NULL},
	{"portal listen", SETTING_TEXT, AT(portal_listen), "127.0.0.1:8025", NULL},
	{"portal url", SETTING_TEXT, AT(portal_url), NULL, NULL},
	{"portal user", SETTING_TEXT, AT(portal_user), "postseal_portal", NULL},
	{"reinject", SETTING_TEXT, AT(reinject), "smtp://127.0.0.1:10026", NULL},
	{"reinject verified", SETTING_TEXT, AT(reinject_verified), "smtp://127.0.0.1:10027", NULL},
	{"reinject timeout", SETTING_SECONDS, AT(reinject_seconds), "300", NULL}, /* RFC 5321 §4.5.3.2 */
	{"mta log", SETTING_TEXT, AT(mta_log), "/var/log/mail.log", NULL},
	{"notices from", SETTING_TEXT, AT(notices_from), "", NULL},
	{"tls domains", SETTING_TABLE, AT(tls_domains), "", NULL},
	{"spool directory", SETTING_TEXT, AT(spool_directory), "/var/spool/postseal", NULL},
	{"spool memory", SETTING_BYTES, AT(spool_memory), "262144", NULL},
	{"limit message", SETTING_BYTES, AT(message_max), "52428800", NULL},
	{"limit headers", SETTING_BYTES, AT(headers_max), "1048576", NULL},
	{"limit recipients", SETTING_COUNT, AT(recipients_max), "1000", NULL},
	{"limit parts", SETTING_COUNT, AT(parts_max), "10000", NULL},
	{"limit passes", SETTING_COUNT, AT(passes_max), "3", NULL},
	{"gpg program", SETTING_TEXT, AT(gpg_program), "/usr/bin/gpg", NULL},
	{"gpg home", SETTING_TEXT, AT(gpg_home), "/run/postseal/gnupg", NULL},
	{"gpg timeout", SETTING_SECONDS, AT(gpg_seconds), "60", NULL},
	{"queue lifetime", SETTING_SECONDS, AT(queue_seconds), "432000", NULL},
	{"retry first", SETTING_SECONDS, AT(retry_first_seconds), "60", NULL},
	{"retry last", SETTING_SECONDS, AT(retry_last_seconds), "4000", NULL},
	{"pickup expire", SETTING_SECONDS, AT(pickup_seconds), "2592000", NULL},
	{"pickup session", SETTING_SECONDS, AT(session_seconds), "1800", NULL},
	{"pickup tries", SETTING_COUNT, AT(code_tries), "5", NULL},
	{"pickup renew", SETTING_TEXT, AT(pickup_renew), "yes", "yes, no"},
	{NULL, SETTING_TEXT, 0, NULL, NULL},
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

bool
setting_allows(const struct setting *setting, const struct setting_value *value)
{
	g_auto(GStrv) choices = NULL;

	if (setting->choices == NULL)
		return true;
	choices = g_strsplit(setting->choices, ", ", -1);
	return g_strv_contains((const char *const *)choices, value->text);
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
