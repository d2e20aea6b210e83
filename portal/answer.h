/*
 * Answers to somebody who may be signed in: pages have the navigation of a member, forms the token
 * that proves them to be ours, and a new session its cookie. All answers of the portal go through
 * here.
 */
#ifndef POSTSEAL_PORTAL_ANSWER_H
#define POSTSEAL_PORTAL_ANSWER_H

#include "portal/request.h"
#include "portal/web/answer.h"

/* A page in the reader's language, to be filled. */
struct page *answer_begin(const struct request *request, const char *name);
enum MHD_Result answer_page(struct request *request, unsigned status, struct page *page);
/* A page that holds one of our scripts. */
enum MHD_Result answer_page_with_script(struct request *request, struct page *page);
/* Without a page: a download, a frame. */
enum MHD_Result answer_response(struct request *request, unsigned status,
				struct MHD_Response *response);
/* Look there (303). `place` is a path of ours. */
enum MHD_Result answer_see(struct request *request, const char *place);

/* A title and a sentence; both are translated. */
enum MHD_Result answer_outcome(struct request *request, unsigned status, const char *title,
			       const char *text);
/* Why a form is not carried out. Its page comes again, with what was typed and with what to do,
 * where the route can give it back and the form is of a page of ours: a stranger's page puts no
 * words into anybody's mouth. Else there is a page that says why. */
enum refusal {
	REFUSED_SIGNED_OUT,
	REFUSED_OLD_FORM, /* of another session of the browser, or forged */
	REFUSED_TOO_LARGE,
	REFUSED_WITHOUT_FACTOR,
	REFUSED_UPLOADS, /* too many at once */
	REFUSED_FILES,	 /* they could not be taken */
	REFUSED_BUSY,
	REFUSED_FAULT,
};
enum MHD_Result answer_refusal(struct request *request, enum refusal refusal);
/* What went wrong is in the log; the reader is told what to do. */
enum MHD_Result answer_fault(struct request *request, const struct fault *fault);
/* What was tried, and how long to wait; it is translated. */
enum MHD_Result answer_too_often(struct request *request, const char *text);
enum MHD_Result answer_not_found(struct request *request);

#endif
