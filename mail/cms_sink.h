/*
 * A CMS structure (RFC 5652) as a sink: content is written to it, and DER comes out of it as a
 * stream.
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
	BIO *in;	     /* content is written here */
	BIO *out;	     /* OpenSSL writes DER here, which passes it on to `next` */
	struct fault *fault; /* of the current call */
};

/* Takes ownership of the structure, which must have been made with CMS_STREAM. */
bool cms_sink_init(struct cms_sink *cms_sink, CMS_ContentInfo *cms, struct sink *next,
		   struct fault *fault);
void cms_sink_clear(struct cms_sink *cms_sink);

/* Fills `fault` with OpenSSL's last error and empties its error queue. */
bool openssl_fault(struct fault *fault, const char *doing);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)

#endif
