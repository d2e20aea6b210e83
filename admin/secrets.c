#include "admin/secrets.h"

#include <string.h>

#include "admin/rotation.h"
#include "core/crash.h"
#include "core/seal/rotation.h"

/* The key files that were named; NULL: wrong usage. */
static const struct secret *
secret_given(char **given)
{
	for (const struct secret *secret = rotation_secrets; given != NULL && secret->name != NULL;
	     secret++)
		if (strcmp(secret->name, *given) == 0)
			return secret;
	return NULL;
}

/* Also reports what was done before a failure. */
static int
end(const struct admin *admin, const struct rotation *rotation, bool done,
    const struct fault *fault)
{
	if (done || json_array_size(rotation->rows) > 0)
		report_print(rotation->rows, admin->as_json, report_lines);
	return done ? EXIT_GOOD : command_fail(fault);
}

/* A sentence that says what to do next. */
static void
advise(const struct rotation *rotation, const char *mark, json_t *text)
{
	json_array_append_new(rotation->rows,
			      json_pack("{s:s, s:s?, s:o}", "file", rotation->secret->name, "key",
					mark, "text", text));
}

/* --- rotate --- */

static bool
prepare(struct rotation *rotation, struct fault *fault)
{
	bool is_courier = strcmp(rotation->secret->file, SECRET_COURIER) == 0;
	g_autofree char *mark = NULL;

	if (rotation->old != NULL)
		return fault_set(fault, FAULT_CONFIG,
				 "preparing a key: the one before, %s, is not retired yet; run: "
				 "postseal secrets rotate %s, then: postseal secrets retire %s",
				 rotation->old, rotation->secret->name, rotation->secret->name);
	if (!rotation_make(rotation, &mark, fault))
		return false;
	advise(rotation, mark,
	       json_sprintf("%s: key %s is prepared in %s/%s; copy %s to every other node, then "
			    "run: postseal secrets rotate %s",
			    rotation->secret->name, mark, rotation->directory,
			    rotation->secret->file, is_courier ? "it and courier.pub" : "it",
			    rotation->secret->name));
	return true;
}

static bool
rotate(struct rotation *rotation, const struct settings *settings, struct fault *fault)
{
	g_autofree char *mark = NULL, *until = NULL;

	if (rotation->old == NULL &&
	    (!rotation_make(rotation, &mark, fault) || !rotation_switch(rotation, mark, fault)))
		return false;
	if (!rotation_rewrap(rotation, fault) ||
	    !rotation_timed_until(rotation->connection, rotation->secret, settings, &until, fault))
		return false;
	advise(rotation, rotation->old,
	       until == NULL
		       ? json_sprintf("%s: nothing needs the key %s any more; remove it with: "
				      "postseal secrets retire %s",
				      rotation->secret->name, rotation->old, rotation->secret->name)
		       : json_sprintf("%s: mail between the two passes may need the key %s until "
				      "%s; then remove it with: postseal secrets retire %s",
				      rotation->secret->name, rotation->old, until,
				      rotation->secret->name));
	return true;
}

/* Reads an option, "prepare" or "now", and the operand; NULL: wrong usage. */
static const struct secret *
secret_with_option(int argc, char **argv, const char *name, bool *given_r)
{
	char **given = command_operands_with(argc, argv, name, given_r, 1, 1);

	return given == NULL ? NULL : secret_given(given);
}

static int
run_rotate(const struct admin *admin, int argc, char **argv)
{
	bool only_prepare, done;
	const struct secret *secret = secret_with_option(argc, argv, "prepare", &only_prepare);
	g_auto(rotation_auto) rotation = {0};
	struct fault fault;

	if (secret == NULL)
		return command_usage(admin->command);
	done = rotation_start(&rotation, admin, secret, &fault) &&
	       (only_prepare ? prepare(&rotation, &fault)
			     : rotate(&rotation, admin->settings, &fault));
	return end(admin, &rotation, done, &fault);
}

/* --- retire, forget, abandon --- */

static bool
retire(struct rotation *rotation, const struct settings *settings, bool now, struct fault *fault)
{
	if (rotation->old != NULL && ((!now && !rotation_outlived(rotation, settings, fault)) ||
				      !rotation_close_old(rotation, fault)))
		return false;
	crash_point("retire-before-files");
	return rotation_trim(rotation, fault);
}

static int
run_retire(const struct admin *admin, int argc, char **argv)
{
	bool now, done;
	const struct secret *secret = secret_with_option(argc, argv, "now", &now);
	g_auto(rotation_auto) rotation = {0};
	struct fault fault;

	if (secret == NULL || (now && !secret->is_timed))
		return command_usage(admin->command);
	done = rotation_start(&rotation, admin, secret, &fault) &&
	       retire(&rotation, admin->settings, now, &fault);
	if (done && rotation.old != NULL)
		advise(&rotation, rotation.old,
		       json_sprintf("%s: run this on every other node as well, or copy the file",
				    secret->name));
	return end(admin, &rotation, done, &fault);
}

static int
run_forget(const struct admin *admin, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 1, 1);
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(json_t) rows = NULL;
	struct fault fault;
	bool known;

	if (given == NULL)
		return command_usage(admin->command);
	connection = database_take(admin->database, &fault);
	if (connection == NULL || !rotation_forget(connection, *given, &known, &fault))
		return command_fail(&fault);
	if (!known)
		return command_missing("there is no node %s with programs that read key files",
				       *given);
	rows = json_pack("[{s:o, s:o}]", "node", report_text(*given), "text",
			 json_sprintf("the node %s is forgotten", *given));
	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}

