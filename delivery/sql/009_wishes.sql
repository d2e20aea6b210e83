-- Which methods a recipient may wish for is said by the methods themselves (delivery/method.h).
alter table postseal.account drop constraint account_wish_check;
