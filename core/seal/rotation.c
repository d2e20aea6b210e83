#include "core/seal/rotation.h"

#include <glib.h>
#include <string.h>

static const struct statement secret_announce = {
	"secret_announce", "select postseal.secret_announce($1, $2, $3, $4::text[]),"
			   " array_to_string(array(select postseal.secret_retired($1)), ' ')"};

static const struct statement secret_mark = {
	"secret_mark", "select mark from postseal.secret where name = $1 and state = $2"};

static const struct statement secret_state = {
	"secret_state", "select state from postseal.secret where name = $1 and mark = $2"};

static const struct statement secret_prepare = {"secret_prepare",
						"select postseal.secret_prepare($1, $2, $3)"};

static const struct statement secret_use = {"secret_use", "select postseal.secret_use($1, $2)"};

static const struct statement secret_close = {
	"secret_close",
	"update postseal.secret set state = 'closed', since = now() where name = $1 and state = 'old'"};

static const struct statement secret_retire = {
	"secret_retire", "update postseal.secret set state = 'retired', since = now() "
			 "where name = $1 and state = 'closed'"};

static const struct statement secret_drop = {
	"secret_drop", "update postseal.secret set state = 'retired', since = now() "
		       "where name = $1 and mark = $2 and state = 'prepared'"};

static const struct statement secret_abandon = {
	"secret_abandon", "update postseal.secret set state = 'retired', since = now() "
			  "where name = $1 and state <> 'retired'"};

static const struct statement secret_is_held = {
	"secret_is_held",
	"select exists (select from postseal.secret_holder where name = $1 and $2 = any(marks))"};

static const struct statement secret_keys = {
	"secret_keys",
	"select s.name as file, s.mark as key, s.state, date_trunc('second', s.since) as since,"
	" (select string_agg(h.program || ' on ' || h.node, ', ' order by h.node, h.program)"
	"  from postseal.secret_holder h where h.name = s.name and s.mark <> all(h.marks)) as lacking "
	"from postseal.secret s where s.state <> 'retired' order by s.name, s.since, s.mark"};

static const struct statement secret_lacking = {
	"secret_lacking",
	"select coalesce(string_agg(program || ' on ' || node, ', ' order by node, program), 'nobody') "
	"from postseal.secret_holder where name = $1 and $2 <> all(marks)"};

static const struct statement secret_needed_until = {
	"secret_needed_until",
	"select date_trunc('second', since + $2::float8 * interval '1 second') from postseal.secret "
	"where name = $1 and state = 'old' and since + $2::float8 * interval '1 second' > now()"};

static const struct statement secret_forget = {
	"secret_forget", "delete from postseal.secret_holder where node = $1 returning 1"};

const char *
rotation_of(const char *file)
{
	return strcmp(file, SECRET_MASTER) == 0	 ? "master"
	       : strcmp(file, SECRET_LOGIN) == 0 ? "login"
						 : "courier";
}

bool
rotation_find(const struct key_file *keys, const char *mark, unsigned *at_r)
{
	for (*at_r = 0; *at_r < keys->count; ++*at_r) {
		char own[SEAL_MARK_CHARACTERS + 1];

		seal_mark_show(own, &keys->keys[*at_r]);
		if (mark == NULL || strcmp(mark, own) == 0)
			return true;
	}
	return false;
}

bool
rotation_lacks(const char *directory, const char *file, const char *mark, struct fault *fault)
{
	return fault_set(fault, FAULT_CONFIG,
			 "reading the key file %s/%s: it lacks the key %s, which is in use; copy "
			 "the file from a node that has it",
			 directory, file, mark);
}

/* --- queries and commands with text parameters --- */

static bool
ask(struct connection *connection, const struct statement *statement, const char *const *texts,
    PGresult **result_r, struct fault *fault)
{
	struct parameters parameters = {0};

	for (; texts != NULL && *texts != NULL; texts++)
		parameters_text(&parameters, *texts);
	return connection_execute(connection, statement, &parameters, result_r, fault);
}

/* Formats a PostgreSQL array. */
static char *
marks_of(const struct key_file *keys)
{
	GString *marks = g_string_new("{");

	for (unsigned i = 0; i < keys->count; i++) {
		char mark[SEAL_MARK_CHARACTERS + 1];

		seal_mark_show(mark, &keys->keys[i]);
		g_string_append_printf(marks, "%s%s", i > 0 ? "," : "", mark);
	}
	g_string_append_c(marks, '}');
	return g_string_free(marks, FALSE);
}

