#include "delivery/inbound/answered.h"

#include <string.h>

enum { DIGEST_BYTES = 32 };

static const struct statement sealed_among = {
	"answered_sealed", "select exists (select from postseal.message"
			   " where sealed_id = any (string_to_array($1, chr(10))))"};

/* --- identifiers in a field --- */

/* A field may be folded anywhere, by programs that do not know better: blanks do not count. */
static char *
digest_of(const char *at, size_t length)
{
	g_autoptr(GString) identifier = g_string_new(NULL);
	unsigned char digest[DIGEST_BYTES];
	char text[2 * DIGEST_BYTES + 1];

	for (size_t i = 0; i < length; i++)
		if (!g_ascii_isspace(at[i]))
			g_string_append_c(identifier, at[i]);
	if (identifier->len == 0)
		return NULL;
	crypto_generichash(digest, sizeof digest, (const unsigned char *)identifier->str,
			   identifier->len, NULL, 0);
	return g_strdup(sodium_bin2hex(text, sizeof text, digest, sizeof digest));
}

static void
add(GPtrArray *digests, const char *at, size_t length)
{
	char *digest = digest_of(at, length);

	if (digest != NULL)
		g_ptr_array_add(digests, digest);
}

/* Those in brackets, and words without, as some programs write them. */
static void
add_all(GPtrArray *digests, const char *value)
{
	while (*value != '\0') {
		size_t words = strcspn(value, "<"), inside;
		g_auto(GStrv) each = NULL;
		g_autofree char *between = g_strndup(value, words);

		each = g_strsplit_set(between, " \t\r\n,;>", -1);
		for (char **word = each; *word != NULL; word++)
			add(digests, *word, strlen(*word));
		value += words;
		if (*value == '\0')
			return;
		inside = strcspn(++value, ">");
		add(digests, value, inside);
		value += inside;
	}
}

/* Exchange encodes a field that is too long for it (RFC 2047), against the standard. */
static void
add_field(GPtrArray *digests, const struct field *field)
{
	g_autofree char *shown = field_shown(field->value);

	add_all(digests, field->value);
	if (strstr(field->value, "=?") != NULL)
		add_all(digests, shown);
}

char *
answered_identifier(const struct message *message)
{
	const struct field *field = message_field(message, "Message-ID");
	const char *begin = field == NULL ? "" : field->value;
	const char *bracket = strchr(begin, '<');

	if (bracket != NULL)
		begin = bracket + 1;
	return digest_of(begin, bracket == NULL ? strlen(begin) : strcspn(begin, ">"));
}

/* --- what they refer to --- */

static bool
is_any_sealed(struct database *database, GPtrArray *digests, bool *sealed_r, struct fault *fault)
{
	g_autoptr(connection_auto) connection = database_take(database, fault);
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autofree char *list = NULL;

	g_ptr_array_add(digests, NULL);
	list = g_strjoinv("\n", (char **)digests->pdata);
	parameters_text(&parameters, list);
	if (connection == NULL ||
	    !connection_execute(connection, &sealed_among, &parameters, &result, fault))
		return fault_within(fault, "finding out whether the message answers sealed mail");
	*sealed_r = *PQgetvalue(result, 0, 0) == 't';
	return true;
}

bool
answered_find(const struct message *message, struct database *database, bool *answers_r,
	      struct fault *fault)
{
	g_autoptr(GPtrArray) digests = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);

		if (field_is(field, "In-Reply-To") || field_is(field, "References"))
			add_field(digests, field);
	}
	*answers_r = false;
	return digests->len == 0 || is_any_sealed(database, digests, answers_r, fault);
}
