#include "keystore/rewrap.h"

static const struct statement private_key_count = {
	"rewrap_private_key_count",
	"select count(*) from postseal.private_key where encode(substring(sealed for 4), 'hex') <> $1"};
static const struct statement private_key_pick = {
	"rewrap_private_key_pick",
	"select p.key, p.sealed, k.fingerprint from postseal.private_key p join postseal.key k on k.id = p.key "
	"where encode(substring(p.sealed for 4), 'hex') <> $1 and p.key > $2::uuid "
	"order by p.key limit $3 for update of p skip locked"};
static const struct statement private_key_rewrap = {
	"rewrap_private_key",
	"update postseal.private_key set sealed = $2 where key = $1 and sealed = $3"};

/* --- of employees who have left --- */

static const struct statement retired_count = {
	"rewrap_retired_count",
	"select count(*) from postseal.retired_key where encode(substring(sealed for 4), 'hex') <> $1"};
static const struct statement retired_pick = {
	"rewrap_retired_pick",
	"select r.key, r.sealed, k.fingerprint from postseal.retired_key r join postseal.key k on k.id = r.key "
	"where encode(substring(r.sealed for 4), 'hex') <> $1 and r.key > $2::uuid "
	"order by r.key limit $3 for update of r skip locked"};
static const struct statement retired_rewrap = {
	"rewrap_retired",
	"update postseal.retired_key set sealed = $2 where key = $1 and sealed = $3"};

/* --- of the company's own authority --- */

static const struct statement ca_count = {
	"rewrap_ca_count",
	"select count(*) from postseal.ca where encode(substring(sealed for 4), 'hex') <> $1"};
static const struct statement ca_pick = {
	"rewrap_ca_pick",
	"select id, sealed, id from postseal.ca where encode(substring(sealed for 4), 'hex') <> $1 and id > $2::uuid "
	"order by id limit $3 for update skip locked"};
static const struct statement ca_rewrap = {
	"rewrap_ca", "update postseal.ca set sealed = $2 where id = $1 and sealed = $3"};

/* --- that wait for a certificate --- */

static const struct statement request_count = {
	"rewrap_request_count",
	"select count(*) from postseal.key_request where encode(substring(sealed for 4), 'hex') <> $1"};
static const struct statement request_pick = {
	"rewrap_request_pick",
	"select id, sealed, id from postseal.key_request where encode(substring(sealed for 4), 'hex') <> $1 and id > $2::uuid "
	"order by id limit $3 for update skip locked"};
static const struct statement request_rewrap = {
	"rewrap_request",
	"update postseal.key_request set sealed = $2 where id = $1 and sealed = $3"};

static const struct statement settle = {"rewrap_private_keys_settle",
					"select postseal.private_keys_settle()"};

const struct rewrap keystore_wrapped[] = {
	{"private keys", "master", &private_key_count, &private_key_pick, &private_key_rewrap,
	 &settle},
	{"private keys of employees who have left", "master", &retired_count, &retired_pick,
	 &retired_rewrap, &settle},
	{"keys of the authority", "master", &ca_count, &ca_pick, &ca_rewrap, &settle},
	{"keys that wait for a certificate", "master", &request_count, &request_pick,
	 &request_rewrap, &settle},
	{0},
};
