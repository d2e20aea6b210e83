-- A code that goes to a telephone says nothing about the sender, unless it is known that they sent the message: otherwise
-- whoever may relay could write to somebody in a colleague's name, with a number of their own in the subject.
alter table postseal.parcel add column sent_by_sender boolean not null default true;
comment on column postseal.parcel.sent_by_sender is 'whether it is known that the sender sent it (setting sign), or the code goes to nobody else';
