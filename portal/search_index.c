#include "portal/search_index.h"

#include <jansson.h>
#include <string.h>

#include "core/log.h"
#include "portal/folder.h"

/* Without "offset 0", PostgreSQL might read all parcels for the few that it needs. */
static const struct statement rows_without = {
	"search_index_missing",
	"select k.id, k.parcel, k.kept, k.sealed, p.sender, extract(epoch from p.created_at)::bigint,"
	" p.summary, p.layout from (select * from postseal.parcel_key where account = $1 and "
	"indexed is null limit $2) k join postseal.parcel p on p.id = k.parcel"};

/* A key that was sealed to the account is kept in its fast form from now on. */
static const struct statement put_entries = {
	"search_index_put",
	"update postseal.parcel_key k set indexed = t.indexed, kept = coalesce(t.kept, k.kept),"
	" sealed = case when t.kept is null then k.sealed end "
	"from unnest($2::uuid[], $3::bytea[], $4::bytea[]) as t (id, indexed, kept) "
	"where k.id = t.id and k.account = $1"};

static const struct statement all_entries = {
	"search_index_all",
	"select id::text, indexed from postseal.parcel_key where account = $1 and expires_at > now() "
	"and indexed is not null order by id desc",
	.binary = true};

/* --- text --- */

static void
append_folded(GString *out, const char *text)
{
	g_autofree char *decomposed = g_utf8_normalize(text, -1, G_NORMALIZE_ALL);
	g_autofree char *folded = g_utf8_casefold(decomposed == NULL ? "" : decomposed, -1);

	for (const char *c = folded; *c != '\0'; c = g_utf8_next_char(c))
		if (g_unichar_type(g_utf8_get_char(c)) != G_UNICODE_NON_SPACING_MARK)
			g_string_append_len(out, c, g_utf8_next_char(c) - c);
}

char *
search_index_fold(const char *text)
{
	GString *out;

	if (text == NULL)
		return g_strdup("");
	if (g_str_is_ascii(text))
		return g_ascii_strdown(text, -1);
	out = g_string_new(NULL);
	append_folded(out, text);
	return g_string_free(out, FALSE);
}

/* A line of an entry: whatever ends lines is a blank. */
static void
add_line(GString *out, const char *text)
{
	gsize begin = out->len;

	g_string_append(out, text == NULL ? "" : text);
	g_strdelimit(out->str + begin, "\r\n", ' ');
	g_string_append_c(out, '\n');
}

static void
add_folded(GString *out, const char *text)
{
	g_autofree char *folded = search_index_fold(text);

	add_line(out, folded);
}

/* --- making entries --- */

/* The texts of the three statements' arrays. */
struct new_entries {
	GString *ids, *indexed, *kept;
};

static void
append_bytes(GString *array, const unsigned char *bytes, size_t length)
{
	gsize begin = array->len;

	g_string_append(array, "\"\\\\x");
	begin = array->len;
	g_string_set_size(array, begin + 2 * length + 1);
	sodium_bin2hex(array->str + begin, 2 * length + 1, bytes, length);
	g_string_truncate(array, begin + 2 * length);
	g_string_append_c(array, '"');
}

/* The names of files, as the message's layout has them; or, before it was opened, as it was parked;
 * and of those beside it. */
static void
add_files(GString *text, json_t *summary, const struct layout *layout)
{
	json_t *name;
	size_t i;

	for (guint n = 0; layout != NULL && n < layout->attachments->len; n++)
		add_folded(text,
			   ((const struct layout_part *)g_ptr_array_index(layout->attachments, n))
				   ->name);
	if (layout == NULL)
		json_array_foreach(json_object_get(summary, "files"), i, name)
			add_folded(text, json_string_value(name));
	json_array_foreach(json_object_get(summary, "beside"), i, name)
		add_folded(text, json_string_value(name));
}

static struct layout *
read_layout(const PGresult *result, int row, const struct seal_key *content)
{
	size_t length, opened_length;
	g_autofree unsigned char *sealed = result_bytes(result, row, 7, &length);
	g_autofree unsigned char *opened = seal_open_bytes(
		sealed, length, content, PQgetvalue(result, row, 1), &opened_length);
	g_autofree char *text = opened == NULL ? NULL : g_strndup((char *)opened, opened_length);

	return text == NULL ? NULL : layout_parse(text);
}

static char *
entry_text(const PGresult *result, int row, const struct seal_key *content)
{
	g_autoptr(json_t) summary =
		folder_summary(result, row, 6, PQgetvalue(result, row, 1), content);
	g_autoptr(layout_auto) layout = read_layout(result, row, content);
	const char *from = json_string_value(json_object_get(summary, "from"));
	const char *to = json_string_value(json_object_get(summary, "to"));
	const char *sender = PQgetvalue(result, row, 4);
	GString *text = g_string_new(NULL);

	add_line(text, PQgetvalue(result, row, 5));
	add_line(text, from);
	add_line(text, to);
	add_line(text, sender);
	add_folded(text, json_string_value(json_object_get(summary, "subject")));
	add_folded(text, from);
	add_folded(text, to);
	add_folded(text, sender);
	if (layout != NULL)
		add_folded(text, layout->cc);
	add_files(text, summary, layout);
	return g_string_free(text, FALSE);
}

