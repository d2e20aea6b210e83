-- The reader has it: no box of the courier's is kept where something else opens it. Once, whoever asks at the same
-- time, so that the opening is recorded and told once.
create function postseal.parcel_key_read(which uuid) returns void
language plpgsql set search_path = postseal, pg_temp as $$
begin
    update parcel_key
    set read_at = now(), opened_at = coalesce(opened_at, now()), link_boxed = null,
        boxed = case when num_nonnulls(wrapped, sealed, kept) > 0 then null else boxed end
    where id = which and read_at is null;
    if not found and exists (select from parcel_key where id = which) then
        raise exception 'it was read already' using errcode = 'PS001';
    elsif not found then
        raise exception 'it is gone' using errcode = 'PS002';
    end if;
end
$$;
revoke execute on function postseal.parcel_key_read from public;
grant execute on function postseal.parcel_key_read to postseal_portal;
