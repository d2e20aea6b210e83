#include "mail/hidden_subject.h"

#include <string.h>

enum { SURELY = 4 }; /* characters: a shorter subject may be part of other text by chance */

/* "Re:", "AW:", "Fwd:", "RE[2]:", "[list]": prefixes added by programs. */
static const char *
without_prefixes(const char *text)
{
	for (;;) {
		size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyz");
		const char *behind = text + letters;

		if (*behind == '[' && letters > 0)
			behind += strcspn(behind, "]") + (strchr(behind, ']') != NULL);
		if (letters >= 1 && letters <= 4 && *behind == ':')
			text = behind + 1;
		else if (*text == '[' && strchr(text, ']') != NULL)
			text = strchr(text, ']') + 1;
		else
			return text;
		text += strspn(text, " \t");
	}
}

/* Case-folded, with runs of blanks collapsed: encoded words and folding change the number of
 * blanks. */
static char *
comparable(const char *value)
{
	g_autofree char *shown = field_shown(value);
	g_autofree char *valid = g_utf8_make_valid(shown, -1);
	g_autofree char *folded = g_utf8_casefold(valid, -1);
	GString *text = g_string_new(NULL);

	for (const char *c = folded; *c != '\0'; c++)
		if (!g_ascii_isspace(*c))
			g_string_append_c(text, *c);
		else if (text->len > 0 && text->str[text->len - 1] != ' ')
			g_string_append_c(text, ' ');
	return g_strchomp(g_string_free(text, FALSE));
}

void
hidden_subject_init(struct hidden_subject *hidden, const struct message *message)
{
	hidden->subjects = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < message->fields->len; i++) {
		const struct field *field = g_ptr_array_index(message->fields, i);
		g_autofree char *whole =
			field_is(field, "Subject") ? comparable(field->value) : NULL;
		const char *base = whole == NULL ? "" : without_prefixes(whole);

		if (*base == '\0')
			base = whole;
		if (base != NULL && *base != '\0')
			g_ptr_array_add(hidden->subjects, g_strdup(base));
	}
}

void
hidden_subject_clear(struct hidden_subject *hidden)
{
	g_ptr_array_unref(hidden->subjects);
}

/* Comments and Keywords describe the content (RFC 9788 §3.2.1, hcp_baseline); Thread-Topic repeats
 * the subject, and Thread-Index goes with it. */
static bool
has_telling_name(const struct field *field)
{
	static const char *const names[] = {"Comments", "Keywords", "Summary", "Thread-Index",
					    NULL};
	static const char *const words[] = {"subject", "topic", "title", NULL};
	g_autofree char *name = g_ascii_strdown(field->name, -1);

	if (field_is_one_of(field, names))
		return true;
	for (const char *const *word = words; *word != NULL; word++)
		if (strstr(name, *word) != NULL)
			return true;
	return false;
}

/* Fields that the mail needs in transit, or that say who writes to whom, stay outside whatever the
 * subject is. */
static bool
is_needed_outside(const struct field *field)
{
	static const char *const names[] = {
		"From",	       "Sender",      "Reply-To",	   "To",
		"Cc",	       "Date",	      "Message-ID",	   "References",
		"In-Reply-To", "Return-Path", "Received",	   "Auto-Submitted",
		"Precedence",  "Resent-From", "Resent-Sender",	   "Resent-To",
		"Resent-Cc",   "Resent-Date", "Resent-Message-ID", NULL};

	return field_is_one_of(field, names) || field_is_content(field) ||
	       g_ascii_strncasecmp(field->name, "List-", 5) == 0;
}

bool
hidden_subject_is_told(const struct hidden_subject *hidden, const struct field *field)
{
	g_autofree char *value = NULL;

	if (has_telling_name(field))
		return true;
	if (is_needed_outside(field))
		return false;
	value = comparable(field->value);
	for (guint i = 0; i < hidden->subjects->len; i++) {
		const char *subject = g_ptr_array_index(hidden->subjects, i);
		bool is_short = g_utf8_strlen(subject, -1) < SURELY;

		if (is_short ? strcmp(value, subject) == 0 : strstr(value, subject) != NULL)
			return true;
	}
	return false;
}
