-- Mail that Postseal itself sends: variants for further groups, notices, codes, bounces. The
-- content is sealed to the courier's public key, so that a stolen database shows none of it. A
-- row is deleted when the MTA has taken or refused it for its last recipient; the log keeps what
-- became of it.

create table postseal.outbox (
    id uuid primary key,
    message uuid references postseal.message,
    kind text not null check (kind in ('copy', 'notice', 'code', 'alert', 'bounce')),
    sender text not null,                 -- of the envelope; '' for the null sender
    ret text,                             -- DSN parameters of MAIL (RFC 3461)
    envid text,
    smtputf8 boolean not null default false,
    verified boolean not null default false, -- only over verified TLS
    boxed_key bytea not null,             -- content key, sealed to the courier
    header bytea not null,
    state text not null default 'waiting' check (state in ('waiting', 'sending')),
    attempts integer not null default 0,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    next_attempt_at timestamptz not null default now(), -- while sending: end of the lease
    courier text,                         -- which courier has it in hand
    last_reply text
);
create index outbox_due on postseal.outbox (next_attempt_at);

create table postseal.outbox_recipient (
    outbox uuid not null references postseal.outbox on delete cascade,
    number integer not null,
    address text not null,
    notify text,                          -- DSN parameters of RCPT
    orcpt text,
    copy uuid references postseal.copy,
    primary key (outbox, number)
);

create table postseal.outbox_chunk (
    outbox uuid not null references postseal.outbox on delete cascade,
    number integer not null,
    content bytea not null,
    primary key (outbox, number)
);
alter table postseal.outbox_chunk alter column content set storage external;

create function postseal.outbox_added() returns trigger language plpgsql as $$
begin
    perform pg_notify('postseal_outbox', '');
    return null;
end
$$;
create trigger outbox_added after insert on postseal.outbox
    for each statement execute function postseal.outbox_added();

grant insert on postseal.outbox, postseal.outbox_recipient, postseal.outbox_chunk
    to postseal_milter, postseal_portal;
grant select, insert, update, delete on postseal.outbox, postseal.outbox_recipient,
    postseal.outbox_chunk to postseal_courier;
