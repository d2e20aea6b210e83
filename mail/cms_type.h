/*
 * What a CMS structure says it is (RFC 5652 §3), whatever the fields of the surrounding mail say.
 */
#ifndef POSTSEAL_MAIL_CMS_TYPE_H
#define POSTSEAL_MAIL_CMS_TYPE_H

#include <gmime/gmime.h>

enum cms_type {
	CMS_NONE, /* no CMS structure, or bytes follow it */
	CMS_SIGNED,
	CMS_ENCRYPTED, /* EnvelopedData, AuthEnvelopedData (RFC 5083) */
	CMS_OTHER,
};

/* Reads to the end; a failed read looks like an end, so ask the stream afterwards (mime_stream.h).
 */
enum cms_type cms_type_of(GMimeStream *der);

#endif
