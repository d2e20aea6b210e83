-- Members may be told once a day of what has come, instead of by a mail for each message. What they have not been told of
-- is marked until it is in such a summary, in the transaction that puts the summary into the outbox.
alter table postseal.account
    add column notices text not null default 'each' check (notices in ('each', 'daily')),
    add column summarised_at timestamptz;
comment on column postseal.account.notices is 'how the member is told of new messages: by a mail for each, or by one a day';
comment on column postseal.account.summarised_at is 'when the last such mail was written; null: none was';
grant update (notices) on postseal.account to postseal_portal;
grant select (notices, summarised_at), update (summarised_at) on postseal.account to postseal_courier;

alter table postseal.parcel_key add column summarise_since timestamptz;
comment on column postseal.parcel_key.summarise_since is 'since when its reader is to be told of it in a summary; null: there is nothing to tell';
create index parcel_key_summarise on postseal.parcel_key (account) where summarise_since is not null;
grant update (summarise_since) on postseal.parcel_key to postseal_courier;

-- A summary is a notice about several copies, of different messages.
alter table postseal.outbox add column copies uuid[];
comment on column postseal.outbox.copies is 'of a summary: the copies that it is about; null: it is about one message at most';
alter table postseal.mta_mail
    alter column message drop not null,
    add column copies uuid[];
comment on column postseal.mta_mail.message is 'the message; null: it is a summary';
comment on column postseal.mta_mail.copies is 'of a summary: the copies that it is about';

-- What became of a summary is on record of each message that it is about.
create function postseal.summary_event(of_copies uuid[], what text, detail text) returns void
language sql set search_path = postseal, pg_temp set enable_seqscan = off as $$
    insert into event (message, copy, what, detail)
    select c.message, c.id, summary_event.what, summary_event.detail from copy c where c.id = any(of_copies);
$$;
-- It did not arrive: the sender of each message that still waits is told, as of a notice.
create function postseal.summary_failed(of_copies uuid[], address text, reply text) returns void
language plpgsql set search_path = postseal, pg_temp set enable_seqscan = off as $$
begin
    perform own_mail_failed('notice', c.message, c.id, summary_failed.address, reply) from copy c where c.id = any(of_copies);
end
$$;
revoke execute on function postseal.summary_event, postseal.summary_failed from public;
grant execute on function postseal.summary_event, postseal.summary_failed to postseal_courier;

create or replace function postseal.mta_took_again(queue_ids text[], mails uuid[]) returns void
language sql set search_path = postseal, pg_temp set enable_seqscan = off as $$
    insert into mta_mail (queue_id, message, kind, address, copy, copies)
    select distinct on (t.queue_id) t.queue_id, o.message,
           case when o.kind not in ('copy', 'reply') then o.kind end, r.address, r.copy, o.copies
    from unnest(queue_ids, mails) as t (queue_id, mail) join outbox o on o.id = t.mail
        left join outbox_recipient r on r.outbox = o.id and o.kind not in ('copy', 'reply')
    where o.kind in ('copy', 'reply', 'notice', 'code', 'receipt') and (o.message is not null or o.copies is not null)
    on conflict (queue_id) do update set message = excluded.message, kind = excluded.kind, address = excluded.address,
                                         copy = excluded.copy, copies = excluded.copies, since = now();
$$;

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

-- What members chose is on record.
create or replace function postseal.account_activity() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
declare
    what text;
begin
    if tg_op = 'INSERT' then
        perform activity_add(new.address, null, 'account made', new.address, null);
    elsif tg_op = 'DELETE' then
        perform activity_add(old.address, null, 'account deleted', old.address, null);
    else
        foreach what in array array_remove(array[
            case when new.wrapped <> old.wrapped then 'password changed' end,
            case when new.recovery_wrapped <> old.recovery_wrapped then 'recovery code made' end,
            case when old.totp is null and new.totp is not null then 'one-time passwords set up' end,
            case when old.totp is not null and new.totp is null then 'one-time passwords removed' end,
            case when new.public_key <> old.public_key then 'account key changed' end,
            case when new.wish is distinct from old.wish then 'wish for delivery changed' end,
            case when new.notices <> old.notices then 'wish for notices changed' end], null)
        loop
            perform activity_add(new.address, null, what, new.address,
                                 case what when 'wish for delivery changed' then new.wish
                                           when 'wish for notices changed' then new.notices end);
        end loop;
    end if;
    return null;
end
$$;
create or replace view postseal.accounts as
    select a.address, a.created_at, a.language, a.totp is not null as one_time_passwords,
           (select count(*) from postseal.passkey p where p.account = a.id) as passkeys,
           (select max(t.at) from postseal.activity t where t.subject = a.address and t.what = 'signed in') as last_signed_in, a.wish,
           (select count(*) from postseal.application_password p where p.account = a.id) as application_passwords,
           (select max(p.used_at) from postseal.application_password p where p.account = a.id) as mail_client_at,
           a.notices, a.summarised_at
    from postseal.account a;
comment on column postseal.accounts.notices is 'how the owner is told of new messages: "each", by a mail for each, or "daily", by one a day';
comment on column postseal.accounts.summarised_at is 'when the last daily mail was written; null: none was';
