#include "admin/outbox.h"

/* A parcel is listed here for as long as its links and codes have yet to be made. */
static const struct statement outbox_list = {
	"outbox_list",
	"(select o.id, o.kind, case when o.state = 'sending'"
	"  then coalesce('with ' || postseal.courier_host(o.courier), o.state) else o.state end as state,"
	" o.attempts, date_trunc('second', o.created_at) as since, date_trunc('second', o.next_attempt_at) as next,"
	" (select to_jsonb(array_agg(r.address order by r.number)) from postseal.outbox_recipient r where r.outbox = o.id)"
	"  as recipients, coalesce(o.last_reply, '') as last_reply "
	"from postseal.outbox o order by o.created_at) "
	"union all "
	"(select p.id, 'parcel', 'waiting for links and codes', 0, date_trunc('second', p.created_at),"
	" date_trunc('second', p.issue_at),"
	" (select to_jsonb(array_agg(c.recipient order by c.recipient)) from postseal.parcel_key k"
	"  join postseal.copy c on c.id = k.copy where k.parcel = p.id), '' "
	"from postseal.parcel p where p.issued_at is null and p.message is not null order by p.created_at)"};

static int
list(const struct admin *admin, int argc, char **argv)
{
	if (command_operands(argc, argv, 0, 0) == NULL)
		return command_usage(admin->command);
	return command_answer(admin, &outbox_list, (const char *const[]){NULL}, report_table);
}

static const struct statement take_over = {
	"outbox_take_over",
	"select $1::text as host, mails,"
	" mails || ' messages that may be with the MTA of ' || $1 || ' will be sent again by the other couriers, once no"
	" courier has them in hand; they may arrive twice' as text from postseal.outbox_take_over($1) as mails"};

static int
take_over_outbox(const struct admin *admin, int argc, char **argv)
{
	char **given = command_operands(argc, argv, 1, 1);

	if (given == NULL)
		return command_usage(admin->command);
	return command_answer(admin, &take_over, (const char *const[]){*given, NULL}, report_lines);
}

const struct command outbox_commands[] = {
	{"outbox list", "", "list mail that is waiting to be handed to the MTA", list,
	 .reads = true},
	{"outbox takeover", "HOST",
	 "send again what may be with the MTA of a machine that will not come back",
	 take_over_outbox, .example = "mail2.example.com"},
	{NULL, NULL, NULL, NULL},
};
