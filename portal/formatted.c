#include "portal/formatted.h"

#include <string.h>

#include "core/log.h"
#include "mail/html.h"

/* --- pictures --- */

/* A picture is read once, however often the HTML shows it, and not again if there is no room for
 * it: a small mail may refer to a large picture ten thousand times. */
struct picture {
	const struct layout_part *part;
	bool is_tried;
	GBytes *bytes; /* NULL: it cannot be read */
};

struct pictures {
	const struct content_source *source;
	GHashTable *by_cid; /* struct picture */
	size_t left;	    /* bytes, for pictures that are shown again */
};

static void
picture_free(struct picture *picture)
{
	g_clear_pointer(&picture->bytes, g_bytes_unref);
	g_free(picture);
}

static void
pictures_init(struct pictures *pictures, const struct formatted *formatted)
{
	const GPtrArray *related = formatted->layout->related;

	pictures->source = formatted->content;
	pictures->left = LAYOUT_PICTURES_MAX;
	pictures->by_cid =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)picture_free);
	for (guint i = 0; i < related->len; i++) {
		const struct layout_part *part = g_ptr_array_index(related, i);
		struct picture *picture;

		if (part->cid == NULL || g_hash_table_contains(pictures->by_cid, part->cid))
			continue;
		picture = g_new0(struct picture, 1);
		picture->part = part;
		g_hash_table_insert(pictures->by_cid, part->cid, picture);
	}
}

static void
read_picture(const struct pictures *pictures, struct picture *picture)
{
	struct fault fault = {0};

	picture->is_tried = true;
	picture->bytes =
		content_bytes(pictures->source, picture->part, LAYOUT_PICTURES_MAX, &fault);
	if (fault.cause != FAULT_NONE)
		log_error("showing a picture: %s", fault.text);
}

/* The layout limits the bytes of all pictures, so each is shown at least once. */
static bool
find_picture(void *context, const char *cid, GBytes **bytes_r, const char **type_r)
{
	struct pictures *pictures = context;
	struct picture *picture = g_hash_table_lookup(pictures->by_cid, cid);
	bool is_first = picture != NULL && !picture->is_tried;

	if (picture == NULL)
		return false;
	if (is_first)
		read_picture(pictures, picture);
	if (picture->bytes == NULL)
		return false;
	if (!is_first) {
		if (g_bytes_get_size(picture->bytes) > pictures->left)
			return false;
		pictures->left -= g_bytes_get_size(picture->bytes);
	}
	*bytes_r = g_bytes_ref(picture->bytes);
	*type_r = picture->part->type;
	return true;
}

/* --- the document --- */

static void
piece_clear(void *data)
{
	g_free(((struct html_piece *)data)->text);
}

/* What the view shows: struct html_piece. The total amount of HTML is limited. */
static GArray *
pieces_of(const struct content_source *content, const struct layout *layout, struct fault *fault)
{
	g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct html_piece));
	const struct layout_part *part;
	size_t left = HTML_MAX;

	g_array_set_clear_func(pieces, piece_clear);
	for (guint i = 0; (part = layout_shown(layout, LAYOUT_IN_HTML, i)) != NULL; i++) {
		struct html_piece piece = {.is_html = layout_is_html(part)};

		piece.text = content_text(content, part, left, &piece.is_cut, fault);
		if (piece.text == NULL)
			return NULL;
		left -= MIN(left, strlen(piece.text));
		g_array_append_val(pieces, piece);
	}
	return g_steal_pointer(&pieces);
}

char *
formatted_document(const struct formatted *formatted, struct fault *fault)
{
	struct pictures pictures;
	const struct html_pictures found = {find_picture, &pictures};
	g_autoptr(GArray) pieces = pieces_of(formatted->content, formatted->layout, fault);
	char *document;

	if (pieces == NULL)
		return NULL;
	pictures_init(&pictures, formatted);
	document = html_document(formatted->reader, (const struct html_piece *)pieces->data,
				 pieces->len, &found, formatted->language, fault);
	g_hash_table_unref(pictures.by_cid);
	return document;
}

/* --- which pictures are shown --- */

struct asking {
	struct reader *reader;
	const struct content_source *content;
	bool is_answered;
};

static bool
note_picture(void *context, const char *cid, GBytes **bytes_r, const char **type_r)
{
	GHashTable *shown = context;

	(void)bytes_r;
	(void)type_r;
	g_hash_table_add(shown, g_strdup(cid));
	return false;
}

/* The document as it will be shown, but without pictures. A document that cannot be shown shows
 * none. */
static void
ask_which(void *context, const struct layout *layout, GHashTable *shown)
{
	struct asking *asking = context;
	const struct html_pictures pictures = {note_picture, shown};
	struct fault fault = {0};
	g_autoptr(GArray) pieces = NULL;
	g_autofree char *document = NULL;

	if (asking->reader != NULL)
		pieces = pieces_of(asking->content, layout, &fault);
	if (pieces != NULL)
		document = html_document(asking->reader, (const struct html_piece *)pieces->data,
					 pieces->len, &pictures, "en", &fault);
	if (document == NULL && fault.cause != FAULT_INPUT)
		asking->is_answered = false;
	if (document == NULL)
		g_hash_table_remove_all(shown);
}

bool
formatted_sort_pictures(struct reader *reader, const struct content_source *content,
			struct layout *layout)
{
	struct asking asking = {reader, content, true};

	layout_sort_pictures(layout, ask_which, &asking);
	return asking.is_answered;
}
