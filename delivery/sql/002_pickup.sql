-- Messages that wait for their recipients, sealed. What opens them is not in the database.

create table postseal.parcel (
    id uuid primary key,
    message uuid not null references postseal.message,
    sender text not null,
    header bytea not null,                -- of the sealed stream
    size bigint not null,                 -- bytes of the message
    smtputf8 boolean not null default false,
    created_at timestamptz not null default now(),
    issue_at timestamptz not null default now(), -- when links and codes are to be made
    issued_at timestamptz                 -- and were
);
create index parcel_waiting on postseal.parcel (issue_at) where issued_at is null;

create table postseal.parcel_chunk (
    parcel uuid not null references postseal.parcel on delete cascade,
    number integer not null,
    content bytea not null,
    primary key (parcel, number)
);
alter table postseal.parcel_chunk alter column content set storage external;

-- The content key for one recipient. At first it is boxed for the courier, which makes link and
-- unlock code, wraps the key by what both derive together, and forgets the box. A parcel whose
-- last key is gone is deleted.
create table postseal.parcel_key (
    id uuid primary key,
    parcel uuid not null references postseal.parcel on delete cascade,
    copy uuid not null references postseal.copy,
    notify text,                          -- DSN parameters for the notice (RFC 3461)
    orcpt text,
    boxed bytea,
    link_hash bytea unique,
    salt bytea,
    wrapped bytea,
    expires_at timestamptz not null,
    tries integer not null default 0,     -- wrong codes
    locked_at timestamptz,
    opened_at timestamptz,
    check ((boxed is null) = (wrapped is not null))
);
create trigger parcel_added after insert on postseal.parcel
    for each statement execute function postseal.outbox_added();
create index parcel_key_parcel on postseal.parcel_key (parcel);
create index parcel_key_expires on postseal.parcel_key (expires_at);

-- After the code was right: the content key, wrapped by a secret that only the cookie holds.
create table postseal.portal_session (
    cookie_hash bytea primary key,
    parcel_key uuid not null references postseal.parcel_key on delete cascade,
    wrapped bytea not null,
    expires_at timestamptz not null
);
create index portal_session_expires on postseal.portal_session (expires_at);

grant insert on postseal.parcel, postseal.parcel_chunk, postseal.parcel_key to postseal_milter;
grant select on postseal.parcel, postseal.parcel_chunk, postseal.parcel_key to postseal_portal;
grant update (tries, locked_at, opened_at) on postseal.parcel_key to postseal_portal;
grant select, insert, delete on postseal.portal_session to postseal_portal;
grant select, delete on postseal.parcel, postseal.parcel_key, postseal.portal_session
    to postseal_courier;
grant update (issue_at, issued_at) on postseal.parcel to postseal_courier;
grant update (boxed, link_hash, salt, wrapped) on postseal.parcel_key to postseal_courier;
