--liquibase formatted sql
--changeset bob:1
CREATE TABLE people (id int);
