/* The format "picture preview" of postseal-reader-preview: a picture in JPEG or PNG, scaled down,
 * and turned as the camera was held (Exif). */
#ifndef POSTSEAL_MAIL_DOCUMENT_PICTURE_PREVIEW_H
#define POSTSEAL_MAIL_DOCUMENT_PICTURE_PREVIEW_H

#include <glib.h>

void picture_preview_read(const char *document, size_t length, GString *answer);

#endif
