#include "mail/container.h"

#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MBOX_LINE_MAX = 1024 };

struct mark {
	size_t at;
	const char *bytes;
	size_t length;
	const char *what;
};

#define MARK(at, bytes, what)                                                                      \
	{                                                                                          \
		at, bytes, sizeof bytes - 1, what                                                  \
	}

/* Sources: the format's own description where there is one (7zFormat.txt, RFC 1952, RFC 8878, the
 * .xz, LZ4 and lzip documents, MS-CAB, MS-PST, MS-ONESTORE, MS-VHDX, ECMA-119, ECMA-167, LUKS1,
 * Ansible's "Vault format",
 * LSB for RPM, ar(5)), otherwise the database of file(1). */
static const struct mark beginnings[] = {
	MARK(0, "!BDN", "is an Outlook data file"),
	MARK(0, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3",
	     "is a OneNote section"),
	MARK(0, "7z\xbc\xaf\x27\x1c", "is an archive (7z)"),
	MARK(0, "Rar!\x1a\x07", "is an archive (RAR)"),
	MARK(0, "RE~^", "is an archive (RAR)"),
	MARK(0, "\x1f\x8b\x08", "is compressed (gzip)"),
	MARK(0, "\x1f\x9d", "is compressed (compress)"),
	MARK(0, "\x1f\xa0", "is compressed (compress)"),
	MARK(0, "\x1f\x1e", "is compressed (pack)"),
	MARK(4, "1AY&SY", "is compressed (bzip2)"),
	MARK(4, "\x17rE8P\x90", "is compressed (bzip2)"),
	MARK(0, "\xfd\x37zXZ\0", "is compressed (xz)"),
	MARK(0, "LZIP\1", "is compressed (lzip)"),
	MARK(0, "LZIP\0", "is compressed (lzip)"),
	MARK(0, "\x89LZO\0\r\n\x1a\n", "is compressed (lzop)"),
	MARK(0, "\x28\xb5\x2f\xfd", "is compressed (zstd)"),
	MARK(0, "\x04\x22\x4d\x18", "is compressed (LZ4)"),
	MARK(0, "\x02\x21\x4c\x18", "is compressed (LZ4)"),
	MARK(1, "\x2a\x4d\x18", "is compressed (a skippable frame of zstd or LZ4)"),
	MARK(0, "\xff\x06\0\0sNaPpY", "is compressed (Snappy)"),
	MARK(0, "\x60\xea", "is an archive (ARJ)"),
	MARK(7, "**ACE**", "is an archive (ACE)"),
	MARK(20, "\xdc\xa7\xc4\xfd", "is an archive (zoo)"),
	MARK(0, "ALZ\1", "is an archive (ALZ)"),
	MARK(0, "EGGA", "is an archive (EGG)"),
	MARK(0, "7kSt", "is an archive (ZPAQ)"),
	MARK(0, "zPQ\1", "is an archive (ZPAQ)"),
	MARK(0, "zPQ\2", "is an archive (ZPAQ)"),
	MARK(0, "SIT!", "is an archive (StuffIt)"),
	MARK(0, "StuffIt (c)", "is an archive (StuffIt)"),
	MARK(0, "\0\x05\x16\0", "is a container (AppleSingle)"),
	MARK(0, "MSCF", "is an archive (CAB)"),
	MARK(0, "ISc(", "is an archive (InstallShield CAB)"),
	MARK(0, "xar!", "is an archive (xar)"),
	MARK(0, "ITSF", "is a compiled help file (CHM)"),
	MARK(0, "!<arch>", "is an archive (ar)"),
	MARK(0, "\xed\xab\xee\xdb", "is a package (RPM)"),
	MARK(257, "ustar", "is an archive (tar)"),
	MARK(0, "MSWIM\0\0\0", "is a disk image (WIM)"),
	MARK(0, "conectix", "is a disk image (VHD)"),
	MARK(0, "vhdxfile", "is a disk image (VHDX)"),
	MARK(0, "KDMV", "is a disk image (VMDK)"),
	MARK(0, "COWD", "is a disk image (VMDK)"),
	MARK(0, "QFI\xfb", "is a disk image (qcow)"),
	MARK(64, "\x7f\x10\xda\xbe", "is a disk image (VDI)"),
	MARK(0, "hsqs", "is a disk image (SquashFS)"),
	MARK(0, "sqsh", "is a disk image (SquashFS)"),
	MARK(0, "\x45\x3d\xcd\x28", "is a disk image (cramfs)"),
	MARK(3, "NTFS    ", "is a disk image (NTFS)"),
	MARK(3, "EXFAT   ", "is a disk image (exFAT)"),
	MARK(54, "FAT12   ", "is a disk image (FAT)"),
	MARK(54, "FAT16   ", "is a disk image (FAT)"),
	MARK(82, "FAT32   ", "is a disk image (FAT)"),
	MARK(512, "EFI PART", "is a disk image"),
	MARK(1080, "\x53\xef\1\0", "is a disk image (ext2)"),
	MARK(1080, "\x53\xef\0\0", "is a disk image (ext2)"),
	MARK(1024, "H+\0\4", "is a disk image (HFS+)"),
	MARK(1024, "HX\0\5", "is a disk image (HFS+)"),
	MARK(32, "NXSB", "is a disk image (APFS)"),
	MARK(32769, "CD001", "is a disk image (ISO 9660)"),
	MARK(32769, "BEA01", "is a disk image (UDF)"),
	MARK(32769, "NSR0", "is a disk image (UDF)"),
	MARK(0, "Salted__", "is encrypted"), /* openssl-enc(1) */
	MARK(0, "$ANSIBLE_VAULT;", "is encrypted"),
	MARK(0, "\x03\xd9\xa2\x9a", "is encrypted"), /* KeePass */
	MARK(0, "LUKS\xba\xbe", "is encrypted"),
	MARK(0, "age-encryption.org/v1", "is encrypted"),
	MARK(0, ".pfile", "is encrypted"),			     /* Microsoft Purview */
	MARK(0, "\x76\xe8\x04\x60\xc4\x11\xe3\x86", "is encrypted"), /* MS-OXORMMS 2.1.4 */
	MARK(0, "\xc0\xb9\x07\x2e\x4f\x93\xf1\x46\xa0\x15\x79\x2c\xa1\xd9\xe8\x21",
	     "is encrypted"), /* AxCrypt */
	MARK(0, "AA01", "is an archive (Apple)"),
	MARK(0, "pbzx", "is an archive (Apple)"),
	MARK(0, "AEA1", "is encrypted"),
	MARK(0, "-----BEGIN AGE ENCRYPTED FILE-----", "is encrypted"),
	MARK(0, "\1\1\1\1\n", "is a mailbox (MMDF)"),
	MARK(0, "\1\1\1\1\r\n", "is a mailbox (MMDF)"),
	MARK(0, "BABYL OPTIONS:", "is a mailbox (Babyl)"),
	MARK(0, "(This file must be converted with BinHex", "is in BinHex format"),
};

