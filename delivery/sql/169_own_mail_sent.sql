-- As before, and that our own mail (notices, unlock codes, receipts) was taken by the next hop is on record, too.
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
            insert into event (message, copy, what, detail)
                select m.message, m.copy, m.kind || ' sent', concat_ws(': ', coalesce(nullif(said.address, ''), m.address), said.detail)
                from mta_mail m where m.queue_id = said.queue_id and m.kind is not null;
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
