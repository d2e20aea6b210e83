/* Parses untrusted content: postseal-reader(8). */
#include "core/reader/serve.h"
#include "mail/html_mail.h"

static const struct reader_format formats[] = {
	{"html", html_mail_clean},
	{"html text", html_mail_text},
	{NULL, NULL},
};

int
main(void)
{
	return reader_serve(formats, &reader_page_limits);
}
