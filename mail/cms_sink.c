#include "mail/cms_sink.h"

#include <openssl/err.h>

bool
openssl_fault(struct fault *fault, const char *doing)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	ERR_clear_error();
	return fault_set(fault, FAULT_CRYPTO, "%s: %s", doing, reason == NULL ? "OpenSSL failed" : reason);
}

static int
hand_on(BIO *bio, const char *data, int length)
{
	struct cms_sink *cms_sink = BIO_get_data(bio);

	if (!sink_write(cms_sink->next, data, (size_t)length, cms_sink->fault)) {
		cms_sink->failed = true;
		return -1;
	}
	return length;
}

static long
control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH || command == BIO_CTRL_PUSH || command == BIO_CTRL_POP;
}

static BIO_METHOD *
bridge(void)
{
	static gsize made;
	static BIO_METHOD *method;

	if (g_once_init_enter(&made)) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sink");
		BIO_meth_set_write(method, hand_on);
		BIO_meth_set_ctrl(method, control);
		g_once_init_leave(&made, 1);
	}
	return method;
}

static bool
cms_write(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct cms_sink *cms_sink = (struct cms_sink *)sink;

	cms_sink->fault = fault;
	if (BIO_write(cms_sink->in, data, (int)length) == (int)length)
		return true;
	return cms_sink->failed ? false : openssl_fault(fault, "writing a CMS structure");
}

static bool
cms_finish(struct sink *sink, struct fault *fault)
{
	struct cms_sink *cms_sink = (struct cms_sink *)sink;

	cms_sink->fault = fault;
	if (BIO_flush(cms_sink->in) == 1)
		return true;
	return cms_sink->failed ? false : openssl_fault(fault, "completing a CMS structure");
}

bool
cms_sink_init(struct cms_sink *cms_sink, CMS_ContentInfo *cms, struct sink *next,
	      struct fault *fault)
{
	*cms_sink = (struct cms_sink){.sink = {.write = cms_write, .finish = cms_finish},
				      .next = next, .cms = cms, .fault = fault};
	cms_sink->out = BIO_new(bridge());
	BIO_set_data(cms_sink->out, cms_sink);
	BIO_set_init(cms_sink->out, 1);
	cms_sink->in = BIO_new_CMS(cms_sink->out, cms);
	return cms_sink->in != NULL || openssl_fault(fault, "beginning a CMS structure");
}

void
cms_sink_clear(struct cms_sink *cms_sink)
{
	if (cms_sink->in == NULL)
		BIO_free(cms_sink->out);
	/* BIO_new_CMS() puts its own in front of `out`: all are one chain. */
	for (BIO *bio = cms_sink->in; bio != NULL;) {
		BIO *next = BIO_pop(bio);

		BIO_free(bio);
		bio = next;
	}
	CMS_ContentInfo_free(cms_sink->cms);
}
