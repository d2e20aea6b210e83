-- People who read and write in the portal. An account has a secret of 256 bits, of which its key
-- pair and the key of its mailbox are made. The database has it only wrapped: by the password,
-- by the recovery code, and for a session by what only the browser's cookie holds.

create table postseal.account (
    id uuid primary key,
    address text not null unique,         -- folded
    shown text not null,                  -- as its owner writes it
    language text not null,
    created_at timestamptz not null default now(),
    salt bytea not null,
    wrapped bytea not null,               -- the secret, by the password
    recovery_salt bytea not null,
    recovery_wrapped bytea not null,      -- the secret, by the recovery code
    public_key bytea not null,
    totp bytea,                           -- RFC 6238; sealed by the secret
    totp_step bigint not null default 0,  -- the last that was used
    wish text check (wish in ('pickup', 'smime', 'pgp', 'tls')) -- how they want their mail; null: any way
);
create function postseal.wish_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('postseal_key', coalesce(new.address, old.address));
    return null;
end
$$;
create trigger wish_changed after update of wish or delete on postseal.account
    for each row execute function postseal.wish_changed();

-- Security keys and passkeys (WebAuthn Level 2).
create table postseal.passkey (
    id uuid primary key,
    account uuid not null references postseal.account on delete cascade,
    credential bytea not null unique,
    public_key bytea not null,
    algorithm integer not null,           -- COSE
    counter bigint not null,
    name text not null,
    added_at timestamptz not null default now()
);
create index passkey_account on postseal.passkey (account);

-- A mail with a link went to this address: whoever has the link reads its mail.
create table postseal.address_proof (
    token_hash bytea primary key,
    address text not null,
    shown text not null,
    language text not null,
    expires_at timestamptz not null
);
create index address_proof_expires on postseal.address_proof (expires_at);

drop table postseal.portal_session;
create table postseal.portal_session (
    id uuid primary key,
    cookie_hash bytea not null unique,
    state text not null check (state in ('guest', 'half', 'member')), -- half: a second factor lacks
    account uuid references postseal.account on delete cascade,
    wrapped bytea,                        -- the account's secret, by what only the cookie holds
    challenge bytea,                      -- that a passkey is asked to sign
    browser text not null,
    network text not null,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    check ((account is null) = (state = 'guest'))
);
create index portal_session_expires on postseal.portal_session (expires_at);
create index portal_session_account on postseal.portal_session (account);

-- What a guest has opened.
create table postseal.session_key (
    session uuid not null references postseal.portal_session on delete cascade,
    parcel_key uuid not null references postseal.parcel_key on delete cascade,
    wrapped bytea not null,               -- the content key, by what only the cookie holds
    primary key (session, parcel_key)
);
create index session_key_parcel_key on postseal.session_key (parcel_key);

-- How often something was tried, and until when that counts.
create table postseal.throttle (
    what text not null,
    whom bytea not null,                  -- a digest: who, of the one or the other kind
    count integer not null,
    until timestamptz not null,
    primary key (what, whom)
);
create index throttle_until on postseal.throttle (until);

-- A draft is a parcel without a message in the log.
alter table postseal.parcel alter column message drop not null;
alter table postseal.parcel
    add column summary bytea,             -- subject and the like, sealed by the content key
    add column layout bytea,              -- where its parts lie, sealed by the content key
    add column language text,             -- guessed from the message
    add column phone bytea,               -- for the code, boxed for the courier
    add column receipt text check (receipt in ('mail', 'mdn', 'dsn')); -- as the rule says

-- The sender's page of a message (track.h).
create table postseal.sender_page (
    message uuid primary key references postseal.message,
    digest bytea not null unique,         -- it is found by
    boxed bytea not null,                 -- its secret, for the courier
    sender text not null,
    created_at timestamptz not null default now()
);

-- Until the first opening the courier keeps its box, so that the sender can have a new code
-- (setting: pickup renew), and the secret of the link, for reminders.
alter table postseal.parcel_key alter column copy drop not null;
alter table postseal.parcel_key drop constraint parcel_key_check;
alter table postseal.parcel_key
    add column issued_at timestamptz,
    add column link_boxed bytea,
    add column reminders integer not null default 0,
    add column account uuid references postseal.account on delete cascade,
    add column sealed bytea,              -- the content key, to the account's public key
    add column kept bytea,                -- the same, by the key of the mailbox
    add column folder text check (folder in ('inbox', 'sent', 'drafts')),
    add column read_at timestamptz,
    add column answers uuid references postseal.parcel_key on delete set null, -- of a draft
    add column manner text check (manner in ('reply', 'replyall', 'forward')),
    add check ((account is null) = (folder is null)),
    add check (num_nonnulls(boxed, wrapped, sealed, kept) > 0);
