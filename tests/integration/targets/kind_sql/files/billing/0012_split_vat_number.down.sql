ALTER TABLE customers DROP CONSTRAINT customers_vat_country_vat_number_key, ADD UNIQUE (vat_number);
UPDATE customers SET vat_number = vat_country || vat_number;
ALTER TABLE customers DROP vat_country;
