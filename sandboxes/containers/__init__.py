"""What engines and confinements that use Docker share: the connection, and whose things are."""
