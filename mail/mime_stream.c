#include "mail/mime_stream.h"

#include <errno.h>
#include <string.h>

void
mime_start(void)
{
	g_mime_init();
	/* We decode words ourselves (encoded_words.h). GMime looks through the rest of a field for
	 * the end of each word that has none, if it is to be lenient. */
	g_mime_parser_options_set_rfc2047_compliance_mode(g_mime_parser_options_get_default(),
							  GMIME_RFC_COMPLIANCE_STRICT);
}

/* What a stream and the streams of the parts within it share. */
struct source {
	gint references;
	GString *header;
	const struct spool *body;
};

struct entity_stream {
	GMimeStream stream;
	struct source *source;
};

typedef GMimeStreamClass entity_streamClass; /* the name that G_DEFINE_TYPE() requires */
typedef struct entity_stream entity_stream;

GType entity_stream_get_type(void);
G_DEFINE_TYPE(entity_stream, entity_stream, GMIME_TYPE_STREAM)

static struct source *
source_of(GMimeStream *stream)
{
	return ((struct entity_stream *)stream)->source;
}

static void
source_unref(struct source *source)
{
	if (source == NULL || !g_atomic_int_dec_and_test(&source->references))
		return;
	g_string_free(source->header, TRUE);
	g_free(source);
}

static void
entity_stream_finalize(GObject *object)
{
	source_unref(((struct entity_stream *)object)->source);
	G_OBJECT_CLASS(entity_stream_parent_class)->finalize(object);
}

static GMimeStream *
stream_new(struct source *source, gint64 start, gint64 end)
{
	struct entity_stream *stream = g_object_new(entity_stream_get_type(), NULL);

	g_mime_stream_construct(&stream->stream, start, end);
	stream->source = source;
	g_atomic_int_inc(&source->references);
	return &stream->stream;
}

static gint64
end_of(GMimeStream *stream)
{
	const struct source *source = source_of(stream);

	return stream->bound_end != -1 ? stream->bound_end
				       : (gint64)(source->header->len + spool_size(source->body));
}

/* The spool keeps the fault of a read that failed. */
static ssize_t
stream_read(GMimeStream *stream, char *data, size_t length)
{
	const struct source *source = source_of(stream);
	size_t at = (size_t)stream->position, got;
	gint64 left = end_of(stream) - stream->position;
	struct fault fault;

	length = (size_t)MIN((gint64)length, MAX(left, 0));
	if (length == 0)
		return 0;
	if (at < source->header->len) {
		got = MIN(length, source->header->len - at);
		memcpy(data, source->header->str + at, got);
	} else if (!spool_read(source->body, at - source->header->len, data, length, &got,
			       &fault)) {
		errno = EIO;
		return -1;
	}
	stream->position += (gint64)got;
	return (ssize_t)got;
}

static ssize_t
stream_write(GMimeStream *stream, const char *data, size_t length)
{
	(void)stream;
	(void)data;
	(void)length;
	errno = EBADF;
	return -1;
}

static int
do_nothing(GMimeStream *stream)
{
	(void)stream;
	return 0;
}

static gboolean
stream_eos(GMimeStream *stream)
{
	return stream->position >= end_of(stream);
}

static gint64
stream_seek(GMimeStream *stream, gint64 offset, GMimeSeekWhence whence)
{
	gint64 real = offset;

	if (whence == GMIME_STREAM_SEEK_CUR)
		real += stream->position;
	else if (whence == GMIME_STREAM_SEEK_END)
		real += end_of(stream);
	if (real < stream->bound_start || real > end_of(stream)) {
		errno = EINVAL;
		return -1;
	}
	return stream->position = real;
}

static gint64
stream_tell(GMimeStream *stream)
{
	return stream->position;
}

static gint64
stream_length(GMimeStream *stream)
{
	return end_of(stream) - stream->bound_start;
}

static GMimeStream *
stream_substream(GMimeStream *stream, gint64 start, gint64 end)
{
	return stream_new(source_of(stream), start, end);
}

static void
entity_stream_class_init(entity_streamClass *class)
{
	((GObjectClass *)class)->finalize = entity_stream_finalize;
	class->read = stream_read;
	class->write = stream_write;
	class->flush = class->close = class->reset = do_nothing;
	class->eos = stream_eos;
	class->seek = stream_seek;
	class->tell = stream_tell;
	class->length = stream_length;
	class->substream = stream_substream;
}

static void
entity_stream_init(struct entity_stream *stream)
{
	stream->source = NULL;
}

GMimeStream *
mime_stream_of_entity(const GString *header, const struct spool *body)
{
	struct source *source = g_new0(struct source, 1);

	source->header = header == NULL ? g_string_new(NULL)
					: g_string_new_len(header->str, (gssize)header->len);
	source->body = body;
	return stream_new(source, 0, -1);
}

bool
mime_stream_is_good(GMimeStream *stream, struct fault *fault)
{
	return spool_check(source_of(stream)->body, fault) ||
	       fault_within(fault, "reading the message");
}

GMimeStream *
mime_stream_of_part(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *stream;
	GMimeFilter *filter;

	if (content == NULL)
		return g_mime_stream_mem_new();
	g_mime_stream_reset(g_mime_data_wrapper_get_stream(content));
	stream = g_mime_stream_filter_new(g_mime_data_wrapper_get_stream(content));
	filter = g_mime_filter_basic_new(g_mime_data_wrapper_get_encoding(content), FALSE);
	g_mime_stream_filter_add(GMIME_STREAM_FILTER(stream), filter);
	g_object_unref(filter);
	return stream;
}

size_t
mime_stream_fill(GMimeStream *stream, char *buffer, size_t size)
{
	size_t length = 0;
	ssize_t got;

	while (length < size &&
	       (got = g_mime_stream_read(stream, buffer + length, size - length)) > 0)
		length += (size_t)got;
	return length;
}
