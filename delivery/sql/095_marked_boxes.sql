-- What is boxed for the courier begins with the mark of its key (core/seal/marked.h). Nothing more may be boxed with a
-- key that is closed: otherwise the key could be retired while a program that does not know yet is still writing.
create trigger outbox_key_closed before insert or update of boxed_key on postseal.outbox for each row
    when (postseal.secret_is_closed('courier', new.boxed_key)) execute function postseal.secret_refuse();
create trigger parcel_key_closed before insert or update of boxed on postseal.parcel_key for each row
    when (postseal.secret_is_closed('courier', new.boxed)) execute function postseal.secret_refuse();
create trigger parcel_link_key_closed before insert or update of link_boxed on postseal.parcel_key for each row
    when (postseal.secret_is_closed('courier', new.link_boxed)) execute function postseal.secret_refuse();
create trigger parcel_phone_key_closed before insert or update of phone on postseal.parcel for each row
    when (postseal.secret_is_closed('courier', new.phone)) execute function postseal.secret_refuse();
create trigger sender_page_key_closed before insert or update of boxed on postseal.sender_page for each row
    when (postseal.secret_is_closed('courier', new.boxed)) execute function postseal.secret_refuse();
create trigger held_key_closed before insert or update of boxed on postseal.held_key for each row
    when (postseal.secret_is_closed('courier', new.boxed)) execute function postseal.secret_refuse();
create trigger held_link_key_closed before insert or update of link_boxed on postseal.held_key for each row
    when (postseal.secret_is_closed('courier', new.link_boxed)) execute function postseal.secret_refuse();

-- The mark of a box in hexadecimal; null: the box was made before marks existed.
create function postseal.box_mark(boxed bytea) returns text language sql immutable as $$
    select case when length(boxed) = 84 then encode(substring(boxed for 4), 'hex') end;
$$;

-- Waits until all writes in progress are finished.
create function postseal.boxes_settle() returns void language plpgsql set search_path = postseal, pg_temp as $$
begin
    lock table outbox, parcel, parcel_key, held_key, sender_page in share mode;
end
$$;
