#include "mail/imprint.h"

#include <string.h>

/* Skips line ends, which a transport may write differently: everything between them in a piece is
 * hashed in one call. */
static void
hash_line(crypto_generichash_state *state, const char *line, const char *end)
{
	const char *carriage;

	for (; (carriage = memchr(line, '\r', (size_t)(end - line))) != NULL; line = carriage + 1)
		crypto_generichash_update(state, (const unsigned char *)line,
					  (size_t)(carriage - line));
	crypto_generichash_update(state, (const unsigned char *)line, (size_t)(end - line));
}

static void
hash_body(crypto_generichash_state *state, const char *text, size_t length)
{
	const char *end = text + length, *stop;

	for (; (stop = memchr(text, '\n', (size_t)(end - text))) != NULL; text = stop + 1)
		hash_line(state, text, stop);
	hash_line(state, text, end);
}

/* The header may arrive in pieces; it ends with the first empty line. */
static bool
take(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct imprint_sink *imprint = (struct imprint_sink *)sink;

	if (imprint->in_body) {
		hash_body(&imprint->body, data, length);
	} else {
		gsize looked = imprint->header->len < 3 ? 0 : imprint->header->len - 3;
		const char *end;

		g_string_append_len(imprint->header, data, (gssize)length);
		end = strstr(imprint->header->str + looked, "\r\n\r\n");
		if (end != NULL) {
			imprint->in_body = true;
			end += strlen("\r\n\r\n");
			hash_body(&imprint->body, end,
				  imprint->header->len - (size_t)(end - imprint->header->str));
			g_string_truncate(imprint->header, (gsize)(end - imprint->header->str));
		}
	}
	return imprint->next == NULL || sink_write(imprint->next, data, length, fault);
}

static bool
finish(struct sink *sink, struct fault *fault)
{
	struct imprint_sink *imprint = (struct imprint_sink *)sink;

	return imprint->next == NULL || sink_finish(imprint->next, fault);
}

void
imprint_sink_init(struct imprint_sink *imprint, struct sink *next)
{
	*imprint = (struct imprint_sink){.sink = {.write = take, .finish = finish},
					 .next = next,
					 .header = g_string_new(NULL)};
	crypto_generichash_init(&imprint->body, NULL, 0, IMPRINT_BYTES);
}

/* Blanks inside come from folding. */
static void
join(const crypto_generichash_state *body, const char *id, unsigned char imprint_r[IMPRINT_BYTES])
{
	crypto_generichash_state state = *body, both;
	unsigned char digest[IMPRINT_BYTES];

	crypto_generichash_final(&state, digest, sizeof digest);
	crypto_generichash_init(&both, NULL, 0, IMPRINT_BYTES);
	crypto_generichash_update(&both, digest, sizeof digest);
	for (; id != NULL && *id != '\0'; id++)
		if (!g_ascii_isspace(*id))
			crypto_generichash_update(&both, (const unsigned char *)id, 1);
	crypto_generichash_final(&both, imprint_r, IMPRINT_BYTES);
}

/* The first field of that name, with its folds. Caller frees. */
static char *
message_id(const char *header)
{
	static const char name[] = "Message-ID:";
	const char *line = header, *end;

	while (g_ascii_strncasecmp(line, name, strlen(name)) != 0) {
		line = strchr(line, '\n');
		if (line == NULL)
			return NULL;
		line++;
	}
	line += strlen(name);
	for (end = strchr(line, '\n'); end != NULL && (end[1] == ' ' || end[1] == '\t');)
		end = strchr(end + 1, '\n');
	return end == NULL ? g_strdup(line) : g_strndup(line, (gsize)(end - line));
}

void
imprint_sink_end(const struct imprint_sink *imprint, unsigned char imprint_r[IMPRINT_BYTES])
{
	g_autofree char *id = message_id(imprint->header->str);

	join(&imprint->body, id, imprint_r);
}

void
imprint_sink_clear(struct imprint_sink *imprint)
{
	if (imprint->header != NULL)
		g_string_free(imprint->header, TRUE);
	imprint->header = NULL;
}

bool
imprint_of(const struct message *message, const struct spool *body,
	   unsigned char imprint_r[IMPRINT_BYTES], struct fault *fault)
{
	g_autofree char *id = message_field_text(message, "Message-ID");
	struct imprint_sink imprint;
	bool read;

	imprint_sink_init(&imprint, NULL);
	imprint.in_body = true;
	read = spool_copy(body == NULL ? message->body : body, 0, &imprint.sink, fault);
	if (read)
		join(&imprint.body, id, imprint_r);
	imprint_sink_clear(&imprint);
	return read;
}
