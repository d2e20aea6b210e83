/* Sends the receipts that are due (receipt.h): what belongs to one message in one mail, in
 * the thread of that message. */
#ifndef POSTSEAL_DELIVERY_COURIER_RECEIPTS_H
#define POSTSEAL_DELIVERY_COURIER_RECEIPTS_H

#include "delivery/courier/links_and_codes.h"

/* For one message. *mailed_r: there was one. */
bool receipt_mail_one(const struct issuer *issuer, bool *mailed_r, struct fault *fault);

#endif
