#include "admin/rotation.h"

#include <stdarg.h>
#include <string.h>

#include "admin/progress.h"
#include "core/crash.h"
#include "core/seal/marked.h"
#include "core/seal/rotation.h"
#include "delivery/rewrap.h"
#include "keystore/rewrap.h"
#include "milter/login.h"

enum {
	ANNOUNCE_TRIES = 50, /* for running programs to reread their files */
	REWRAP_TRIES = 30,   /* for rows that are locked by someone else */
	ANNOUNCE_PAUSE = 200 * G_TIME_SPAN_MILLISECOND,
	REWRAP_PAUSE = G_TIME_SPAN_SECOND,
};

const struct secret rotation_secrets[] = {
	{"master", SECRET_MASTER, keystore_wrapped},
	{"courier", SECRET_COURIER, delivery_boxes},
	{"login", SECRET_LOGIN, delivery_held, .is_timed = true},
	{0},
};

typedef char mark_text[SEAL_MARK_CHARACTERS + 1];

void
rotation_end(struct rotation *rotation)
{
	if (rotation->connection != NULL)
		connection_give(rotation->connection);
	json_decref(rotation->rows);
	key_file_clear(&rotation->keys);
	key_file_clear(&rotation->shown);
	g_free(rotation->in_use);
	g_free(rotation->old);
}

/* Notes what was done to the key with this mark. */
G_GNUC_PRINTF(3, 4)
static void
say(struct rotation *rotation, const char *mark, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	json_array_append_new(rotation->rows,
			      json_pack("{s:s, s:s, s:o}", "file", rotation->secret->name, "key",
					mark, "text",
					json_sprintf("%s: %s", rotation->secret->name, text)));
}

static bool
has_mark(const struct rotation *rotation, const char *mark)
{
	unsigned at;

	return rotation_find(&rotation->shown, mark, &at);
}

static void
show_keys(struct rotation *rotation)
{
	if (strcmp(rotation->secret->file, SECRET_COURIER) == 0)
		key_file_public(&rotation->shown, &rotation->keys);
	else
		rotation->shown = rotation->keys;
}

static bool
read_states(struct rotation *rotation, struct fault *fault)
{
	const char *name = rotation->secret->name;
	mark_text first;

	if (!rotation_mark(rotation->connection, name, "in use", &rotation->in_use, fault) ||
	    !rotation_mark(rotation->connection, name, "old", &rotation->old, fault) ||
	    (rotation->old == NULL &&
	     !rotation_mark(rotation->connection, name, "closed", &rotation->old, fault)))
		return false;
	if (rotation->in_use == NULL) {
		seal_mark_show(first, &rotation->shown.keys[0]);
		rotation->in_use = g_strdup(first);
	}
	return has_mark(rotation, rotation->in_use) ||
	       rotation_lacks(rotation->directory, rotation->secret->file, rotation->in_use, fault);
}

bool
rotation_start(struct rotation *rotation, const struct admin *admin, const struct secret *secret,
	       struct fault *fault)
{
	rotation->secret = secret;
	rotation->directory = admin->settings->secrets;
	rotation->rows = json_array();
	if (!key_file_read(&rotation->keys, rotation->directory, secret->file, fault))
		return false;
	show_keys(rotation);
	rotation->connection = database_take(admin->database, fault);
	return rotation->connection != NULL && read_states(rotation, fault);
}

/* --- the key files --- */

/* Is each key in courier.pub the public half of one in courier.key? */
static bool
belongs(const struct rotation *rotation, const struct key_file *public_keys, struct fault *fault)
{
	for (unsigned i = 0; i < public_keys->count; i++) {
		mark_text mark;

		seal_mark_show(mark, &public_keys->keys[i]);
		if (!has_mark(rotation, mark))
			return fault_set(fault, FAULT_CONFIG,
					 "reading the key files in %s: %s does not match %s",
					 rotation->directory, SECRET_COURIER_PUBLIC,
					 SECRET_COURIER);
	}
	return true;
}

/* Brings courier.pub in line with courier.key, also if an earlier run was killed between the two.
 */
static bool
renew_public(const struct rotation *rotation, bool was_trimmed, struct fault *fault)
{
	struct key_file there;

	if (strcmp(rotation->secret->file, SECRET_COURIER) != 0)
		return true;
	if (!key_file_read(&there, rotation->directory, SECRET_COURIER_PUBLIC, fault) ||
	    (!was_trimmed && !belongs(rotation, &there, fault)))
		return false;
	if (there.count == rotation->shown.count &&
	    memcmp(there.keys, rotation->shown.keys, there.count * sizeof *there.keys) == 0)
		return true;
	return key_file_replace(&rotation->shown, rotation->directory, SECRET_COURIER_PUBLIC,
				fault);
}

