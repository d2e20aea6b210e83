#include "mail/document/pdf_text.h"

#include <poppler.h>
#include <stdio.h>
#include <string.h>

#include "core/reader/serve.h"
#include "core/reader/tell_name.h"
#include "mail/document/pdf_raw.h"
#include "mail/document/text_out.h"

enum {
	PAGES_MAX = 10000,
	FILES_MAX = 1000,
	OUTLINE_DEPTH_MAX = 32,
	TAGS_DEPTH_MAX = 128,
	CONTROLS_MAX = 12, /* characters of a page: fewer than a number has */
};

static bool lacks_characters, has_unknown_characters, has_fields;

static void
tell_opaque(enum reader_piece piece, const char *why)
{
	reader_tell(piece, why, strlen(why));
}

static void
put_line(const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	text_out(text, strlen(text));
	text_out_line();
}

/* An empty line: digits behind it are not those of a number before it. */
static void
begin_anew(void)
{
	text_out_line();
}

static void
take_line(char *text)
{
	put_line(text);
	g_free(text);
}

/* --- what poppler complains about --- */

static GLogWriterOutput
note_complaint(GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data)
{
	(void)level, (void)data;
	for (gsize i = 0; i < count; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			lacks_characters |= strstr(fields[i].value, "language pack") != NULL ||
					    strstr(fields[i].value, "CMap") != NULL;
	return G_LOG_WRITER_HANDLED;
}

/* --- files in the document --- */

static gboolean
tell_content(const gchar *bytes, gsize length, gpointer data, GError **error)
{
	(void)data, (void)error;
	while (length > 0) {
		const gsize most = MIN(length, (gsize)READER_PIECE_MAX);

		reader_tell(READER_CONTENT, bytes, most);
		bytes += most;
		length -= most;
	}
	return TRUE;
}

static void
tell_file(PopplerAttachment *attachment)
{
	const char *said = poppler_attachment_get_name(attachment),
		   *name = said == NULL ? "" : said;
	static unsigned count;

	if (++count > FILES_MAX)
		reader_refuse(READER_TOO_MANY);
	put_line(poppler_attachment_get_description(attachment));
	reader_tell_name(READER_NAME, name);
	reader_tell_name(READER_FILE, name);
	if (!poppler_attachment_save_to_callback(attachment, tell_content, NULL, NULL))
		tell_opaque(READER_OPAQUE_FILES, "holds a file that cannot be read");
	g_object_unref(attachment);
}

static void
tell_files(PopplerDocument *document)
{
	GList *files = poppler_document_has_attachments(document)
			       ? poppler_document_get_attachments(document)
			       : NULL;

	for (GList *file = files; file != NULL; file = file->next)
		tell_file(file->data);
	g_list_free(files);
}

/* --- pages --- */

static void
put_note(PopplerAnnot *note)
{
	take_line(poppler_annot_get_contents(note));
	if (POPPLER_IS_ANNOT_MARKUP(note)) {
		take_line(poppler_annot_markup_get_label(POPPLER_ANNOT_MARKUP(note)));
		take_line(poppler_annot_markup_get_subject(POPPLER_ANNOT_MARKUP(note)));
	}
	if (POPPLER_IS_ANNOT_FILE_ATTACHMENT(note)) {
		PopplerAttachment *file = poppler_annot_file_attachment_get_attachment(
			POPPLER_ANNOT_FILE_ATTACHMENT(note));

		if (file != NULL)
			tell_file(file);
	}
}

static void
put_names(PopplerFormField *field)
{
	take_line(poppler_form_field_get_name(field));
	take_line(poppler_form_field_get_alternate_ui_name(field));
	take_line(poppler_form_field_get_mapping_name(field));
}

static void
put_value(PopplerFormField *field)
{
	has_fields = true;
	if (poppler_form_field_get_field_type(field) == POPPLER_FORM_FIELD_TEXT)
		take_line(poppler_form_field_text_get_text(field));
	if (poppler_form_field_get_field_type(field) == POPPLER_FORM_FIELD_CHOICE) {
		take_line(poppler_form_field_choice_get_text(field));
		for (int i = 0; i < poppler_form_field_choice_get_n_items(field); i++)
			take_line(poppler_form_field_choice_get_item(field, i));
	}
}

/* Values first: of a number with a field for each digit, they are beside each other. The library
 * has the last field first. */
static GList *
put_fields(GList *fields)
{
	fields = g_list_reverse(fields);
	for (GList *field = fields; field != NULL; field = field->next)
		put_value(((PopplerFormFieldMapping *)field->data)->field);
	for (GList *field = fields; field != NULL; field = field->next)
		put_names(((PopplerFormFieldMapping *)field->data)->field);
	return fields;
}

/* A font that does not say which characters its shapes are gives their numbers, of which many are
 * those of no character. */
static void
look_for_unknown(const char *text)
{
	unsigned controls = 0;

	for (; *text != '\0'; text++)
		controls += *text > 0 && *text < ' ' && strchr("\t\n\v\f\r", *text) == NULL;
	has_unknown_characters |= controls > CONTROLS_MAX;
}

static bool
is_hyphen(gunichar c)
{
	return c == '-' || c == 0xad || c == 0x2010;
}

/* Words that a line end divides, each as a whole: nothing tells a hyphen that was put in for the
 * line's sake from one that belongs to the word. */
static void
put_divided_words(const char *text)
{
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
		const char *hyphen = at == text ? at : g_utf8_prev_char(at), *begin = hyphen,
			   *end = at + 1;

		if (!is_hyphen(g_utf8_get_char(hyphen)) || !g_unichar_islower(g_utf8_get_char(end)))
			continue;
		while (begin > text && g_unichar_isalpha(g_utf8_get_char(g_utf8_prev_char(begin))))
			begin = g_utf8_prev_char(begin);
		while (g_unichar_isalpha(g_utf8_get_char(end)))
			end = g_utf8_next_char(end);
		if (begin == hyphen)
			continue;
		text_out(begin, (size_t)(hyphen - begin));
		text_out(at + 1, (size_t)(end - at - 1));
		text_out_line();
	}
}

