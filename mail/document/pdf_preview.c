#include "mail/document/pdf_preview.h"

#include <poppler.h>
#include <string.h>

#include "core/reader/serve.h"
#include "mail/document/preview_fonts.h"
#include "mail/document/preview_out.h"

/* poppler says so in a message only. */
static bool lacks_characters;

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

static void
paint(PopplerPage *page, GString *answer)
{
	double width, height, scale;
	cairo_surface_t *surface;
	cairo_t *paper;

	poppler_page_get_size(page, &width, &height);
	scale = preview_scale(width, height, PREVIEW_EDGE);
	surface = preview_paper(width, height, scale);
	paper = cairo_create(surface);
	cairo_scale(paper, scale, scale);
	poppler_page_render(page, paper);
	cairo_destroy(paper);
	preview_out(surface, answer);
	cairo_surface_destroy(surface);
}

void
pdf_preview_read(const char *document, size_t length, GString *answer)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(document, length);
	PopplerDocument *pdf = NULL;
	PopplerPage *page;

	if (length == 0)
		return;
	pdf = poppler_document_new_from_bytes(bytes, NULL, NULL);
	page = pdf == NULL ? NULL : poppler_document_get_page(pdf, 0);
	if (page == NULL)
		reader_refuse(READER_DAMAGED);
	paint(page, answer);
	if (lacks_characters)
		reader_refuse(READER_DAMAGED);
	g_object_unref(page);
	g_object_unref(pdf);
}

/* --- the start --- */

/* The fonts that programs do not embed: those that every reader has (ISO 32000-1, 9.6.2.2), and
 * those of Windows. */
static const char *const fonts[] = {"Helvetica",
				    "Helvetica-Bold",
				    "Helvetica-Oblique",
				    "Helvetica-BoldOblique",
				    "Times-Roman",
				    "Times-Bold",
				    "Times-Italic",
				    "Times-BoldItalic",
				    "Courier",
				    "Courier-Bold",
				    "Courier-Oblique",
				    "Courier-BoldOblique",
				    "Symbol",
				    "ZapfDingbats",
				    "Arial",
				    "Arial,Bold",
				    "Arial,Italic",
				    "ArialMT",
				    "Arial-BoldMT",
				    "TimesNewRoman",
				    "TimesNewRoman,Bold",
				    "TimesNewRomanPSMT",
				    "TimesNewRomanPS-BoldMT",
				    "CourierNew",
				    "CourierNewPSMT",
				    "Verdana",
				    "Verdana-Bold",
				    "Tahoma",
				    "Calibri",
				    "Calibri-Bold",
				    NULL};

/* A page with a word in each of them. */
static char *
sample(void)
{
	g_autoptr(GString) named = g_string_new(NULL), words = g_string_new(NULL);

	for (int i = 0; fonts[i] != NULL; i++) {
		g_string_append_printf(named, "/F%d<</Type/Font/Subtype/%s/BaseFont/%s>>", i,
				       strpbrk(fonts[i], ",") == NULL ? "Type1" : "TrueType",
				       fonts[i]);
		g_string_append_printf(words, "BT/F%d 9 Tf 9 %d Td(sample)Tj ET\n", i, 9 + i * 10);
	}
	return g_strdup_printf(
		"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
		"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 400]/Contents 4 0 R/Resources<<"
		"/Font<<%s>>>>>>endobj\n4 0 obj<</Length %zu>>stream\n%s\nendstream endobj\n"
		"trailer<</Root 1 0 R>>\n%%%%EOF\n",
		named->str, words->len, words->str);
}

static void
keep_fonts(PopplerDocument *document)
{
	PopplerFontInfo *info = poppler_font_info_new(document);
	PopplerFontsIter *each = NULL;

	if (poppler_font_info_scan(info, 1, &each))
		do {
			const char *path = poppler_fonts_iter_get_file_name(each);

			if (path != NULL)
				preview_fonts_keep(path);
		} while (poppler_fonts_iter_next(each));
	poppler_fonts_iter_free(each);
	poppler_font_info_free(info);
}

/* What was loaded is kept as long as a document is open. */
bool
pdf_preview_start(void)
{
	char *text = sample();
	g_autoptr(GBytes) bytes = g_bytes_new_take(text, strlen(text));
	g_autoptr(GString) painted = g_string_new(NULL);
	PopplerDocument *kept;
	PopplerPage *page;

	g_log_set_writer_func(note_complaint, NULL, NULL);
	kept = poppler_document_new_from_bytes(bytes, NULL, NULL);
	page = kept == NULL ? NULL : poppler_document_get_page(kept, 0);
	if (page == NULL)
		return false;
	paint(page, painted);
	keep_fonts(kept);
	preview_fonts_close();
	lacks_characters = false;
	g_object_unref(page);
	return painted->len > 0;
}
