#include "admin/check/sendmail.h"

#include <string.h>

struct sendmail *
sendmail_read(struct fault *fault)
{
	const char *named = g_getenv("SENDMAIL_CF");
	const char *path = named == NULL ? "/etc/mail/sendmail.cf" : named;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	struct sendmail *sendmail;

	if (!g_file_get_contents(path, &text, NULL, &error)) {
		fault_set(fault, FAULT_CONFIG, "reading the configuration of Sendmail: %s",
			  error->message);
		return NULL;
	}
	sendmail = g_new0(struct sendmail, 1);
	sendmail->lines = g_strsplit(text, "\n", -1);
	return sendmail;
}

void
sendmail_free(struct sendmail *sendmail)
{
	g_strfreev(sendmail->lines);
	g_free(sendmail);
}

GStrv
sendmail_options(const struct sendmail *sendmail, const char *name)
{
	g_autofree char *beginning = g_strdup_printf("O %s=", name);
	g_autoptr(GStrvBuilder) values = g_strv_builder_new();

	for (char **line = sendmail->lines; *line != NULL; line++)
		if (g_ascii_strncasecmp(*line, beginning, strlen(beginning)) == 0)
			g_strv_builder_add(values, *line + strlen(beginning));
	return g_strv_builder_end(values);
}

char *
sendmail_option(const struct sendmail *sendmail, const char *name)
{
	g_auto(GStrv) values = sendmail_options(sendmail, name);
	guint count = g_strv_length(values);

	return g_strdup(count == 0 ? "" : values[count - 1]);
}

char *
sendmail_filter(const struct sendmail *sendmail, const char *name)
{
	g_autofree char *beginning = g_strdup_printf("X%s,", name);

	for (char **line = sendmail->lines; *line != NULL; line++)
		if (g_str_has_prefix(*line, beginning))
			return g_strdup(*line + strlen(beginning));
	return NULL;
}

bool
sendmail_has_map(const struct sendmail *sendmail, const char *name)
{
	g_autofree char *beginning = g_strdup_printf("K%s ", name);

	for (char **line = sendmail->lines; *line != NULL; line++)
		if (g_str_has_prefix(*line, beginning))
			return true;
	return false;
}

/* Sendmail looks only at the first letter, except for a daemon's filters, which are a whole word.
 */
char *
sendmail_equate(const char *equates, const char *name)
{
	g_auto(GStrv) each = g_strsplit(equates, ",", -1);

	for (char **equate = each; *equate != NULL; equate++) {
		const char *text = g_strstrip(*equate);
		const char *equals = strchr(text, '=');

		if (equals == NULL)
			continue;
		if (g_ascii_strncasecmp(text, name, strlen(name)) == 0)
			return g_strstrip(g_strdup(equals + 1));
	}
	return NULL;
}
