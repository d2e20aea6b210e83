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
pictures_init(struct pictures *pictures, const struct content_source *content,
	      const struct layout *layout)
{
	const GPtrArray *related = layout->related;

	pictures->source = content;
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

static GArray *
no_pieces(void)
{
	GArray *pieces = g_array_new(FALSE, FALSE, sizeof(struct html_piece));

	g_array_set_clear_func(pieces, piece_clear);
	return pieces;
}

/* What the view shows: struct html_piece. *left: bytes of HTML; the total amount is limited. */
static bool
add_pieces(GArray *pieces, const struct content_source *content, const struct layout *layout,
	   const struct html_pictures *pictures, size_t *left, struct fault *fault)
{
	const struct layout_part *part;

	for (guint i = 0; (part = layout_shown(layout, LAYOUT_IN_HTML, i)) != NULL; i++) {
		struct html_piece piece = {.is_html = layout_is_html(part), .pictures = pictures};

		piece.text = content_text(content, part, *left, &piece.is_cut, fault);
		if (piece.text == NULL)
			return false;
		*left -= MIN(*left, strlen(piece.text));
		g_array_append_val(pieces, piece);
	}
	return true;
}

char *
formatted_document(const struct formatted *formatted, struct fault *fault)
{
	struct pictures pictures;
	const struct html_pictures found = {find_picture, &pictures};
	g_autoptr(GArray) pieces = no_pieces();
	size_t left = HTML_MAX;
	char *document = NULL;

	pictures_init(&pictures, formatted->content, formatted->layout);
	if (add_pieces(pieces, formatted->content, formatted->layout, &found, &left, fault))
		document = html_document(formatted->reader, (const struct html_piece *)pieces->data,
					 pieces->len, "Message", formatted->language, fault);
	g_hash_table_unref(pictures.by_cid);
	return document;
}

/* --- letters --- */

static void
add_ours(GArray *pieces, const char *markup)
{
	const struct html_piece piece = {.text = g_strdup(markup), .is_ours = true};

	if (markup != NULL)
		g_array_append_val(pieces, piece);
}

struct own_pictures {
	struct pictures pictures;
	struct html_pictures found;
};

static void
own_pictures_free(void *data)
{
	struct own_pictures *own = data;

	g_hash_table_unref(own->pictures.by_cid);
	g_free(own);
}

/* Each section has its own pictures: names may be the same in two messages. */
static const struct html_pictures *
add_pictures(GPtrArray *all, const struct content_source *content, const struct layout *layout)
{
	struct own_pictures *own = g_new0(struct own_pictures, 1);

	pictures_init(&own->pictures, content, layout);
	own->found = (struct html_pictures){find_picture, &own->pictures};
	g_ptr_array_add(all, own);
	return &own->found;
}

char *
formatted_letter(const struct formatted *formatted, const GArray *sections, const char *title,
		 struct fault *fault)
{
	g_autoptr(GArray) pieces = no_pieces();
	g_autoptr(GPtrArray) pictures = g_ptr_array_new_with_free_func(own_pictures_free);
	size_t left = HTML_MAX;

	for (guint i = 0; i < sections->len; i++) {
		const struct formatted_section *section =
			&g_array_index(sections, struct formatted_section, i);

		add_ours(pieces, section->before);
		if (section->layout != NULL &&
		    !add_pieces(pieces, formatted->content, section->layout,
				add_pictures(pictures, formatted->content, section->layout), &left,
				fault))
			return NULL;
		add_ours(pieces, section->after);
	}
	return html_document(formatted->reader, (const struct html_piece *)pieces->data,
			     pieces->len, title, formatted->language, fault);
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
	g_autoptr(GArray) pieces = no_pieces();
	size_t left = HTML_MAX;
	g_autofree char *document = NULL;

	if (asking->reader != NULL &&
	    add_pieces(pieces, asking->content, layout, &pictures, &left, &fault))
		document = html_document(asking->reader, (const struct html_piece *)pieces->data,
					 pieces->len, "", "en", &fault);
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
