#include "core/log.h"

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2048 };

static const char *program = "postseal";
static bool syslog_wanted;

void
log_open(const char *name, bool to_syslog)
{
	program = name;
	syslog_wanted = to_syslog;
	if (to_syslog)
		openlog(name, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

/* Text that came from outside must not start a second line in the log. */
static void
flatten(char *line)
{
	for (; *line != '\0'; line++)
		if ((unsigned char)*line < 0x20 || *line == 0x7f)
			*line = ' ';
}

char *
log_quoted(const char *text)
{
	GString *quoted = g_string_new("\"");

	for (; *text != '\0'; text++)
		if (*text == '"' || *text == '\\' || (unsigned char)*text < 0x20 || *text == 0x7f)
			g_string_append_printf(quoted, "\\x%02x", (unsigned char)*text);
		else
			g_string_append_c(quoted, *text);
	return g_string_free(g_string_append_c(quoted, '"'), FALSE);
}

static void put(int priority, const char *label, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void
put(int priority, const char *label, const char *format, va_list args)
{
	char line[LINE_MAX_BYTES];

	vsnprintf(line, sizeof line, format, args);
	flatten(line);
	if (syslog_wanted)
		syslog(priority, "%s%s", label, line);
	else
		fprintf(stderr, "%s[%d]: %s%s\n", program, (int)getpid(), label, line);
}

#define DEFINE_LEVEL(function, priority, label)                                                    \
	void function(const char *format, ...)                                                     \
	{                                                                                          \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, format);                                                            \
		put(priority, label, format, args);                                                \
		va_end(args);                                                                      \
	}

DEFINE_LEVEL(log_info, LOG_INFO, "")
DEFINE_LEVEL(log_warning, LOG_WARNING, "warning: ")
DEFINE_LEVEL(log_error, LOG_ERR, "error: ")