/* A lost key can no longer open anything; what it sealed stays as it is. */
static bool
abandon(const struct admin *admin, const struct secret *secret, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(admin->database, fault);
	g_auto(rotation_auto) rotation = {0};

	if (connection == NULL)
		return false;
	if (rotation_start(&rotation, admin, secret, fault))
		return fault_set(fault, FAULT_INPUT,
				 "abandoning the key %s: it is not lost, but in %s/%s; to use "
				 "another one, run: postseal secrets rotate %s",
				 rotation.in_use, rotation.directory, secret->file, secret->name);
	/* The file has been read, and does not contain the key in use. */
	return rotation.in_use != NULL && fault->cause == FAULT_CONFIG &&
	       rotation_abandon(connection, secret->name, fault);
}

static int
run_abandon(const struct admin *admin, int argc, char **argv)
{
	const struct secret *secret = secret_given(command_operands(argc, argv, 1, 1));
	g_autoptr(json_t) rows = NULL;
	struct fault fault;

	if (secret == NULL)
		return command_usage(admin->command);
	if (!abandon(admin, secret, &fault))
		return command_fail(&fault);
	rows = json_pack("[{s:s, s:o}]", "file", secret->name, "text",
			 json_sprintf("%s: the first key of %s/%s is in use", secret->name,
				      admin->settings->secrets, secret->file));
	report_print(rows, admin->as_json, report_lines);
	return EXIT_GOOD;
}

/* --- status --- */

/* "12 mail in the outbox, 3 links of unread messages", or null. */
static bool
needed_by(const struct secret *secret, const struct settings *settings,
	  struct connection *connection, json_t **text_r, struct fault *fault)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *in_use = NULL, *until = NULL;

	if (!rotation_mark(connection, secret->name, "in use", &in_use, fault) ||
	    !rotation_timed_until(connection, secret, settings, &until, fault))
		return false;
	if (until != NULL)
		g_string_append_printf(text, "mail between the two passes, until %s", until);
	for (const struct rewrap *where = secret->where; where->what != NULL; where++) {
		uint64_t left;

		if (!rewrap_count(where, in_use, connection, &left, fault))
			return false;
		if (left > 0)
			g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " %s",
					       text->len > 0 ? ", " : "", left, where->what);
	}
	*text_r = report_text(text->len > 0 ? text->str : NULL);
	return true;
}

/* `states` has a row for each key: those that no longer seal may still be needed. */
static bool
add_needs(json_t *states, const struct settings *settings, struct connection *connection,
	  struct fault *fault)
{
	json_t *row;
	size_t i;

	json_array_foreach(states, i, row)
	{
		const char *name = json_string_value(json_object_get(row, "file"));
		const char *state = json_string_value(json_object_get(row, "state"));
		json_t *needed = json_null();

		if ((strcmp(state, "old") == 0 || strcmp(state, "closed") == 0) &&
		    !needed_by(secret_given((char **)&name), settings, connection, &needed, fault))
			return false;
		json_object_set_new(row, "needed_by", needed);
	}
	return true;
}

static int
run_status(const struct admin *admin, int argc, char **argv)
{
	g_autoptr(connection_auto) connection = NULL;
	g_autoptr(PGresult) result = NULL;
	g_autoptr(json_t) rows = NULL;
	struct fault fault;

	if (command_operands(argc, argv, 0, 0) == NULL)
		return command_usage(admin->command);
	connection = database_take(admin->database, &fault);
	if (connection == NULL || !rotation_keys(connection, &result, &fault))
		return command_fail(&fault);
	rows = report_of(result);
	if (!add_needs(rows, admin->settings, connection, &fault))
		return command_fail(&fault);
	report_print(rows, admin->as_json, report_table);
	return EXIT_GOOD;
}

bool
secrets_master(const struct admin *admin, struct seal_key *key_r, struct fault *fault)
{
	g_auto(rotation_auto) rotation = {0};
	unsigned at;

	if (!rotation_start(&rotation, admin, &rotation_secrets[0], fault))
		return false;
	rotation_find(&rotation.shown, rotation.in_use, &at);
	*key_r = rotation.keys.keys[at];
	return true;
}

bool
secrets_courier(const struct admin *admin, struct connection *connection, struct seal_key *key_r,
		struct fault *fault)
{
	const char *directory = admin->settings->secrets;
	g_autofree char *mark = NULL;
	struct key_file keys;
	unsigned at;

	if (!key_file_read(&keys, directory, SECRET_COURIER_PUBLIC, fault) ||
	    !rotation_mark(connection, "courier", "in use", &mark, fault))
		return false;
	if (!rotation_find(&keys, mark, &at))
		return rotation_lacks(directory, SECRET_COURIER_PUBLIC, mark, fault);
	*key_r = keys.keys[at];
	return true;
}

const struct command secrets_commands[] = {
	{"secrets status", "", "show keys that are rotated, what needs them, and who lacks them",
	 run_status, .reads = true},
	{"secrets rotate", "[--prepare] master|courier|login",
	 "make a new key, use it, and seal with it what an older one sealed", run_rotate,
	 .example = "--prepare courier"},
	{"secrets retire", "[--now] master|courier|login",
	 "remove a key that nothing needs any more", run_retire, .example = "courier"},
	{"secrets forget", "NODE", "do not wait for the programs of a node that will not run again",
	 run_forget, .example = "mail2"},
	{"secrets abandon", "master|courier|login",
	 "continue with the key file that is here, as the one in use is lost for good", run_abandon,
	 .example = "master"},
	{NULL, NULL, NULL, NULL},
};
