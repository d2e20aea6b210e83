/*
 * A CMS structure (RFC 5652) as a sink: content goes in, DER comes out behind it, streaming.
 */
#ifndef POSTSEAL_MAIL_CMS_SINK_H
#define POSTSEAL_MAIL_CMS_SINK_H

#include <glib.h>
#include <openssl/cms.h>

#include "core/sink.h"

struct cms_sink {
	struct sink sink;
	struct sink *next;
	CMS_ContentInfo *cms;
	BIO *in;	     /* where content is written */
	BIO *out;	     /* where OpenSSL writes DER: hands it to `next` */
	struct fault *fault; /* of the call that is running */
};

/* Takes the structure, made with CMS_STREAM. */
bool cms_sink_init(struct cms_sink *cms_sink, CMS_ContentInfo *cms, struct sink *next,
		   struct fault *fault);
void cms_sink_clear(struct cms_sink *cms_sink);

/* What OpenSSL says went wrong last; empties its queue. */
bool openssl_fault(struct fault *fault, const char *doing);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)

#endif
