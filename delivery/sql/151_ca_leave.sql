-- An employee whose mail could not be signed for want of a key gets one, unless they have left.
create function postseal.keys_wish(of_address text) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    if not exists (select from left_employee where address = of_address) then
        perform ca_wish_note(of_address);
    end if;
end
$$;
revoke execute on function postseal.keys_wish from public;
grant execute on function postseal.keys_wish to postseal_milter;
