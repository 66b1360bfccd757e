DELETE FROM public."user" WHERE name = 'ada';
