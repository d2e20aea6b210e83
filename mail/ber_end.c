#include "mail/ber_end.h"

#include <glib.h>

enum { DEPTH_MAX = 100, LONG_TAG = 0x1f, CONSTRUCTED = 0x20, MORE = 0x80, INDEFINITE = 0x80 };

/* Number of octets in the identifier (§8.1.2); 0: not known yet. */
static size_t
identifier_length(const struct ber_end *end)
{
	if ((end->header[0] & LONG_TAG) != LONG_TAG)
		return 1;
	for (size_t i = 1; i < end->header_length; i++)
		if ((end->header[i] & MORE) == 0)
			return i + 1;
	return 0;
}

static void
begin_contents(struct ber_end *end, const unsigned char *octets, size_t count)
{
	bool is_constructed = (end->header[0] & CONSTRUCTED) != 0;

	if (octets[0] == INDEFINITE) {
		end->is_broken |= !is_constructed || ++end->depth > DEPTH_MAX;
	} else if (end->header[0] == 0 && octets[0] == 0) { /* end-of-contents, §8.1.5 */
		end->is_broken |= end->depth == 0;
		end->depth -= end->depth > 0;
	} else {
		end->left = count == 1 ? octets[0] : 0;
		for (size_t i = 1; i < count; i++)
			end->left = end->left << 8 | octets[i];
	}
	end->has_ended = end->depth == 0 && end->left == 0;
}

/* Called after each byte of a header, until the header is complete. */
static void
see_header(struct ber_end *end)
{
	size_t from = identifier_length(end), count;

	if (from > 0 && from < end->header_length) {
		const unsigned char *octets = end->header + from;

		count = octets[0] > INDEFINITE ? 1 + (size_t)(octets[0] & 0x7f) : 1;
		end->is_broken |= count > 8;
		if (end->is_broken || end->header_length < from + count)
			return;
		begin_contents(end, octets, count);
		end->header_length = 0;
	} else if (end->header_length == sizeof end->header) {
		end->is_broken = true;
	}
}

void
ber_end_step(struct ber_end *end, const void *data, size_t length)
{
	const unsigned char *at = data, *stop = at + length;

	while (at < stop && !end->is_broken) {
		if (end->has_ended) {
			end->is_broken = true;
		} else if (end->left > 0) {
			size_t part = (size_t)MIN(end->left, (uint64_t)(stop - at));

			at += part;
			end->left -= part;
			end->has_ended = end->depth == 0 && end->left == 0;
		} else {
			end->header[end->header_length++] = *at++;
			see_header(end);
		}
	}
}

bool
ber_end_is_here(const struct ber_end *end)
{
	return end->has_ended && !end->is_broken;
}
