-- The schema registry keeps its schemas in a database of its own, so that they live as long as the log they describe.
CREATE ROLE registry LOGIN PASSWORD 'registry';
CREATE DATABASE registry OWNER registry;