static bool
add_key(struct rotation *rotation, struct fault *fault)
{
	struct seal_key *key = &rotation->keys.keys[rotation->keys.count];

	if (rotation->keys.count == KEY_FILE_KEYS_MAX)
		return fault_set(
			fault, FAULT_CONFIG,
			"adding a key to %s/%s: it has %d keys already; remove those that are "
			"retired with: postseal secrets retire %s",
			rotation->directory, rotation->secret->file, KEY_FILE_KEYS_MAX,
			rotation->secret->name);
	randombytes_buf(key->bytes, sizeof key->bytes);
	rotation->keys.count++;
	show_keys(rotation);
	return key_file_replace(&rotation->keys, rotation->directory, rotation->secret->file,
				fault);
}

bool
rotation_trim(struct rotation *rotation, struct fault *fault)
{
	g_auto(key_file_auto) kept = {0};
	unsigned removed;

	for (unsigned i = 0; i < rotation->keys.count; i++) {
		g_autofree char *state = NULL;
		mark_text mark;

		seal_mark_show(mark, &rotation->shown.keys[i]);
		if (!rotation_state(rotation->connection, rotation->secret->name, mark, &state,
				    fault))
			return false;
		if (strcmp(state, "retired") != 0)
			kept.keys[kept.count++] = rotation->keys.keys[i];
	}
	removed = rotation->keys.count - kept.count;
	if (removed > 0 &&
	    !key_file_replace(&kept, rotation->directory, rotation->secret->file, fault))
		return false;
	crash_point("retire-between-files");
	rotation->keys = kept;
	show_keys(rotation);
	if (!renew_public(rotation, true, fault))
		return false;
	say(rotation, rotation->in_use, "%u keys removed from %s/%s", removed, rotation->directory,
	    rotation->secret->file);
	return true;
}

/* --- preparing --- */

/* A key that an earlier run put into the file before it died. */
static bool
find_unknown(const struct rotation *rotation, char **mark_r, struct fault *fault)
{
	for (unsigned i = 0; i < rotation->shown.count && *mark_r == NULL; i++) {
		g_autofree char *state = NULL;
		mark_text mark;

		seal_mark_show(mark, &rotation->shown.keys[i]);
		if (!rotation_state(rotation->connection, rotation->secret->name, mark, &state,
				    fault))
			return false;
		if (*state == '\0' && strcmp(mark, rotation->in_use) != 0)
			*mark_r = g_strdup(mark);
	}
	return true;
}

/* A key that is prepared but not in the file: it was made on another node, or lost. */
static bool
look_for_prepared(const struct rotation *rotation, char **mark_r, struct fault *fault)
{
	const char *name = rotation->secret->name;
	bool held;

	if (!rotation_mark(rotation->connection, name, "prepared", mark_r, fault))
		return false;
	if (*mark_r == NULL || has_mark(rotation, *mark_r))
		return true;
	if (!rotation_is_held(rotation->connection, name, *mark_r, &held, fault))
		return false;
	if (held)
		return fault_set(
			fault, FAULT_CONFIG,
			"the new key %s was prepared on another node, see postseal secrets "
			"status: continue there, or copy its %s here",
			*mark_r, rotation->secret->file);
	if (!rotation_drop(rotation->connection, name, *mark_r, fault))
		return false;
	g_clear_pointer(mark_r, g_free);
	return true;
}

bool
rotation_make(struct rotation *rotation, char **mark_r, struct fault *fault)
{
	if (!look_for_prepared(rotation, mark_r, fault) ||
	    (*mark_r == NULL && !find_unknown(rotation, mark_r, fault)))
		return false;
	if (*mark_r == NULL) {
		mark_text mark;

		if (!add_key(rotation, fault))
			return false;
		seal_mark_show(mark, &rotation->shown.keys[rotation->shown.count - 1]);
		*mark_r = g_strdup(mark);
	}
	crash_point("rotate-between-files");
	if (!renew_public(rotation, false, fault))
		return false;
	crash_point("rotate-before-prepare");
	return rotation_prepare(rotation->connection, rotation->secret->name, rotation->in_use,
				*mark_r, fault);
}

/* --- using it --- */

static bool
name_lacking(const struct rotation *rotation, const char *mark, struct fault *fault)
{
	g_autofree char *programs = NULL;

	if (!rotation_lacking(rotation->connection, rotation->secret->name, mark, &programs, fault))
		return false;
	return fault_set(
		fault, FAULT_CONFIG,
		"the key %s is prepared, but not in use yet: it is not known to %s. Copy %s to "
		"these nodes, and run this again; for a node that will not run again, first: "
		"postseal secrets forget NODE",
		mark, programs,
		strcmp(rotation->secret->file, SECRET_COURIER) == 0 ? "courier.key and courier.pub"
								    : rotation->secret->file);
}

