"""One module per service, each with one constant `SERVICE`."""
