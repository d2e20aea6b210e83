#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "core/quote.h"

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

static void put(int priority, const char *label, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void
put(int priority, const char *label, const char *format, va_list args)
{
	char line[LINE_MAX_BYTES];

	vsnprintf(line, sizeof line, format, args);
	quote_flatten(line); /* text from outside must not begin a second line, or appear to */
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