static const struct mark ends[] = {
	MARK(0, "koly", "is a disk image (DMG)"),
	MARK(0, "conectix", "is a disk image (VHD)"),
};

static const char *
find(const struct mark *marks, size_t count, const char *bytes, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (length >= marks[i].at + marks[i].length &&
		    memcmp(bytes + marks[i].at, marks[i].bytes, marks[i].length) == 0)
			return marks[i].what;
	return NULL;
}

/* --- those without a mark of their own --- */

static bool
are_digits(const char *bytes, size_t length, const char *digits)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] == '\0' || strchr(digits, bytes[i]) == NULL)
			return false;
	return true;
}

/* A header of digits (cpio(5)): a text may begin with the same digits. */
static bool
is_cpio_of_digits(const char *bytes, size_t length)
{
	enum { NEW_HEADER = 110, OLD_HEADER = 76 };

	if (length >= NEW_HEADER &&
	    (memcmp(bytes, "070701", 6) == 0 || memcmp(bytes, "070702", 6) == 0))
		return are_digits(bytes, NEW_HEADER, "0123456789abcdefABCDEF");
	return length >= OLD_HEADER && memcmp(bytes, "070707", 6) == 0 &&
	       are_digits(bytes, OLD_HEADER, "01234567");
}

/* In either byte order: the name follows 26 bytes and ends with a NUL. */
static bool
is_cpio_of_words(const char *bytes, size_t length)
{
	enum { HEADER = 26, NAME_SIZE = 20, NAME_MAX_BYTES = 4096 };
	const unsigned char *header = (const unsigned char *)bytes;
	bool little = length > HEADER && memcmp(bytes, "\xc7\x71", 2) == 0;
	bool big = length > HEADER && memcmp(bytes, "\x71\xc7", 2) == 0;
	size_t size;

	if (!little && !big)
		return false;
	size = (size_t)header[NAME_SIZE + big] | (size_t)header[NAME_SIZE + little] << 8;
	return size > 0 && size <= NAME_MAX_BYTES && length >= HEADER + size &&
	       bytes[HEADER + size - 1] == '\0';
}

/* Before POSIX, the sum of the header's bytes is the only mark of a tar file (tar(5)); the checksum
 * field itself counts as blanks, and some programs summed signed bytes. */
static bool
is_tar(const char *bytes, size_t length)
{
	enum { BLOCK = 512, SUM_AT = 148, SUM_BYTES = 8 };
	long plain = SUM_BYTES * ' ', with_sign = plain, said;
	char field[SUM_BYTES + 1] = {0};

	if (length < BLOCK || bytes[0] == '\0')
		return false;
	for (size_t i = 0; i < BLOCK; i++)
		if (i < SUM_AT || i >= SUM_AT + SUM_BYTES) {
			plain += (unsigned char)bytes[i];
			with_sign += (signed char)bytes[i];
		}
	memcpy(field, bytes + SUM_AT, SUM_BYTES);
	said = strtol(field, NULL, 8);
	return said != 0 && (said == plain || said == with_sign);
}

