#include "keystore/finder/sts_record.h"

#include <string.h>

/* --- the text: "v=STSv1; id=20160831085700Z;" --- */

static bool
read_id(const char *value, char id_r[STS_ID_MAX + 1])
{
	size_t length = strlen(value);

	for (size_t i = 0; i < length; i++)
		if (!g_ascii_isalnum(value[i]))
			return false;
	if (length == 0 || length > STS_ID_MAX)
		return false;
	memcpy(id_r, value, length + 1);
	return true;
}

/* sts-ext-name "=" sts-ext-value */
static bool
is_extension(const char *field)
{
	enum { NAME_MAX_CHARACTERS = 32 };
	const char *equals = strchr(field, '=');

	if (equals == NULL || equals == field || equals[1] == '\0' ||
	    equals - field > NAME_MAX_CHARACTERS || !g_ascii_isalnum(*field))
		return false;
	for (const char *at = field; at < equals; at++)
		if (!g_ascii_isalnum(*at) && strchr("_-.", *at) == NULL)
			return false;
	for (const char *at = equals + 1; *at != '\0'; at++)
		if (!g_ascii_isgraph(*at) || *at == '=')
			return false;
	return true;
}

bool
sts_record_read(const char *text, char id_r[STS_ID_MAX + 1])
{
	g_auto(GStrv) fields = g_strsplit(text, ";", -1);
	guint count = g_strv_length(fields);
	bool has_id = false;

	for (guint i = 0; i < count; i++) {
		const char *field = i == 0 ? g_strchomp(fields[i]) : g_strstrip(fields[i]);

		if (i == 0 ? strcmp(field, "v=STSv1") != 0 : *field == '\0' && i + 1 < count)
			return false;
		if (i == 0 || *field == '\0')
			continue;
		if (g_str_has_prefix(field, "id=")) {
			if (has_id || !read_id(field + strlen("id="), id_r))
				return false;
			has_id = true;
		} else if (!is_extension(field)) {
			return false;
		}
	}
	return has_id;
}

/* --- the record --- */

/* The strings of a TXT record, joined without blanks between them. NULL if it is malformed, or has
 * a NUL. Caller frees. */
static char *
text_of(GBytes *rdata)
{
	size_t length, at = 0;
	const unsigned char *data = g_bytes_get_data(rdata, &length);
	g_autoptr(GString) text = g_string_new(NULL);

	while (at < length) {
		size_t part = data[at];

		if (part >= length - at || memchr(data + at + 1, '\0', part) != NULL)
			return NULL;
		g_string_append_len(text, (const char *)data + at + 1, (gssize)part);
		at += 1 + part;
	}
	return g_strdup(text->str);
}

/* Records that do not begin as those of MTA-STS are not counted; of the others there must be one.
 */
static const char *
read_records(GPtrArray *records, char id_r[STS_ID_MAX + 1])
{
	g_autofree char *only = NULL;

	for (guint i = 0; i < records->len; i++) {
		g_autofree char *text = text_of(g_ptr_array_index(records, i));

		if (text == NULL || !g_str_has_prefix(text, "v=STSv1;"))
			continue;
		if (only != NULL)
			return "there is more than one record (RFC 8461 §3.1)";
		only = g_steal_pointer(&text);
	}
	if (only == NULL)
		return "there is no record of MTA-STS";
	return sts_record_read(only, id_r) ? NULL : "the record is malformed (RFC 8461 §3.1)";
}

void
sts_record_ask(struct dns *dns, const char *domain, gint64 until, char id_r[STS_ID_MAX + 1],
	       struct dns_answer *answer_r)
{
	g_autofree char *name = g_strconcat("_mta-sts.", domain, NULL);
	const char *why = "there is no record";

	*id_r = '\0';
	dns_ask(dns, &(struct dns_question){name, DNS_TXT}, 1, until, answer_r);
	if (answer_r->outcome == DNS_FOUND)
		why = read_records(answer_r->records, id_r);
	if (why == NULL || answer_r->why != NULL)
		return;
	answer_r->outcome = DNS_NOTHING;
	answer_r->why = g_strdup(why);
}
