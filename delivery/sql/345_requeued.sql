-- Postfix gives mail another queue ID where an administrator requeues it (postsuper -r), and where it comes in again from
-- itself, as in a second pass. It is followed under each. Under one queue ID may then be what was decided on before and, for
-- recipients who have been added since, what is decided now: another message.
alter table postseal.mta_mail
    add column origin text not null default '',
    add column ident text not null default '',
    add column goes_on_as text[] not null default '{}',
    add column carries uuid[],
    drop constraint mta_mail_pkey,
    add primary key (queue_id, origin);
create index mta_mail_ident on postseal.mta_mail (ident) where origin <> '';
comment on column postseal.mta_mail.origin is 'the first queue ID that this mail had; empty: it is this one';
comment on column postseal.mta_mail.ident is 'what the MTA names it by where it hands it on to itself (XFORWARD)';
comment on column postseal.mta_mail.goes_on_as is 'as what the MTA took it once more, from itself: its own answer to that is not that of a next hop';
comment on column postseal.mta_mail.carries is 'the copies of the message that are in this mail; empty: those that left in place; null: not known';

-- Which copy was decided on, so that one that goes back to the outbox is still known to be this copy.
alter table postseal.decided add column copy uuid;

drop function postseal.mta_took(text[]);
create function postseal.mta_took(queue_ids text[], idents text[] default null) returns void
language sql set search_path = postseal, pg_temp set enable_seqscan = off as $$
    with heard as (delete from offer where queue_id = any(queue_ids) returning queue_id, message)
    insert into mta_mail (queue_id, message, ident, carries)
    select distinct on (h.queue_id) h.queue_id, h.message, coalesce(nullif(t.ident, ''), h.queue_id), '{}'::uuid[]
    from heard h join unnest(queue_ids, idents) as t (queue_id, ident) on t.queue_id = h.queue_id
    order by h.queue_id, nullif(t.ident, '')
    on conflict (queue_id, origin) do update set message = excluded.message, ident = excluded.ident, goes_on_as = '{}',
                                                 carries = excluded.carries, since = now();
$$;

create or replace function postseal.mta_took_again(queue_ids text[], mails uuid[]) returns void
language sql set search_path = postseal, pg_temp set enable_seqscan = off as $$
    insert into mta_mail (queue_id, message, kind, address, copy, copies, ident, carries)
    select distinct on (t.queue_id) t.queue_id, o.message,
           case when o.kind not in ('copy', 'reply') then o.kind end, r.address, r.copy, o.copies, o.id::text,
           array(select of_it.copy from outbox_recipient of_it where of_it.outbox = o.id and of_it.copy is not null)
    from unnest(queue_ids, mails) as t (queue_id, mail) join outbox o on o.id = t.mail
        left join outbox_recipient r on r.outbox = o.id and o.kind not in ('copy', 'reply')
    where o.kind in ('copy', 'reply', 'notice', 'code', 'receipt') and (o.message is not null or o.copies is not null)
    on conflict (queue_id, origin) do update set message = excluded.message, kind = excluded.kind, address = excluded.address,
                                                 copy = excluded.copy, copies = excluded.copies, ident = excluded.ident,
                                                 goes_on_as = '{}', carries = excluded.carries, since = now();
$$;

-- What was requeued, by its queue ID; or what was requeued before and comes in again from the MTA itself, by its ident: has
-- another queue ID now. In this order, as both may have happened more than once.
create function postseal.mta_goes_on(befores text[], queue_ids text[], requeued boolean[]) returns void
language plpgsql set search_path = postseal, pg_temp set enable_seqscan = off as $$
declare
    step record;
    m mta_mail;
