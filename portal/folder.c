#include "portal/folder.h"

#include <string.h>

#include "core/log.h"

#define ENTRY                                                                                      \
	"select k.id, k.parcel, p.sender, extract(epoch from p.created_at)::bigint,"               \
	" extract(epoch from k.expires_at)::bigint, not coalesce(k.shown_as_read, k.read_at is "   \
	"not null), k.kept, k.sealed, p.summary,"                                                  \
	" case when k.folder = 'sent' then (select coalesce(string_agg(c.recipient || ' ' || "     \
	"c.state, '; '), '')"                                                                      \
	"  from postseal.copy c where c.message = p.message) else '' end, "                        \
	"k.folder, k.filed, k.draft "
#define BEFORE_ALL "'00000000-0000-0000-0000-000000000000'"
#define AFTER_ALL  "'ffffffff-ffff-ffff-ffff-ffffffffffff'"

/* The page is read from the index before anything is joined to it, so the number of messages does
 * not matter. */
#define LIST(place, compared, order)                                                               \
	"with page as materialized (select * from postseal.parcel_key where " place                \
	" and id " compared " and expires_at > now() order by id " order " limit $4) " ENTRY       \
	"from page k join postseal.parcel p on p.id = k.parcel order by k.id " order

#define IN_FOLDER "account = $1 and folder = $2 and filed is null"
/* The second parameter is a member's own folder. */
#define IN_OWN "account = $1 and filed = $2::uuid"
#define OLDER  "< coalesce($3::uuid, " AFTER_ALL ")"
#define NEWER  "> coalesce($3::uuid, " BEFORE_ALL ")"

static const struct statement list_older = {"folder_older", LIST(IN_FOLDER, OLDER, "desc")};
static const struct statement list_newer = {"folder_newer", LIST(IN_FOLDER, NEWER, "asc")};
static const struct statement own_older = {"folder_own_older", LIST(IN_OWN, OLDER, "desc")};
static const struct statement own_newer = {"folder_own_newer", LIST(IN_OWN, NEWER, "asc")};

static const struct statement list_these = {
	"folder_these",
	ENTRY "from postseal.parcel_key k join postseal.parcel p on p.id = k.parcel "
	      "where k.account = $1 and k.id = any ($2::uuid[]) and k.expires_at > now() "
	      "order by k.id desc"};

#define COUNT(place)                                                                               \
	"select count(*), count(*) filter (where folder = 'inbox' and not "                        \
	"coalesce(shown_as_read, read_at is not null)) "                                           \
	"from postseal.parcel_key where " place " and expires_at > now()"

static const struct statement count_folder = {"folder_count", COUNT(IN_FOLDER)};
static const struct statement count_own = {"folder_own_count", COUNT(IN_OWN)};

/* --- one entry --- */

static enum folder
folder_of(const char *name)
{
	for (int i = 0; i < FOLDERS; i++)
		if (strcmp(name, folder_name((enum folder)i)) == 0)
			return (enum folder)i;
	return FOLDER_INBOX;
}

static void
entry_free(void *data)
{
	struct folder_entry *entry = data;

	g_free(entry->subject);
	g_free(entry->from);
	g_free(entry->to);
	g_free(entry->sender);
	g_free(entry->states);
	g_free(entry->own);
	g_free(entry->draft);
	g_free(entry);
}

json_t *
folder_summary(const PGresult *result, int row, int column, const char *parcel,
	       const struct seal_key *content)
{
	size_t length, opened_length;
	g_autofree unsigned char *sealed = result_bytes(result, row, column, &length);
	g_autofree unsigned char *opened =
		seal_open_bytes(sealed, length, content, parcel, &opened_length);

	return opened == NULL ? NULL : json_loadb((char *)opened, opened_length, 0, NULL);
}

static void
read_summary(struct folder_entry *entry, const PGresult *result, int row,
	     const struct seal_key *content)
{
	g_autoptr(json_t) json =
		folder_summary(result, row, 8, PQgetvalue(result, row, 1), content);

	entry->subject = layout_line(json_string_value(json_object_get(json, "subject")));
	entry->from = layout_line(json_string_value(json_object_get(json, "from")));
	entry->to = layout_line(json_string_value(json_object_get(json, "to")));
}

