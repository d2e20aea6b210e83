-- As before, and twice as fast or more, as most rows are left out at once: address_is_in() looks for the local part first, and
-- that is done here, before it is called; the key of what is in ASCII is its small letters, so that it has the local part as
-- well. What is in another script may have a local part that looks otherwise, and is compared in any case.

-- As sender, recipient, owner, reader, or actor; or named in what others did.
create or replace function postseal.about(person text) returns table (at timestamptz, what text, role text, detail text, message uuid)
language plpgsql stable security definer set search_path = postseal, pg_temp as $$
declare
    who text := address_key(btrim(person));
    place text := split_part(who, '@', 1);
begin
    return query
    with sent as (
        select m.id from message m where address_key(m.sender) = who or address_key(m.authenticated) = who),
    received as (
        select c.id, c.message from copy c where c.address = who)
    select l.offered_at, 'message ' || l.state, 'sender', concat_ws(' ', 'to', l.recipient, 'by', l.method, l.state_detail), l.message
        from sent s join log l on l.message = s.id
    union all
    -- What belongs to no copy: not accepted, offered again; and what the author read again.
    select h.at, h.what, 'sender', h.detail, h.message
        from sent s join history h on h.message = s.id where h.copy is null
    union all
    select l.offered_at, 'message ' || l.state, 'recipient', concat_ws(' ', 'from', l.sender, 'by', l.method, l.state_detail), l.message
        from log l where l.address = who
    union all
    select h.at, h.what, 'recipient', h.detail, h.message
        from received r join history h on h.message = r.message and h.copy = r.id
    union all
    -- By an account of another address, or that has another one now.
    select r.at, r.what, 'reader', concat_ws(', ', r.part, 'from ' || r.network), r.message
        from readings r
        where address_key(r.reader) = who and not exists (select from received x where x.id = r.copy)
          and not (r.copy is null and exists (select from sent s where s.id = r.message))
    union all
    select h.at, h.what, 'actor', concat_ws(': ', h.recipient, h.detail), h.message
        from history h where h.what in ('approved', 'refused', 'recalled', 'resent') and position(place in lower(h.detail)) > 0
          and address_is_in(h.detail, who) and not exists (select from received x where x.id = h.copy)
    union all
    select k.imported_at, 'key held', 'owner', k.kind || ' ' || k.fingerprint, null::uuid from keys k where who = any(k.addresses)
    union all
    select c.since, 'key claimed', 'owner', concat_ws(' ', c.kind, c.fingerprint, 'by', c.source), null
        from key_claim c where c.address = who and c.source <> 'database'
    union all
    select m.at, 'key came by mail', 'owner', concat_ws(' ', m.kind, m.fingerprint, 'as', m.how), m.message
        from key_mailed m where m.address = who
    union all
    select a.asked_at, 'key looked for', 'owner', concat_ws(' ', a.kind, 'at', a.source, a.outcome, a.why), null
        from key_answer a where a.address = who and a.asked_at is not null
    union all
    select e.left_at, 'left', 'owner', concat_ws(', ', 'deputy: ' || e.deputy, 'noted by ' || e.noted_by), null
        from left_employee e where e.address = who
    union all
    select e.left_at, 'deputy', 'owner', concat_ws(', ', 'of ' || e.address, 'noted by ' || e.noted_by), null
        from left_employee e where e.deputy = who
    union all
    select h.made_at, 'on hold', 'owner', concat_ws(': ', h.name, 'by ' || h.made_by, h.reason), h.message
        from holds h where address_key(h.person) = who
    union all
    select h.released_at, 'released from hold', 'owner', concat_ws(': ', h.name, 'by ' || h.released_by, h.released_because), h.message
        from holds h where address_key(h.person) = who and h.released_at is not null
    union all
    select t.at, t.what,
           case when address_key(t.subject) = who then 'owner' when address_key(t.actor) = who then 'actor' else 'named' end,
           concat_ws(' ', case when address_key(t.subject) <> who then t.subject end, t.detail, t.network,
                     case when address_key(t.actor) <> who then 'by ' || t.actor end), null
        from activity t
        where (position(place in lower(concat_ws(' ', t.subject, t.actor, t.detail))) > 0
               or concat_ws(' ', t.subject, t.actor) ~ '[^\x01-\x7f]')
          and (address_key(t.subject) = who or address_key(t.actor) = who
               or position(place in lower(t.subject)) > 0 and address_is_in(t.subject, who)
               or position(place in lower(t.detail)) > 0 and address_is_in(t.detail, who))
    order by 1;
end
$$;
