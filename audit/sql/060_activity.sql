-- What people did to keys, trust, accounts and waiting messages, beside the mail itself. The database puts it down as
-- it happens, whichever program or person it happens by, so that none can forget it.
create table postseal.activity (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor text not null,                  -- the system user, or the address of an account
    login text not null default session_user, -- the role that the database knows them by
    network text,                         -- of the browser
    what text not null,
    subject text not null,                -- an address, or the fingerprint of a key
    detail text
);
create index activity_subject on postseal.activity (subject);
create index activity_at on postseal.activity using brin (at) with (pages_per_range = 32, autosummarize = on);

-- A program says for whom it acts in postseal.actor; `otherwise` is who it must be if it does not say.
create function postseal.activity_add(otherwise text, network text, what text, subject text, detail text) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    insert into activity (actor, network, what, subject, detail)
    values (coalesce(nullif(current_setting('postseal.actor', true), ''), otherwise, session_user), network, what, subject, detail);
$$;
revoke execute on function postseal.activity_add from public;
grant execute on function postseal.activity_add to postseal_portal;
grant select on postseal.activity to postseal_auditor;

-- Times at which a policy came into force, and until when: also where an older one came back.
create view postseal.policies as
    select f.at as since, lead(f.at) over (partition by f.program, f.node order by f.id) as until, f.program, f.node,
           f.digest, v.content
    from postseal.policy_in_force f join postseal.policy_version v on v.digest = f.digest;
-- Which rule decided how much, and where it has got to.
create view postseal.by_month as
    select date_trunc('month', offered_at) as month, coalesce(method, 'refused') as method, rule, state, count(*) as copies,
           count(distinct message) as messages
    from postseal.log group by 1, 2, 3, 4;
grant select on postseal.policies, postseal.by_month to postseal_auditor;
