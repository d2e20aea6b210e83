-- A domain that was asked for the first time and has no policy was put on record as one whose policy had changed.
create or replace function postseal.domain_tls_activity() returns trigger language plpgsql security definer
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
                 when (before.policy, before.policy_id, coalesce(before.hosts, '{}')) is distinct from (new.policy, new.policy_id, new.hosts)
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
