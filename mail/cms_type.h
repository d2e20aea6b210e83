/*
 * What a CMS structure says that it is (RFC 5652 §3), whatever the fields of the mail around it
 * say.
 */
#ifndef POSTSEAL_MAIL_CMS_TYPE_H
#define POSTSEAL_MAIL_CMS_TYPE_H

#include <gmime/gmime.h>

enum cms_type {
	CMS_NONE, /* no CMS structure, or bytes behind it */
	CMS_SIGNED,
	CMS_ENCRYPTED, /* EnvelopedData, AuthEnvelopedData (RFC 5083) */
	CMS_OTHER,
};

/* Reads to the end, where a failed read looks like an end: ask the stream (mime_stream.h). */
enum cms_type cms_type_of(GMimeStream *der);

#endif
