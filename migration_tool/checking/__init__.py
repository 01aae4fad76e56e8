"""What a design does to a schema and to its data, found before anything is written."""
