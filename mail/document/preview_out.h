/*
 * A preview of a file: a small picture (JPEG), which postseal-reader-preview answers with. What a
 * browser is given was painted and encoded here, whatever was in the file.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_PREVIEW_OUT_H
#define POSTSEAL_MAIL_DOCUMENT_PREVIEW_OUT_H

#include <cairo.h>
#include <glib.h>

enum { PREVIEW_EDGE = 640 }; /* pixels of the longer edge, at most */

/* By which factor something of this size fits; never more than `most`. */
double preview_scale(double width, double height, double most);
/* A white surface for something of this size, scaled; it has at least one pixel. Caller destroys
 * it; never NULL. */
cairo_surface_t *preview_paper(double width, double height, double scale);
/* Appends the picture. */
void preview_out(cairo_surface_t *surface, GString *answer);

#endif
