SELECT true;