/* "-lh5-", "-lzs-". */
static bool
is_lha(const char *bytes, size_t length)
{
	return length > 21 && memcmp(bytes + 2, "-l", 2) == 0 &&
	       (bytes[4] == 'h' || bytes[4] == 'z') && bytes[6] == '-';
}

/* The properties that every writer uses, and a size that is unknown or below 1 TB (lzma(1), "The
 * .lzma file format"). */
static bool
is_lzma(const char *bytes, size_t length)
{
	return length >= 13 && memcmp(bytes, "\x5d\0\0", 3) == 0 &&
	       (memcmp(bytes + 5, "\xff\xff\xff\xff\xff\xff\xff\xff", 8) == 0 ||
		memcmp(bytes + 10, "\0\0\0", 3) == 0);
}

/* RFC 4155: "From anna@example.com Thu Nov 26 10:00:00 2026", and then a field. A text may begin
 * with "From". */
static bool
is_mbox(const char *bytes, size_t length)
{
	static const char days[] = "MonTueWedThuFriSatSun";
	g_autofree char *text = g_strndup(bytes, MIN(length, (size_t)MBOX_LINE_MAX));
	char *line_end = strchr(text, '\n'), *field, *at;
	bool has_day = false;

	if (!g_str_has_prefix(text, "From ") || line_end == NULL)
		return false;
	*line_end = '\0';
	for (at = text; (at = strchr(at, ' ')) != NULL && !has_day; at++)
		for (size_t i = 0; i + 3 < sizeof days; i += 3)
			has_day |= strncmp(at + 1, days + i, 3) == 0 && at[4] == ' ';
	field = line_end + 1;
	at = field +
	     strspn(field, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");
	return has_day && at > field && *at == ':';
}

/* RFC 9580 §4.2 and §5: a compressed packet, as GnuPG writes it, or a signature in one pass before
 * the signed content, which may be compressed. */
static bool
is_signed_pgp(const char *bytes, size_t length)
{
	const unsigned char *packet = (const unsigned char *)bytes;

	return length >= 4 && ((packet[0] == 0xa3 && packet[1] <= 3) ||
			       ((packet[0] == 0x90 || packet[0] == 0xc4) && packet[1] == 13 &&
				packet[2] == 3 && packet[3] <= 1));
}

const char *
container_by_beginning(const char *bytes, size_t length)
{
	const char *what = find(beginnings, G_N_ELEMENTS(beginnings), bytes, length);

	if (what != NULL)
		return what;
	if (is_cpio_of_digits(bytes, length) || is_cpio_of_words(bytes, length))
		return "is an archive (cpio)";
	if (is_tar(bytes, length))
		return "is an archive (tar)";
	if (is_lha(bytes, length))
		return "is an archive (LHA)";
	if (is_mbox(bytes, length))
		return "is a mailbox";
	if (is_signed_pgp(bytes, length))
		return "is signed or compressed (OpenPGP)";
	return is_lzma(bytes, length) ? "is compressed (lzma)" : NULL;
}

const char *
container_by_end(const char *bytes, size_t length)
{
	return length < CONTAINER_END ? NULL
				      : find(ends, G_N_ELEMENTS(ends),
					     bytes + length - CONTAINER_END, CONTAINER_END);
}

/* --- messages --- */

static bool
says(const char *line, const char *end, const char *field, const char *value)
{
	const size_t length = strlen(field);

	if ((size_t)(end - line) < length || g_ascii_strncasecmp(line, field, length) != 0)
		return false;
	for (line += length; line < end && (*line == ' ' || *line == '\t'); line++)
		;
	return (size_t)(end - line) >= strlen(value) &&
	       g_ascii_strncasecmp(line, value, strlen(value)) == 0;
}

/* Is it a field of a header, or the continuation of one (RFC 5322 §2.2)? */
static bool
is_of_header(const char *line, const char *end)
{
	const char *at = line;

	while (at != end && *at > ' ' && *at <= '~' && *at != ':')
		at++;
	return at < end && (*line == ' ' || *line == '\t' || (at > line && *at == ':'));
}

bool
container_is_message(const char *bytes, size_t length)
{
	const char *end = bytes + length, *line_end;
	bool is_mime = false, is_encoded = false;

	for (const char *line = bytes; line < end; line = line_end + 1) {
		line_end = memchr(line, '\n', (size_t)(end - line));
		if (line_end == NULL)
			return is_mime && is_encoded && length == CONTAINER_BEGINNING;
		if (line_end == line || (line_end == line + 1 && *line == '\r'))
			return is_mime && is_encoded && line_end + 1 < end;
		if (!is_of_header(line, line_end))
			return false;
		is_mime |= says(line, line_end, "MIME-Version:", "");
		is_encoded |= says(line, line_end, "Content-Type:", "multipart/") ||
			      says(line, line_end, "Content-Type:", "message/") ||
			      says(line, line_end, "Content-Transfer-Encoding:", "base64") ||
			      says(line, line_end, "Content-Transfer-Encoding:", "quoted-");
	}
	return false;
}
