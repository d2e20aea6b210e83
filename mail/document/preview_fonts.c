#include "mail/document/preview_fonts.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>

#include <ft2build.h>
#include FT_FREETYPE_H

#include "core/reader/serve.h"

static GHashTable *kept; /* GBytes by path */
static bool is_closed;

void
preview_fonts_keep(const char *path)
{
	char *bytes;
	gsize length;

	if (kept == NULL)
		kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					     (GDestroyNotify)g_bytes_unref);
	if (!g_hash_table_contains(kept, path) && g_file_get_contents(path, &bytes, &length, NULL))
		g_hash_table_insert(kept, g_strdup(path), g_bytes_new_take(bytes, length));
}

void
preview_fonts_close(void)
{
	is_closed = true;
}

static GBytes *
find(const char *path)
{
	return kept == NULL ? NULL : g_hash_table_lookup(kept, path);
}

/* --- in the place of functions of libraries ---
 *
 * A program's own functions come before those of libraries: poppler calls these. Until the files
 * are closed, they do the same. */

typedef FILE *open_stream(const char *path, const char *mode);

static FILE *
open_kept(const char *path, const char *mode, const char *name)
{
	GBytes *bytes = find(path);
	open_stream *real;
	gsize length;
	const char *data;

	if (!is_closed) {
		real = (open_stream *)dlsym(RTLD_NEXT, name);
		return real == NULL ? NULL : real(path, mode);
	}
	if (bytes == NULL)
		reader_refuse(READER_DAMAGED);
	data = g_bytes_get_data(bytes, &length);
	return fmemopen((char *)data, length, "r"); /* it only reads */
}

/* To find out what kind of font a file is. A page that lacks words is worse than none. */
FILE *
fopen(const char *path, const char *mode)
{
	return open_kept(path, mode, "fopen");
}

FILE *
fopen64(const char *path, const char *mode)
{
	return open_kept(path, mode, "fopen64");
}

static FT_Error
open_file(FT_Library library, const char *path, FT_Long index, FT_Face *face_r)
{
	const FT_Open_Args file = {.flags = FT_OPEN_PATHNAME, .pathname = (char *)path};

	return FT_Open_Face(library, &file, index, face_r);
}

/* To read the font. */
FT_Error
FT_New_Face(FT_Library library, const char *path, FT_Long index, FT_Face *face_r)
{
	GBytes *bytes = find(path);
	const FT_Byte *data;
	gsize length;

	if (!is_closed)
		return open_file(library, path, index, face_r);
	if (bytes == NULL)
		return FT_Err_Cannot_Open_Resource;
	data = g_bytes_get_data(bytes, &length);
	return FT_New_Memory_Face(library, data, (FT_Long)length, index, face_r);
}
