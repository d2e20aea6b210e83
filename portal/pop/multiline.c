#include "portal/pop/multiline.h"

#include <string.h>

/* Does the line have anything between these, given what came before? The CR that ends it is
 * nothing, but one that turns out to be within it is. */
static bool
has_more_text(const struct multiline_sink *multiline, const char *from, const char *end)
{
	return multiline->has_text || end - from > 1 || (end - from == 1 && *from != '\r') ||
	       (end > from && multiline->after_cr);
}

static void
count_line(struct multiline_sink *multiline)
{
	if (multiline->in_body)
		multiline->lines_left--;
	else
		multiline->in_body = !multiline->has_text;
	multiline->is_full = multiline->in_body && multiline->lines_left == 0;
}

static void
end_line(struct multiline_sink *multiline)
{
	if (multiline->is_limited)
		count_line(multiline);
	multiline->has_begun = multiline->has_text = multiline->after_cr = false;
}

/* What is passed on as it is, from `kept` on, until something has to be put between. */
static bool
put(struct multiline_sink *multiline, const char **kept, const char *until, const char *between,
    struct fault *fault)
{
	size_t length = (size_t)(until - *kept);

	if (length > 0 && !sink_write(multiline->next, *kept, length, fault))
		return false;
	*kept = until;
	return *between == '\0' || sink_write(multiline->next, between, strlen(between), fault);
}

/* Takes one line, or what there is of it; *at moves past it. */
static bool
take_line(struct multiline_sink *multiline, const char **kept, const char **at, const char *end,
	  struct fault *fault)
{
	const char *from = *at, *feed = memchr(from, '\n', (size_t)(end - from));
	const char *until = feed == NULL ? end : feed;
	bool after_cr = until > from ? until[-1] == '\r' : multiline->after_cr;

	if (!multiline->has_begun && *from == '.' && !put(multiline, kept, from, ".", fault))
		return false;
	multiline->has_text = has_more_text(multiline, from, until);
	multiline->has_begun = true;
	multiline->after_cr = after_cr;
	*at = until;
	if (feed == NULL)
		return true;
	if (!after_cr && !put(multiline, kept, feed, "\r", fault))
		return false;
	*at = feed + 1;
	end_line(multiline);
	return true;
}

static bool
take(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct multiline_sink *multiline = (struct multiline_sink *)sink;
	const char *at = data, *kept = at, *end = at + length;

	while (at < end && !multiline->is_full)
		if (!take_line(multiline, &kept, &at, end, fault))
			return false;
	return put(multiline, &kept, at, "", fault);
}

static bool
finish(struct sink *sink, struct fault *fault)
{
	struct multiline_sink *multiline = (struct multiline_sink *)sink;
	const char *ending = !multiline->has_begun ? "" : multiline->after_cr ? "\n" : "\r\n";

	return sink_print(multiline->next, fault, "%s.\r\n", ending);
}

void
multiline_sink_init(struct multiline_sink *multiline, struct sink *next,
		    const unsigned long *lines_max)
{
	*multiline = (struct multiline_sink){.sink = {.write = take, .finish = finish},
					     .next = next,
					     .is_limited = lines_max != NULL,
					     .lines_left = lines_max == NULL ? 0 : *lines_max};
}
