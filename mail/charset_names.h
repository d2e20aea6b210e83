/*
 * The names of character sets that are known. Others are not looked up: senders would choose which
 * of the many modules of iconv(3) are loaded, and hide text in what no other program knows.
 */
#ifndef POSTSEAL_MAIL_CHARSET_NAMES_H
#define POSTSEAL_MAIL_CHARSET_NAMES_H

/* What iconv(3) calls the character set that browsers know by this label (WHATWG Encoding 4.2);
 * NULL: they know none. Case and blanks around the label do not matter. */
const char *charset_of_web(const char *label);
/* The same for mail programs, which know more. */
const char *charset_of_mail(const char *label);

#endif
