/*
 * One range of bytes of a download (RFC 9110 §14): so that a browser goes on where a connection
 * broke. Several ranges in one request are not supported, which the standard allows: the whole is
 * sent.
 */
#ifndef POSTSEAL_PORTAL_WEB_RANGE_H
#define POSTSEAL_PORTAL_WEB_RANGE_H

#include "portal/web/request.h"

enum range { RANGE_WHOLE, RANGE_PART, RANGE_NOT_SATISFIABLE };

/* `text` is the field Range, or NULL; `size` that of the whole. The bytes from *from_r to before
 * *to_r are wanted. */
enum range range_parse(const char *text, uint64_t size, uint64_t *from_r, uint64_t *to_r);
/* Of this request. `tag` is the entity tag, with its quotes: If-Range (RFC 9110 §13.1.5) asks for
 * the whole if it is another one. */
enum range range_of(const struct web_request *web, const char *tag, uint64_t size, uint64_t *from_r,
		    uint64_t *to_r);
/* Adds the fields that say what the response has of the whole. */
void range_describe(struct MHD_Response *response, enum range range, uint64_t size, uint64_t from,
		    uint64_t to);

#endif
