-- Mail that Postseal writes itself is also followed in the MTA's log: if an unlock code or a notice is returned,
-- whoever can act is told.
alter table postseal.mta_mail
    add column kind text,                 -- as in outbox; null: a message, or a copy of it
    add column address text,              -- of its recipient
    add column copy uuid;                 -- the copy that its notice is about

alter table postseal.receipt
    add column detail text,               -- what the mail server said
    drop constraint receipt_what_check,
    drop constraint receipt_form_check;
alter table postseal.receipt
    add constraint receipt_what_check
        check (what in ('relayed', 'opened', 'expired', 'locked', 'lost', 'deleted', 'deleted unopened', 'handed over',
                        'notice failed', 'code failed')),
    add constraint receipt_form_check check (form in ('mail', 'mdn', 'dsn', 'alert'));

-- Mail of ours that is followed did not arrive. Reported once each: it is then no longer followed. If nobody is waiting
-- for it any more, it is only recorded.
create function postseal.own_mail_failed(kind text, of_message uuid, of_copy uuid, address text, reply text) returns void
language plpgsql set search_path = postseal, pg_temp as $$
begin
    insert into event (message, copy, what, detail)
    values (of_message, of_copy, kind || ' not delivered', concat_ws(': ', address, reply));
    if kind = 'notice' then
        perform copy_move(of_copy, 'failed', reply)
            from parcel_key k where k.copy = of_copy and k.opened_at is null and k.expires_at > now();
        insert into receipt (parcel, message, sender, recipient, what, detail, due_at)
            select p.id, p.message, p.sender, own_mail_failed.address, 'notice failed', reply, now()
            from parcel_key k join parcel p on p.id = k.parcel
            where k.copy = of_copy and k.opened_at is null and k.expires_at > now();
    elsif kind = 'code' then
        insert into receipt (parcel, message, sender, recipient, what, form, detail, due_at)
            select p.id, p.message, p.sender, own_mail_failed.address, 'code failed', 'alert', reply, now()
            from parcel p
            where p.message = of_message
              and exists (select from parcel_key k where k.parcel = p.id and k.opened_at is null and k.expires_at > now())
            limit 1;
    end if;
end
$$;
revoke execute on function postseal.own_mail_failed from public;
grant execute on function postseal.own_mail_failed to postseal_courier;

-- Mail from the outbox came in by re-injection, according to the MTA's log or its reply.
create or replace function postseal.mta_took_again(queue_ids text[], mails uuid[]) returns void
language sql set search_path = postseal, pg_temp set enable_seqscan = off as $$
    insert into mta_mail (queue_id, message, kind, address, copy)
    select distinct on (t.queue_id) t.queue_id, o.message,
           case when o.kind not in ('copy', 'reply') then o.kind end, r.address, r.copy
    from unnest(queue_ids, mails) as t (queue_id, mail) join outbox o on o.id = t.mail
        left join outbox_recipient r on r.outbox = o.id and o.kind not in ('copy', 'reply')
    where o.kind in ('copy', 'reply', 'notice', 'code', 'receipt') and o.message is not null
    on conflict (queue_id) do update set message = excluded.message, kind = excluded.kind, address = excluded.address,
                                         copy = excluded.copy, since = now();
$$;

-- As before for messages and copies. Our own mail: it was returned; or the MTA has it under another queue ID, because
-- aliases are expanded before it is decided on.
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
        where c.state in ('queued', 'handed') or (c.state = 'sent' and t.outcome = 'failed' and t.address <> '')
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
        if said.outcome = 'sent' then
            insert into mta_mail (queue_id, message, kind, address, copy)
                select said.goes_on, m.message, m.kind, m.address, m.copy from mta_mail m
                where m.queue_id = said.queue_id and m.kind is not null and said.goes_on is not null
                on conflict do nothing;
        else
            delete from mta_mail where queue_id = said.queue_id and kind is not null returning * into gone;
            if found then
                perform own_mail_failed(gone.kind, gone.message, gone.copy, coalesce(nullif(said.address, ''), gone.address),
                                        said.detail);
            end if;
        end if;
    end loop;
end
$$;
