#include "delivery/rewrap.h"

/* --- the outbox --- */

static const struct statement outbox_count = {
	"rewrap_outbox_count",
	"select count(*) from postseal.outbox where postseal.box_mark(boxed_key) is distinct from $1"};
static const struct statement outbox_pick = {
	"rewrap_outbox_pick",
	"select id, boxed_key from postseal.outbox "
	"where postseal.box_mark(boxed_key) is distinct from $1 and id > $2::uuid "
	"order by id limit $3 for update skip locked"};
static const struct statement outbox_rewrap = {
	"rewrap_outbox",
	"update postseal.outbox set boxed_key = $2 where id = $1 and boxed_key = $3"};

/* --- parcels that nobody has opened yet --- */

static const struct statement key_count = {
	"rewrap_key_count",
	"select count(*) from postseal.parcel_key "
	"where boxed is not null and postseal.box_mark(boxed) is distinct from $1"};
static const struct statement key_pick = {
	"rewrap_key_pick", "select id, boxed from postseal.parcel_key where boxed is not null "
			   "and postseal.box_mark(boxed) is distinct from $1 and id > $2::uuid "
			   "order by id limit $3 for update skip locked"};
static const struct statement key_rewrap = {
	"rewrap_key", "update postseal.parcel_key set boxed = $2 where id = $1 and boxed = $3"};

static const struct statement link_count = {
	"rewrap_link_count",
	"select count(*) from postseal.parcel_key "
	"where link_boxed is not null and postseal.box_mark(link_boxed) is distinct from $1"};
static const struct statement link_pick = {
	"rewrap_link_pick",
	"select id, link_boxed from postseal.parcel_key where link_boxed is not null "
	"and postseal.box_mark(link_boxed) is distinct from $1 and id > $2::uuid "
	"order by id limit $3 for update skip locked"};
static const struct statement link_rewrap = {
	"rewrap_link",
	"update postseal.parcel_key set link_boxed = $2 where id = $1 and link_boxed = $3"};

static const struct statement phone_count = {
	"rewrap_phone_count",
	"select count(*) from postseal.parcel "
	"where phone is not null and postseal.box_mark(phone) is distinct from $1"};
static const struct statement phone_pick = {
	"rewrap_phone_pick", "select id, phone from postseal.parcel where phone is not null "
			     "and postseal.box_mark(phone) is distinct from $1 and id > $2::uuid "
			     "order by id limit $3 for update skip locked"};
static const struct statement phone_rewrap = {
	"rewrap_phone", "update postseal.parcel set phone = $2 where id = $1 and phone = $3"};

/* --- the same for parcels on hold whose keys have been deleted --- */

static const struct statement held_count = {
	"rewrap_held_count",
	"select count(*) from postseal.held_key "
	"where boxed is not null and postseal.box_mark(boxed) is distinct from $1"};
static const struct statement held_pick = {
	"rewrap_held_pick", "select id, boxed from postseal.held_key where boxed is not null "
			    "and postseal.box_mark(boxed) is distinct from $1 and id > $2::uuid "
			    "order by id limit $3 for update skip locked"};
static const struct statement held_rewrap = {
	"rewrap_held", "update postseal.held_key set boxed = $2 where id = $1 and boxed = $3"};

static const struct statement held_link_count = {
	"rewrap_held_link_count",
	"select count(*) from postseal.held_key "
	"where link_boxed is not null and postseal.box_mark(link_boxed) is distinct from $1"};
static const struct statement held_link_pick = {
	"rewrap_held_link_pick",
	"select id, link_boxed from postseal.held_key where link_boxed is not null "
	"and postseal.box_mark(link_boxed) is distinct from $1 and id > $2::uuid "
	"order by id limit $3 for update skip locked"};
static const struct statement held_link_rewrap = {
	"rewrap_held_link",
	"update postseal.held_key set link_boxed = $2 where id = $1 and link_boxed = $3"};

/* --- the senders' pages --- */

static const struct statement page_count = {
	"rewrap_page_count",
	"select count(*) from postseal.sender_page where postseal.box_mark(boxed) is distinct from $1"};
static const struct statement page_pick = {
	"rewrap_page_pick",
	"select message, boxed from postseal.sender_page "
	"where postseal.box_mark(boxed) is distinct from $1 and message > $2::uuid "
	"order by message limit $3 for update skip locked"};
static const struct statement page_rewrap = {
	"rewrap_page",
	"update postseal.sender_page set boxed = $2 where message = $1 and boxed = $3"};

static const struct statement settle = {"rewrap_boxes_settle", "select postseal.boxes_settle()"};

const struct rewrap delivery_boxes[] = {
	{"mail in the outbox", "courier", &outbox_count, &outbox_pick, &outbox_rewrap, &settle},
	{"keys of unread messages", "courier", &key_count, &key_pick, &key_rewrap, &settle},
	{"links of unread messages", "courier", &link_count, &link_pick, &link_rewrap, &settle},
	{"keys of messages on hold", "courier", &held_count, &held_pick, &held_rewrap, &settle},
	{"links of messages on hold", "courier", &held_link_count, &held_link_pick,
	 &held_link_rewrap, &settle},
	{"phone numbers", "courier", &phone_count, &phone_pick, &phone_rewrap, &settle},
	{"addresses of senders' pages", "courier", &page_count, &page_pick, &page_rewrap, &settle},
	{0},
};

/* --- what waits for approval --- */

static const struct statement approval_count = {
	"rewrap_approval_count",
	"select count(*) from postseal.approval where key is not null and encode(substring(key for 4), 'hex') <> $1"};
static const struct statement approval_pick = {
	"rewrap_approval_pick",
	"select id, key, id from postseal.approval where key is not null and encode(substring(key for 4), 'hex') <> $1 "
	"and id > $2::uuid order by id limit $3 for update skip locked"};
static const struct statement approval_rewrap = {
	"rewrap_approval", "update postseal.approval set key = $2 where id = $1 and key = $3"};
static const struct statement settle_approvals = {"rewrap_approvals_settle",
						  "select postseal.approval_keys_settle()"};

const struct rewrap delivery_held[] = {
	{"messages that wait for approval", "login", &approval_count, &approval_pick,
	 &approval_rewrap, &settle_approvals},
	{0},
};
