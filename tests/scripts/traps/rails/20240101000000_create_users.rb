class CreateUsers < ActiveRecord::Migration[7.0]
end
