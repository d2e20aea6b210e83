#include "mail/document/pdf_text.h"

#include <poppler.h>
#include <stdio.h>
#include <string.h>

#include "core/reader/serve.h"
#include "core/reader/tell_name.h"
#include "mail/document/text_out.h"

enum {
	PAGES_MAX = 10000,
	FILES_MAX = 1000,
	OUTLINE_DEPTH_MAX = 32,
};

static bool lacks_characters;

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
put_field(PopplerFormField *field)
{
	take_line(poppler_form_field_get_name(field));
	if (poppler_form_field_get_field_type(field) == POPPLER_FORM_FIELD_TEXT)
		take_line(poppler_form_field_text_get_text(field));
	if (poppler_form_field_get_field_type(field) == POPPLER_FORM_FIELD_CHOICE)
		for (int i = 0; i < poppler_form_field_choice_get_n_items(field); i++)
			take_line(poppler_form_field_choice_get_item(field, i));
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
	take_line(poppler_page_get_text(page));
	for (GList *note = notes; note != NULL; note = note->next)
		put_note(((PopplerAnnotMapping *)note->data)->annot);
	for (GList *field = fields; field != NULL; field = field->next)
		put_field(((PopplerFormFieldMapping *)field->data)->field);
	poppler_page_free_annot_mapping(notes);
	poppler_page_free_form_field_mapping(fields);
}

static void
put_pages(PopplerDocument *document)
{
	const int count = poppler_document_get_n_pages(document);

	if (count > PAGES_MAX)
		reader_refuse(READER_TOO_MANY);
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
}

/* Acrobat shows the form in XFA in place of the pages (ISO 32000-1 §12.7.8); poppler does not read
 * it, nor tell that there is one. */
static bool
has_own_form(const char *bytes, size_t length)
{
	const char *at = bytes, *end = bytes + length;

	while ((at = memmem(at, (size_t)(end - at), "/XFA", 4)) != NULL) {
		at += 4;
		if (at < end && strchr(" \t\r\n[0123456789", *at) != NULL && *at != '\0')
			return true;
	}
	return false;
}

static void
read_all(PopplerDocument *document, const char *bytes, size_t length)
{
	PopplerIndexIter *outline = poppler_index_iter_new(document);

	put_properties(document);
	put_outline(outline, 0);
	poppler_index_iter_free(outline);
	put_pages(document);
	tell_files(document);
	if (poppler_document_has_javascript(document))
		tell_opaque(READER_OPAQUE_TEXT, "has scripts");
	if (has_own_form(bytes, length))
		tell_opaque(READER_OPAQUE_TEXT, "has a form that only some programs show (XFA)");
	if (lacks_characters)
		tell_opaque(READER_OPAQUE_TEXT, "has text in a character set that is not embedded");
	text_out_flush();
}

void
pdf_text_read(const char *document, size_t length, GString *answer)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(document, length);
	g_autoptr(GError) error = NULL;
	PopplerDocument *pdf = poppler_document_new_from_bytes(bytes, NULL, &error);

	(void)answer;
	if (pdf != NULL)
		read_all(pdf, document, length);
	else if (g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED))
		tell_opaque(READER_OPAQUE_FILES, "is encrypted");
	else
		tell_opaque(READER_OPAQUE_FILES, "is a damaged document");
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
