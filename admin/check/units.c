/* What systemd knows of the programs: do they start with the machine, and are they the ones that
 * are installed? */
#include <string.h>

#include "admin/check/check.h"
#include "admin/setup/program.h"
#include "admin/setup/step.h"

static const char *const show[] = {
	"systemctl",
	"show",
	"--property=Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,MainPID",
	"postseal-keeper",
	"postseal-finder",
	"postseal-milter",
	"postseal-courier",
	"postseal-portal",
	"postseal-pop",
	"postseal-submission",
	NULL};

/* The value in the lines "name=value" about a unit, or "". Caller frees. */
static char *
property_of(const char *unit, const char *name)
{
	g_auto(GStrv) lines = g_strsplit(unit, "\n", -1);
	const size_t length = strlen(name);

	for (char **line = lines; *line != NULL; line++)
		if (strncmp(*line, name, length) == 0 && (*line)[length] == '=')
			return g_strdup(*line + length + 1);
	return g_strdup("");
}

/* An upgrade replaces the file of a program that runs; the kernel shows that. */
static bool
is_replaced(const char *process)
{
	g_autofree char *path = g_build_filename("/proc", process, "exe", NULL);
	g_autofree char *program = g_file_read_link(path, NULL);

	return program != NULL && g_str_has_suffix(program, " (deleted)");
}

static void
look_at_running(const struct check *check, const char *id, const char *unit)
{
	g_autofree char *enabled = property_of(unit, "UnitFileState");
	g_autofree char *process = property_of(unit, "MainPID");

	if (strcmp(enabled, "disabled") == 0)
		check_warn(
			check,
			"%s runs, but will not be started with this machine: systemctl enable %s",
			id, id);
	if (is_replaced(process))
		check_warn(
			check,
			"%s still runs the program that an upgrade has replaced: systemctl restart %s",
			id, id);
}

/* Whoever else does not run is noticed where it is asked; the courier listens nowhere. */
static void
look_at_stopped(const struct check *check, const char *id, const char *state)
{
	if (strcmp(id, "postseal-courier.service") == 0)
		check_warn(
			check,
			"%s does not run (%s): notices, unlock codes and further copies wait; see systemctl status %s, and "
			"have it started with systemctl enable --now %s",
			id, state, id, id);
}

static void
look_at_unit(const struct check *check, const char *unit)
{
	g_autofree char *id = property_of(unit, "Id"), *loaded = property_of(unit, "LoadState");
	g_autofree char *state = property_of(unit, "ActiveState");
	g_autofree char *outdated = property_of(unit, "NeedDaemonReload");

	if (strcmp(loaded, "not-found") == 0)
		return;
	if (strcmp(outdated, "yes") == 0)
		check_warn(
			check,
			"the unit file of %s has changed since it was loaded: systemctl daemon-reload",
			id);
	if (strcmp(state, "active") == 0 || strcmp(state, "reloading") == 0)
		look_at_running(check, id, unit);
	else
		look_at_stopped(check, id, strcmp(loaded, "masked") == 0 ? loaded : state);
}

bool
check_units(const struct check *check, char **note_r, struct fault *fault)
{
	g_autofree char *shown = NULL;
	g_auto(GStrv) units = NULL;

	if (!setup_has_systemd()) {
		*note_r = g_strdup("not checked, as systemd does not run here");
		return true;
	}
	if (!program_read(show, &shown, fault))
		return false;
	units = g_strsplit(shown, "\n\n", -1);
	for (char **unit = units; *unit != NULL; unit++)
		look_at_unit(check, *unit);
	return true;
}
