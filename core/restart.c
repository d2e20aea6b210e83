#include "core/restart.h"

#include <string.h>

#include "core/log.h"
#include "core/seal/ring.h"

static const struct {
	const char *field, *programs;
} at_start_only[] = {
#define TEXT(field, standard)
#define SECRET(field, standard)
#define WORD(field, standard, words)
#define WORDS(field, standard, words)
#define LIST(field, standard)
#define DOMAINS(field, standard)
#define TABLE(field, standard)
#define MODE(field, standard)
#define CLOCK(field, standard)
#define FLAG(field, standard)
#define CHOICE(field, standard, words)
#define COUNT(field, standard, least, most)
#define BYTES(field, standard, least, most)
#define SECONDS(field, standard, least, most)
#define AT_START(field, programs) {#field, programs},
#include "core/settings_table.h"
};

static bool
is_at_start(const struct setting *setting, const char *program)
{
	for (size_t i = 0; i < G_N_ELEMENTS(at_start_only); i++)
		if (strcmp(at_start_only[i].field, setting->field) == 0) {
			g_auto(GStrv) programs = g_strsplit(at_start_only[i].programs, " ", -1);

			return g_strv_contains((const char *const *)programs, program);
		}
	return false;
}

static void
add_text(GString *names, const char *name)
{
	g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", name);
}

static void
add_name(GString *names, const struct setting *setting)
{
	g_autofree char *name = setting_name(setting);

	add_text(names, name);
}

/* Directories are asked by the finder alone. */
static bool
asks_directories(const char *program)
{
	return strcmp(program, "finder") == 0;
}

char *
restart_needed_by(const char *program)
{
	GString *names = g_string_new(NULL);

	for (const struct setting *s = setting_all(); s->field != NULL; s++)
		if (is_at_start(s, program))
			add_name(names, s);
	if (asks_directories(program))
		add_text(names, "directory");
	return g_string_free(names, FALSE);
}

char *
restart_settings(const struct settings *at_start, const struct settings *now, const char *program)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (const struct setting *s = setting_all(); s->field != NULL; s++)
		if (is_at_start(s, program) && !setting_is_same(s, at_start, now))
			add_name(names, s);
	if (asks_directories(program) && !settings_same_directories(at_start, now))
		add_text(names, "directory");
	return names->len == 0 ? NULL : g_string_free(g_steal_pointer(&names), FALSE);
}

void
restart_warn(const struct settings *at_start, const struct settings *now, const char *program)
{
	g_autofree char *names = restart_settings(at_start, now, program);

	if (names != NULL)
		log_warning(
			"these settings have changed and count only after a restart of postseal-%s: %s",
			program, names);
}

void
restart_look(void *restart)
{
	const struct restart *look = restart;
	g_autoptr(settings_auto) now = settings_read(look->config);

	if (look->ring != NULL)
		ring_reload(look->ring);
	if (now == NULL)
		log_error("reloading %s failed: the settings in force are kept", look->config);
	else
		restart_warn(look->at_start, now, look->program);
}