static void
put_text(PopplerPage *page)
{
	char *text = poppler_page_get_text(page);

	put_line(text);
	if (text != NULL) {
		look_for_unknown(text);
		put_divided_words(text);
	}
	g_free(text);
}

static bool
is_drawn(PopplerAnnot *note)
{
	const PopplerAnnotType type = poppler_annot_get_annot_type(note);

	return type != POPPLER_ANNOT_LINK && type != POPPLER_ANNOT_POPUP;
}

/* What notes and fields look like may say more than they contain: stamps, signatures, buttons.
 * Poppler finds it only while it draws, and keeps the text of a page that it has drawn. */
static void
draw(PopplerPage *page)
{
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
	cairo_t *cairo = cairo_create(surface);

	poppler_page_render(page, cairo);
	cairo_destroy(cairo);
	cairo_surface_destroy(surface);
}

static void
put_page(PopplerPage *page)
{
	GList *notes = poppler_page_get_annot_mapping(page),
	      *fields = poppler_page_get_form_field_mapping(page);
	bool has_drawn = false;

	for (GList *note = notes; note != NULL; note = note->next)
		has_drawn |= is_drawn(((PopplerAnnotMapping *)note->data)->annot);
	if (has_drawn)
		draw(page);
	put_text(page);
	begin_anew();
	for (GList *note = notes; note != NULL; note = note->next)
		put_note(((PopplerAnnotMapping *)note->data)->annot);
	begin_anew();
	fields = put_fields(fields);
	poppler_page_free_annot_mapping(notes);
	poppler_page_free_form_field_mapping(fields);
}

