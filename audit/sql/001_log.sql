-- The log: what was offered, what was decided for each recipient and why, and what became of
-- each copy. Rows are added; only the state of a copy and the offers of a message move on,
-- and each such step is an event.

create table postseal.policy_version (
    digest text primary key,              -- SHA-256 of the file and its table files
    content text not null,
    first_used_at timestamptz not null default now()
);

create table postseal.message (
    id uuid primary key,
    identity bytea unique,                -- promise 3: the same message offered again
    offered_at timestamptz not null default now(),
    last_offered_at timestamptz not null default now(),
    offers integer not null default 1,
    queue_id text,
    authenticated text,
    client text,
    sender text not null,
    message_id text,
    size bigint not null,
    policy text not null references postseal.policy_version
);
create index message_offered_at on postseal.message (offered_at);
create index message_sender on postseal.message (sender, offered_at);

create table postseal.copy (
    id uuid primary key,
    message uuid not null references postseal.message,
    recipient text not null,              -- as the envelope had it
    address text not null,                -- folded, for comparison
    rule_line integer not null,
    rule text not null,
    method text,                          -- null: refused
    reason text not null,
    trace jsonb not null,
    keys text[] not null default '{}',    -- fingerprints it was sealed to
    signed_by text,                       -- fingerprint of our own key
    state text not null check (state in ('handed', 'queued', 'sent', 'failed', 'parked', 'opened',
                                         'locked', 'expired', 'refused')),
    state_at timestamptz not null default now(),
    first_state text not null,            -- as it was decided; what came later are events
    first_reason text not null,
    decided_at timestamptz not null default clock_timestamp(),
    unique (message, address)
);
create index copy_address on postseal.copy (address);

create table postseal.event (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    message uuid not null references postseal.message,
    copy uuid references postseal.copy,
    what text not null,
    detail text
);
create index event_message on postseal.event (message);

-- Each later change of a copy's state is put down by the database itself, so that no program
-- can forget it. The first is in the copy's own row: nothing more is written on the hot path.
create function postseal.copy_changed() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    insert into postseal.event (message, copy, what, detail)
    values (new.message, new.id, new.state, new.reason);
    return null;
end
$$;
create trigger copy_moved after update of state on postseal.copy
    for each row when (old.state is distinct from new.state)
    execute function postseal.copy_changed();

-- What the compliance officer asks.
create view postseal.log as
    select m.offered_at, m.queue_id, m.sender, m.authenticated, c.recipient, c.method, c.state,
           c.state_at, c.reason, c.rule_line, c.rule, c.keys, c.signed_by, m.message_id, m.size,
           m.policy, m.id as message, c.id as copy, c.trace
    from postseal.copy c join postseal.message m on m.id = c.message;
create view postseal.unprotected as
    select * from postseal.log where method = 'plain';
create view postseal.refused as
    select * from postseal.log where state = 'refused';
create view postseal.trouble as
    select * from postseal.log where state in ('failed', 'locked', 'expired');
create view postseal.by_day as
    select date_trunc('day', offered_at) as day, coalesce(method, 'refused') as method, state,
           count(*) as copies
    from postseal.log group by 1, 2, 3;
create view postseal.history as
    select e.at, e.what, e.detail, c.recipient, e.message, e.copy
    from postseal.event e left join postseal.copy c on c.id = e.copy
    union all
    select decided_at, first_state, first_reason, recipient, message, id from postseal.copy;

grant select on postseal.log, postseal.unprotected, postseal.refused, postseal.trouble,
    postseal.by_day, postseal.history, postseal.policy_version to postseal_auditor;

grant select, insert on postseal.policy_version, postseal.message, postseal.copy
    to postseal_milter;
grant update (identity, last_offered_at, offers) on postseal.message to postseal_milter;
grant update (rule_line, rule, method, reason, trace, keys, signed_by, state, state_at)
    on postseal.copy to postseal_milter;
grant insert on postseal.event to postseal_milter, postseal_courier, postseal_portal;
grant select on postseal.message, postseal.copy to postseal_courier;
grant update (identity) on postseal.message to postseal_courier;
grant update (reason, state, state_at) on postseal.copy to postseal_courier;
grant select (id, message, recipient, reason, state) on postseal.copy to postseal_portal;
grant update (state, state_at, reason) on postseal.copy to postseal_portal;
