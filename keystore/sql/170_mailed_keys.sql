-- Keys that came with mail (source `mail`). The milter writes down what a message brought, in the commit of the message;
-- the courier has it read, and keeps what is a key of the author.
create table postseal.key_mailed (
    id uuid primary key,
    at timestamptz not null default now(),
    address text not null,
    kind text not null check (kind in ('smime', 'pgp')),
    how text not null check (how in ('signed mail', 'autocrypt', 'attached')),
    fingerprint text,
    content bytea not null check (octet_length(content) <= 65536),
    digest bytea not null,
    chain bytea[] not null default '{}',
    capabilities text[] not null default '{}',
    dated_at timestamptz not null,
    prefers_encryption boolean not null default false,
    message uuid not null,
    tries integer not null default 0,
    claimed_until timestamptz not null default '-infinity',
    taken_at timestamptz
);
create index key_mailed_open on postseal.key_mailed (at) where taken_at is null;
create index key_mailed_at on postseal.key_mailed (at);
create index key_mailed_address on postseal.key_mailed (address, at);
comment on table postseal.key_mailed is 'what may be keys in mail that came in; content and chain are empty once the courier has read it';
comment on column postseal.key_mailed.id is 'identifier of the row';
comment on column postseal.key_mailed.at is 'when the message was committed';
comment on column postseal.key_mailed.address is 'the author; folded';
comment on column postseal.key_mailed.kind is 'smime or pgp';
comment on column postseal.key_mailed.how is 'why it may be the author''s, as in trust_ground';
comment on column postseal.key_mailed.fingerprint is 'of the key that signed; null: any key of the author';
comment on column postseal.key_mailed.content is 'certificate or OpenPGP key, as it came';
comment on column postseal.key_mailed.digest is 'SHA-256 of the content';
comment on column postseal.key_mailed.chain is 'certificates of the authorities between it and a trusted root';
comment on column postseal.key_mailed.capabilities is 'announced with the signature: gcm, oaep';
comment on column postseal.key_mailed.dated_at is 'when the message was written, as it says, but not in the future';
comment on column postseal.key_mailed.prefers_encryption is 'Autocrypt: prefer-encrypt=mutual';
comment on column postseal.key_mailed.message is 'the message it came with';
comment on column postseal.key_mailed.tries is 'how often reading it failed';
comment on column postseal.key_mailed.claimed_until is 'until when a courier has it in hand';
comment on column postseal.key_mailed.taken_at is 'when it was read; null: it waits';
grant select, update, delete on postseal.key_mailed to postseal_courier;
grant select on postseal.key_mailed to postseal_auditor;

-- What is written down is bounded: the same key of the same author once a day, five keys of an author a day, and
-- 10 000 that wait. What is left out comes again with the next mail.
create function postseal.key_mailed_add(new_id uuid, of_address text, new_kind text, new_how text, new_fingerprint text,
    new_content bytea, new_chain bytea[], new_capabilities text[], new_dated_at timestamptz, new_prefers boolean, new_message uuid)
returns boolean language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    if octet_length(new_content) > 65536
       or exists (select from key_mailed where address = of_address and at > now() - interval '1 day' and digest = sha256(new_content)
                      and how = new_how and capabilities = new_capabilities)
       or (select count(*) from (select from key_mailed where address = of_address and at > now() - interval '1 day' limit 5) as today) = 5
       or (select count(*) from (select from key_mailed where taken_at is null limit 10000) as open) = 10000 then
        return false;
    end if;
    insert into key_mailed (id, address, kind, how, fingerprint, content, digest, chain, capabilities, dated_at,
                            prefers_encryption, message)
        values (new_id, of_address, new_kind, new_how, new_fingerprint, new_content, sha256(new_content), new_chain, new_capabilities,
                least(new_dated_at, now()), new_prefers, new_message);
    return true;
end
$$;
revoke execute on function postseal.key_mailed_add from public;
grant execute on function postseal.key_mailed_add to postseal_milter;

-- The newest Autocrypt header of an address (Autocrypt Level 1, "peer state"): an older one changes nothing.
create table postseal.autocrypt (
    address text primary key,
    dated_at timestamptz not null,
    fingerprint text not null,
    prefers_encryption boolean not null
);
grant select, insert, update on postseal.autocrypt to postseal_courier;
grant select on postseal.autocrypt to postseal_auditor;
comment on table postseal.autocrypt is 'what the newest Autocrypt header of an address says';
comment on column postseal.autocrypt.address is 'whose; folded';
comment on column postseal.autocrypt.dated_at is 'when that message was written';
comment on column postseal.autocrypt.fingerprint is 'of the key in it';
comment on column postseal.autocrypt.prefers_encryption is 'whether it says prefer-encrypt=mutual';

-- Authorities between a trusted root and a certificate that came with mail: without them its chain could not be found again.
create table postseal.key_between (
    fingerprint text primary key check (fingerprint = encode(sha256(content), 'hex')),
    content bytea not null check (octet_length(content) <= 65536),
    seen_at timestamptz not null default now()
);
grant select on postseal.key_between to postseal_milter, postseal_courier, postseal_auditor;
grant insert on postseal.key_between to postseal_courier;
create trigger key_between_added after insert on postseal.key_between
    for each row execute function postseal.key_changed();
comment on table postseal.key_between is 'certificates of authorities below a trusted root, from signed mail';
comment on column postseal.key_between.fingerprint is 'SHA-256';
comment on column postseal.key_between.content is 'DER';
comment on column postseal.key_between.seen_at is 'when it was first seen';

insert into postseal.trust_ground (how, level, programs) values
    ('autocrypt', 'seen', '{postseal_courier}'),
    ('attached', 'none', '{postseal_courier}'); -- it came with mail of that domain, but did not sign it
grant select on postseal.trust_ground to postseal_milter, postseal_courier;
