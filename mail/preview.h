/* Previews of pictures and documents, which postseal-reader-preview makes. */
#ifndef POSTSEAL_MAIL_PREVIEW_H
#define POSTSEAL_MAIL_PREVIEW_H

/* Its formats: the answer is a picture (JPEG), or nothing for a file without any bytes. */
#define PREVIEW_OF_PDF	   "pdf preview"
#define PREVIEW_OF_PICTURE "picture preview"

#endif
