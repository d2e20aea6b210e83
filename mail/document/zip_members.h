/*
 * The files in a ZIP archive (APPNOTE.TXT 6.3.10), unpacked one after the other.
 *
 * Programs differ in what they make of an archive that contradicts itself: some follow the
 * directory at its end, some the records before the files. So the two must say the same, no file
 * may overlap another, and nothing that looks like a file may be anywhere else. Whatever is not so,
 * or cannot be unpacked, is told to the caller, never passed over.
 */
#ifndef POSTSEAL_MAIL_DOCUMENT_ZIP_MEMBERS_H
#define POSTSEAL_MAIL_DOCUMENT_ZIP_MEMBERS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	ZIP_MEMBERS_MAX = 10000,
	ZIP_NAME_MAX = 4096,		      /* bytes; of a longer one, its end is known */
	ZIP_UNPACKED_MAX = 256 * 1024 * 1024, /* bytes, of all files together */
};

struct zip_member {
	char *name;		   /* UTF-8 */
	const unsigned char *data; /* packed */
	uint64_t packed, size;	   /* bytes, as the archive claims */
	uint64_t begins, ends;	   /* where its record is in the archive */
	uint32_t checksum;
	unsigned method;
	bool is_encrypted, has_descriptor;
};

struct zip_members {
	const unsigned char *archive;
	size_t length;
	GArray *members;    /* struct zip_member, in the order of the directory */
	GString *comments;  /* a line for each: UTF-8 */
	const char *defect; /* worded to follow "the part"; NULL: none */
};

/* Reads the directory. If the archive has a defect, `members` has what was found in spite of it.
 * Ends the process if it has too many files, or claims to be too large (core/reader/serve.h). */
void zip_members_read(struct zip_members *zip, const char *archive, size_t length);
void zip_members_clear(struct zip_members *zip);

/* Is given the unpacked file in pieces. Returns false to stop. */
typedef bool zip_take(void *taker, const char *bytes, size_t length);
/* Unpacks a file. Returns NULL, or why it cannot be unpacked, worded to follow "the part". */
const char *zip_unpack(const struct zip_member *member, zip_take *take, void *taker);

#endif