static void
add_entry(const struct session *session, const PGresult *result, int row,
	  struct new_entries *entries)
{
	const char *id = PQgetvalue(result, row, 0);
	unsigned char wrapped[SEAL_WRAPPED_BYTES];
	g_autofree unsigned char *sealed = NULL;
	g_autofree char *text = NULL;
	struct seal_key content;
	struct fault fault;
	size_t length = 0;
	bool was_sealed;

	g_string_append_printf(entries->ids, "%s%s", entries->ids->len > 1 ? "," : "", id);
	if (entries->indexed->len > 1)
		g_string_append_c(entries->indexed, ','), g_string_append_c(entries->kept, ',');
	if (!mailbox_unwrap_key(session, id, result, row, 2, &content, &was_sealed, &fault)) {
		log_error("%s", fault.text);
		g_string_append(entries->indexed, "\"\\\\x\"");
		g_string_append(entries->kept, "null");
		return;
	}
	text = entry_text(result, row, &content);
	sealed = seal_bytes(text, strlen(text), &session->keys.index, id, &length);
	append_bytes(entries->indexed, sealed, length);
	if (was_sealed) {
		seal_wrap(wrapped, &content, &session->keys.mailbox, id);
		append_bytes(entries->kept, wrapped, sizeof wrapped);
	} else {
		g_string_append(entries->kept, "null");
	}
	sodium_memzero(&content, sizeof content);
}

static bool
put(struct connection *connection, const struct session *session, const struct new_entries *entries,
    struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, session->account.id.text);
	parameters_text(&parameters, g_string_append_c(entries->ids, '}')->str);
	parameters_text(&parameters, g_string_append_c(entries->indexed, '}')->str);
	parameters_text(&parameters, g_string_append_c(entries->kept, '}')->str);
	return connection_execute(connection, &put_entries, &parameters, NULL, fault);
}

/* *count_r: how many had none. */
static bool
add_some(struct connection *connection, const struct session *session, unsigned max, int *count_r,
	 struct fault *fault)
{
	struct new_entries entries;
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	bool done;

	parameters_text(&parameters, session->account.id.text);
	parameters_number(&parameters, max);
	if (!connection_execute(connection, &rows_without, &parameters, &result, fault))
		return false;
	*count_r = PQntuples(result);
	if (*count_r == 0)
		return true;
	entries = (struct new_entries){g_string_new("{"), g_string_new("{"), g_string_new("{")};
	for (int row = 0; row < *count_r; row++)
		add_entry(session, result, row, &entries);
	done = put(connection, session, &entries, fault);
	g_string_free(entries.ids, TRUE);
	g_string_free(entries.indexed, TRUE);
	g_string_free(entries.kept, TRUE);
	return done;
}

bool
search_index_add(struct connection *connection, const struct session *session, unsigned max,
		 bool *left_r, struct fault *fault)
{
	unsigned at_once = MIN(max, (unsigned)SEARCH_INDEX_AT_ONCE);
	int count = (int)at_once;

	for (unsigned added = 0; added < max && count == (int)at_once; added += (unsigned)count)
		if (!add_some(connection, session, at_once, &count, fault))
			return false;
	if (left_r != NULL)
		*left_r = count == (int)at_once;
	return true;
}

/* --- reading entries --- */

struct visiting {
	const struct session *session;
	search_index_visit *visit;
	void *visitor;
};

/* Ends the line, and returns what follows it. */
static char *
next_line(char *line)
{
	char *end = strchr(line, '\n');

	if (end == NULL)
		return line + strlen(line);
	*end = '\0';
	return end + 1;
}

static void
pass_on(const struct visiting *visiting, const char *id, char *text)
{
	char *from = next_line(text), *to = next_line(from), *sender = next_line(to);
	struct search_index_entry entry = {.at = g_ascii_strtoll(text, NULL, 10),
					   .from = from,
					   .to = to,
					   .sender = sender,
					   .folded = next_line(sender)};

	if (identifier_parse(&entry.id, id))
		visiting->visit(visiting->visitor, &entry);
}

static bool
take_entry(void *context, const PGresult *row, struct fault *fault)
{
	const struct visiting *visiting = context;
	g_autofree char *id = g_strndup(PQgetvalue(row, 0, 0), (gsize)PQgetlength(row, 0, 0));
	size_t length;
	g_autofree unsigned char *opened = seal_open_bytes(
		(const unsigned char *)PQgetvalue(row, 0, 1), (size_t)PQgetlength(row, 0, 1),
		&visiting->session->keys.index, id, &length);
	g_autofree char *text = NULL;

	(void)fault;
	if (opened == NULL)
		return true;
	text = g_strndup((const char *)opened, length);
	pass_on(visiting, id, text);
	return true;
}

bool
search_index_each(struct connection *connection, const struct session *session,
		  search_index_visit *visit, void *visitor, struct fault *fault)
{
	struct visiting visiting = {session, visit, visitor};
	struct parameters parameters = {0};

	parameters_text(&parameters, session->account.id.text);
	return connection_rows(connection, &all_entries, &parameters, take_entry, &visiting, fault);
}
