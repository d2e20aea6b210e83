-- Messages that a rule with `hold` keeps until somebody approves them. A message is held once for each rule that holds
-- it, with the recipients for whom that rule decided. Its content is sealed like what waits in the portal; the content
-- key is sealed with login.key, which only milters have: they decide again once it is released.
create table postseal.approval (
    id uuid primary key,
    message uuid not null,
    sender text not null,
    ret text,
    envid text,
    smtputf8 boolean not null,
    authenticated text,
    client text,
    outside_client inet,
    approved text[] not null,
    rule text not null,
    reason text not null,
    officers text not null,
    key bytea,
    header bytea,
    held_at timestamptz not null default now(),
    expires_at timestamptz not null,
    decision text check (decision in ('released', 'refused', 'recalled', 'expired')),
    decided_at timestamptz,
    decided_by text,
    decided_because text,
    next_attempt_at timestamptz not null default now(),
    trouble text,
    done_at timestamptz,
    check ((decision is null) = (decided_at is null)),
    check (done_at is null or decision is not null)
);
create index approval_open on postseal.approval (expires_at) where decision is null;
create index approval_due on postseal.approval (next_attempt_at) where decision is not null and done_at is null;
create index approval_message on postseal.approval (message);

create table postseal.approval_copy (
    approval uuid not null references postseal.approval on delete cascade,
    number integer not null,
    copy uuid not null,
    path text not null,
    address text not null,
    notify text,
    orcpt text,
    primary key (approval, number)
);
create index approval_copy_copy on postseal.approval_copy (copy);

create table postseal.approval_chunk (
    approval uuid not null references postseal.approval on delete cascade,
    number integer not null,
    content bytea not null,
    primary key (approval, number)
);
alter table postseal.approval_chunk alter column content set storage external;

-- The database has only a digest of a link's secret: nobody who reads it can make such a link.
create table postseal.approval_link (
    digest bytea primary key,
    approval uuid not null references postseal.approval on delete cascade,
    person text not null,
    is_sender boolean not null
);
create index approval_link_approval on postseal.approval_link (approval);

create trigger approval_key_closed before insert or update of key on postseal.approval for each row
    when (postseal.secret_is_closed('login', new.key)) execute function postseal.secret_refuse();
create function postseal.approval_keys_settle() returns void language plpgsql set search_path = postseal, pg_temp as $$
begin
    lock table approval in share mode;
end
$$;
revoke execute on function postseal.approval_keys_settle from public;

grant insert on postseal.approval, postseal.approval_copy, postseal.approval_chunk, postseal.approval_link to postseal_milter;
grant select on postseal.approval, postseal.approval_copy, postseal.approval_chunk to postseal_milter;
grant update (next_attempt_at, trouble) on postseal.approval to postseal_milter;
grant select (id, message, sender, smtputf8, rule, reason, officers, held_at, expires_at, decision, decided_at, decided_by,
              decided_because, done_at) on postseal.approval to postseal_portal, postseal_courier;
grant select (approval, number, address) on postseal.approval_copy to postseal_portal, postseal_courier;

-- The one way to a decision: whoever comes first decides. Nothing is released once its time is over; what was released and
-- cannot be sent may still be refused or recalled. Says whether this was the decision.
create function postseal.approval_decide(which uuid, what text, who text, why text) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    held approval;
    because text := nullif(why, '');
begin
    update approval set decision = what, decided_at = now(), decided_by = who, decided_because = because, next_attempt_at = now()
    where id = which and ((decision is null and (expires_at <= now()) = (what = 'expired'))
                          or (decision = 'released' and done_at is null and trouble is not null and what in ('refused', 'recalled')))
    returning * into held;
    if not found then
        return false;
    end if;
    if what = 'released' then
        insert into event (message, copy, what, detail)
        select held.message, c.copy, 'approved', concat_ws(': ', 'by ' || who, because) from approval_copy c where c.approval = which;
    else
        perform copy_move(c.copy, case what when 'recalled' then 'recalled' else 'refused' end,
                          case what when 'expired' then 'nobody approved it in time'
                                    when 'recalled' then 'by ' || who || ', while it waited for approval'
                                    else concat_ws(': ', 'refused by ' || who, because) end)
        from approval_copy c where c.approval = which;
    end if;
    return true;
