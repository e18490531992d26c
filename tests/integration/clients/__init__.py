"""Clients as their users run them: unmodified, and with no endpoint setting anywhere."""