static void
put_pages(PopplerDocument *document)
{
	const int count = poppler_document_get_n_pages(document);

	if (count > PAGES_MAX)
		reader_refuse(READER_TOO_MANY);
	/* Poppler believes no count above that of all objects, where others show the pages. */
	if (count <= 0)
		tell_opaque(READER_OPAQUE_TEXT, "does not say how many pages it has");
	for (int i = 0; i < count; i++) {
		PopplerPage *page = poppler_document_get_page(document, i);

		if (page == NULL) {
			tell_opaque(READER_OPAQUE_TEXT, "has a page that cannot be read");
			continue;
		}
		put_page(page);
		g_object_unref(page);
	}
}

/* --- layers --- */

/* Returns whether one was hidden. */
static bool
show_layers(PopplerLayersIter *iter, unsigned depth)
{
	bool was_hidden = false;

	if (iter == NULL)
		return false;
	if (depth == OUTLINE_DEPTH_MAX)
		reader_refuse(READER_TOO_DEEP);
	do {
		PopplerLayer *layer = poppler_layers_iter_get_layer(iter);
		PopplerLayersIter *child = poppler_layers_iter_get_child(iter);

		take_line(poppler_layers_iter_get_title(iter));
		if (layer != NULL) {
			put_line(poppler_layer_get_title(layer));
			was_hidden |= !poppler_layer_is_visible(layer);
			poppler_layer_show(layer);
			g_object_unref(layer);
		}
		was_hidden |= show_layers(child, depth + 1);
		poppler_layers_iter_free(child);
	} while (poppler_layers_iter_next(iter));
	return was_hidden;
}

/* What is in layers that are not shown is there, and anybody can show them. */
static void
put_hidden_layers(PopplerDocument *document)
{
	PopplerLayersIter *iter = poppler_layers_iter_new(document);
	const bool was_hidden = show_layers(iter, 0);

	poppler_layers_iter_free(iter);
	for (int i = 0; was_hidden && i < poppler_document_get_n_pages(document); i++) {
		PopplerPage *page = poppler_document_get_page(document, i);

		if (page != NULL)
			put_text(page);
		g_clear_object(&page);
	}
}

/* --- tags --- */

/* What a screen reader says in the place of a picture or text. */
static void
put_tags(PopplerStructureElementIter *iter, unsigned depth)
{
	if (iter == NULL)
		return;
	if (depth == TAGS_DEPTH_MAX)
		reader_refuse(READER_TOO_DEEP);
	do {
		PopplerStructureElement *tag = poppler_structure_element_iter_get_element(iter);
		PopplerStructureElementIter *child = poppler_structure_element_iter_get_child(iter);

		take_line(poppler_structure_element_get_alt_text(tag));
		take_line(poppler_structure_element_get_actual_text(tag));
		take_line(poppler_structure_element_get_title(tag));
		g_object_unref(tag);
		put_tags(child, depth + 1);
		poppler_structure_element_iter_free(child);
	} while (poppler_structure_element_iter_next(iter));
}

static void
put_all_tags(PopplerDocument *document)
{
	PopplerStructureElementIter *iter = poppler_structure_element_iter_new(document);

	put_tags(iter, 0);
	poppler_structure_element_iter_free(iter);
}

/* --- the rest --- */

static void
put_outline(PopplerIndexIter *iter, unsigned depth)
{
	if (iter == NULL)
		return;
	if (depth == OUTLINE_DEPTH_MAX)
		reader_refuse(READER_TOO_DEEP);
	do {
		PopplerAction *action = poppler_index_iter_get_action(iter);
		PopplerIndexIter *child = poppler_index_iter_get_child(iter);

		if (action != NULL)
			put_line(action->any.title);
		put_outline(child, depth + 1);
		poppler_index_iter_free(child);
		poppler_action_free(action);
	} while (poppler_index_iter_next(iter));
}

static void
put_properties(PopplerDocument *document)
{
	take_line(poppler_document_get_title(document));
	take_line(poppler_document_get_author(document));
	take_line(poppler_document_get_subject(document));
	take_line(poppler_document_get_keywords(document));
	take_line(poppler_document_get_creator(document));
	take_line(poppler_document_get_metadata(document));
}

