#include "mail/mime_stream.h"

#include <unistd.h>

GMimeStream *
mime_stream_of_spool(const struct spool *spool, struct fault *fault)
{
	const void *memory;
	int fd = spool_descriptor(spool, &memory);
	gint64 size = (gint64)spool_size(spool);

	if (fd < 0)
		return g_mime_stream_mem_new_with_buffer(memory == NULL ? "" : memory, (size_t)size);
	fd = dup(fd);
	if (fd >= 0)
		return g_mime_stream_fs_new_with_bounds(fd, 0, size);
	fault_set(fault, FAULT_STORAGE, "looking into the message: no file descriptor left");
	return NULL;
}

GMimeStream *
mime_stream_of_part(GMimePart *part, bool as_text)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	const char *charset = g_mime_object_get_content_type_parameter(GMIME_OBJECT(part), "charset");
	GMimeStream *stream;
	GMimeFilter *filter;

	if (content == NULL)
		return g_mime_stream_mem_new();
	g_mime_stream_reset(g_mime_data_wrapper_get_stream(content));
	stream = g_mime_stream_filter_new(g_mime_data_wrapper_get_stream(content));
	filter = g_mime_filter_basic_new(g_mime_data_wrapper_get_encoding(content), FALSE);
	g_mime_stream_filter_add(GMIME_STREAM_FILTER(stream), filter);
	g_object_unref(filter);
	filter = as_text && charset != NULL ? g_mime_filter_charset_new(charset, "utf-8") : NULL;
	if (filter != NULL) {
		g_mime_stream_filter_add(GMIME_STREAM_FILTER(stream), filter);
		g_object_unref(filter);
	}
	return stream;
}
