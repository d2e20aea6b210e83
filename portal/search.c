#include "portal/search.h"

#include <jansson.h>
#include <string.h>

#include "portal/search_index.h"
#include "portal/web/base64url.h"

enum {
	WORDS_MAX = 10,
	PADDED_BYTES = 128, /* so that the length of a link says little */
};

static const char about[] = "search";

void
search_clear(struct search *search)
{
	g_clear_pointer(&search->words, g_free);
	g_clear_pointer(&search->since, g_free);
	g_clear_pointer(&search->until, g_free);
}

static char *
day_or_none(const char *text)
{
	return g_strdup(folder_is_day(text) ? text : "");
}

struct search
search_new(const char *words, const char *since, const char *until)
{
	g_autofree char *valid = g_utf8_make_valid(words, -1);

	g_strstrip(valid);
	return (struct search){
		.words = g_utf8_substring(
			valid, 0, MIN(g_utf8_strlen(valid, -1), (glong)SEARCH_WORDS_CHARACTERS)),
		.since = day_or_none(since),
		.until = day_or_none(until)};
}

/* --- in links --- */

char *
search_seal(const struct search *search, const struct session *session)
{
	g_autoptr(json_t) json = json_pack("{s:s, s:s, s:s}", "words", search->words, "since",
					   search->since, "until", search->until);
	g_autofree char *text = json_dumps(json, JSON_COMPACT);
	g_autoptr(GString) padded = g_string_new(text);
	g_autofree unsigned char *sealed = NULL;
	size_t length;

	while (padded->len % PADDED_BYTES != 0)
		g_string_append_c(padded, ' ');
	sealed = seal_bytes(padded->str, padded->len, &session->keys.index, about, &length);
	return base64url_text(sealed, length);
}

bool
search_unseal(struct search *search_r, const char *token, const struct session *session)
{
	g_autoptr(GBytes) sealed = base64url_bytes(token);
	g_autofree unsigned char *opened = NULL;
	g_autoptr(json_t) json = NULL;
	const char *words, *since, *until;
	gsize length;
	size_t opened_length;
	const void *bytes = g_bytes_get_data(sealed, &length);

	opened = seal_open_bytes(bytes, length, &session->keys.index, about, &opened_length);
	if (opened == NULL)
		return false;
	json = json_loadb((const char *)opened, opened_length, 0, NULL);
	if (json_unpack(json, "{s:s, s:s, s:s}", "words", &words, "since", &since, "until",
			&until) != 0)
		return false;
	*search_r = search_new(words, since, until);
	return true;
}

/* --- finding --- */

struct finding {
	char **words; /* folded */
	gint64 since, until;
	GArray *found;
};

/* The beginning of a day, `later` days after that date; `otherwise` if there is none. */
static gint64
time_of(const char *day, int later, gint64 otherwise)
{
	g_autofree char *text = g_strconcat(day, "T00:00:00", NULL);
	g_autoptr(GTimeZone) zone = g_time_zone_new_local();
	g_autoptr(GDateTime) time = *day == '\0' ? NULL : g_date_time_new_from_iso8601(text, zone);
	g_autoptr(GDateTime) moved = time == NULL ? NULL : g_date_time_add_days(time, later);

	return moved == NULL ? otherwise : g_date_time_to_unix(moved);
}

static bool
fits(const struct finding *finding, const struct search_index_entry *entry)
{
	if (entry->at < finding->since || entry->at >= finding->until)
		return false;
	for (char **word = finding->words; *word != NULL; word++)
		if (strstr(entry->folded, *word) == NULL)
			return false;
	return true;
}

static void
look_at(void *context, const struct search_index_entry *entry)
{
	struct finding *finding = context;

	if (fits(finding, entry))
		g_array_append_val(finding->found, entry->id);
}

/* Blanks are found nowhere, so that several of them are one. */
static char **
words_of(const char *text)
{
	g_autofree char *folded = search_index_fold(text);
	g_auto(GStrv) split = g_strsplit_set(folded, " \t\r\n", -1);
	GPtrArray *words = g_ptr_array_new();

	for (char **word = split; *word != NULL; word++)
		if (**word != '\0' && words->len < WORDS_MAX)
			g_ptr_array_add(words, g_strdup(*word));
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(words, FALSE);
}

GArray *
search_run(struct connection *connection, const struct session *session,
	   const struct search *search, struct fault *fault)
{
	g_auto(GStrv) words = words_of(search->words);
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(struct identifier));
	struct finding finding = {.words = words,
				  .since = time_of(search->since, 0, G_MININT64),
				  .until = time_of(search->until, 1, G_MAXINT64),
				  .found = found};

	if (!search_index_add(connection, session, G_MAXINT, NULL, fault) ||
	    !search_index_each(connection, session, look_at, &finding, fault))
		return NULL;
	return g_steal_pointer(&found);
}
