#include "mail/cms_sink.h"

#include <openssl/err.h>

bool
openssl_fault(struct fault *fault, const char *doing)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	ERR_clear_error();
	return fault_set(fault, FAULT_CRYPTO, "%s: %s", doing,
			 reason == NULL ? "OpenSSL failed" : reason);
}

static int
hand_on(BIO *bio, const char *data, int length)
{
	struct cms_sink *cms_sink = BIO_get_data(bio);

	return sink_write(cms_sink->next, data, (size_t)length, cms_sink->fault) ? length : -1;
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
bridge_new(void)
{
	int index = BIO_get_new_index();
	BIO_METHOD *method = index < 0 ? NULL : BIO_meth_new(index | BIO_TYPE_SOURCE_SINK, "sink");

	if (method != NULL) {
		BIO_meth_set_write(method, hand_on);
		BIO_meth_set_ctrl(method, control);
	}
	return method;
}

/* Created once per process. If memory ran out, the next message tries again. */
static BIO_METHOD *
bridge(void)
{
	static BIO_METHOD *shared;
	BIO_METHOD *method = g_atomic_pointer_get(&shared);

	if (method != NULL)
		return method;
	method = bridge_new();
	if (method == NULL || g_atomic_pointer_compare_and_exchange(&shared, NULL, method))
		return method;
	BIO_meth_free(method);
	return g_atomic_pointer_get(&shared);
}

/* If the next sink failed, it has filled the fault; otherwise the failure is OpenSSL's. A failure
 * of the next sink counts whatever OpenSSL makes of it. */
static bool
succeeded(const struct cms_sink *cms_sink, bool good, const char *doing)
{
	if (cms_sink->next->failed)
		return false;
	return good || openssl_fault(cms_sink->fault, doing);
}

static bool
cms_write(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct cms_sink *cms_sink = (struct cms_sink *)sink;
	size_t written = 0;

	cms_sink->fault = fault;
	return succeeded(cms_sink,
			 BIO_write_ex(cms_sink->in, data, length, &written) == 1 &&
				 written == length,
			 "writing a CMS structure");
}

static bool
cms_finish(struct sink *sink, struct fault *fault)
{
	struct cms_sink *cms_sink = (struct cms_sink *)sink;

	cms_sink->fault = fault;
	return succeeded(cms_sink, BIO_flush(cms_sink->in) == 1, "completing a CMS structure");
}

bool
cms_sink_init(struct cms_sink *cms_sink, CMS_ContentInfo *cms, struct sink *next,
	      struct fault *fault)
{
	BIO_METHOD *method = bridge();

	*cms_sink = (struct cms_sink){.sink = {.write = cms_write, .finish = cms_finish},
				      .next = next,
				      .cms = cms,
				      .fault = fault};
	cms_sink->out = method == NULL ? NULL : BIO_new(method);
	if (cms_sink->out == NULL)
		return openssl_fault(fault, "beginning a CMS structure");
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
	/* BIO_new_CMS() puts its own BIOs in front of `out`, so this frees the whole chain. */
	for (BIO *bio = cms_sink->in; bio != NULL;) {
		BIO *next = BIO_pop(bio);

		BIO_free(bio);
		bio = next;
	}
	CMS_ContentInfo_free(cms_sink->cms);
}
