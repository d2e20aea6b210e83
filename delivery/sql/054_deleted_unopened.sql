-- What its reader deletes is gone once, however often and from however many windows they ask, and whether they had read
-- it is what the record and the sender hear.
create function postseal.parcel_key_delete(which uuid, was_read boolean) returns void
language plpgsql set search_path = postseal, pg_temp as $$
begin
    delete from parcel_key where id = which and (read_at is not null) = was_read;
    if not found and exists (select from parcel_key where id = which) then
        raise exception 'it was read meanwhile' using errcode = 'PS001';
    elsif not found then
        raise exception 'it is gone' using errcode = 'PS002';
    end if;
end
$$;
revoke execute on function postseal.parcel_key_delete from public;
grant execute on function postseal.parcel_key_delete to postseal_portal;

alter table postseal.receipt drop constraint receipt_what_check;
alter table postseal.receipt add constraint receipt_what_check
    check (what in ('relayed', 'opened', 'expired', 'locked', 'lost', 'deleted', 'deleted unopened'));

-- Until now such a copy was said to wait for ever.
select postseal.copy_move(c.id, 'deleted', 'by its recipient, without having opened it')
from postseal.copy c
where c.method = 'pickup' and c.state in ('parked', 'locked', 'failed')
  and exists (select from postseal.event e where e.copy = c.id and e.what = 'deleted')
  and not exists (select from postseal.parcel_key k where k.copy = c.id);

-- A new link and a new code: what the old ones opened is opened no more, in no browser, and makes no trust.
create function postseal.parcel_key_renew(which uuid) returns void
language plpgsql set search_path = postseal, pg_temp as $$
begin
    update parcel_key set tries = 0, locked_at = null, issued_at = null, link_hash = null, salt = null, wrapped = null,
                          link_boxed = null
    where id = which and boxed is not null and opened_at is null and account is null;
    if found then
        delete from session_key where parcel_key = which;
    end if;
end
$$;
revoke execute on function postseal.parcel_key_renew from public;
grant execute on function postseal.parcel_key_renew to postseal_portal;