static struct folder_entry *
read_entry(struct connection *connection, const struct session *session, const PGresult *result,
	   int row, struct fault *fault)
{
	struct folder_entry *entry = g_new0(struct folder_entry, 1);
	struct seal_key content;

	identifier_parse(&entry->id, PQgetvalue(result, row, 0));
	entry->sender = g_strdup(PQgetvalue(result, row, 2));
	entry->at = result_number(result, row, 3);
	entry->expires_at = result_number(result, row, 4);
	entry->is_unread = result_flag(result, row, 5);
	entry->states = g_strdup(PQgetvalue(result, row, 9));
	entry->folder = folder_of(PQgetvalue(result, row, 10));
	entry->own = g_strdup(result_text(result, row, 11));
	entry->draft = g_strdup(result_text(result, row, 12));
	if (!mailbox_open_key(connection, session, entry->id.text, result, row, 6, &content,
			      fault)) {
		if (fault->cause != FAULT_CRYPTO) {
			entry_free(entry);
			return NULL;
		}
		log_error("%s", fault->text); /* one damaged row must not hide the others */
	} else {
		read_summary(entry, result, row, &content);
	}
	sodium_memzero(&content, sizeof content);
	return entry;
}

/* --- pages --- */

bool
folder_is_day(const char *text)
{
	int year, month, number, end = 0;

	return sscanf(text, "%4d-%2d-%2d%n", &year, &month, &number, &end) == 3 &&
	       text[end] == '\0' &&
	       g_date_valid_dmy((GDateDay)number, (GDateMonth)month, (GDateYear)year);
}

/* From where, and in which direction, a page is read. */
struct course {
	struct identifier from;
	bool has_from;
	bool is_to_newer;
};

static struct course
course_of(const struct folder_question *question)
{
	struct course course = {.is_to_newer = question->is_oldest_first};

	if (identifier_parse(&course.from, question->before))
		course.is_to_newer = false;
	else if (identifier_parse(&course.from, question->after))
		course.is_to_newer = true;
	else
		return course;
	course.has_from = true;
	return course;
}

static const char *
place_of(const struct folder_question *question)
{
	return question->own != NULL ? question->own : folder_name(question->folder);
}

static bool
ask(struct connection *connection, const struct session *session,
    const struct folder_question *question, const struct course *course, PGresult **result_r,
    struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, session->account.id.text);
	parameters_text(&parameters, place_of(question));
	parameters_text(&parameters, course->has_from ? course->from.text : NULL);
	parameters_number(&parameters, FOLDER_PAGE + 1);
	if (question->own != NULL)
		return connection_execute(connection, course->is_to_newer ? &own_newer : &own_older,
					  &parameters, result_r, fault);
	return connection_execute(connection, course->is_to_newer ? &list_newer : &list_older,
				  &parameters, result_r, fault);
}

static bool
read_entries(struct connection *connection, const struct session *session, const PGresult *result,
	     bool is_turned, struct folder_list *list, struct fault *fault)
{
	int count = MIN(PQntuples(result), FOLDER_PAGE);

	for (int i = 0; i < count; i++) {
		struct folder_entry *entry = read_entry(connection, session, result,
							is_turned ? count - 1 - i : i, fault);

		if (entry == NULL)
			return false;
		g_ptr_array_add(list->entries, entry);
	}
	return true;
}

bool
folder_list_read(struct connection *connection, const struct session *session,
		 const struct folder_question *question, struct folder_list *list_r,
		 struct fault *fault)
{
	struct course course = course_of(question);
	g_autoptr(PGresult) result = NULL;
	bool more, is_turned = course.is_to_newer != question->is_oldest_first;