bool
rotation_announce(struct connection *connection, const char *name, const char *program,
		  const struct key_file *keys, struct rotation_news *news_r, struct fault *fault)
{
	g_autofree char *marks = marks_of(keys);
	g_autoptr(PGresult) result = NULL;

	if (!ask(connection, &secret_announce,
		 (const char *const[]){name, program, g_get_host_name(), marks, NULL}, &result,
		 fault))
		return false;
	news_r->sealing = g_strdup(result_text(result, 0, 0));
	news_r->retired = g_strsplit(PQgetvalue(result, 0, 1), " ", -1);
	return true;
}

void
rotation_news_clear(struct rotation_news *news)
{
	g_clear_pointer(&news->sealing, g_free);
	g_clear_pointer(&news->retired, g_strfreev);
}

bool
rotation_mark(struct connection *connection, const char *name, const char *state, char **mark_r,
	      struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	*mark_r = NULL;
	if (!ask(connection, &secret_mark, (const char *const[]){name, state, NULL}, &result,
		 fault))
		return false;
	if (PQntuples(result) > 0)
		*mark_r = g_strdup(PQgetvalue(result, 0, 0));
	return true;
}

bool
rotation_state(struct connection *connection, const char *name, const char *mark, char **state_r,
	       struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!ask(connection, &secret_state, (const char *const[]){name, mark, NULL}, &result,
		 fault))
		return false;
	*state_r = g_strdup(PQntuples(result) == 0 ? "" : PQgetvalue(result, 0, 0));
	return true;
}

bool
rotation_prepare(struct connection *connection, const char *name, const char *sealing,
		 const char *prepared, struct fault *fault)
{
	return ask(connection, &secret_prepare,
		   (const char *const[]){name, sealing, prepared, NULL}, NULL, fault);
}

bool
rotation_drop(struct connection *connection, const char *name, const char *prepared,
	      struct fault *fault)
{
	return ask(connection, &secret_drop, (const char *const[]){name, prepared, NULL}, NULL,
		   fault);
}

static bool
ask_flag(struct connection *connection, const struct statement *statement, const char *name,
	 const char *mark, bool *flag_r, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!ask(connection, statement, (const char *const[]){name, mark, NULL}, &result, fault))
		return false;
	*flag_r = result_flag(result, 0, 0);
	return true;
}

bool
rotation_is_held(struct connection *connection, const char *name, const char *mark, bool *held_r,
		 struct fault *fault)
{
	return ask_flag(connection, &secret_is_held, name, mark, held_r, fault);
}

bool
rotation_use(struct connection *connection, const char *name, const char *prepared, bool *used_r,
	     struct fault *fault)
{
	return ask_flag(connection, &secret_use, name, prepared, used_r, fault);
}

bool
rotation_close(struct connection *connection, const char *name, struct fault *fault)
{
	return ask(connection, &secret_close, (const char *const[]){name, NULL}, NULL, fault);
}

bool
rotation_retire(struct connection *connection, const char *name, struct fault *fault)
{
	return ask(connection, &secret_retire, (const char *const[]){name, NULL}, NULL, fault);
}

bool
rotation_abandon(struct connection *connection, const char *name, struct fault *fault)
{
	return ask(connection, &secret_abandon, (const char *const[]){name, NULL}, NULL, fault);
}

bool
rotation_keys(struct connection *connection, PGresult **result_r, struct fault *fault)
{
	return ask(connection, &secret_keys, NULL, result_r, fault);
}

bool
rotation_lacking(struct connection *connection, const char *name, const char *mark,
		 char **programs_r, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!ask(connection, &secret_lacking, (const char *const[]){name, mark, NULL}, &result,
		 fault))
		return false;
	*programs_r = g_strdup(PQgetvalue(result, 0, 0));
	return true;
}

bool
rotation_needed_until(struct connection *connection, const char *name, uint64_t seconds,
		      char **until_r, struct fault *fault)
{
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, seconds);
	g_autoptr(PGresult) result = NULL;

	*until_r = NULL;
	if (!ask(connection, &secret_needed_until, (const char *const[]){name, text, NULL}, &result,
		 fault))
		return false;
	if (PQntuples(result) > 0)
		*until_r = g_strdup(PQgetvalue(result, 0, 0));
	return true;
}

bool
rotation_forget(struct connection *connection, const char *node, bool *known_r, struct fault *fault)
{
	g_autoptr(PGresult) result = NULL;

	if (!ask(connection, &secret_forget, (const char *const[]){node, NULL}, &result, fault))
		return false;
	*known_r = PQntuples(result) > 0;
	return true;
}
