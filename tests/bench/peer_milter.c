/*
 * How fast the milter protocol itself is, for comparison. Usage: peer_milter SOCKET MODE
 *   collect  receives the body and accepts
 *   headers  is also told the client, the recipients and the header, as a milter must be that
 * decides on them replace  like collect, and changes one header field and replaces the body by as
 * many bytes as S/MIME needs gpg      like replace, and runs a bare gpg --encrypt for each message:
 * KEYFILE and HOME follow
 */
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *mode, *key_file, *home;

struct body {
	unsigned char *bytes;
	size_t length;
};

static sfsistat
negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2, unsigned long f3,
	  unsigned long *pf0, unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
	unsigned long spared = SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NOEOH |
			       SMFIP_NR_MAIL | SMFIP_NR_BODY;

	(void)ctx, (void)f0, (void)f2, (void)f3;
	spared |= strcmp(mode, "headers") == 0 ? SMFIP_NR_CONN | SMFIP_NR_HDR
					       : SMFIP_NOCONNECT | SMFIP_NORCPT | SMFIP_NOHDRS;
	*pf0 = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY | SMFIF_DELRCPT;
	*pf1 = f1 & spared;
	*pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

static sfsistat
connected(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
	(void)ctx, (void)name, (void)address;
	return SMFIS_NOREPLY;
}

static sfsistat
recipient(SMFICTX *ctx, char **arguments)
{
	(void)ctx, (void)arguments;
	return SMFIS_CONTINUE;
}

static sfsistat
field(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx, (void)name, (void)value;
	return SMFIS_NOREPLY;
}

static sfsistat
mail_from(SMFICTX *ctx, char **arguments)
{
	(void)arguments;
	smfi_setpriv(ctx, calloc(1, sizeof(struct body)));
	return SMFIS_NOREPLY;
}

static sfsistat
body(SMFICTX *ctx, unsigned char *data, size_t length)
{
	struct body *kept = smfi_getpriv(ctx);

	kept->bytes = realloc(kept->bytes, kept->length + length);
	memcpy(kept->bytes + kept->length, data, length);
	kept->length += length;
	return SMFIS_NOREPLY;
}

static void
run_gpg(const struct body *kept)
{
	char command[1000];
	FILE *gpg;

	snprintf(
		command, sizeof command,
		"exec gpg --homedir %s --batch --armor --always-trust --compress-algo none --encrypt --recipient-file %s "
		">/dev/null 2>&1",
		home, key_file);
	gpg = popen(command, "w");
	fwrite(kept->bytes, 1, kept->length, gpg);
	pclose(gpg);
}

static sfsistat
end_of_message(SMFICTX *ctx)
{
	struct body *kept = smfi_getpriv(ctx);
	size_t length = (kept->length + 600) * 78 / 57;
	unsigned char *out = malloc(length);

	if (strcmp(mode, "gpg") == 0)
		run_gpg(kept);
	if (strcmp(mode, "collect") != 0 && strcmp(mode, "headers") != 0) {
		memset(out, 'A', length);
		smfi_chgheader(ctx, (char *)"Content-Type", 1, (char *)"application/pkcs7-mime");
		for (size_t at = 0; at < length; at += 65535)
			smfi_replacebody(ctx, out + at,
					 (int)(length - at < 65535 ? length - at : 65535));
	}
	free(out);
	free(kept->bytes);
	free(kept);
	smfi_setpriv(ctx, NULL);
	return SMFIS_ACCEPT;
}

int
main(int argc, char **argv)
{
	struct smfiDesc callbacks = {.xxfi_name = (char *)"peer",
				     .xxfi_version = SMFI_VERSION,
				     .xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY |
						   SMFIF_DELRCPT,
				     .xxfi_connect = connected,
				     .xxfi_envfrom = mail_from,
				     .xxfi_envrcpt = recipient,
				     .xxfi_header = field,
				     .xxfi_body = body,
				     .xxfi_eom = end_of_message,
				     .xxfi_negotiate = negotiate};

	if (argc < 3)
		return 2;
	mode = argv[2];
	key_file = argc > 3 ? argv[3] : "";
	home = argc > 4 ? argv[4] : "";
	smfi_setconn(argv[1]);
	smfi_setbacklog(256);
	smfi_register(callbacks);
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
