-- Everything that is on record of one person, however the address is written: a domain may be in its own script or not
-- (IDNA), in the envelope as in the question.

-- The form in which address_fold() (core/address.h) compares: small letters, and the domain in ASCII (RFC 3492, 5891).
create function postseal.label_to_ascii(label text) returns text
language plpgsql immutable strict parallel safe set search_path = postseal, pg_temp as $$
declare
    digits constant text := 'abcdefghijklmnopqrstuvwxyz0123456789';
    points integer[] := array(select ascii(c) from regexp_split_to_table(label, '') with ordinality as t(c, i) order by i);
    made text := regexp_replace(label, '[^\x01-\x7f]', '', 'g');
    basic integer := length(made);
    handled integer := basic;
    n integer := 128;
    delta bigint := 0;
    bias integer := 72;
    next_point integer;
    p integer;
    q bigint;
    k integer;
    t integer;
begin
    if basic = array_length(points, 1) then
        return label;
    end if;
    if basic > 0 then
        made := made || '-';
    end if;
    while handled < array_length(points, 1) loop
        select min(x) into next_point from unnest(points) x where x >= n;
        delta := delta + (next_point - n)::bigint * (handled + 1);
        n := next_point;
        foreach p in array points loop
            if p < n then
                delta := delta + 1;
            elsif p = n then
                q := delta;
                k := 36;
                loop
                    t := least(greatest(k - bias, 1), 26);
                    exit when q < t;
                    made := made || substr(digits, (t + (q - t) % (36 - t))::integer + 1, 1);
                    q := (q - t) / (36 - t);
                    k := k + 36;
                end loop;
                made := made || substr(digits, q::integer + 1, 1);
                delta := case when handled = basic then delta / 700 else delta / 2 end;
                delta := delta + delta / (handled + 1);
                k := 0;
                while delta > 455 loop
                    delta := delta / 35;
                    k := k + 36;
                end loop;
                bias := (k + 36 * delta / (delta + 38))::integer;
                delta := 0;
                handled := handled + 1;
            end if;
        end loop;
        delta := delta + 1;
        n := n + 1;
    end loop;
    return 'xn--' || made;
end
$$;
create function postseal.address_in_ascii(address text) returns text
language sql immutable strict parallel safe set search_path = postseal, pg_temp as $$
    select regexp_replace(a.small, '[^@]*$', '') || string_agg(label_to_ascii(d.label), '.' order by d.number)
    from (select normalize(lower(address collate "und-x-icu"), nfc) as small) a
         cross join lateral regexp_split_to_table(substring(a.small from '[^@]*$'), '[.。．｡]') with ordinality as d(label, number)
    group by a.small;
$$;
-- Almost all are in ASCII already; not strict, so that it becomes part of the question.
create function postseal.address_key(address text) returns text
language sql immutable parallel safe as $$
    select case when address ~ '[^\x01-\x7f]' then postseal.address_in_ascii(address) else lower(address) end;
$$;
-- Is the address among the words of a text? `person` is a key.
create function postseal.address_is_in(content text, person text) returns boolean
language sql immutable parallel safe set search_path = postseal, pg_temp as $$
    select position(split_part(person, '@', 1) in lower(content)) > 0
       and exists (select from regexp_split_to_table(content, '[]\s,;:<>"''()=[]+') as w(word)
                   where position('@' in w.word) > 0 and rtrim(address_key(w.word), '.') = person);
$$;
revoke execute on function postseal.label_to_ascii, postseal.address_in_ascii, postseal.address_key, postseal.address_is_in
    from public;
grant execute on function postseal.label_to_ascii, postseal.address_in_ascii, postseal.address_key, postseal.address_is_in
    to postseal_auditor;

create or replace view postseal.log as
    select m.offered_at, m.queue_id, m.sender, m.authenticated, c.recipient, c.method, c.state,
           c.state_at, c.reason, c.rule_line, c.rule, c.keys, c.signed_by, m.message_id, m.size,
           c.policy, m.id as message, c.id as copy, c.trace, c.offer, c.decided_at, c.state_detail, c.rule_name, c.rule_file,
           c.address
    from postseal.copy c join postseal.message m on m.id = c.message;
comment on column postseal.log.address is
    'the recipient in the form by which addresses are compared: small letters, the domain in ASCII (see address_key())';

-- As sender, recipient, owner, reader, or actor; or named in what others did.
create or replace function postseal.about(person text) returns table (at timestamptz, what text, role text, detail text, message uuid)
language plpgsql stable security definer set search_path = postseal, pg_temp as $$
declare
    who text := address_key(btrim(person));
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
        from history h where h.what in ('approved', 'refused', 'recalled', 'resent') and address_is_in(h.detail, who)
          and not exists (select from received x where x.id = h.copy)
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
        where address_key(t.subject) = who or address_key(t.actor) = who or address_is_in(t.subject, who) or address_is_in(t.detail, who)
    order by 1;
end
$$;
