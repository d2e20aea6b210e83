#include "admin/setup/program.h"

#include <glib.h>
#include <string.h>

#include "core/quote.h"

static const GSpawnFlags flags = G_SPAWN_SEARCH_PATH;

/* The last line of output usually says why the program failed. */
static char *
last_line(char *text)
{
	char *line;

	g_strchomp(text);
	line = strrchr(text, '\n');
	quote_flatten(line == NULL ? text : line + 1);
	return line == NULL ? text : line + 1;
}

bool
program_read(const char *const *words, char **output_r, struct fault *fault)
{
	g_autofree char *output = NULL, *said = NULL;
	g_autoptr(GError) error = NULL;
	int status;

	if (!g_spawn_sync(NULL, (char **)words, NULL, flags, NULL, NULL, &output, &said, &status,
			  &error))
		return fault_set(fault, FAULT_CONFIG, "running %s: %s", words[0], error->message);
	if (g_spawn_check_wait_status(status, &error)) {
		if (output_r != NULL)
			*output_r = g_steal_pointer(&output);
		return true;
	}
	return fault_set(fault, FAULT_CONFIG, "running %s: %s", words[0],
			 *g_strstrip(said) != '\0' ? last_line(said) : error->message);
}

bool
program_run(const char *const *words, struct fault *fault)
{
	return program_read(words, NULL, fault);
}

bool
program_agrees(const char *const *words)
{
	struct fault fault;

	return program_read(words, NULL, &fault);
}
