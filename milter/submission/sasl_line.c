#include "milter/submission/sasl_line.h"

#include <glib.h>
#include <string.h>

static const char *const words[SASL_VERBS] = {[SASL_VERSION] = "VERSION",
					      [SASL_AUTH] = "AUTH",
					      [SASL_CONT] = "CONT",
					      [SASL_CANCEL] = "CANCEL"};

/* Ends the field with a NUL, and moves past it. NULL: there is none. */
static char *
next_field(char **at)
{
	char *field = *at, *tab = field == NULL ? NULL : strchr(field, '\t');

	*at = NULL;
	if (tab != NULL) {
		*tab = '\0';
		*at = tab + 1;
	}
	return field;
}

static enum sasl_verb
verb_of(const char *word)
{
	for (unsigned i = SASL_OTHER + 1; i < SASL_VERBS; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return SASL_OTHER;
}

static bool
take_number(struct sasl_line *line, char **at)
{
	const char *field = next_field(at);
	guint64 number;

	if (field == NULL || !g_ascii_string_to_unsigned(field, 10, 0, G_MAXUINT32, &number, NULL))
		return false;
	line->number = (uint32_t)number;
	return true;
}

static const char *
value_of(const char *field, const char *name)
{
	return g_str_has_prefix(field, name) ? field + strlen(name) : NULL;
}

/* Parameters that we do not know are none of our business. */
static void
take_parameter(struct sasl_line *line, const char *field)
{
	const char *client = value_of(field, "rip="), *response = value_of(field, "resp=");

	if (client != NULL)
		line->client = client;
	if (response != NULL)
		line->response = response;
	/* Another value would say that the client is trusted, whatever it speaks. */
	if (strcmp(field, "secured") == 0 || strcmp(field, "secured=tls") == 0)
		line->is_secured = true;
}

static bool
take_auth(struct sasl_line *line, char *at)
{
	const char *field;

	if (!take_number(line, &at))
		return false;
	line->mechanism = next_field(&at);
	while ((field = next_field(&at)) != NULL)
		take_parameter(line, field);
	return line->mechanism != NULL;
}

static bool
take_cont(struct sasl_line *line, char *at)
{
	if (!take_number(line, &at))
		return false;
	line->response = next_field(&at);
	return line->response != NULL;
}

void
sasl_line_read(struct sasl_line *line_r, char *line)
{
	char *at = line;

	*line_r = (struct sasl_line){.client = "", .verb = verb_of(next_field(&at))};
	switch (line_r->verb) {
	case SASL_AUTH:
		line_r->is_well_formed = take_auth(line_r, at);
		break;
	case SASL_CONT:
		line_r->is_well_formed = take_cont(line_r, at);
		break;
	case SASL_VERSION:
	case SASL_CANCEL:
		line_r->is_well_formed = take_number(line_r, &at);
		break;
	case SASL_OTHER:
	case SASL_VERBS:
		line_r->is_well_formed = true;
		break;
	}
}
