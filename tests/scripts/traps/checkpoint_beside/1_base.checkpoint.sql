-- pgops.migrations checkpoint 1: 1
-- replaces ["1", "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd", "a"]
-- replaces 1 in all: d23a7ec14fed6664

SELECT 1;