end
$$;

-- Whose link it is. Nobody who asks by it sees the digests of others: with one, they could decide.
create function postseal.approval_link_find(of_digest bytea) returns table (approval uuid, person text, is_sender boolean)
language sql stable security definer set search_path = postseal, pg_temp as $$
    select l.approval, l.person, l.is_sender from approval_link l where l.digest = of_digest
$$;

-- The same for whoever has a link: the sender recalls, the others release or refuse.
create function postseal.approval_decide_by_link(of_digest bytea, what text, why text) returns boolean
language sql security definer set search_path = postseal, pg_temp as $$
    select coalesce((select approval_decide(l.approval, what, l.person, why) from approval_link l
                     where l.digest = of_digest and l.is_sender = (what = 'recalled')
                       and what in ('released', 'refused', 'recalled')), false)
$$;

-- What nobody decided in time is refused; so is what was released and could not be sent for so many seconds, like mail in
-- a queue.
create function postseal.approvals_expire(lifetime bigint) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    stuck approval;
begin
    perform approval_decide(id, 'expired', null, null) from approval where decision is null and expires_at <= now();
    for stuck in update approval set decision = 'refused', decided_by = 'Postseal', decided_because = 'it was approved, but could not be sent in time', decided_at = now(),
                     next_attempt_at = now()
                 where decision = 'released' and done_at is null and trouble is not null
                   and decided_at < now() - lifetime * interval '1 second' returning *
    loop
        perform copy_move(c.copy, 'refused', 'it was approved, but could not be sent: ' || stuck.trouble)
        from approval_copy c where c.approval = stuck.id;
    end loop;
end
$$;

-- What was released has been decided anew in this transaction: exactly once.
create function postseal.approval_done(which uuid) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    update approval set done_at = now(), key = null, header = null, trouble = null
    where id = which and decision = 'released' and done_at is null;
    if not found then
        raise exception 'another milter has sent what was approved' using errcode = 'PS003';
    end if;
    delete from approval_chunk where approval = which;
    perform copy_move(copy, 'repeated', 'it was approved, and decided anew') from approval_copy where approval = which;
end
$$;

-- One of those that were not released, whose sender is told in this transaction; null: there is none.
create function postseal.approval_close() returns uuid
language sql security definer set search_path = postseal, pg_temp as $$
    update approval set done_at = now() where id = (
        select id from approval where decision <> 'released' and done_at is null order by next_attempt_at limit 1
        for update skip locked)
    returning id
$$;

-- What was not released is deleted, unless the message is on hold for a legal matter, and so is in the end what was
-- decided: the record keeps that.
create function postseal.approvals_forget() returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    lock table legal_hold in share mode;
    with gone as (
        update approval set key = null, header = null
        where done_at is not null and key is not null and not message_is_held(message) returning id)
    delete from approval_chunk c using gone g where c.approval = g.id;
    delete from approval where done_at < now() - interval '90 days' and key is null;
end
$$;
revoke execute on function postseal.approval_decide, postseal.approval_decide_by_link, postseal.approval_link_find, postseal.approvals_expire,
    postseal.approval_done, postseal.approval_close, postseal.approvals_forget from public;
grant execute on function postseal.approval_link_find, postseal.approval_decide_by_link to postseal_portal;
grant execute on function postseal.approval_done to postseal_milter;
grant execute on function postseal.approvals_expire, postseal.approval_close, postseal.approvals_forget to postseal_courier;

-- What the auditor sees of it.
create view postseal.approvals as
    select a.held_at, a.message, a.sender, array(select c.address from postseal.approval_copy c where c.approval = a.id order by c.number)
               as recipients,
           a.rule, a.reason, a.officers, a.expires_at, a.decision, a.decided_at, a.decided_by, a.decided_because, a.done_at,
           a.trouble, a.id as approval
    from postseal.approval a;
grant select on postseal.approvals to postseal_auditor;

