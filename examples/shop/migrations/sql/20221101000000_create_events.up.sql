CREATE TABLE events (
    happened timestamptz NOT NULL,
    order_id bigint NOT NULL,
    what text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}'
) PARTITION BY RANGE (happened);

CREATE TABLE events_2022 PARTITION OF events FOR VALUES FROM ('2022-01-01 00:00+00') TO ('2023-01-01 00:00+00');

CREATE TABLE events_2023 PARTITION OF events FOR VALUES FROM ('2023-01-01 00:00+00') TO ('2024-01-01 00:00+00');

CREATE TABLE events_later PARTITION OF events DEFAULT;

CREATE INDEX events_order ON events (order_id, happened);
