#include "mail/signed_part.h"

#include <string.h>

enum { PIECE_BYTES = 65536, LINE_BYTES = 1024 };

enum mark { MARK_NONE, MARK_PART, MARK_END };

struct search {
	char *delimiter;  /* "--boundary" */
	GString *line;	  /* its beginning */
	uint64_t line_at; /* offsets in the body */
	uint64_t part_at, part_end;
	bool has_cr; /* the line before ended with CRLF */
	unsigned parts, ends;
};

static enum mark
mark_of(const struct search *search)
{
	const char *rest = search->line->str;
	bool is_end;

	if (!g_str_has_prefix(rest, search->delimiter))
		return MARK_NONE;
	rest += strlen(search->delimiter);
	is_end = g_str_has_prefix(rest, "--");
	rest += is_end ? 2 : 0;
	if (search->line->len >= LINE_BYTES || rest[strspn(rest, " \t\r")] != '\0')
		return MARK_NONE;
	return is_end ? MARK_END : MARK_PART;
}

static void
end_line(struct search *search, uint64_t next_at)
{
	enum mark mark = search->ends > 0 ? MARK_NONE : mark_of(search);

	if (mark == MARK_PART && ++search->parts == 1)
		search->part_at = next_at;
	else if (mark == MARK_PART && search->parts == 2)
		search->part_end = search->line_at - (search->has_cr ? 2 : 1);
	search->ends += mark == MARK_END;
	search->has_cr = search->line->len > 0 && search->line->str[search->line->len - 1] == '\r';
	search->line_at = next_at;
	g_string_truncate(search->line, 0);
}

static void
look(struct search *search, const char *piece, size_t length, uint64_t offset)
{
	const char *at = piece, *stop = piece + length;

	while (at < stop) {
		const char *end = memchr(at, '\n', (size_t)(stop - at));
		size_t part = (size_t)((end == NULL ? stop : end) - at);

		g_string_append_len(search->line, at,
				    (gssize)MIN(part, LINE_BYTES - search->line->len));
		/* Of a long line, the last character tells how it ended. */
		if (search->line->len == LINE_BYTES && part > 0)
			search->line->str[LINE_BYTES - 1] = at[part - 1];
		at += part + (end != NULL);
		if (end != NULL)
			end_line(search, offset + (uint64_t)(at - piece));
	}
}

bool
signed_part_find(const struct message *message, const char *boundary, struct spool_part *part_r,
		 bool *found_r, struct fault *fault)
{
	g_autofree char *piece = g_malloc(PIECE_BYTES),
			*delimiter = g_strconcat("--", boundary, NULL);
	g_autoptr(GString) line = g_string_new(NULL);
	struct search search = {.delimiter = g_strchomp(delimiter), .line = line};
	uint64_t offset = 0;
	size_t got;

	do {
		if (!spool_read(message->body, offset, piece, PIECE_BYTES, &got, fault))
			return false;
		look(&search, piece, got, offset);
		offset += got;
	} while (got > 0);
	end_line(&search, offset);
	*found_r = search.parts == 2 && search.ends == 1 && search.part_end >= search.part_at;
	*part_r = (struct spool_part){.spool = message->body,
				      .offset = search.part_at,
				      .length = search.part_end - search.part_at};
	return true;
}
