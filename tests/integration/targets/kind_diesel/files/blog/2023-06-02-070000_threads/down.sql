DROP VIEW threads;
