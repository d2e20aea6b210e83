-- What is known of certificates that mail needs: were they revoked since they were issued, who says so, until when that is
-- good; and the CRLs that say so for many at once.

create table postseal.certificate_status (
    fingerprint text primary key,
    certificate bytea not null check (octet_length(certificate) <= 1048576),
    issuer bytea not null check (octet_length(issuer) <= 1048576),
    owner text not null,
    state text not null default 'unchecked' check (state in ('unchecked', 'good', 'held', 'revoked')),
    evidence text,
    why text,
    revoked_at timestamptz,
    good_until timestamptz not null default '-infinity',
    wanted_at timestamptz not null default now(),
    asked_at timestamptz,
    trouble text,
    due_at timestamptz not null default now(),
    failures integer not null default 0,
    claimed_until timestamptz not null default '-infinity',
    check (fingerprint = encode(sha256(certificate), 'hex'))
);
create index certificate_status_due on postseal.certificate_status (due_at);

create table postseal.revocation_list (
    url text primary key,
    content bytea not null check (octet_length(content) <= 4194304),
    this_update timestamptz not null,
    next_update timestamptz not null,
    fetched_at timestamptz not null default now()
);

comment on table postseal.certificate_status is 'certificates that mail needed, and whether their issuers have revoked them';
comment on column postseal.certificate_status.fingerprint is 'SHA-256 of the certificate';
comment on column postseal.certificate_status.certificate is 'DER';
comment on column postseal.certificate_status.issuer is 'DER of the certificate of its issuer, from a chain to a trusted authority';
comment on column postseal.certificate_status.owner is 'subject';
comment on column postseal.certificate_status.state is 'unchecked, good, held (revoked for the time being) or revoked';
comment on column postseal.certificate_status.evidence is 'what says so: a CRL or an OCSP response, from where and of when';
comment on column postseal.certificate_status.why is 'the reason that the issuer gave for a revocation';
comment on column postseal.certificate_status.revoked_at is 'when it was revoked, as the issuer says';
comment on column postseal.certificate_status.good_until is 'until when it counts that it is good';
comment on column postseal.certificate_status.wanted_at is 'when mail last needed it: what nobody needs is not asked about';
comment on column postseal.certificate_status.asked_at is 'when it was last asked about';
comment on column postseal.certificate_status.trouble is 'why that came to nothing; null: it did not';
comment on column postseal.certificate_status.due_at is 'when the courier asks again';
comment on column postseal.certificate_status.failures is 'how often in a row it came to nothing';
comment on column postseal.certificate_status.claimed_until is 'until when a courier has it in hand';
comment on table postseal.revocation_list is 'CRLs that were fetched and found to be good';
comment on column postseal.revocation_list.url is 'from where';
comment on column postseal.revocation_list.content is 'DER';
comment on column postseal.revocation_list.this_update is 'when it was issued';
comment on column postseal.revocation_list.next_update is 'until when the next one is issued';
comment on column postseal.revocation_list.fetched_at is 'when it was fetched';

grant select, insert, update on postseal.certificate_status, postseal.revocation_list to postseal_milter, postseal_courier;
grant select on postseal.certificate_status to postseal_auditor;

-- A revocation, once seen, stays.
create function postseal.certificate_stays_revoked() returns trigger language plpgsql as $$
begin
    new.fingerprint := old.fingerprint;
    new.certificate := old.certificate;
    if old.state = 'revoked' then
        new.state := old.state;
        new.evidence := old.evidence;
        new.why := old.why;
        new.revoked_at := old.revoked_at;
    end if;
    return new;
end
$$;
create trigger certificate_stays_revoked before update on postseal.certificate_status
    for each row execute function postseal.certificate_stays_revoked();

-- Caches hear of it: those of the certificate's addresses; or all, for an authority's.
create function postseal.certificate_status_changed() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
declare
    addresses text[] := array(
        select a.address from key k join key_address a on a.key = k.id where k.kind = 'smime' and k.fingerprint = new.fingerprint
        union select address from key_found where kind = 'smime' and fingerprint = new.fingerprint
        union select address from key_upload where kind = 'smime' and fingerprint = new.fingerprint);
begin
    perform pg_notify('postseal_key', address) from unnest(addresses) address;
    if addresses = '{}' then
        perform pg_notify('postseal_key', '');
    end if;
    if new.state in ('held', 'revoked') then
        perform activity_add(null, null, case new.state when 'held' then 'certificate on hold' else 'certificate revoked' end,
                             coalesce(nullif(array_to_string(addresses, ' '), ''), new.owner),
                             'smime ' || new.fingerprint || ': ' || coalesce(new.why || ', ', '') || coalesce(new.evidence, ''));
    elsif old.state = 'held' then
        perform activity_add(null, null, 'certificate no longer on hold', coalesce(nullif(array_to_string(addresses, ' '), ''), new.owner),
                             'smime ' || new.fingerprint || ': ' || coalesce(new.evidence, ''));
    end if;
    return null;
end
$$;
create trigger certificate_status_changed after update of state on postseal.certificate_status
    for each row when (new.state is distinct from old.state) execute function postseal.certificate_status_changed();

-- How much depends on an authority's word that its certificates were not revoked; null: as the setting revocation says.
alter table postseal.key add column revocation text check (revocation in ('soft', 'hard', 'off'));
comment on column postseal.key.revocation is 'for a root: soft, hard or off, as the setting revocation; null: as it says';