update postseal.parcel_key set issued_at = now() where boxed is null;
create index parcel_key_folder on postseal.parcel_key (account, folder, id);
create index parcel_key_unread on postseal.parcel_key (account) where folder = 'inbox' and read_at is null;
create index parcel_key_copy on postseal.parcel_key (copy);
create trigger parcel_renewed after update of issue_at on postseal.parcel
    for each statement execute function postseal.outbox_added();

-- What nobody can open any more is gone at once.
create function postseal.parcel_key_gone() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    delete from parcel p
    where p.id = old.parcel and not exists (select from parcel_key k where k.parcel = p.id);
    return null;
end
$$;
create trigger parcel_key_gone after delete on postseal.parcel_key
    for each row execute function postseal.parcel_key_gone();

-- What senders are to be told, until it was put into a mail.
create table postseal.receipt (
    id bigint generated always as identity primary key,
    parcel uuid references postseal.parcel on delete set null,
    message uuid not null references postseal.message,
    sender text not null,
    recipient text not null,
    what text not null check (what in ('opened', 'expired', 'locked', 'lost', 'deleted')),
    form text not null default 'mail' check (form in ('mail', 'mdn', 'dsn')),
    at timestamptz not null default now(),
    due_at timestamptz not null
);
create index receipt_due on postseal.receipt (due_at);
create trigger receipt_added after insert on postseal.receipt
    for each statement execute function postseal.outbox_added();

-- An account goes: what was opened by link and code can be opened so again; what only the account could
-- open is lost, and its senders are told; nobody trusts its key any more.
create function postseal.account_end(gone text, because text) returns integer
language plpgsql set search_path = postseal, pg_temp as $$
declare
    lost integer;
begin
    update parcel_key k set account = null, folder = null, sealed = null, kept = null
    from account a where a.address = gone and k.account = a.id and k.wrapped is not null;
    with gone_keys as (
        delete from parcel_key k using account a, parcel p
        where a.address = gone and k.account = a.id and p.id = k.parcel
        returning k.copy, k.folder, k.read_at, p.message, p.sender),
    moved as (
        update copy c set state = 'lost', state_at = now(), reason = because
        from gone_keys g where c.id = g.copy and g.folder = 'inbox' and g.read_at is null)
    insert into receipt (message, sender, recipient, what, form, due_at)
        select g.message, g.sender, c.recipient, 'lost', 'mail', now()
        from gone_keys g join copy c on c.id = g.copy where g.folder = 'inbox';
    get diagnostics lost = row_count;
    update attestation set revoked_at = now(), revoked_because = because
    where kind = 'account' and address = gone and revoked_at is null;
    delete from account where address = gone;
    return lost;
end
$$;
revoke execute on function postseal.account_end from public;

alter table postseal.copy drop constraint copy_state_check;
alter table postseal.copy add constraint copy_state_check
    check (state in ('handed', 'queued', 'sent', 'failed', 'parked', 'opened', 'locked', 'expired',
                     'refused', 'recalled', 'lost'));
alter table postseal.outbox drop constraint outbox_kind_check;
alter table postseal.outbox add constraint outbox_kind_check
    check (kind in ('copy', 'notice', 'code', 'alert', 'bounce', 'receipt', 'reply', 'account'));

grant execute on function postseal.account_end to postseal_portal;

-- The portal writes what its members send, and the record of it.
grant select, insert, update, delete on postseal.account, postseal.passkey, postseal.address_proof,
    postseal.portal_session, postseal.session_key to postseal_portal;
grant select, insert, update on postseal.throttle to postseal_portal;
grant insert on postseal.policy_version, postseal.message, postseal.copy to postseal_portal;
grant select (id, sender, message_id, offered_at) on postseal.message to postseal_portal;
grant select (address, method, state_at) on postseal.copy to postseal_portal;
grant insert on postseal.parcel, postseal.parcel_chunk, postseal.parcel_key to postseal_portal;
grant delete on postseal.parcel_key to postseal_portal;
grant update (layout, issue_at, issued_at) on postseal.parcel to postseal_portal;
grant update (account, sealed, kept, folder, read_at, issued_at, boxed, link_boxed, link_hash, salt,
    wrapped) on postseal.parcel_key to postseal_portal;
grant insert on postseal.receipt to postseal_portal, postseal_courier;
grant select, update, delete on postseal.receipt to postseal_courier;

grant select (id, address, language, public_key) on postseal.account to postseal_courier;
grant select (address, wish) on postseal.account to postseal_milter;
grant select, delete on postseal.address_proof, postseal.portal_session, postseal.throttle
    to postseal_courier;
grant select, insert, delete on postseal.sender_page to postseal_courier;
grant select on postseal.sender_page to postseal_portal;
grant update (issued_at, link_boxed, reminders, account, sealed, folder) on postseal.parcel_key
    to postseal_courier;
