/* Sends the receipts that are due (receipt.h): all receipts for a message in one mail, in the
 * thread of that message. */
#ifndef POSTSEAL_DELIVERY_COURIER_RECEIPTS_H
#define POSTSEAL_DELIVERY_COURIER_RECEIPTS_H

#include "delivery/courier/links_and_codes.h"

/* Handles one message. *mailed_r: there was one. */
bool receipt_mail_one(const struct issuer *issuer, bool *mailed_r, struct fault *fault);

#endif
