/*
 * A command of POP3, as a client sends it (RFC 1939 §3, RFC 2449 §4, RFC 5034).
 */
#ifndef POSTSEAL_PORTAL_POP_COMMAND_H
#define POSTSEAL_PORTAL_POP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* Of a line, without its end; longer ones are refused (RFC 2449 §4 has 255, but a password within
 * AUTH may need more: RFC 5034 §4). */
enum { POP_LINE_MAX = 1000 };

enum pop_verb {
	POP_UNKNOWN,
	POP_CAPA,
	POP_STLS,
	POP_USER,
	POP_PASS,
	POP_AUTH,
	POP_STAT,
	POP_LIST,
	POP_UIDL,
	POP_RETR,
	POP_TOP,
	POP_DELE,
	POP_RSET,
	POP_NOOP,
	POP_QUIT,
	POP_VERBS
};

struct pop_command {
	enum pop_verb verb;
	bool is_well_formed;	 /* it has the arguments that this verb takes, and no others */
	const char *text;	 /* USER, PASS, AUTH: what follows; "": nothing. Within the line */
	bool has_number;	 /* LIST and UIDL may be without one */
	unsigned long number;	 /* of the message; from 1, as far as the client says so */
	unsigned long lines_max; /* TOP: of the body */
};

/* `line` is of `length` bytes without its end, and a NUL follows it. */
void pop_command_read(struct pop_command *command_r, const char *line, size_t length);

#endif
