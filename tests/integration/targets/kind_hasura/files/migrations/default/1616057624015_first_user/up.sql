INSERT INTO public."user" (name) VALUES ('ada');
