/*
 * The sender's page of a message (delivery/parcel/sender_page.h): its URL stays the same, however
 * often mail about the message is sent, until the sender leaves.
 */
#ifndef POSTSEAL_DELIVERY_COURIER_PAGE_H
#define POSTSEAL_DELIVERY_COURIER_PAGE_H

#include "delivery/courier/links_and_codes.h"

struct page_owner {
	const char *message; /* its identifier in the log */
	const char *sender;
	const unsigned char *boxed; /* the page's secret */
	size_t boxed_length;	    /* 0: there is no page yet */
};

/* If there is no page, or its secret was sealed for another courier key, adds a page to the open
 * batch. Wipe the secret. */
bool page_secret(const struct issuer *issuer, struct connection *connection,
		 const struct page_owner *owner, char secret_r[SEAL_KEY_CHARACTERS + 1],
		 struct fault *fault);

#endif