/* Running programs reread their files when they learn of the new key. */
bool
rotation_switch(struct rotation *rotation, const char *mark, struct fault *fault)
{
	bool used = false;

	for (int i = 0; !used && i < ANNOUNCE_TRIES; i++) {
		if (i > 0)
			g_usleep(ANNOUNCE_PAUSE);
		if (!rotation_use(rotation->connection, rotation->secret->name, mark, &used, fault))
			return false;
	}
	if (!used)
		return name_lacking(rotation, mark, fault);
	rotation->old = rotation->in_use;
	rotation->in_use = g_strdup(mark);
	say(rotation, mark, "key %s is in use", mark);
	return true;
}

/* --- what the old key sealed --- */

static bool
count_left(const struct rotation *rotation, uint64_t *left_r, struct fault *fault)
{
	*left_r = 0;
	for (const struct rewrap *where = rotation->secret->where; where->what != NULL; where++) {
		uint64_t left;

		if (!rewrap_count(where, rotation->in_use, rotation->connection, &left, fault))
			return false;
		*left_r += left;
	}
	return true;
}

/* What a terminal shows of it. Rows may be added to those that were counted. */
struct pass {
	unsigned done, total;
};

static void
show_pass(void *context, unsigned rows)
{
	struct pass *pass = context;

	pass->done += rows;
	if (pass->done < pass->total)
		progress_show(pass->done, pass->total, "rows");
}

static bool
rewrap_once(struct rotation *rotation, uint64_t left, struct fault *fault)
{
	struct pass pass = {.total = (unsigned)MIN(left, UINT_MAX)};
	struct rewrap_keys keys = {.file = &rotation->keys, .told = show_pass, .context = &pass};
	bool good = true;

	rotation_find(&rotation->shown, rotation->in_use, &keys.use);
	show_pass(&pass, 0);
	for (const struct rewrap *where = rotation->secret->where; good && where->what != NULL;
	     where++) {
		uint64_t done;

		good = rewrap_rows(where, &keys, rotation->connection, &done, fault);
		if (good && done > 0)
			say(rotation, rotation->in_use,
			    "%" G_GUINT64_FORMAT " %s sealed with the new key", done, where->what);
	}
	progress_show(pass.total, pass.total, "rows");
	return good;
}

bool
rotation_rewrap(struct rotation *rotation, struct fault *fault)
{
	uint64_t left;

	if (!count_left(rotation, &left, fault))
		return false;
	for (int i = 0; left > 0 && i < REWRAP_TRIES; i++) {
		if (i > 0)
			g_usleep(REWRAP_PAUSE);
		if (!rewrap_once(rotation, left, fault) || !count_left(rotation, &left, fault))
			return false;
	}
	return left == 0 || fault_set(fault, FAULT_BUSY,
				      "%" G_GUINT64_FORMAT
				      " rows still need the key %s, because they are in use "
				      "by others: run this again",
				      left, rotation->old);
}

/* --- the end of the old key --- */

bool
rotation_timed_until(struct connection *connection, const struct secret *secret,
		     const struct settings *settings, char **until_r, struct fault *fault)
{
	*until_r = NULL;
	return !secret->is_timed ||
	       rotation_needed_until(connection, secret->name,
				     settings->queue_lifetime + LOGIN_SLACK_SECONDS, until_r,
				     fault);
}

/* Is there no mail between the two passes any more whose sender only the old key tells? */
bool
rotation_outlived(const struct rotation *rotation, const struct settings *settings,
		  struct fault *fault)
{
	g_autofree char *until = NULL;

	return rotation_timed_until(rotation->connection, rotation->secret, settings, &until,
				    fault) &&
	       (until == NULL ||
		fault_set(fault, FAULT_CONFIG,
			  "retiring the key %s: mail between the two passes through the MTA may "
			  "need it until %s; if the key was stolen, do not wait: postseal secrets "
			  "retire --now %s",
			  rotation->old, until, rotation->secret->name));
}

/* Once it is closed, nothing new can need it; rows that were being written at that time are visible
 * by then. */
bool
rotation_close_old(struct rotation *rotation, struct fault *fault)
{
	const struct rewrap *where = rotation->secret->where;
	uint64_t left;

	if (!count_left(rotation, &left, fault))
		return false;
	if (left > 0)
		return fault_set(fault, FAULT_CONFIG,
				 "retiring the key %s: %" G_GUINT64_FORMAT
				 " rows still need it; run: "
				 "postseal secrets rotate %s",
				 rotation->old, left, rotation->secret->name);
	if (!rotation_close(rotation->connection, rotation->secret->name, fault))
		return false;
	crash_point("retire-after-close");
	if (!rewrap_settle(where, rotation->connection, fault) ||
	    !rotation_rewrap(rotation, fault) ||
	    !rotation_retire(rotation->connection, rotation->secret->name, fault))
		return false;
	say(rotation, rotation->old, "key %s is retired", rotation->old);
	return true;
}
