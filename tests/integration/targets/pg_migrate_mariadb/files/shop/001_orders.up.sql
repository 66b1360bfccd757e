CREATE TABLE customers (id int AUTO_INCREMENT PRIMARY KEY, name varchar(100) NOT NULL);
CREATE TABLE orders (
  id int AUTO_INCREMENT PRIMARY KEY,
  customer int NOT NULL,
  state enum('new', 'paid') NOT NULL DEFAULT 'new',
  CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES customers (id)
);
