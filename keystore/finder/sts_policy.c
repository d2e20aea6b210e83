#include "keystore/finder/sts_policy.h"

#include <string.h>

/* What has been read of a policy, line by line. */
struct reading {
	struct sts_policy *policy;
	bool has_version, has_mode, has_age;
	GPtrArray *hosts;
	const char *why;
};

static bool
is_label_character(char c)
{
	return g_ascii_isalnum(c) || c == '-';
}

/* sts-policy-mx: a host name, or "*." and one. */
static bool
is_host_pattern(const char *value)
{
	size_t label = 0;

	if (g_str_has_prefix(value, "*."))
		value += 2;
	for (const char *at = value; *at != '\0'; at++) {
		if (*at == '.' && label == 0)
			return false;
		if (*at != '.' && !is_label_character(*at))
			return false;
		label = *at == '.' ? 0 : label + 1;
	}
	return label > 0;
}

static void
read_mode(struct reading *reading, const char *value)
{
	static const char *const modes[] = {
		[STS_NONE] = "none", [STS_TESTING] = "testing", [STS_ENFORCE] = "enforce"};

	if (reading->has_mode)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++)
		if (strcmp(value, modes[i]) == 0) {
			reading->policy->mode = (enum sts_mode)i;
			reading->has_mode = true;
			return;
		}
	reading->why = "its mode is none of the three";
}

/* 1*10(DIGIT) */
static void
read_age(struct reading *reading, const char *value)
{
	guint64 age;

	if (reading->has_age)
		return;
	if (strlen(value) > 10 || !g_ascii_isdigit(*value) ||
	    !g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT64, &age, NULL)) {
		reading->why = "its max_age is not a number of seconds";
		return;
	}
	reading->policy->max_age = (unsigned)MIN(age, STS_AGE_MAX);
	reading->has_age = true;
}

static void
read_host(struct reading *reading, const char *value)
{
	if (!is_host_pattern(value))
		reading->why = "an mx is not the name of a host";
	else if (reading->hosts->len == STS_POLICY_HOSTS_MAX)
		reading->why = "it names too many hosts";
	else
		g_ptr_array_add(reading->hosts, g_ascii_strdown(value, -1));
}

static void
read_field(struct reading *reading, const char *name, const char *value)
{
	if (strcmp(name, "version") == 0) {
		if (!reading->has_version && strcmp(value, "STSv1") != 0)
			reading->why = "its version is not STSv1";
		reading->has_version = true;
	} else if (strcmp(name, "mode") == 0) {
		read_mode(reading, value);
	} else if (strcmp(name, "max_age") == 0) {
		read_age(reading, value);
	} else if (strcmp(name, "mx") == 0) {
		read_host(reading, value);
	}
}

/* A field's name begins with a letter or a digit, and what is neither a field nor empty is a
 * mistake. */
static void
read_line(struct reading *reading, char *line)
{
	char *colon = strchr(line, ':');

	if (*g_strstrip(line) == '\0')
		return;
	if (colon == NULL || !g_ascii_isalnum(*line)) {
		reading->why = "a line is not a name and a value";
		return;
	}
	*colon = '\0';
	read_field(reading, g_strchomp(line), g_strstrip(colon + 1));
}

static const char *
what_is_missing(const struct reading *reading)
{
	if (!reading->has_version)
		return "it has no version";
	if (!reading->has_mode)
		return "it has no mode";
	if (!reading->has_age)
		return "it has no max_age";
	if (reading->hosts->len == 0 && reading->policy->mode != STS_NONE)
		return "it names no mx";
	return NULL;
}

static void
read_lines(struct reading *reading, const char *text, size_t length)
{
	g_autofree char *copy = g_strndup(text, length);
	g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);

	for (char **line = lines; *line != NULL && reading->why == NULL; line++)
		read_line(reading, *line);
	if (reading->why == NULL)
		reading->why = what_is_missing(reading);
}

bool
sts_policy_read(struct sts_policy *policy_r, const char *text, size_t length, const char **why_r)
{
	struct reading reading = {.policy = policy_r,
				  .hosts = g_ptr_array_new_with_free_func(g_free)};

	*policy_r = (struct sts_policy){0};
	if (length > STS_POLICY_BYTES_MAX)
		reading.why = "it is too long";
	else if (length > 0 && memchr(text, '\0', length) != NULL)
		reading.why = "it has a NUL";
	else
		read_lines(&reading, text, length);
	g_ptr_array_add(reading.hosts, NULL);
	policy_r->hosts = g_strdupv((char **)reading.hosts->pdata);
	g_ptr_array_unref(reading.hosts);
	*why_r = reading.why;
	if (reading.why != NULL)
		sts_policy_clear(policy_r);
	return reading.why == NULL;
}

void
sts_policy_clear(struct sts_policy *policy)
{
	g_clear_pointer(&policy->hosts, g_strfreev);
}

bool
sts_policy_has(const struct sts_policy *policy, const char *host)
{
	const char *rest = strchr(host, '.');

	for (char **pattern = policy->hosts; *pattern != NULL; pattern++)
		if (g_ascii_strcasecmp(*pattern, host) == 0 ||
		    (g_str_has_prefix(*pattern, "*.") && rest != NULL && rest != host &&
		     g_ascii_strcasecmp(*pattern + 1, rest) == 0))
			return true;
	return false;
}
