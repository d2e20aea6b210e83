-- What the MTA's log says of mail that it was handed. A courier follows the log of its machine; how far it has read
-- is committed with what it has read, so that nothing is put down twice and nothing is passed over.

create table postseal.mta_log (
    source text primary key,              -- machine and log
    position text not null,               -- where to read on
    read_at timestamptz not null,         -- up to when the log was read
    tells boolean not null default false  -- has it ever said of a mail that the MTA took it?
);

-- What the MTA has in its queue: of which message.
create table postseal.mta_mail (
    queue_id text primary key,
    message uuid not null,
    since timestamptz not null default now()
);
create index mta_mail_since on postseal.mta_mail using brin (since);

-- The MTA heard the answer: it has the message, or was told to throw it away.
create function postseal.mta_took(queue_ids text[]) returns void
language sql set search_path = postseal, pg_temp as $$
    with heard as (delete from offer where queue_id = any(queue_ids) returning queue_id, message)
    insert into mta_mail (queue_id, message) select distinct on (queue_id) queue_id, message from heard
    on conflict (queue_id) do update set message = excluded.message, since = now();
$$;

-- Mail of the outbox came in by re-injection.
create function postseal.mta_took_again(queue_ids text[], mails uuid[]) returns void
language sql set search_path = postseal, pg_temp as $$
    insert into mta_mail (queue_id, message)
    select distinct on (t.queue_id) t.queue_id, o.message
    from unnest(queue_ids, mails) as t (queue_id, mail) join outbox o on o.id = t.mail
    where o.kind in ('copy', 'reply') and o.message is not null
    on conflict (queue_id) do update set message = excluded.message, since = now();
$$;

-- It was delivered, deferred or returned; without an address, for all who still wait. That it is still deferred for
-- the same reason is no news.
create function postseal.mta_said(queue_ids text[], addresses text[], originals text[], outcomes text[], details text[])
returns void language plpgsql set search_path = postseal, pg_temp as $$
declare
    said record;
begin
    for said in
        select c.id as copy, c.message, t.outcome, t.detail, t.address = '' as given_up
        from unnest(queue_ids, addresses, originals, outcomes, details) with ordinality
                 as t (queue_id, address, original, outcome, detail, n)
            join mta_mail m on m.queue_id = t.queue_id
            join copy c on c.message = m.message and (t.address = '' or c.address in (t.address, t.original))
        where c.state in ('queued', 'handed') or (c.state = 'sent' and t.outcome = 'failed' and t.address <> '')
        order by t.n
    loop
        -- What was delivered is not given up: lines before this one may have told so.
        if said.given_up and not exists (select from copy c where c.id = said.copy and c.state = 'handed') then
            continue;
        end if;
        if said.outcome <> 'deferred' then
            perform copy_move(said.copy, said.outcome, case said.outcome when 'failed' then said.detail end, said.detail);
        elsif not exists (select from event e where e.message = said.message and e.copy = said.copy
                                                and e.what = 'deferred' and e.detail = said.detail) then
            insert into event (message, copy, what, detail) values (said.message, said.copy, 'deferred', said.detail);
        end if;
    end loop;
end
$$;

revoke execute on function postseal.mta_took, postseal.mta_took_again, postseal.mta_said from public;
grant execute on function postseal.mta_took, postseal.mta_took_again, postseal.mta_said to postseal_courier;
grant select, insert, update on postseal.mta_log to postseal_courier;
grant select on postseal.mta_log to postseal_milter;
grant select, insert, update, delete on postseal.mta_mail to postseal_courier;
