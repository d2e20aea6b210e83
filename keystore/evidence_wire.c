#include "keystore/evidence_wire.h"

#include "keystore/key_wire.h"

#define EVIDENCE_TYPE "(ayayayayayx)"
#define VERDICT_TYPE  "(uxxxbsxx)"

/* What is missing is empty. */
static GVariant *
bytes_of(GBytes *bytes)
{
	gsize length = 0;
	const void *at = bytes == NULL ? "" : g_bytes_get_data(bytes, &length);

	return key_wire_bytes(at, length);
}

GBytes *
evidence_pack(const struct evidence *evidence)
{
	return key_wire_pack(g_variant_new("(@ay@ay@ay@ay@ayx)", bytes_of(evidence->certificate),
					   bytes_of(evidence->issuer), bytes_of(evidence->crl),
					   bytes_of(evidence->request),
					   bytes_of(evidence->response), (gint64)evidence->now));
}

static GBytes *
bytes_in(GVariant *value)
{
	return g_variant_n_children(value) == 0 ? NULL : g_variant_get_data_as_bytes(value);
}

bool
evidence_unpack(GBytes *bytes, struct evidence *evidence_r)
{
	g_autoptr(GVariant) value = key_wire_unpack(EVIDENCE_TYPE, bytes);
	g_autoptr(GVariant) certificate = NULL, issuer = NULL, crl = NULL, request = NULL,
			    response = NULL;
	gint64 now;

	if (value == NULL)
		return false;
	g_variant_get(value, "(@ay@ay@ay@ay@ayx)", &certificate, &issuer, &crl, &request, &response,
		      &now);
	*evidence_r = (struct evidence){.certificate = bytes_in(certificate),
					.issuer = bytes_in(issuer),
					.crl = bytes_in(crl),
					.request = bytes_in(request),
					.response = bytes_in(response),
					.now = (time_t)now};
	if (evidence_r->certificate != NULL && evidence_r->issuer != NULL)
		return true;
	evidence_clear(evidence_r);
	return false;
}

void
evidence_clear(struct evidence *evidence)
{
	g_clear_pointer(&evidence->certificate, g_bytes_unref);
	g_clear_pointer(&evidence->issuer, g_bytes_unref);
	g_clear_pointer(&evidence->crl, g_bytes_unref);
	g_clear_pointer(&evidence->request, g_bytes_unref);
	g_clear_pointer(&evidence->response, g_bytes_unref);
}

GBytes *
verdict_pack(const struct verdict *verdict)
{
	g_autofree char *why = g_utf8_make_valid(verdict->why == NULL ? "" : verdict->why, -1);

	return key_wire_pack(g_variant_new(
		VERDICT_TYPE, (guint32)verdict->state, (gint64)verdict->revoked_at,
		(gint64)verdict->this_update, (gint64)verdict->good_until, verdict->by_ocsp, why,
		(gint64)verdict->crl_from, (gint64)verdict->crl_until));
}

bool
verdict_unpack(GBytes *bytes, struct verdict *verdict_r)
{
	g_autoptr(GVariant) value = key_wire_unpack(VERDICT_TYPE, bytes);
	gint64 revoked_at, this_update, good_until, crl_from, crl_until;
	gboolean by_ocsp;
	const char *why;
	guint32 state;

	if (value == NULL)
		return false;
	g_variant_get(value, "(uxxxb&sxx)", &state, &revoked_at, &this_update, &good_until,
		      &by_ocsp, &why, &crl_from, &crl_until);
	if (state > CERTIFICATE_REVOKED)
		return false;
	*verdict_r = (struct verdict){.state = state,
				      .revoked_at = (time_t)revoked_at,
				      .this_update = (time_t)this_update,
				      .good_until = (time_t)good_until,
				      .by_ocsp = by_ocsp,
				      .why = *why == '\0' ? NULL : g_strdup(why),
				      .crl_from = (time_t)crl_from,
				      .crl_until = (time_t)crl_until};
	return true;
}
