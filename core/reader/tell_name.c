#include "core/reader/tell_name.h"

#include <glib.h>
#include <string.h>

#include "core/reader/serve.h"

enum { NAME_TOLD_MAX = 1024 }; /* bytes */

void
reader_tell_name(enum reader_piece piece, const char *name)
{
	const size_t length = strlen(name), most = MIN(length, (size_t)NAME_TOLD_MAX);
	const char *from = name + length - most;

	while (from != name && (*from & 0xc0) == 0x80)
		from++; /* not from within a character */
	reader_tell(piece, from, strlen(from));
}
