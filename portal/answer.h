/*
 * Answers to a visitor who may be signed in: pages get the navigation for members, forms the token
 * that proves that they are ours, and a new session its cookie. All answers of the portal go
 * through here.
 */
#ifndef POSTSEAL_PORTAL_ANSWER_H
#define POSTSEAL_PORTAL_ANSWER_H

#include "portal/request.h"
#include "portal/web/answer.h"

/* A page in the reader's language, to be filled in. */
struct page *answer_begin(const struct request *request, const char *name);
enum MHD_Result answer_page(struct request *request, unsigned status, struct page *page);
/* For a page that contains one of our scripts. */
enum MHD_Result answer_page_with_script(struct request *request, struct page *page);
/* For the writing page, whose script sends what is written. */
enum MHD_Result answer_page_that_saves(struct request *request, unsigned status, struct page *page);
/* For an answer that is not a page: a download, a frame. */
enum MHD_Result answer_response(struct request *request, unsigned status,
				struct MHD_Response *response);
/* Redirects (303). `place` is a path on our site. */
enum MHD_Result answer_see(struct request *request, const char *place);

/* Says in the reader's language what is wrong with the form, and marks the field: it has the focus,
 * and who does not see the page hears it. `why` NULL: nothing is wrong. */
void answer_wrong(struct page *page, const char *why, const char *field);

/* A title and a sentence; both are translated. */
enum MHD_Result answer_outcome(struct request *request, unsigned status, const char *title,
			       const char *text);
/* Why a form was not carried out. Its page is shown again, with what was typed and what to do, if
 * the route supports that and the form came from one of our pages: a stranger's page cannot put
 * words into anyone's mouth. Otherwise a page says why. */
enum refusal {
	REFUSED_SIGNED_OUT,
	REFUSED_OLD_FORM, /* of another session in the same browser, or forged */
	REFUSED_TOO_LARGE,
	REFUSED_WITHOUT_FACTOR,
	REFUSED_UPLOADS, /* too many at the same time */
	REFUSED_FILES,	 /* the files could not be accepted */
	REFUSED_BUSY,
	REFUSED_FAULT,
};
enum MHD_Result answer_refusal(struct request *request, enum refusal refusal);
/* The log says what went wrong; the reader is told what to do. */
enum MHD_Result answer_fault(struct request *request, const struct fault *fault);
/* What was tried, and how long to wait; `text` is translated. */
enum MHD_Result answer_too_often(struct request *request, const char *text);
enum MHD_Result answer_not_found(struct request *request);
/* A page that asks for the present address again, with `again` in its query, and that sets no
 * cookie of a session. */
enum MHD_Result answer_once_more(struct request *request);

#endif
