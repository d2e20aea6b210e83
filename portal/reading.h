/* What is read of a message beside its page: its HTML, its attachments. */
#ifndef POSTSEAL_PORTAL_READING_H
#define POSTSEAL_PORTAL_READING_H

#include "portal/request.h"

/* Only the HTML of the message, or of one attached to it, for the sandboxed frame. */
serve_request reading_html;
/* For documents made of a message's HTML: one that could not be made becomes a sentence that says
 * so, unless the message's bytes could not be read (NULL). */
char *reading_document_or_sentence(struct request *request, char *document,
				   const struct fault *fault);
/* Under a policy of their own: nothing runs, nothing is loaded. Takes the document. */
enum MHD_Result reading_answer_document(struct request *request, char *document);
/* Downloads: the whole message, an attachment, all attachments as a zip archive. */
serve_request reading_source, reading_attachment, reading_zip;
serve_request reading_delete;

#endif