-- A sender's message may also be recalled while it waits for approval, for all recipients of the rule that holds it.
create or replace function postseal.message_recall(which uuid, of_address text, asked_by text)
returns table (recipient text, done boolean, said text)
language plpgsql set search_path = postseal, pg_temp as $$
declare
    c record;
    held uuid;
begin
    for c in select copy.* from copy where message = which and (of_address = '' or address = of_address)
             and state <> 'repeated' order by copy.recipient
    loop
        recipient := c.recipient;
        held := (select a.approval from approval_copy a where a.copy = c.id and c.state = 'held');
        if held is not null and of_address <> '' and (select count(*) > 1 from approval_copy a where a.approval = held) then
            done := false;
            said := 'it waits for approval together with those of other recipients: recall the message for all of them';
        elsif held is not null then
            perform approval_decide(held, 'recalled', asked_by, null);
            done := (select decision = 'recalled' from approval where id = held);
            said := case when done then 'recalled' else 'it was decided meanwhile, and is not held any more' end;
        else
            delete from parcel_key k where k.copy = c.id and k.opened_at is null;
            done := found;
            if done then
                done := copy_move(c.id, 'recalled', 'by ' || asked_by || ', unread');
            end if;
            said := case when done then 'recalled' else 'it is ' || c.state || ', and does not wait unread' end;
        end if;
        return next;
    end loop;
end
$$;

-- What is held is not there to be sent again yet.
create or replace function postseal.message_resend(which uuid, of_address text, asked_by text)
returns table (recipient text, done boolean, said text)
language plpgsql set search_path = postseal, pg_temp as $$
declare
    c record;
    k parcel_key;
    waiting bigint;
    in_hand bigint;
begin
    for c in select copy.*, m.queue_id from copy join message m on m.id = copy.message
             where copy.message = which and (of_address = '' or address = of_address) and state <> 'repeated' order by copy.recipient
    loop
        recipient := c.recipient;
        select * into k from parcel_key where copy = c.id for update;
        update outbox o set next_attempt_at = now() from outbox_recipient r
            where r.outbox = o.id and r.copy = c.id and o.state = 'waiting';
        get diagnostics waiting = row_count;
        select count(*) into in_hand from outbox o join outbox_recipient r on r.outbox = o.id
            where r.copy = c.id and o.state = 'sending';
        done := waiting > 0 or (in_hand = 0 and c.method = 'pickup' and k.id is not null and k.opened_at is null
                                and k.locked_at is null and k.issued_at is not null and k.expires_at > now()
                                and (k.link_boxed is not null or k.account is not null));
        said := case
            when waiting > 0 then 'it is in the outbox, and delivery is tried now'
            when in_hand > 0 then 'a courier has it in hand, or the MTA may have it: see `postseal outbox list`'
            when done then 'the email about it is sent again, with the same link'
            when k.id is not null and k.opened_at is null and k.issued_at is null then 'its link and code are being created already'
            when k.id is not null and k.opened_at is null then 'its link no longer works: give `postseal message new-code`'
            when c.state = 'handed' then 'the MTA has it in its queue'
                || coalesce(', as ' || coalesce((select string_agg(t.queue_id, ', ') from mta_mail t where t.message = which), c.queue_id), '')
                || ': `postqueue -i` delivers it at once'
            when c.state = 'sent' then 'it arrived: sent again, it would arrive twice'
            when c.state = 'refused' then 'it was refused, and never accepted'
            when c.state = 'held' then 'it waits for approval: see `postseal approval list`'
            when c.state = 'opened' then 'it was opened already'
            else 'it is ' || c.state || ', and Postseal does not have it any more: its sender must send it again' end;
        if done and waiting = 0 then
            update parcel_key set notice_again = true where id = k.id;
            perform copy_move(c.id, 'parked', asked_by || ' had the email about it sent again') where c.state = 'failed';
        end if;
        if done then
            insert into event (message, copy, what, detail) values (which, c.id, 'resent', 'by ' || asked_by);
        end if;
        return next;
    end loop;
    if found then
        perform pg_notify('postseal_outbox', '');
    end if;
end
$$;