static void
read_all(PopplerDocument *document)
{
	PopplerIndexIter *outline = poppler_index_iter_new(document);

	put_properties(document);
	put_outline(outline, 0);
	poppler_index_iter_free(outline);
	put_pages(document);
	put_all_tags(document);
	put_hidden_layers(document);
	tell_files(document);
	if (poppler_document_has_javascript(document))
		tell_opaque(READER_OPAQUE_TEXT, "has scripts");
	if (lacks_characters)
		tell_opaque(READER_OPAQUE_TEXT, "has text in a character set that is not embedded");
	if (has_unknown_characters)
		tell_opaque(READER_OPAQUE_TEXT,
			    "has text in a font that does not say which characters it is");
	text_out_flush();
}

static GBytes *
uncropped(const char *document, size_t length)
{
	char *copy = g_memdup2(document, length);

	pdf_raw_uncrop(copy, length);
	return g_bytes_new_take(copy, length);
}

void
pdf_text_read(const char *document, size_t length, GString *answer)
{
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GError) error = NULL;
	PopplerDocument *pdf;
	struct pdf_raw raw;

	(void)answer;
	pdf_raw_look(document, length, &raw);
	bytes = raw.crops ? uncropped(document, length) : g_bytes_new_static(document, length);
	pdf = poppler_document_new_from_bytes(bytes, NULL, &error);
	if (pdf != NULL)
		read_all(pdf);
	else if (g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED))
		tell_opaque(READER_OPAQUE_FILES, "is encrypted");
	else
		tell_opaque(READER_OPAQUE_FILES, "is a damaged document");
	if (pdf != NULL && raw.has_scripts && !poppler_document_has_javascript(pdf))
		tell_opaque(READER_OPAQUE_TEXT, "has scripts");
	if (pdf != NULL && raw.is_cut)
		tell_opaque(READER_OPAQUE_TEXT, "has more objects than are looked at");
	if (pdf != NULL && raw.crops_packed)
		tell_opaque(READER_OPAQUE_TEXT, "has pages that are cropped");
	if (pdf != NULL && raw.has_xfa && !has_fields)
		tell_opaque(READER_OPAQUE_TEXT, "has a form that few programs show (XFA)");
	g_clear_object(&pdf);
}

/* One page, with a line of text in a font that every program has. */
static const char sample[] =
	"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
	"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F 5 "
	"0 R>>>>>>endobj\n4 0 obj<</Length 29>>stream\nBT/F 9 Tf 9 9 Td(sample)Tj ET\nendstream "
	"endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
	"trailer<</Root 1 0 R>>\n%%EOF\n";

/* Texts in properties and forms are in these; their tables stay loaded while converters are open.
 */
static bool
open_converters(void)
{
	static const char *const charsets[] = {"ISO-8859-1", "UTF-16BE", "UTF-16LE"};
	bool good = true;

	for (size_t i = 0; i < G_N_ELEMENTS(charsets); i++)
		good = good && g_iconv_open("UTF-8", charsets[i]) != (GIConv)-1;
	return good;
}

/* poppler says there that it has no font, and the system would end a process that writes. */
static bool
say_nothing(void)
{
	FILE *nowhere = fopencookie(NULL, "w", (cookie_io_functions_t){0});

	if (nowhere != NULL)
		stderr = nowhere;
	return nowhere != NULL;
}

/* What was loaded is kept as long as a document is open. */
bool
pdf_text_start(void)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(sample, sizeof sample - 1);
	PopplerDocument *kept;
	PopplerPage *page;
	g_autofree char *text = NULL;

	g_log_set_writer_func(note_complaint, NULL, NULL);
	if (!say_nothing())
		return false;
	kept = poppler_document_new_from_bytes(bytes, NULL, NULL);
	page = kept == NULL ? NULL : poppler_document_get_page(kept, 0);
	if (page != NULL)
		draw(page); /* the tables of fonts */
	text = page == NULL ? NULL : poppler_page_get_text(page);
	g_clear_object(&page);
	lacks_characters = false;
	return text != NULL && strstr(text, "sample") != NULL && open_converters();
}
