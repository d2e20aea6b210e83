-- A key of a first contact belongs to no account: it needs no place in the order of a mailbox,
-- neither when it is made nor at each change. What is unread is read from the same order.
drop index postseal.parcel_key_unread;
drop index postseal.parcel_key_folder;
create index parcel_key_folder on postseal.parcel_key (account, folder, id) where account is not null;
