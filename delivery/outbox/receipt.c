#include "delivery/outbox/receipt.h"

#include <string.h>

#include "core/address.h"

enum { DAY_SECONDS = 86400 };

static const struct statement receipt_put = {
	"receipt_put",
	"insert into postseal.receipt (parcel, message, sender, recipient, what, form, envid, orcpt, due_at) "
	"values ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 second')",
	.repeats = true};

static const struct statement receipt_put_trusted = {
	"receipt_put_trusted",
	"insert into postseal.receipt (message, sender, recipient, what, due_at) "
	"select $1::uuid, $2, $3, 'trusted', now() + $4 * interval '1 second' "
	"where exists (select from postseal.attestation a where a.kind = 'account' and a.address = $5 "
	"and a.author = $6 and a.evidence = 'message ' || $1::uuid and a.made_at = now())"};

static bool
is_trouble(const struct receipt *receipt)
{
	return strcmp(receipt->what, "opened") != 0 && strcmp(receipt->what, "deleted") != 0;
}

/* Only receipts that nobody is waiting for are bundled. */
static int64_t
patience(const struct settings *settings)
{
	return settings->receipts == RECEIPTS_DAILY ? DAY_SECONDS : 0;
}

bool
receipt_note(struct connection *connection, const struct settings *settings,
	     const struct receipt *receipt, struct fault *fault)
{
	bool by_rule = receipt->form != NULL;
	struct parameters parameters = {0};

	if (!by_rule && !is_trouble(receipt) && settings->receipts == RECEIPTS_TROUBLE)
		return true;
	parameters_text(&parameters, receipt->parcel);
	parameters_text(&parameters, receipt->message);
	parameters_text(&parameters, receipt->sender);
	parameters_text(&parameters, receipt->recipient);
	parameters_text(&parameters, receipt->what);
	parameters_text(&parameters, by_rule ? receipt->form : "mail");
	parameters_text(&parameters, receipt->envid);
	parameters_text(&parameters, receipt->orcpt);
	parameters_number(&parameters,
			  by_rule || strcmp(receipt->what, "locked") == 0 ? 0 : patience(settings));
	return batch_add(connection, &receipt_put, &parameters, fault);
}

bool
receipt_note_trust(struct connection *connection, const struct settings *settings,
		   const struct receipt *receipt, struct fault *fault)
{
	g_autofree char *address = address_fold(receipt->recipient);
	g_autofree char *author = address_fold(receipt->sender);
	struct parameters parameters = {0};

	if (settings->receipts == RECEIPTS_TROUBLE)
		return true;
	parameters_text(&parameters, receipt->message);
	parameters_text(&parameters, receipt->sender);
	parameters_text(&parameters, receipt->recipient);
	parameters_number(&parameters, patience(settings));
	parameters_text(&parameters, address);
	parameters_text(&parameters, author);
	return batch_add(connection, &receipt_put_trusted, &parameters, fault);
}
