-- +goose Up
CREATE TABLE people (id int);
