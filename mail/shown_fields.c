#include "mail/shown_fields.h"

#include <glib.h>

const char *const shown_fields[SHOWN_FIELDS] = {
	"Subject",	  "Thread-Topic", "Comments", "Keywords", "From", "Sender",
	"Reply-To",	  "To",		  "Cc",	      "Bcc",	  "Date", "Organization",
	"X-Message-Flag", /* what Outlook asks its reader to do */
};

/* RFC 5322 3.3, and 4.3 with the names of zones. */
static const char date[] =
	"^\\s*(?:[A-Za-z]{3}\\s*,\\s*)?[0-9]{1,2}\\s+[A-Za-z]{3}\\s+[0-9]{2,4}\\s+"
	"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:\\s+(?:[+-][0-9]{4}|[A-Za-z]{1,4}))?\\b";

/* Every message has a date: it is compiled once. */
static const GRegex *
date_regex(void)
{
	static GRegex *regex;
	static gsize made;

	if (g_once_init_enter(&made)) {
		regex = g_regex_new(date, G_REGEX_RAW, 0, NULL);
		g_once_init_leave(&made, 1);
	}
	return regex;
}

static const char *
behind_date(const char *text)
{
	g_autoptr(GMatchInfo) match = NULL;
	int from, to;

	if (!g_regex_match(date_regex(), text, 0, &match) ||
	    !g_match_info_fetch_pos(match, 0, &from, &to))
		return text;
	return text + to;
}

const char *
shown_field_text(const char *name, const char *text)
{
	return g_ascii_strcasecmp(name, "Date") == 0 ? behind_date(text) : text;
}