	*list_r = (struct folder_list){.entries = g_ptr_array_new_with_free_func(entry_free)};
	if (!ask(connection, session, question, &course, &result, fault))
		return false;
	more = PQntuples(result) > FOLDER_PAGE;
	/* The way back has come to the beginning: that page is shown in full. */
	if (is_turned && !more) {
		struct folder_question beginning = *question;

		beginning.before = beginning.after = "";
		course = course_of(&beginning);
		is_turned = false;
		g_clear_pointer(&result, PQclear);
		if (!ask(connection, session, &beginning, &course, &result, fault))
			return false;
		more = PQntuples(result) > FOLDER_PAGE;
	}
	list_r->has_older = course.is_to_newer ? course.has_from : more;
	list_r->has_newer = course.is_to_newer ? more : course.has_from;
	return read_entries(connection, session, result, is_turned, list_r, fault);
}

/* --- a page of some messages --- */

/* Is the one identifier further down the list than the other? */
static bool
comes_after(const char *id, const char *other, bool is_oldest_first)
{
	return is_oldest_first ? strcmp(id, other) > 0 : strcmp(id, other) < 0;
}

/* The place of the first on the page among all, of which `ids` has the newest first. */
static guint
first_of(const GArray *ids, const struct folder_question *question)
{
	bool is_turned = question->is_oldest_first;
	struct identifier from;
	const char *onward = is_turned ? question->after : question->before;
	bool goes_on = identifier_parse(&from, onward);
	guint at = 0;

	if (!goes_on && !identifier_parse(&from, is_turned ? question->before : question->after))
		return 0;
	for (; at < ids->len; at++) {
		guint index = is_turned ? ids->len - 1 - at : at;
		const char *id = g_array_index(ids, struct identifier, index).text;

		if (comes_after(id, from.text, is_turned) ||
		    (!goes_on && strcmp(id, from.text) == 0))
			break;
	}
	return goes_on ? at : at - MIN(at, (guint)FOLDER_PAGE);
}

static char *
array_of(const GArray *ids, guint first, guint count, bool is_turned)
{
	GString *text = g_string_new("{");

	for (guint i = first; i < first + count; i++)
		g_string_append_printf(
			text, "%s%s", i > first ? "," : "",
			g_array_index(ids, struct identifier, is_turned ? ids->len - 1 - i : i)
				.text);
	return g_string_free(g_string_append_c(text, '}'), FALSE);
}

bool
folder_list_these(struct connection *connection, const struct session *session, const GArray *ids,
		  const struct folder_question *question, struct folder_list *list_r,
		  struct fault *fault)
{
	bool is_turned = question->is_oldest_first;
	guint first = first_of(ids, question);
	guint count = MIN(ids->len - first, (guint)FOLDER_PAGE);
	g_autofree char *array = array_of(ids, first, count, is_turned);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	*list_r = (struct folder_list){.entries = g_ptr_array_new_with_free_func(entry_free)};
	*(is_turned ? &list_r->has_older : &list_r->has_newer) = first > 0;
	*(is_turned ? &list_r->has_newer : &list_r->has_older) = first + count < ids->len;
	parameters_text(&parameters, session->account.id.text);
	parameters_text(&parameters, array);
	return connection_execute(connection, &list_these, &parameters, &result, fault) &&
	       read_entries(connection, session, result, is_turned, list_r, fault);
}

void
folder_list_clear(struct folder_list *list)
{
	g_clear_pointer(&list->entries, g_ptr_array_unref);
}

bool
folder_count(struct connection *connection, const struct session *session,
	     const struct folder_question *question, struct known_counts *known,
	     unsigned long *all_r, unsigned long *unread_r, struct fault *fault)
{
	const char *account = session->account.id.text, *place = place_of(question);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	if (known_counts_get(known, account, place, all_r, unread_r))
		return true;
	parameters_text(&parameters, account);
	parameters_text(&parameters, place);
	if (!connection_execute(connection, question->own != NULL ? &count_own : &count_folder,
				&parameters, &result, fault))
		return false;
	*all_r = (unsigned long)result_number(result, 0, 0);
	*unread_r = (unsigned long)result_number(result, 0, 1);
	known_counts_put(known, account, place, *all_r, *unread_r);
	return true;
}