begin
    for step in select * from unnest(befores, queue_ids, requeued) with ordinality as t (before, queue_id, is_requeued, n) order by n
    loop
        for m in
            select * from mta_mail where step.is_requeued and queue_id = step.before
            union all
            select * from mta_mail where not step.is_requeued and ident = step.before and origin <> '' and queue_id <> step.queue_id
        loop
            insert into mta_mail (queue_id, origin, message, kind, address, copy, copies, carries, since, ident)
                values (step.queue_id, coalesce(nullif(m.origin, ''), m.queue_id), m.message, m.kind, m.address, m.copy, m.copies,
                        m.carries, m.since, case m.ident when m.queue_id then step.queue_id else m.ident end)
                on conflict do nothing;
            update mta_mail set goes_on_as = goes_on_as || step.queue_id where queue_id = m.queue_id and origin = m.origin;
        end loop;
    end loop;
end
$$;
revoke execute on function postseal.mta_took, postseal.mta_goes_on from public;
grant execute on function postseal.mta_took, postseal.mta_goes_on to postseal_courier;

-- What is given up without a name are all who still wait in this mail, not those who wait for another one of the same message.
create or replace function postseal.mta_said(queue_ids text[], addresses text[], originals text[], outcomes text[],
                                             details text[])
returns void language plpgsql set search_path = postseal, pg_temp set enable_seqscan = off as $$
declare
    said record;
    gone mta_mail;
begin
    for said in
        select c.id as copy, c.message, t.outcome, t.detail, t.address = '' as given_up
        from unnest(queue_ids, addresses, originals, outcomes, details) with ordinality
                 as t (queue_id, address, original, outcome, detail, n)
            join mta_mail m on m.queue_id = t.queue_id and m.kind is null
            join copy c on c.message = m.message and (t.address = '' or c.address in (t.address, t.original))
        where (c.state in ('queued', 'handed') or (c.state = 'sent' and t.outcome = 'failed' and t.address <> ''))
          and (t.address <> '' or m.carries is null or c.id = any(m.carries) or (m.carries = '{}' and c.first_state = 'handed'))
          and not (t.outcome = 'sent' and coalesce(substring(t.detail from 'queued as ([0-9A-Za-z]+)') = any(m.goes_on_as), false))
        order by t.n
    loop
        -- Delivered mail is not reported as lost: earlier lines may have said that it was delivered.
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
    for said in
        select t.queue_id, t.address, t.outcome, t.detail,
               substring(t.detail from '^[^ ]*\[(?:127\.[0-9.]+|::1)\][^ ]* .*queued as ([0-9A-Za-z]+)') as goes_on
        from unnest(queue_ids, addresses, outcomes, details) with ordinality as t (queue_id, address, outcome, detail, n)
        where t.outcome in ('failed', 'sent') order by t.n
    loop
        if said.outcome = 'sent' and exists (select from mta_mail m where m.queue_id = said.queue_id and said.goes_on = any(m.goes_on_as)) then
            continue;
        elsif said.outcome = 'sent' then
            insert into mta_mail (queue_id, message, kind, address, copy, copies)
                select said.goes_on, m.message, m.kind, m.address, m.copy, m.copies from mta_mail m
                where m.queue_id = said.queue_id and m.kind is not null and said.goes_on is not null
                on conflict do nothing;
            insert into event (message, copy, what, detail)
                select m.message, m.copy, m.kind || ' sent', concat_ws(': ', coalesce(nullif(said.address, ''), m.address), said.detail)
                from mta_mail m where m.queue_id = said.queue_id and m.kind is not null and m.message is not null;
            perform summary_event(m.copies, m.kind || ' sent', concat_ws(': ', coalesce(nullif(said.address, ''), m.address), said.detail))
                from mta_mail m where m.queue_id = said.queue_id and m.copies is not null;
        else
            delete from mta_mail where queue_id = said.queue_id and kind is not null returning * into gone;
            if found and gone.copies is not null then
                perform summary_failed(gone.copies, coalesce(nullif(said.address, ''), gone.address), said.detail);
            elsif found then
                perform own_mail_failed(gone.kind, gone.message, gone.copy, coalesce(nullif(said.address, ''), gone.address),
                                        said.detail);
            end if;
        end if;
    end loop;
end
$$;
