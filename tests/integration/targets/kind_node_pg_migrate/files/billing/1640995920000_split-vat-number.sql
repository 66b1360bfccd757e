-- Up Migration
ALTER TABLE customers ADD vat_country char(2);
UPDATE customers SET vat_country = left(vat_number, 2), vat_number = substr(vat_number, 3) WHERE vat_number IS NOT NULL;
ALTER TABLE customers DROP CONSTRAINT customers_vat_number_key, ADD UNIQUE (vat_country, vat_number);

-- Down Migration
ALTER TABLE customers DROP CONSTRAINT customers_vat_country_vat_number_key, ADD UNIQUE (vat_number);
UPDATE customers SET vat_number = vat_country || vat_number;
ALTER TABLE customers DROP vat_country;
