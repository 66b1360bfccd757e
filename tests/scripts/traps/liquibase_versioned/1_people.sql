--liquibase formatted sql
--changeset bob:1
CREATE TABLE people (id int);
--rollback DROP TABLE people;
