-- How a draft goes on with another message has the name that it has on the page.
alter table postseal.parcel_key rename column manner to reply_kind;
