/* One-time passwords from an app (RFC 6238: SHA-1, six digits, 30 seconds), with liboath. */
#ifndef POSTSEAL_PORTAL_TOTP_H
#define POSTSEAL_PORTAL_TOTP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { TOTP_SECRET_BYTES = 20 };

/* In the form in which people type it into an app (RFC 4648 §6); caller frees. */
char *totp_secret_text(const unsigned char secret[TOTP_SECRET_BYTES]);
bool totp_secret_read(unsigned char secret_r[TOTP_SECRET_BYTES], const char *text);
/* The content of the QR code; caller frees. */
char *totp_uri(const unsigned char secret[TOTP_SECRET_BYTES], const char *organisation,
	       const char *address);
/* The QR code as the path of an SVG picture, and its width in modules; caller frees. */
char *totp_picture(const char *uri, unsigned *modules_r);
/* Is it the code of the current time step, the previous one, or the next? *step_r: which one. */
bool totp_is_right(const unsigned char secret[TOTP_SECRET_BYTES], const char *typed, time_t now,
		   uint64_t *step_r);

#endif