comment on table postseal.approval is 'messages that wait until somebody approves them, and what was decided about those that did';
comment on column postseal.approval.id is 'to which the content is bound';
comment on column postseal.approval.message is 'identifier in the log';
comment on column postseal.approval.sender is 'of the envelope';
comment on column postseal.approval.ret is 'DSN parameter of MAIL (RFC 3461)';
comment on column postseal.approval.envid is 'DSN parameter of MAIL (RFC 3461)';
comment on column postseal.approval.smtputf8 is 'whether the client asked for SMTPUTF8';
comment on column postseal.approval.authenticated is 'who had signed in at the MTA; null: nobody';
comment on column postseal.approval.client is 'from which the message came';
comment on column postseal.approval.outside_client is 'the same, if it is outside; null: it is one of ours';
comment on column postseal.approval.approved is 'the rules for which the message was approved before, as written';
comment on column postseal.approval.rule is 'that holds it, as written';
comment on column postseal.approval.reason is 'the sentence in the rule';
comment on column postseal.approval.officers is 'the table of those who approve';
comment on column postseal.approval.key is 'content key, sealed with login.key; null: the content was deleted';
comment on column postseal.approval.header is 'of the sealed content';
comment on column postseal.approval.held_at is 'since when it waits';
comment on column postseal.approval.expires_at is 'when it is refused if nobody has decided';
comment on column postseal.approval.decision is 'what was decided; null: it waits';
comment on column postseal.approval.decided_at is 'when';
comment on column postseal.approval.decided_by is 'by whom: an address, or a system user; null: its time was over';
comment on column postseal.approval.decided_because is 'the reason they gave';
comment on column postseal.approval.next_attempt_at is 'when what was decided is carried out';
comment on column postseal.approval.trouble is 'why what was released could not be sent yet';
comment on column postseal.approval.done_at is 'when what was decided had been carried out';
comment on table postseal.approval_copy is 'for whom a held message is';
comment on column postseal.approval_copy.approval is 'the held message';
comment on column postseal.approval_copy.number is 'in the order of the envelope';
comment on column postseal.approval_copy.copy is 'identifier in the log';
comment on column postseal.approval_copy.path is 'of RCPT, as the MTA had it';
comment on column postseal.approval_copy.address is 'of the recipient';
comment on column postseal.approval_copy.notify is 'DSN parameter of RCPT (RFC 3461)';
comment on column postseal.approval_copy.orcpt is 'DSN parameter of RCPT (RFC 3461)';
comment on table postseal.approval_chunk is 'the content of a held message, sealed';
comment on column postseal.approval_chunk.approval is 'the held message';
comment on column postseal.approval_chunk.number is 'in order, from 0';
comment on column postseal.approval_chunk.content is 'header and body as they were offered, sealed';
comment on table postseal.approval_link is 'links in mails to those who may approve a message, and to its sender';
comment on column postseal.approval_link.digest is 'of the secret in the link';
comment on column postseal.approval_link.approval is 'the held message';
comment on column postseal.approval_link.person is 'to whom the link was mailed; folded';
comment on column postseal.approval_link.is_sender is 'whether this is the sender, who may only recall it';
comment on view postseal.approvals is 'what waits for approval, or did: who decided what about it, and why';
comment on column postseal.approvals.held_at is 'since when it waits';
comment on column postseal.approvals.message is 'identifier of the message';
comment on column postseal.approvals.sender is 'of the envelope';
comment on column postseal.approvals.recipients is 'for whom it is';
comment on column postseal.approvals.rule is 'that holds it, as written';
comment on column postseal.approvals.reason is 'the sentence in the rule';
comment on column postseal.approvals.officers is 'the table of those who approve';
comment on column postseal.approvals.expires_at is 'when it is refused if nobody has decided';
comment on column postseal.approvals.decision is 'released, refused, recalled or expired; null: it waits';
comment on column postseal.approvals.decided_at is 'when';
comment on column postseal.approvals.decided_by is 'by whom: an address, or a system user; null: its time was over';
comment on column postseal.approvals.decided_because is 'the reason they gave';
comment on column postseal.approvals.done_at is 'when what was decided had been carried out';
comment on column postseal.approvals.trouble is 'why what was released could not be sent yet';
comment on column postseal.approvals.approval is 'identifier, as postseal approval names it';
