-- Since when it cannot be found out whether a domain takes verified TLS, and what was wrong the last time, also after it
-- works again.

alter table postseal.domain_tls
    add column failing_since timestamptz,
    add column last_failed_at timestamptz,
    add column last_failure text;
update postseal.domain_tls set failing_since = asked_at, last_failed_at = asked_at, last_failure = why where outcome = 'failed';
comment on column postseal.domain_tls.failing_since is 'when the first of the failures in a row was; null: the last question was answered';
comment on column postseal.domain_tls.last_failed_at is 'when it last failed';
comment on column postseal.domain_tls.last_failure is 'why it last failed';

create function postseal.domain_tls_failures() returns trigger language plpgsql set search_path = postseal, pg_temp as $$
begin
    if new.outcome = 'failed' then
        new.failing_since := coalesce(new.failing_since, now());
        new.last_failed_at := now();
        new.last_failure := new.why;
    else
        new.failing_since := null;
    end if;
    return new;
end
$$;
create trigger domain_tls_failures before insert or update of asked_at on postseal.domain_tls
    for each row when (new.asked_at is not null) execute function postseal.domain_tls_failures();

-- What decisions make of it, in a word (keystore/domain_tls.c has the sentences).
create view postseal.tls_domain as
    select *, case when asked_at is null then 'to be asked'
                   when policy in ('dane', 'enforce') and holds_until > now()
                       then case when unfit is null then 'available' else 'unfit' end
                   when outcome = 'failed' then 'unknown'
                   when good_until <= now() then 'to be asked'
                   else 'unavailable' end as state
    from postseal.domain_tls;
comment on view postseal.tls_domain is 'domain_tls, and what it means now: available, unfit (a policy that cannot be met), unknown (it cannot be found out), unavailable, or to be asked';
do $$
declare
    said record;
begin
    for said in select attname, col_description(attrelid, attnum) as text from pg_attribute
                where attrelid = 'postseal.domain_tls'::regclass and attnum > 0 and not attisdropped loop
        execute format('comment on column postseal.tls_domain.%I is %L', said.attname, said.text);
    end loop;
end
$$;
comment on column postseal.tls_domain.state is 'available, unfit, unknown, unavailable or to be asked';
grant select on postseal.tls_domain to postseal_courier, postseal_auditor;
