#include "delivery/outbox/receipt.h"

#include <string.h>

enum { DAY_SECONDS = 86400 };

static const struct statement receipt_put = {
	"receipt_put",
	"insert into postseal.receipt (parcel, message, sender, recipient, what, form, envid, orcpt, due_at) "
	"values ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 second')",
	.repeats = true};

static bool
is_trouble(const struct receipt *receipt)
{
	return strcmp(receipt->what, "opened") != 0 && strcmp(receipt->what, "deleted") != 0;
}

bool
receipt_note(struct connection *connection, const struct settings *settings,
	     const struct receipt *receipt, struct fault *fault)
{
	bool bundled = settings->receipts == RECEIPTS_DAILY;
	bool by_rule = receipt->form != NULL;
	struct parameters parameters = {0};

	if (!by_rule && !is_trouble(receipt) && settings->receipts == RECEIPTS_TROUBLE)
		return true;
	/* Only receipts that nobody is waiting for are bundled. */
	parameters_text(&parameters, receipt->parcel);
	parameters_text(&parameters, receipt->message);
	parameters_text(&parameters, receipt->sender);
	parameters_text(&parameters, receipt->recipient);
	parameters_text(&parameters, receipt->what);
	parameters_text(&parameters, by_rule ? receipt->form : "mail");
	parameters_text(&parameters, receipt->envid);
	parameters_text(&parameters, receipt->orcpt);
	parameters_number(&parameters, bundled && !by_rule && strcmp(receipt->what, "locked") != 0
					       ? DAY_SECONDS
					       : 0);
	return batch_add(connection, &receipt_put, &parameters, fault);
}
