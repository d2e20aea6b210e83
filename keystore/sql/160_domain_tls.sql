-- What the network says about verified TLS of domains: DANE (RFC 7672) and MTA-STS (RFC 8461). Beside the last answer
-- stands what is in force, which an answer that failed does not end: a policy holds for its max_age, whatever becomes of
-- the web server, or of the DNS that announced it.

create table postseal.domain_tls (
    domain text not null,
    evidence text not null check (evidence in ('dane', 'mta-sts')),
    wanted_at timestamptz not null default now(),
    asked_at timestamptz,
    outcome text check (outcome in ('found', 'nothing', 'failed')),
    why text,
    good_until timestamptz not null default '-infinity',
    due_at timestamptz not null default now(),
    failures integer not null default 0,
    claimed_until timestamptz not null default '-infinity',
    policy text check (policy in ('dane', 'enforce', 'testing', 'none')),
    policy_id text,
    hosts text[] not null default '{}',
    unfit text,
    holds_until timestamptz not null default '-infinity',
    enforced_until timestamptz not null default '-infinity',
    primary key (domain, evidence)
);
create index domain_tls_due on postseal.domain_tls (due_at);

comment on table postseal.domain_tls is 'which domains take mail over verified TLS, as DANE and MTA-STS say';
comment on column postseal.domain_tls.domain is 'the domain, in its canonical form';
comment on column postseal.domain_tls.evidence is 'dane or mta-sts';
comment on column postseal.domain_tls.wanted_at is 'when mail last needed it: what nobody needs is not asked again';
comment on column postseal.domain_tls.asked_at is 'when the last answer came; null: it is still awaited';
comment on column postseal.domain_tls.outcome is 'of the last question: found, nothing (the domain publishes none), or failed (it could not be found out)';
comment on column postseal.domain_tls.why is 'why there is none, or why it failed';
comment on column postseal.domain_tls.good_until is 'until when messages need not ask again';
comment on column postseal.domain_tls.due_at is 'when the courier asks again';
comment on column postseal.domain_tls.failures is 'how often in a row it failed';
comment on column postseal.domain_tls.claimed_until is 'until when a courier has it in hand';
comment on column postseal.domain_tls.policy is 'what was found last: dane (every host that takes mail has TLSA records), or the mode of the MTA-STS policy';
comment on column postseal.domain_tls.policy_id is 'id of the MTA-STS policy';
comment on column postseal.domain_tls.hosts is 'hosts of the MTA-STS policy that was last enforced; *. and a domain stands for the hosts in it';
comment on column postseal.domain_tls.unfit is 'why nothing can be delivered under the policy, or null';
comment on column postseal.domain_tls.holds_until is 'until when what was found holds, if it cannot be asked for again';
comment on column postseal.domain_tls.enforced_until is 'when an MTA-STS policy was or will be last in force';

-- Programs add and refresh; nobody deletes.
grant select, insert, update on postseal.domain_tls to postseal_milter, postseal_courier;
grant select on postseal.domain_tls to postseal_auditor;

-- On record: what appeared, changed, was withdrawn, began to fail, and works again.
create function postseal.domain_tls_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
declare
    before domain_tls;
    is_new boolean := tg_op = 'INSERT' or (tg_op = 'UPDATE' and old.asked_at is null);
    said text := new.evidence || coalesce(' ' || nullif(new.policy, 'dane'), '') || coalesce(', id ' || new.policy_id, '')
                 || case when new.policy = 'enforce' then ', ' || array_to_string(new.hosts, ' ') else '' end;
    what text;
begin
    if not is_new then
        before := old;
    end if;
    if new.outcome = 'failed' and coalesce(before.outcome, '') <> 'failed' then
        perform activity_add(new.domain, null, 'TLS policy failed', new.domain, new.evidence || ': ' || new.why);
    elsif before.outcome = 'failed' and new.outcome <> 'failed' then
        perform activity_add(new.domain, null, 'TLS policy answered again', new.domain, new.evidence || ': ' || new.outcome);
    end if;
    what := case when before.policy is null and new.policy is not null then 'TLS policy found'
                 when before.policy is not null and new.policy is null then 'TLS policy withdrawn'
                 when before.policy = 'enforce' and new.policy <> 'enforce' then 'TLS policy withdrawn'
                 when (before.policy, before.policy_id, before.hosts) is distinct from (new.policy, new.policy_id, new.hosts)
                     then 'TLS policy changed' end;
    if what is not null then
        perform activity_add(new.domain, null, what, new.domain, said);
    end if;
    if new.unfit is distinct from before.unfit and new.unfit is not null then
        perform activity_add(new.domain, null, 'TLS policy unfit', new.domain, new.evidence || ': ' || new.unfit);
    end if;
    return null;
end
$$;
create trigger domain_tls_activity after insert or update of asked_at on postseal.domain_tls
    for each row when (new.asked_at is not null) execute function postseal.domain_tls_activity();
