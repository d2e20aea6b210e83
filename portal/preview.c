#include "portal/preview.h"

#include <string.h>

#include "core/log.h"
#include "mail/preview.h"
#include "portal/answer.h"
#include "portal/item.h"

/* NULL: there is none for such a part. Many programs say that a file has any type, and name it
 * well. */
static const char *
format_of(const struct layout_part *part)
{
	static const struct {
		const char *type, *ending, *format;
	} kinds[] = {
		{"application/pdf", ".pdf", PREVIEW_OF_PDF},
		{"image/jpeg", ".jpg", PREVIEW_OF_PICTURE},
		{"image/jpg", ".jpeg", PREVIEW_OF_PICTURE},
		{"image/png", ".png", PREVIEW_OF_PICTURE},
	};
	const bool is_any = strcmp(part->type, "application/octet-stream") == 0;
	g_autofree char *lower = g_ascii_strdown(part->name, -1);

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(part->type, kinds[i].type) == 0 ||
		    (is_any && g_str_has_suffix(lower, kinds[i].ending)))
			return kinds[i].format;
	return NULL;
}

bool
preview_is_offered(const struct layout_part *part)
{
	return format_of(part) != NULL && layout_size(part) <= READER_PREVIEW_MAX;
}

/* The part is never in a file outside of the database, not even for a moment. */
static GBytes *
make_preview(const struct request *request, const struct mailbox_item *item,
	     const struct layout_part *part, struct fault *fault)
{
	static const struct spool_settings in_memory = {.memory_max = READER_PREVIEW_MAX,
							.size_max = READER_PREVIEW_MAX};
	g_autoptr(spool_auto) spool = spool_new(&in_memory);
	g_autoptr(content_auto) content = content_open(&item->content, part);
	struct spool_part whole = {.spool = spool};

	if (!content_copy(content, spool_sink(spool), fault))
		return NULL;
	whole.length = spool_size(spool);
	return reader_ask_part(request->portal->preview_reader, format_of(part), &whole, fault);
}

/* Those that fail are counted: a message of which enough was tried has no more. */
static GBytes *
try_preview(const struct request *request, const struct mailbox_item *item,
	    const struct layout_part *part, struct fault *fault)
{
	struct failed_previews *failed = request->portal->failed_previews;
	const gint64 begun = g_get_monotonic_time();
	GBytes *preview;

	if (!failed_previews_may_try(failed, item->id.text, begun))
		return NULL;
	preview = make_preview(request, item, part, fault);
	if (preview == NULL && fault->cause == FAULT_INPUT)
		failed_previews_add(failed, item->id.text,
				    (g_get_monotonic_time() - begun) / G_TIME_SPAN_MILLISECOND,
				    begun);
	return preview;
}

/* One pixel that lets everything through, in place of what cannot be shown. */
static GBytes *
nothing(void)
{
	static const unsigned char pixel[] = {
		'G', 'I', 'F', '8', '9', 'a', 1,    0,	  1, 0, 0x80, 0,    0, 0, 0,
		0,   0,	  0,   0,   0,	 0,   0x21, 0xf9, 4, 1, 0,    0,    0, 0, 0x2c,
		0,   0,	  0,   0,   1,	 0,   1,    0,	  0, 2, 2,    0x44, 1, 0, 0x3b};

	return g_bytes_new_static(pixel, sizeof pixel);
}

static void
release(void *bytes)
{
	g_bytes_unref(bytes);
}

/* A reader that was taken over could answer anything: browsers are told that it is a picture, and
 * nothing else (X-Content-Type-Options). */
static enum MHD_Result
answer_picture(struct request *request, GBytes *bytes, const char *type)
{
	gsize length;
	const void *data = g_bytes_get_data(bytes, &length);
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		length, (void *)data, release, bytes);

	MHD_add_response_header(response, "Content-Type", type);
	return answer_response(request, MHD_HTTP_OK, response);
}

static bool
is_about_the_part(const struct fault *fault)
{
	return fault->cause == FAULT_INPUT || fault->cause == FAULT_TOO_BIG ||
	       fault->cause == FAULT_OVERLOAD || fault->cause == FAULT_STORAGE;
}

enum MHD_Result
preview_show(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	g_auto(GStrv) words = g_strsplit(request->web.tail, "/", 2);
	struct mailbox_use use = {.part = MAILBOX_PREVIEW};
	const struct layout_part *part;
	enum MHD_Result answered;
	struct fault fault = {0};
	GBytes *preview;

	if (g_strv_length(words) != 2)
		return answer_not_found(request);
	use.attachment = words[1];
	if (!item_open(request, words[0], &use, &item, &answered))
		return answered;
	part = layout_attachment(item.layout, words[1]);
	if (!preview_is_offered(part))
		return answer_not_found(request);
	request_rest(request);
	preview = try_preview(request, &item, part, &fault);
	if (preview != NULL && g_bytes_get_size(preview) > 0)
		return answer_picture(request, preview, "image/jpeg");
	if (preview != NULL)
		g_bytes_unref(preview);
	if (fault.cause == FAULT_NONE)
		return answer_picture(request, nothing(), "image/gif");
	if (!is_about_the_part(&fault))
		return answer_fault(request, &fault);
	log_error("%s: %s", request->route->path, fault.text);
	return answer_picture(request, nothing(), "image/gif");
}
